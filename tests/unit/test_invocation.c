/* The words of an invocation, and what follows from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "model/invocation.h"

static void test_every_word_finds_what_it_names(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < KIND_COUNT; i++)
		assert_int_equal(invocation_kind_find(invocation_kind_name(i)), i);
	for (unsigned int i = 0; i < STATUS_COUNT; i++)
		assert_int_equal(invocation_status_find(invocation_status_name(i)), i);
	for (unsigned int i = 0; i < CAUSE_COUNT; i++)
		assert_int_equal(invocation_cause_find(invocation_cause_name(i)), i);
}

static void test_strangers_are_unknown(void **state)
{
	(void)state;
	assert_int_equal(invocation_kind_find("cron"), KIND_UNKNOWN);
	assert_int_equal(invocation_status_find("fine"), STATUS_COUNT);
	assert_int_equal(invocation_status_find(""), STATUS_COUNT);
	assert_int_equal(invocation_cause_find("OK"), CAUSE_UNKNOWN);
	assert_string_equal(invocation_kind_name(KIND_COUNT), "unknown");
	assert_string_equal(invocation_status_name(STATUS_COUNT), "unknown");
	assert_string_equal(invocation_cause_name(CAUSE_COUNT), "unknown");
}

static void test_each_quality_bit_has_its_word(void **state)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} words[] = {
	    {QUALITY_MEMORY_BOUND, "peak_memory:bound"},
	    {QUALITY_CPU_ESTIMATE, "cpu:estimate"},
	    {QUALITY_START_ESTIMATE, "start:estimate"},
	    {QUALITY_DURATION_ESTIMATE, "duration:estimate"},
	    {QUALITY_INIT_ESTIMATE, "init:estimate"},
	    {QUALITY_INIT_UNKNOWN, "init:unknown"},
	    {QUALITY_STATUS_ESTIMATE, "status:estimate"},
	    {QUALITY_REQUEST_ID_UNKNOWN, "request_id:unknown"},
	    {QUALITY_CLOCK_STEPPED, "clock:stepped"},
	    {QUALITY_WAIT_ESTIMATE, "wait:estimate"},
	    {QUALITY_MEMORY_SANDBOX, "peak_memory:sandbox"},
	};
	unsigned int n = sizeof(words) / sizeof(words[0]);

	(void)state;
	for (unsigned int i = 0; i < n; i++) {
		assert_string_equal(invocation_quality_name(i), words[i].word);
		assert_int_equal(words[i].bit, 1U << i);
		assert_int_equal(invocation_quality_find(words[i].word), words[i].bit);
	}
	assert_null(invocation_quality_name(n));
	assert_null(invocation_quality_name(UINT32_MAX));
	assert_int_equal(invocation_quality_find("cpu"), 0);
}

static void test_any_status_but_ok_is_an_error(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < STATUS_COUNT; i++) {
		struct invocation inv = {.status = i};

		assert_int_equal(invocation_is_error(&inv), i != STATUS_OK);
	}
}

static void test_a_ping_is_known_by_its_trace(void **state)
{
	(void)state;
	assert_true(invocation_trace_is_ping("c01dc01dc01dc01d0123456789abcdef"));
	assert_true(invocation_trace_is_ping("1-65e0c1f2-c01dc01dc01dc01d01234567"));
	assert_false(invocation_trace_is_ping("1-65e0c1f2-bd862e3fe1be46a994272793"));
	assert_false(invocation_trace_is_ping("c01dc01dc01dc01"));
	assert_false(invocation_trace_is_ping(""));
}

/* Before it other words may stand that have two halves alike. */
static void test_the_mark_of_a_ping_is_found_wherever_it_stands(void **state)
{
	static const char *const before[] = {"0123456789abcdef0123456789abcdef0123456789"
					     "abcdef01234567",
	    "00000000000000000000000000000000000000000000000000000000"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (size_t at = 0; at + sizeof(PING_TRACE_MARK) < INVOCATION_ID_BYTES;
		     at++) {
			char id[INVOCATION_ID_BYTES] = "";

			memcpy(id, before[i], at);
			memcpy(id + at, PING_TRACE_MARK, sizeof(PING_TRACE_MARK));
			assert_true(invocation_trace_is_ping(id));
			id[at + 7] = 'e';
			assert_false(invocation_trace_is_ping(id));
		}
	}
	assert_false(invocation_trace_is_ping(""));
	assert_false(invocation_trace_is_ping("c01dc01dc01dc01"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_word_finds_what_it_names),
	    cmocka_unit_test(test_strangers_are_unknown),
	    cmocka_unit_test(test_each_quality_bit_has_its_word),
	    cmocka_unit_test(test_any_status_but_ok_is_an_error),
	    cmocka_unit_test(test_a_ping_is_known_by_its_trace),
	    cmocka_unit_test(test_the_mark_of_a_ping_is_found_wherever_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
