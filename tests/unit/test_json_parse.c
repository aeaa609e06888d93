/* What is read of an invocation object, and what is refused, with which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/guard_page.h"
#include "tests/unit/random.h"
#include "wire/json.h"
#include "wire/json/coldstart.h"

#define START "\"start\":\"2026-11-22T08:00:00Z\""
#define OBJECT(more) "{\"function\":\"f\"," START "," more "}"
#define WITH(more) OBJECT("\"duration_ms\":1," more)

static struct invocation inv;
static struct function function;
static char host[JSON_HOST_BYTES];

static void accept(const char *text)
{
	const char *why = NULL;

	if (json_parse_invocation(text, strlen(text), &inv, &function, host, &why) < 0) {
		print_message("%s: %s\n", why, text);
		fail();
	}
}

static void refuse(const char *text, const char *expected)
{
	struct invocation inv_before;
	struct function function_before;
	const char *why = "";

	memset(&inv, 0x55, sizeof(inv));
	memset(&function, 0x55, sizeof(function));
	memcpy(&inv_before, &inv, sizeof(inv));
	memcpy(&function_before, &function, sizeof(function));
	assert_int_equal(
	    json_parse_invocation(text, strlen(text), &inv, &function, NULL, &why),
	    -EBADMSG);
	assert_string_equal(why, expected);
	assert_memory_equal(&inv, &inv_before, sizeof(inv));
	assert_memory_equal(&function, &function_before, sizeof(function));
}

static void test_numbers_are_read_exactly(void **state)
{
	static const struct {
		const char *ms;
		uint64_t ns;
	} numbers[] = {
	    {"51.234", 51234000},
	    {"0", 0},
	    {"-0", 0},
	    {"-0.0e5", 0},
	    {"1e-6", 1},
	    {"0.0000005", 0}, /* half to even */
	    {"0.0000015", 2},
	    {"0.0000025", 2},
	    {"0.00000250000000000000000000000000000000000000000000000001", 3},
	    {"1.0000004999999999999999999999999999999999999", 1000000},
	    {"512340E-4", 51234000},
	    {"0.0051234e+4", 51234000},
	    {"18446744073709.551615", UINT64_MAX},
	    {"18446744073709551615e-6", UINT64_MAX},
	    {"0.1844674407370955161500000000000000000000000000000000e14", UINT64_MAX},
	    {"1e-99999999999", 0},
	    {"0e99999999999", 0},
	    {"0.000000000000000000000000000000000000000000000000001e57", 1000000000000},
	    {"100000000000000000000000000000000000000000000000000e-50", 1000000},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		(void)snprintf(
		    text, sizeof(text), OBJECT("\"duration_ms\":%s"), numbers[i].ms);
		accept(text);
		assert_true(inv.duration_ns == numbers[i].ns);
		assert_int_equal(inv.has, HAS_DURATION);
	}
}

static void test_numbers_that_cannot_be_are_refused(void **state)
{
	static const char *const numbers[] = {"-1", "-1e-99", "18446744073709.551616",
	    "1e14", "1e99999999999", "01", "1.", ".5", "+1", "1e", "1e+", "0x10", "NaN",
	    "Infinity", "\"1\"", "true", "[1]", "{}", "--1", "1 2"};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const char *why = NULL;

		(void)snprintf(
		    text, sizeof(text), OBJECT("\"duration_ms\":%s"), numbers[i]);
		assert_int_equal(json_parse_invocation(
				     text, strlen(text), &inv, &function, host, &why),
		    -EBADMSG);
		assert_non_null(why);
	}
	refuse(OBJECT("\"duration_ms\":-1"),
	    "duration_ms must be a number of milliseconds, 0 or more");
	refuse(WITH("\"pid\":1.5"), "pid must be a whole number below 2^32");
	refuse(WITH("\"pid\":4294967296"), "pid must be a whole number below 2^32");
	refuse(
	    WITH("\"concurrency\":0"), "concurrency must be a whole number, 1 or more");
	refuse(WITH("\"peak_memory_mb\":-3"),
	    "peak_memory_mb must be a number of MiB, 0 or more");
	accept(WITH("\"pid\":42e2"));
	assert_int_equal(inv.pid, 4200);
	accept(WITH("\"pid\":4200e-2"));
	assert_int_equal(inv.pid, 42);
}

