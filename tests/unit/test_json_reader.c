/* Short ways through JSON lead where the long ones do. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/guard_page.h"
#include "tests/unit/random.h"
#include "tests/unit/sample.h"
#include "wire/json.h"
#include "wire/json/plain.h"
#include "wire/json/scan.h"

#define START "\"start\":\"2026-11-22T08:00:00.5Z\""

/* What a reader expects after one line is of no matter for the next. */
static void test_lines_of_any_order_are_read_alike(void **state)
{
	static const char *const lines[] = {
	    "{\"function\":\"f\"," START ",\"duration_ms\":1.5,\"pid\":7}",
	    "{\"pid\":8,\"duration_ms\":2,\"function\":\"f\"," START "}",
	    "{ \"pid\" : 9 , \"duration_ms\" : 2 , \"function\" : \"g\" , " START " }",
	    "{\"p\\u0069d\":10,\"unknown\":[{}],\"duration_ms\":2,\"function\":"
	    "\"f\"," START "}",
	    "{\"init_phases\":[]," START ",\"function\":\"f\",\"duration_ms\":2}",
	    "{\"init_first_exec_ms\":1,\"init_last_exec_ms\":2," START
	    ",\"function\":\"f\",\"duration_ms\":2}",
	};
	const size_t n = sizeof(lines) / sizeof(lines[0]);
	struct json_reader reader;
	uint64_t seed = 1;

	(void)state;
	json_reader_init(&reader);
	for (int round = 0; round < 1000; round++) {
		const char *line = lines[random_below(&seed, n)];
		struct invocation inv;
		struct function function;
		char host[JSON_HOST_BYTES];
		const char *why;

		assert_int_equal(json_parse_invocation(
				     line, strlen(line), &inv, &function, host, &why),
		    0);
		assert_int_equal(json_reader_parse(&reader, line, strlen(line), &why), 0);
		assert_true(sample_same_invocation(&inv, &reader.inv));
		assert_true(sample_same_function(&function, &reader.function));
		assert_string_equal(host, reader.host);
		assert_int_equal(reader.has_phases, strstr(line, "init_phases") != NULL);
	}
}

/* A value that is known from the line before ends where that one did. */
static void test_a_value_that_begins_like_the_last_is_read(void **state)
{
	static const char *const values[] = {"1", "12", "123", "1.0", "1 ", "1e0", "null",
	    "\"1\"", "01", "1]", "1234567890123456", "4294967295", "4294967296", "-1"};
	const size_t n = sizeof(values) / sizeof(values[0]);
	struct json_reader reader;
	uint64_t seed = 3;

	(void)state;
	json_reader_init(&reader);
	for (int round = 0; round < 5000; round++) {
		struct invocation inv;
		struct function function;
		char host[JSON_HOST_BYTES];
		const char *wanted_why;
		const char *why;
		char line[256];
		int err;

		(void)snprintf(line, sizeof(line),
		    "{\"function\":\"f\"," START ",\"duration_ms\":1,\"cold\":%s,"
		    "\"memory_limit_mb\":%s,\"status\":\"%s\",\"concurrency\":%s}",
		    random_below(&seed, 2) ? "true" : "false",
		    values[random_below(&seed, n)],
		    random_below(&seed, 4) ? "ok" : "o\\u006b",
		    values[random_below(&seed, n)]);
		err = json_parse_invocation(
		    line, strlen(line), &inv, &function, host, &wanted_why);
		assert_int_equal(
		    json_reader_parse(&reader, line, strlen(line), &why), err);
		assert_ptr_equal(why, wanted_why);
		if (!err) {
			assert_true(sample_same_invocation(&inv, &reader.inv));
			assert_true(sample_same_function(&function, &reader.function));
		}
	}
}

/* Whatever was in its memory before. */
static void test_a_new_reader_expects_only_keys(void **state)
{
	static const char *const lines[] = {"{\"quality\":[],\"function\":\"f\"," START
					    ",\"duration_ms\":1}",
	    "{\"quality\":[],\"quality\":[]}"};
	struct json_reader reader;
	const char *why;

	(void)state;
	for (int fill = 0; fill < 256; fill++) {
		memset(&reader, fill, sizeof(reader));
		json_reader_init(&reader);
		assert_int_equal(
		    json_reader_parse(&reader, lines[0], strlen(lines[0]), &why), 0);
		assert_string_equal(reader.function.name, "f");
		memset(&reader, fill, sizeof(reader));
		json_reader_init(&reader);
		assert_int_equal(
		    json_reader_parse(&reader, lines[1], strlen(lines[1]), &why),
		    -EBADMSG);
		assert_string_equal(why, "quality comes twice");
		for (size_t i = 0; i < sizeof(reader.next); i++)
			assert_in_range(reader.next[i], 0, JSON_KEYS_MAX - 1);
	}
}

/* One that is cut off behind a key that is expected. */
static void test_a_line_ends_where_it_ends(void **state)
{
	static const char line[] =
	    "{\"function\":\"f\"," START ",\"duration_ms\":1.5,\"pid\":7}";
	struct json_reader reader;
	struct guard_page page;
	const char *why;

	(void)state;
	guard_page_init(&page, sizeof(line));
	json_reader_init(&reader);
	assert_int_equal(json_reader_parse(&reader, line, sizeof(line) - 1, &why), 0);
	for (size_t n = 0; n < sizeof(line) - 1; n++) {
		const char *at = (const char *)guard_page_copy(&page, line, n);

		assert_int_equal(json_reader_parse(&reader, at, n, &why), -EBADMSG);
	}
	guard_page_done(&page);
}

