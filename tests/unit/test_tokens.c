/* Bearer tokens out of a file, and who passes with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those */
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "serve/tokens.h"

#define ONE "0123456789abcdef"
#define TWO "ABCDEFGHIJKLMNOP-._~+/=="

static char path[] = "/tmp/coldmeter-tokens-XXXXXX";

static int load(const char *text, mode_t mode, struct tokens **tokens)
{
	FILE *file = fopen(path, "we");
	int err;

	assert_non_null(file);
	(void)fputs(text, file);
	(void)fclose(file);
	(void)chmod(path, mode);
	err = tokens_load(path, tokens);
	return err;
}

static void test_tokens_of_the_file_pass_and_no_others(void **state)
{
	struct tokens *tokens;

	(void)state;
	assert_int_equal(
	    load("# of the agents\n" ONE "\n\n" TWO "\r\n", 0600, &tokens), 0);
	assert_true(tokens_allow(tokens, "Bearer " ONE));
	assert_true(tokens_allow(tokens, "bearer " TWO));
	assert_false(tokens_allow(tokens, ""));
	assert_false(tokens_allow(tokens, "Bearer "));
	assert_false(tokens_allow(tokens, ONE));
	assert_false(tokens_allow(tokens, "Basic " ONE));
	assert_false(tokens_allow(tokens, "Bearer 0123456789abcde"));
	assert_false(tokens_allow(tokens, "Bearer " ONE "0"));
	assert_false(tokens_allow(tokens, "Bearer # of the agents"));
	tokens_free(tokens);
}

static void test_tokens_longer_than_any_do_not_pass(void **state)
{
	char header[TOKEN_MAX_BYTES + 64] = "Bearer ";
	struct tokens *tokens;

	(void)state;
	assert_int_equal(load(ONE "\n", 0600, &tokens), 0);
	memset(header + 7, 'a', sizeof(header) - 8);
	header[sizeof(header) - 1] = '\0';
	assert_false(tokens_allow(tokens, header));
	tokens_free(tokens);
}

static void test_tokens_bad_files_are_refused(void **state)
{
	struct tokens *tokens = NULL;

	(void)state;
	assert_int_equal(load("short\n", 0600, &tokens), -EINVAL);
	assert_int_equal(load("with a blank in it\n", 0600, &tokens), -EINVAL);
	assert_int_equal(load("# nothing\n", 0600, &tokens), -EINVAL);
	assert_int_equal(load(ONE "\n", 0644, &tokens), -EPERM);
	assert_int_equal(tokens_load("/nowhere/tokens", &tokens), -ENOENT);
	assert_null(tokens);
}

static int set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	log_init("test", LOG_LEVEL_ERROR);
	return fd < 0 || close(fd) < 0;
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tokens_of_the_file_pass_and_no_others),
	    cmocka_unit_test(test_tokens_longer_than_any_do_not_pass),
	    cmocka_unit_test(test_tokens_bad_files_are_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