static void test_what_is_needed_is_named(void **state)
{
	(void)state;
	refuse("{" START ",\"duration_ms\":1}", "function is missing");
	refuse("{\"function\":\"\"," START ",\"duration_ms\":1}",
	    "function must be a string of 1 to 159 bytes");
	refuse("{\"function\":\"f\",\"duration_ms\":1}", "start is missing");
	refuse(OBJECT("\"status\":\"ok\""), "duration_ms is missing");
	refuse(OBJECT("\"duration_ms\":null"), "duration_ms is missing");
	accept(OBJECT("\"status\":\"init_error\""));
	assert_int_equal(inv.has, 0);
	assert_int_equal(inv.status, STATUS_INIT_ERROR);
}

static void test_words_of_closed_lists_must_be_known(void **state)
{
	(void)state;
	refuse(WITH("\"status\":\"fine\""),
	    "status must be ok, error, timeout, oom, crash, init_error or aborted");
	refuse(WITH("\"kind\":\"cron\""), "kind must be lambda, http or process");
	refuse(
	    WITH("\"platform\":\"mainframe\""), "platform is not one that is known here");
	refuse(WITH("\"start\":\"2026-11-22T08:00:00Z\""), "start comes twice");
	refuse("{\"function\":\"f\",\"start\":\"yesterday\",\"duration_ms\":1}",
	    "start must be an RFC 3339 time, such as 2026-11-22T08:00:00.123456789Z");
	accept(WITH("\"platform\":\"unknown\",\"kind\":\"unknown\",\"cause\":\"whim\","
		    "\"arch\":\"aarch64\",\"quality\":[\"cpu:estimate\",\"new:mark\"]"));
	assert_int_equal(function.arch, ARCH_ARM64);
	assert_int_equal(inv.cause, CAUSE_UNKNOWN);
	assert_int_equal(inv.quality, QUALITY_CPU_ESTIMATE);
	/* a word that starts like a known one and is too long to be it */
	refuse(WITH("\"status\":\"ok\\u0041aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""),
	    "status must be ok, error, timeout, oom, crash, init_error or aborted");
	refuse(WITH("\"quality\":[1]"), "quality must be a list of strings");
	refuse(WITH("\"quality\":[\"a\",]"), "quality must be a list of strings");
	accept(WITH("\"quality\":[ ]"));
}

static void test_null_is_absent(void **state)
{
	(void)state;
	accept(WITH("\"init_ms\":null,\"host\":null,\"cold\":null,\"quality\":null"));
	assert_int_equal(inv.has, HAS_DURATION);
	assert_int_equal(inv.start_type, START_UNKNOWN);
	assert_string_equal(host, "");
}

static void test_a_key_that_comes_twice_is_refused(void **state)
{
	(void)state;
	refuse(WITH("\"duration_ms\":2"), "duration_ms comes twice");
	refuse(WITH("\"host\":null,\"host\":\"a\""), "host comes twice");
	accept(WITH("\"other\":1,\"other\":2"));
}

static void test_start_types_follow_from_cold_and_prewarmed(void **state)
{
	(void)state;
	accept(WITH("\"cold\":true"));
	assert_int_equal(inv.start_type, START_COLD);
	accept(WITH("\"cold\":false"));
	assert_int_equal(inv.start_type, START_WARM);
	accept(WITH("\"cold\":false,\"prewarmed\":true"));
	assert_int_equal(inv.start_type, START_PREWARMED);
	accept(WITH("\"prewarmed\":true"));
	assert_int_equal(inv.start_type, START_PREWARMED);
	refuse(WITH("\"cold\":true,\"prewarmed\":true"),
	    "prewarmed and cold cannot both be true");
	refuse(WITH("\"cold\":1"), "cold must be true or false");
}

static void test_a_ping_is_known_by_word_or_by_trace(void **state)
{
	(void)state;
	accept(WITH("\"ping\":true"));
	assert_true(inv.ping);
	accept(WITH("\"trace_id\":\"c01dc01dc01dc01d0123456789abcdef\""));
	assert_true(inv.ping);
	accept(WITH("\"ping\":false,"
		    "\"trace_id\":\"c01dc01dc01dc01d0123456789abcdef\""));
	assert_false(inv.ping);
	accept(WITH("\"concurrency\":null"));
	assert_false(inv.ping);
	assert_int_equal(inv.concurrency, 1);
}

static void test_bytes_are_known_as_a_pair(void **state)
{
	(void)state;
	accept(WITH("\"request_bytes\":5"));
	assert_int_equal(inv.has & HAS_BYTES, 0);
	assert_int_equal(inv.request_bytes, 0);
	accept(WITH("\"request_bytes\":5,\"response_bytes\":18446744073709551615"));
	assert_int_equal(inv.has & HAS_BYTES, HAS_BYTES);
	assert_true(inv.response_bytes == UINT64_MAX);
}

static void test_escapes_are_undone(void **state)
{
	(void)state;
	accept("{\"\\u0066unction\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC"
	       "\\ud83d\\ude00\"," START ",\"duration_ms\":1}");
	assert_string_equal(
	    function.name, "\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	refuse(WITH("\"host\":\"\\u0000\""), "host must be a string of at most 71 bytes");
	refuse(WITH("\"host\":\"\\ud83d\""), "host must be a string of at most 71 bytes");
	refuse(WITH("\"host\":\"\\ud83d\\u0041\""),
	    "host must be a string of at most 71 bytes");
	refuse(WITH("\"host\":\"\\ude00\""), "host must be a string of at most 71 bytes");
	refuse(WITH("\"host\":\"\\x41\""), "host must be a string of at most 71 bytes");
	refuse(WITH("\"host\":\"\\u12g4\""), "host must be a string of at most 71 bytes");
	refuse(WITH("\"host\":\"\xff\""), "host must be a string of at most 71 bytes");
	refuse(WITH("\"host\":\"a\tb\""), "host must be a string of at most 71 bytes");
}

