/* What the calculator reads is told apart by its content. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tui/price/usage_input.h"

#define LINE                                                                             \
	"{\"function\":\"f\",\"kind\":\"lambda\",\"start\":\"2026-11-22T08:00:00Z\","    \
	"\"duration_ms\":1.5,\"memory_limit_mb\":256,\"region\":\"eu-west-1\","          \
	"\"status\":\"ok\"}\n"

static char why[256];

static int read_text(const char *text, size_t n, struct estimate **out)
{
	FILE *in = n ? fmemopen((char *)text, n, "r") : fopen("/dev/null", "r");
	struct estimate *estimate = estimate_new(&(struct estimate_options){0});

	assert_non_null(in);
	assert_non_null(estimate);
	why[0] = '\0';
	int err = usage_input_read(in, estimate, why, sizeof(why));
	(void)fclose(in);
	*out = estimate;
	return err;
}

static void assert_billed_ms(const char *text, uint64_t ms)
{
	struct estimate *estimate;
	uint64_t sum = 0;

	if (read_text(text, strlen(text), &estimate) != 0)
		fail_msg("%s", why);
	for (size_t i = 0; i < estimate->parts_n; i++)
		sum += estimate->parts[i].usage.item[USAGE_AWS_BILLED_MS];
	assert_int_equal(sum, ms);
	estimate_free(estimate);
}

static void assert_refused(const char *text, const char *sentence)
{
	struct estimate *estimate;

	assert_true(read_text(text, strlen(text), &estimate) < 0);
	assert_string_equal(why, sentence);
	estimate_free(estimate);
}

static void test_descriptions_may_span_lines(void **state)
{
	(void)state;
	assert_billed_ms("{\"duration_ms\":3}", 3);
	assert_billed_ms("\n\n [\n{\"duration_ms\":3},\n{\"duration_ms\":4}\n]\n", 7);
}

static void test_invocations_come_one_a_line(void **state)
{
	(void)state;
	assert_billed_ms(LINE, 2);
	assert_billed_ms("\n" LINE "\r\n" LINE LINE "\n", 6);
}

static void test_a_last_line_needs_no_newline(void **state)
{
	char text[] = LINE LINE;

	(void)state;
	text[sizeof(text) - 2] = '\0';
	assert_billed_ms(text, 4);
}

static void test_an_empty_input_is_refused(void **state)
{
	(void)state;
	assert_refused("", "nothing to price: the input is empty");
	assert_refused(" \n\n\t\n", "nothing to price: the input is empty");
}

static void test_a_bad_line_is_named_by_its_number(void **state)
{
	struct estimate *estimate;
	static const char cut[] = "\n" LINE "\n{\"function\":\"f\",\"start\":";

	(void)state;
	assert_true(read_text(cut, sizeof(cut) - 1, &estimate) < 0);
	assert_memory_equal(why, "line 4: ", 8);
	estimate_free(estimate);
	assert_true(
	    read_text(LINE "{\"duration_ms\":1}", sizeof(LINE) + 16, &estimate) < 0);
	assert_memory_equal(why, "line 2: ", 8);
	estimate_free(estimate);
}

static void test_broken_json_is_named_by_its_place_in_the_file(void **state)
{
	struct estimate *estimate;
	static const char text[] = "\n\n{\n \"duration_ms\" 1}";

	(void)state;
	assert_true(read_text(text, sizeof(text) - 1, &estimate) < 0);
	assert_memory_equal(why, "line 4, column ", 15);
	estimate_free(estimate);
}

static void test_a_line_too_long_for_an_invocation_is_refused(void **state)
{
	const size_t n = 20000;
	char *text = malloc(sizeof(LINE) + n);
	struct estimate *estimate;

	(void)state;
	assert_non_null(text);
	memcpy(text, LINE, sizeof(LINE) - 1);
	memset(text + sizeof(LINE) - 1, 'x', n);
	assert_true(read_text(text, sizeof(LINE) - 1 + n, &estimate) < 0);
	assert_string_equal(why, "line 2: is too long for an invocation");
	estimate_free(estimate);
	free(text);
}

static void test_an_endless_line_is_refused(void **state)
{
	const size_t n = (16UL << 20) + 1;
	char *text = malloc(n);
	struct estimate *estimate;

	(void)state;
	assert_non_null(text);
	memset(text, '[', n);
	assert_int_equal(read_text(text, n, &estimate), -EFBIG);
	assert_string_equal(why, "more than 16 MiB that is not NDJSON");
	estimate_free(estimate);
	free(text);
}

static void test_bytes_of_0_do_no_harm(void **state)
{
	static const char text[] = "{\"duration_ms\":1}\0{}";
	struct estimate *estimate;

	(void)state;
	assert_true(read_text(text, sizeof(text) - 1, &estimate) < 0);
	assert_true(why[0] != '\0');
	estimate_free(estimate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_descriptions_may_span_lines),
	    cmocka_unit_test(test_invocations_come_one_a_line),
	    cmocka_unit_test(test_a_last_line_needs_no_newline),
	    cmocka_unit_test(test_an_empty_input_is_refused),
	    cmocka_unit_test(test_a_bad_line_is_named_by_its_number),
	    cmocka_unit_test(test_broken_json_is_named_by_its_place_in_the_file),
	    cmocka_unit_test(test_a_line_too_long_for_an_invocation_is_refused),
	    cmocka_unit_test(test_an_endless_line_is_refused),
	    cmocka_unit_test(test_bytes_of_0_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