static void test_strings_of_every_length_are_read_whole(void **state)
{
	static const struct {
		const char *written;
		const char *read;
	} odd[] = {{"", ""}, {"\\\"", "\""}, {"\\\\", "\\"}, {"\xc3\xa9", "\xc3\xa9"},
	    {"\\u00e9", "\xc3\xa9"}, {"\x7f", "\x7f"}, {"\\n", "\n"}};

	(void)state;
	for (size_t before = 0; before < 40; before++) {
		for (size_t i = 0; i < 40 * sizeof(odd) / sizeof(odd[0]); i++) {
			const char *written = odd[i / 40].written;
			const char *read = odd[i / 40].read;
			char text[128];
			char wanted[128];
			char out[88];
			size_t len;
			struct json_scan s = {.at = text};

			(void)snprintf(text, sizeof(text), "\"%.*s%s%.*s\"", (int)before,
			    "0123456789012345678901234567890123456789", written,
			    (int)(i % 40), "abcdefghijabcdefghijabcdefghijabcdefghij");
			(void)snprintf(wanted, sizeof(wanted), "%.*s%s%.*s", (int)before,
			    "0123456789012345678901234567890123456789", read,
			    (int)(i % 40), "abcdefghijabcdefghijabcdefghijabcdefghij");
			s.end = text + strlen(text);
			assert_true(json_scan_string(&s, out, sizeof(out), &len));
			assert_string_equal(out, wanted);
			assert_int_equal(len, strlen(wanted));
			assert_ptr_equal(s.at, s.end);
			/* and where it does not fit, its length is told all the same */
			s.at = text;
			assert_true(json_scan_string(&s, out, 1 + before / 2, &len));
			assert_int_equal(len, strlen(wanted));
		}
	}
}

/* An exponent of nothing takes the long way. */
static void test_short_numbers_are_what_long_ones_are(void **state)
{
	static const char letters[] = "0123456789.0000000000";
	uint64_t seed = 2;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		size_t n = random_below(&seed, 24);
		char text[32];
		struct json_scan a = {.at = text};
		struct json_scan b = a;
		struct json_number x;
		struct json_number y;
		uint64_t x_whole = 0;
		uint64_t y_whole = 0;
		bool x_exact = false;
		bool y_exact = false;
		uint32_t unit = random_below(&seed, 2) ? 1000000 : 1048576;

		for (size_t i = 0; i < n; i++)
			text[i] = letters[random_below(&seed, sizeof(letters) - 1)];
		memcpy(text + n, "e0,", 4);
		b.end = text + n + 3;
		if (json_scan_number(&b, &y)) {
			text[n] = ',';
			a.end = text + n + 1;
			assert_true(json_scan_number(&a, &x));
			assert_int_equal(json_number_scale(&x, unit, &x_whole, &x_exact),
			    json_number_scale(&y, unit, &y_whole, &y_exact));
			assert_int_equal(a.at - text,
			    b.at - text == (ptrdiff_t)n + 2 ? (ptrdiff_t)n : b.at - text);
			assert_true(x_whole == y_whole && x_exact == y_exact);
		} else {
			text[n] = ',';
			a.end = text + n + 1;
			assert_false(json_scan_number(&a, &x) && *a.at == ',');
		}
	}
}

/* Milliseconds and MiB written as we do take a way of their own. */
static void test_plain_numbers_are_what_others_are(void **state)
{
	static const char letters[] = "01234567890123456789.e-";
	uint64_t seed = 5;
	size_t known = 0;

	(void)state;
	for (int round = 0; round < 400000; round++) {
		size_t n = 1 + random_below(&seed, 17);
		size_t point = random_below(&seed, n + 1);
		bool is_ms = random_below(&seed, 2);
		char text[48] = "";
		struct json_scan slow = {.at = text, .end = text + 40};
		const char *quick;
		struct json_number number;
		uint64_t got = 0;
		uint64_t wanted = 0;
		bool exact;

		for (size_t i = 0; i < n; i++)
			text[i] = letters[random_below(
			    &seed, random_below(&seed, 8) ? 10 : sizeof(letters) - 1)];
		if (point > 0)
			text[point] = '.';
		memset(text + n, random_below(&seed, 2) ? ',' : '}', 40 - n);
		quick = is_ms ? json_plain_ms(text, text + 40, &got)
			      : json_plain_mib(text, text + 40, &got);
		if (!quick)
			continue;
		known++;
		assert_true(json_scan_number(&slow, &number));
		assert_true(json_number_scale(
		    &number, is_ms ? 1000000 : 1048576, &wanted, &exact));
		assert_true(got == wanted);
		assert_ptr_equal(quick, slow.at);
	}
	assert_in_range(known, 10000, 400000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines_of_any_order_are_read_alike),
	    cmocka_unit_test(test_a_value_that_begins_like_the_last_is_read),
	    cmocka_unit_test(test_a_new_reader_expects_only_keys),
	    cmocka_unit_test(test_a_line_ends_where_it_ends),
	    cmocka_unit_test(test_strings_of_every_length_are_read_whole),
	    cmocka_unit_test(test_short_numbers_are_what_long_ones_are),
	    cmocka_unit_test(test_plain_numbers_are_what_others_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