static void test_texts_are_taken_whole_or_not_at_all(void **state)
{
	char text[512];

	(void)state;
	(void)snprintf(text, sizeof(text), WITH("\"sandbox\":\"%071d\""), 0);
	accept(text);
	assert_int_equal(strlen(inv.sandbox), 71);
	(void)snprintf(text, sizeof(text), WITH("\"sandbox\":\"%072d\""), 0);
	refuse(text, "sandbox must be a string of at most 71 bytes");
	(void)snprintf(text, sizeof(text),
	    "{\"function\":\"%0160d\"," START ",\"duration_ms\":1}", 0);
	refuse(text, "function must be a string of 1 to 159 bytes");
}

static void test_unknown_keys_are_skipped_whatever_they_hold(void **state)
{
	(void)state;
	accept(WITH("\"x\":{\"a\":[1,2,{\"b\":null}],\"c\":{}},\"y\":[],\"z\":[[[]]],"
		    "\"a key that is longer than any that is known\":\"\\u00e9\","
		    "\"t\":true,\"f\":false,\"n\":-1.5e3,\"\":\"\""));
	refuse(WITH("\"x\":[1,]"), "the value of an unknown key is malformed");
	refuse(WITH("\"x\":{\"a\"}"), "the value of an unknown key is malformed");
	refuse(WITH("\"x\":[1}"), "the value of an unknown key is malformed");
	refuse(WITH("\"x\":{\"a\":1]"), "the value of an unknown key is malformed");
	refuse(WITH("\"x\":nul"), "the value of an unknown key is malformed");
	refuse(WITH("\"x\":{1:2}"), "the value of an unknown key is malformed");
}

static void test_nesting_has_a_limit(void **state)
{
	char text[512];
	char open[64] = "";
	char close[64] = "";

	(void)state;
	memset(open, '[', 32);
	memset(close, ']', 32);
	(void)snprintf(text, sizeof(text), WITH("\"x\":%s%s"), open, close);
	accept(text);
	memset(open, '[', 33);
	memset(close, ']', 33);
	(void)snprintf(text, sizeof(text), WITH("\"x\":%s%s"), open, close);
	refuse(text, "the value of an unknown key is malformed");
}

static void test_a_line_is_one_object_and_nothing_else(void **state)
{
	char long_line[JSON_LINE_MAX_BYTES + 2];

	(void)state;
	accept(" \t{ \"function\" : \"f\" , " START " ,\r\n\"duration_ms\" : 1 } \n");
	refuse("", "it is not a JSON object");
	refuse("[]", "it is not a JSON object");
	refuse("null", "it is not a JSON object");
	refuse("{}", "function is missing");
	refuse(WITH("\"pid\":1") "x", "something follows the object");
	refuse(WITH("\"pid\":1") "{}", "something follows the object");
	refuse(WITH("\"pid\":1,"), "a key is not a string, or lacks its colon");
	refuse(WITH("\"pid\" 1"), "a key is not a string, or lacks its colon");
	refuse(
	    WITH("\"pid\":1 \"host\":\"a\""), "a comma or the closing brace is missing");
	memset(long_line, ' ', sizeof(long_line));
	long_line[sizeof(long_line) - 1] = '\0';
	refuse(long_line, "it is longer than a line may be");
}

static const char full[] = WITH("\"cold\":true,\"x\":[{\"a\":1e5},\"\\ud83d\\ude00\"],"
				"\"quality\":[\"cpu:estimate\"],\"peak_memory_mb\":50.1");

