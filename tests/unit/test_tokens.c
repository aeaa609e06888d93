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
#include "serve/http/tokens.h"

#define ONE "0123456789abcdef"
#define HASH_ONE "sha256:9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f"
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

static bool allow(const struct tokens *tokens, const char *authorization)
{
	struct token token;

	return tokens_find(tokens, authorization, &token);
}

static void test_tokens_of_the_file_pass_and_no_others(void **state)
{
	struct tokens *tokens;

	(void)state;
	assert_int_equal(
	    load("# of the agents\n" ONE "\n\n" TWO "\r\n", 0600, &tokens), 0);
	assert_true(allow(tokens, "Bearer " ONE));
	assert_true(allow(tokens, "bearer " TWO));
	assert_false(allow(tokens, ""));
	assert_false(allow(tokens, "Bearer "));
	assert_false(allow(tokens, ONE));
	assert_false(allow(tokens, "Basic " ONE));
	assert_false(allow(tokens, "Bearer 0123456789abcde"));
	assert_false(allow(tokens, "Bearer " ONE "0"));
	assert_false(allow(tokens, "Bearer # of the agents"));
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
	assert_false(allow(tokens, header));
	tokens_free(tokens);
}

static void test_tokens_bad_files_are_refused(void **state)
{
	struct tokens *tokens = NULL;

	(void)state;
	assert_int_equal(load("short\n", 0600, &tokens), -EINVAL);
	assert_int_equal(load("with a blank in it\n", 0600, &tokens), -EINVAL);
	assert_int_equal(load("name admin sha256:0123\n", 0600, &tokens), -EINVAL);
	assert_int_equal(load("name boss " HASH_ONE "\n", 0600, &tokens), -EINVAL);
	assert_int_equal(load("na/me admin " HASH_ONE "\n", 0600, &tokens), -EINVAL);
	assert_int_equal(load("name admin " HASH_ONE " more\n", 0600, &tokens), -EINVAL);
	assert_int_equal(load("name admin\n", 0600, &tokens), -EINVAL);
	assert_int_equal(load(ONE "\n", 0644, &tokens), -EPERM);
	assert_int_equal(tokens_load("/nowhere/tokens", &tokens), -ENOENT);
	assert_null(tokens);
}

static void test_tokens_have_names_and_roles(void **state)
{
	struct tokens *tokens;
	struct token token;

	(void)state;
	assert_int_equal(load("web-1 agent " HASH_ONE "\n" TWO "\n", 0600, &tokens), 0);
	assert_true(tokens_find(tokens, "Bearer " ONE, &token));
	assert_string_equal(token.name, "web-1");
	assert_int_equal(token.role, TOKEN_AGENT);
	assert_true(tokens_find(tokens, "Bearer " TWO, &token));
	assert_string_equal(token.name, "");
	assert_int_equal(token.role, TOKEN_ADMIN);
	assert_false(allow(tokens, "Bearer " HASH_ONE)); /* it is not the token */
	tokens_free(tokens);
}

static void test_tokens_of_an_empty_file_let_nobody_pass(void **state)
{
	struct tokens *tokens;

	(void)state;
	assert_int_equal(load("# nothing\n", 0600, &tokens), 0);
	assert_true(tokens_is_empty(tokens));
	assert_false(allow(tokens, "Bearer " ONE));
	assert_false(allow(tokens, ""));
	tokens_free(tokens);
}

static void test_tokens_know_when_the_file_is_another(void **state)
{
	struct tokens *tokens;

	(void)state;
	assert_int_equal(load(ONE "\n", 0600, &tokens), 0);
	assert_false(tokens_is_stale(tokens, path));
	assert_true(tokens_is_stale(tokens, "/nowhere/tokens"));
	assert_int_equal(chmod(path, 0400), 0);
	assert_true(tokens_is_stale(tokens, path));
	tokens_free(tokens);
}

static void test_tokens_of_a_fleet_all_pass(void **state)
{
	struct tokens *tokens;
	char made[TOKEN_MADE_BYTES];
	char header[TOKEN_MADE_BYTES + 8];
	char *text = calloc(TOKENS_MAX + 1, TOKEN_LINE_BYTES);
	struct token token = {.role = TOKEN_AGENT};

	(void)state;
	assert_non_null(text);
	for (size_t i = 0, at = 0; i < TOKENS_MAX; i++) {
		assert_int_equal(token_make(made), 0);
		assert_true(token_is_token(made, strlen(made)));
		(void)snprintf(token.name, sizeof(token.name), "host-%zu", i);
		sha256(made, strlen(made), token.hash);
		token_format(&token, text + at);
		at += strlen(text + at);
	}
	assert_int_equal(load(text, 0600, &tokens), 0);
	(void)snprintf(header, sizeof(header), "Bearer %s", made);
	assert_true(tokens_find(tokens, header, &token));
	assert_string_equal(token.name, "host-4095");
	tokens_free(tokens);
	(void)snprintf(text + strlen(text), TOKEN_LINE_BYTES, "%s\n", ONE);
	assert_int_equal(load(text, 0600, &tokens), -E2BIG);
	free(text);
}

static void test_sha256_is_that_of_fips_180_4(void **state)
{
	/* NIST's examples: one block, two blocks; and the lengths where the padding
	 * turns, from coreutils' sha256sum. */
	static const struct {
		const char *text;
		size_t n;
		const char *hex;
	} examples[] = {
	    {"abc", 3,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	    {"", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 55,
		"9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 64,
		"ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
	};
	uint8_t hash[SHA256_BYTES];
	char hex[2 * SHA256_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		sha256(examples[i].text, examples[i].n, hash);
		for (size_t b = 0; b < SHA256_BYTES; b++)
			(void)snprintf(hex + 2 * b, 3, "%02x", hash[b]);
		assert_string_equal(hex, examples[i].hex);
	}
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
	    cmocka_unit_test(test_tokens_have_names_and_roles),
	    cmocka_unit_test(test_tokens_of_an_empty_file_let_nobody_pass),
	    cmocka_unit_test(test_tokens_know_when_the_file_is_another),
	    cmocka_unit_test(test_tokens_of_a_fleet_all_pass),
	    cmocka_unit_test(test_sha256_is_that_of_fips_180_4),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
