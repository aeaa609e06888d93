/* JSON that is written as it is made: what jansson reads of it, and how numbers look. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/random.h"
#include "wire/json/out.h"

static void expect(struct json_out *out, const char *text)
{
	size_t bytes;
	char *is = json_out_take(out, &bytes);

	assert_non_null(is);
	assert_string_equal(is, text);
	assert_int_equal(bytes, strlen(text));
	free(is);
}

static void test_members_items_and_commas(void **state)
{
	struct json_out out = {0};

	(void)state;
	json_out_open(&out, NULL);
	json_out_open(&out, "none");
	json_out_close(&out);
	json_out_string(&out, "s", "a \"b\"\n\\\xff");
	json_out_open_list(&out, "list");
	json_out_count(&out, NULL, 0);
	json_out_count(&out, NULL, UINT64_MAX);
	json_out_open(&out, NULL);
	json_out_flag(&out, "yes", true);
	json_out_flag(&out, "no", false);
	json_out_close(&out);
	json_out_open_list(&out, NULL);
	json_out_close_list(&out);
	json_out_close_list(&out);
	json_out_time(&out, "t", 1790000000123456789);
	json_out_money(&out, "usd", (struct money){.pico = 12500000000000});
	json_out_close(&out);
	expect(&out, "{\"none\":{},\"s\":\"a \\\"b\\\"\\u000a\\\\\xef\xbf\xbd\","
		     "\"list\":[0,9223372036854775807,{\"yes\":true,\"no\":false},[]],"
		     "\"t\":\"2026-09-21T14:13:20.123456789Z\",\"usd\":\"12.50\"}");
}

static void test_numbers_have_three_decimals_at_most(void **state)
{
	static const struct {
		double value;
		const char *text;
	} numbers[] = {{0, "[0.0]"}, {-0.0, "[0.0]"}, {1, "[1.0]"}, {0.5, "[0.5]"},
	    {0.0004, "[0.0]"}, {0.0005, "[0.001]"}, {-0.0004, "[0.0]"},
	    {-12.3456, "[-12.346]"}, {26.7, "[26.7]"}, {99.9996, "[100.0]"},
	    {0.01, "[0.01]"}, {1e14, "[100000000000000.0]"},
	    {1e18, "[1000000000000000000.0]"}, {NAN, "[]"}, {INFINITY, "[]"}};
	struct json_out out = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		json_out_open_list(&out, NULL);
		json_out_number(&out, NULL, numbers[i].value);
		json_out_close_list(&out);
		expect(&out, numbers[i].text);
	}
}

/* What is read is the double that is nearest to the decimal. */
static void test_numbers_are_read_as_they_were_rounded(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		double value = random_log_normal(&random, 50, 3) * (i % 2 ? 1 : -1);
		struct json_out out = {0};
		json_t *root;
		char *text;

		json_out_open_list(&out, NULL);
		json_out_ms(&out, NULL, value * 1e6);
		json_out_close_list(&out);
		text = json_out_take(&out, NULL);
		root = json_loads(text, 0, NULL);
		assert_true(json_real_value(json_array_get(root, 0)) ==
			    round(value * 1e6 / 1e6 * 1000) / 1000);
		json_decref(root);
		free(text);
	}
}

static void test_a_double_of_any_size_fits(void **state)
{
	struct json_out out = {0};
	json_t *root;
	char *text;

	(void)state;
	json_out_open_list(&out, NULL);
	json_out_number(&out, NULL, 1.7976931348623157e308);
	json_out_number(&out, NULL, -1.7976931348623157e308);
	json_out_close_list(&out);
	text = json_out_take(&out, NULL);
	root = json_loads(text, 0, NULL);
	assert_true(json_real_value(json_array_get(root, 0)) == 1.7976931348623157e308);
	assert_true(json_real_value(json_array_get(root, 1)) == -1.7976931348623157e308);
	json_decref(root);
	free(text);
}

static void test_what_found_no_memory_is_told_at_the_end(void **state)
{
	struct json_out out = {0};

	(void)state;
	json_out_open(&out, NULL);
	out.text.failed = true;
	json_out_string(&out, "s", "text");
	json_out_close(&out);
	assert_null(json_out_take(&out, NULL));
	assert_null(out.text.at);
	json_out_open(&out, NULL); /* it is empty and valid again */
	json_out_close(&out);
	expect(&out, "{}");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_members_items_and_commas),
	    cmocka_unit_test(test_numbers_have_three_decimals_at_most),
	    cmocka_unit_test(test_numbers_are_read_as_they_were_rounded),
	    cmocka_unit_test(test_a_double_of_any_size_fits),
	    cmocka_unit_test(test_what_found_no_memory_is_told_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