static void test_every_prefix_is_refused_without_reading_past_it(void **state)
{
	struct guard_page guard;
	const char *why;

	(void)state;
	guard_page_init(&guard, sizeof(full));
	for (size_t cut = 0; cut < sizeof(full) - 1; cut++)
		assert_int_equal(
		    json_parse_invocation((char *)guard_page_copy(&guard, full, cut), cut,
			&inv, &function, host, &why),
		    -EBADMSG);
	accept(full);
	guard_page_done(&guard);
}

/* What we take of mutated bytes, jansson takes too (it refuses more: huge numbers). */
static void test_what_is_taken_is_json(void **state)
{
	uint64_t seed = 3;
	char text[sizeof(full)];
	size_t n = sizeof(full) - 1;
	int taken = 0;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		json_error_t error;
		json_t *value;
		const char *why;

		memcpy(text, full, sizeof(full));
		for (uint64_t k = random_below(&seed, 3); k > 0; k--)
			text[random_below(&seed, n)] = (char)random_next(&seed);
		text[random_below(&seed, n)] = full[random_below(&seed, n)];
		if (json_parse_invocation(text, n, &inv, &function, host, &why) < 0)
			continue;
		taken++;
		value = json_loadb(text, n, 0, &error);
		if (!value && json_error_code(&error) != json_error_numeric_overflow) {
			print_message("%s: %.*s\n", error.text, (int)n, text);
			fail();
		}
		json_decref(value);
	}
	assert_in_range(taken, 1000, 300000);
}

static void test_a_cold_start_that_is_malformed_is_refused(void **state)
{
	static const char *const wrong[] = {"\"init_phases\":{}", "\"init_phases\":[1]",
	    "\"init_phases\":[{\"wall_ms\":-1}]",
	    "\"init_phases\":[{\"phase\":\"123456789012345678901234\"}]",
	    "\"init_phases\":[{\"major_faults\":4294967296}]",
	    "\"init_phases\":[{\"disk_bytes\":0.5}]",
	    "\"init_phases\":[],\"init_peers\":[{\"peer\":1}]",
	    "\"init_phases\":[],\"init_helpers\":-1",
	    "\"init_phases\":[],\"init_other_peers\":[]",
	    "\"init_phases\":[{},{},{},{},{},{},{},{},{},{},{},{},{}]",
	    "\"init_phases\":[],\"init_peers\":[{},{},{},{},{}]"};
	struct coldstart c;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[200];
		size_t n = (size_t)snprintf(text, sizeof(text), "{%s}", wrong[i]);

		memset(&inv, 0, sizeof(inv));
		why = "";
		assert_int_equal(json_parse_coldstart(text, n, &inv, &c, &why), -EBADMSG);
		assert_string_not_equal(why, "");
		assert_null(inv.coldstart);
	}
}

static void test_a_cold_start_of_nothing_is_none(void **state)
{
	static const char *const nothing[] = {"{}", "{\"init_phases\":null}",
	    "{\"init_phases\":[]}", "{\"init_peers\":[{\"peer\":\"a:1\"}]}"};
	struct coldstart c;
	const char *why = "";

	(void)state;
	memset(&inv, 0, sizeof(inv));
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		assert_int_equal(
		    json_parse_coldstart(nothing[i], strlen(nothing[i]), &inv, &c, &why),
		    0);
	assert_null(inv.coldstart);
	assert_int_equal(inv.has, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_cold_start_that_is_malformed_is_refused),
	    cmocka_unit_test(test_a_cold_start_of_nothing_is_none),
	    cmocka_unit_test(test_numbers_are_read_exactly),
	    cmocka_unit_test(test_numbers_that_cannot_be_are_refused),
	    cmocka_unit_test(test_what_is_needed_is_named),
	    cmocka_unit_test(test_words_of_closed_lists_must_be_known),
	    cmocka_unit_test(test_null_is_absent),
	    cmocka_unit_test(test_a_key_that_comes_twice_is_refused),
	    cmocka_unit_test(test_start_types_follow_from_cold_and_prewarmed),
	    cmocka_unit_test(test_a_ping_is_known_by_word_or_by_trace),
	    cmocka_unit_test(test_bytes_are_known_as_a_pair),
	    cmocka_unit_test(test_escapes_are_undone),
	    cmocka_unit_test(test_texts_are_taken_whole_or_not_at_all),
	    cmocka_unit_test(test_unknown_keys_are_skipped_whatever_they_hold),
	    cmocka_unit_test(test_nesting_has_a_limit),
	    cmocka_unit_test(test_a_line_is_one_object_and_nothing_else),
	    cmocka_unit_test(test_every_prefix_is_refused_without_reading_past_it),
	    cmocka_unit_test(test_what_is_taken_is_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
