/* Times are read strictly and written exactly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "tests/unit/random.h"

static void test_rfc3339_round_trips_to_the_nanosecond(void **state)
{
	char text[CLOCK_RFC3339_BYTES];
	int64_t ns = 0;

	(void)state;
	assert_int_equal(clock_parse_rfc3339("2026-11-22T08:00:00.123456789Z", &ns), 0);
	assert_int_equal(ns, 1795334400123456789LL);
	clock_format_rfc3339(ns, text);
	assert_string_equal(text, "2026-11-22T08:00:00.123456789Z");
}

/* The C library's calendar is the reference, over all that 64 bits of ns can hold. */
static void test_dates_are_those_of_the_c_library(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		int64_t ns = (int64_t)random_next(&seed);
		time_t s = (time_t)(ns / CLOCK_NS_PER_S - (ns % CLOCK_NS_PER_S < 0));
		char expected[CLOCK_RFC3339_BYTES];
		char got[CLOCK_RFC3339_BYTES];
		struct tm tm;
		int64_t back;

		assert_non_null(gmtime_r(&s, &tm));
		assert_int_equal(
		    strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.", &tm), 20);
		clock_format_rfc3339(ns, got);
		assert_memory_equal(got, expected, 20);
		if (tm.tm_year < 70 || tm.tm_year > 300)
			continue;
		assert_int_equal(clock_parse_rfc3339(got, &back), 0);
		assert_true(back == ns);
	}
}

static void test_an_offset_does_not_lead_out_of_the_years(void **state)
{
	int64_t ns;

	(void)state;
	assert_int_equal(clock_parse_rfc3339("1970-01-01T00:59:59+01:00", &ns), -EINVAL);
	assert_int_equal(clock_parse_rfc3339("1970-01-01T01:00:00+01:00", &ns), 0);
	assert_int_equal(ns, 0);
	assert_int_equal(clock_parse_rfc3339("2200-12-31T23:59:59.999999999Z", &ns), 0);
	assert_int_equal(clock_parse_rfc3339("2200-12-31T23:59:60Z", &ns), -EINVAL);
	assert_int_equal(clock_parse_rfc3339("2200-12-31T23:59:59-00:01", &ns), -EINVAL);
}

static void test_february_ends_when_it_does(void **state)
{
	int64_t ns;

	(void)state;
	assert_int_equal(clock_parse_rfc3339("2000-02-29T00:00:00Z", &ns), 0);
	assert_int_equal(ns, 951782400 * CLOCK_NS_PER_S);
	assert_int_equal(clock_parse_rfc3339("2024-02-29T00:00:00Z", &ns), 0);
	assert_int_equal(clock_parse_rfc3339("2100-02-29T00:00:00Z", &ns), -EINVAL);
	assert_int_equal(clock_parse_rfc3339("2026-02-29T00:00:00Z", &ns), -EINVAL);
	assert_int_equal(clock_parse_rfc3339("2026-04-31T00:00:00Z", &ns), -EINVAL);
}

static void test_an_offset_is_taken_off(void **state)
{
	int64_t a = 0;
	int64_t b = 0;

	(void)state;
	assert_int_equal(clock_parse_rfc3339("2026-11-22T10:30:00+02:30", &a), 0);
	assert_int_equal(clock_parse_rfc3339("2026-11-22T08:00:00Z", &b), 0);
	assert_int_equal(a, b);
}

static void test_malformed_moments_are_refused_and_leave_the_output(void **state)
{
	static const char *const bad[] = {"", "2026", "2026-13-01T00:00:00Z",
	    "2026-02-29T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T08:00:00",
	    "2026-11-22T08:00:00.Z", "2026-11-22T08:00:00.1234567890Z",
	    "2026-11-22T08:00:00Zx", "2026-11-22T08:00:00+0230", "1969-12-31T23:59:59Z"};
	int64_t ns = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(clock_parse_rfc3339(bad[i], &ns), -EINVAL);
	assert_int_equal(ns, 7);
}

/* What the quick reader knows, it knows as the other one does. */
static void test_our_own_moments_are_read_quickly_and_alike(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		int64_t written =
		    (int64_t)random_below(&seed, UINT64_C(7289654400000000000));
		char text[CLOCK_RFC3339_BYTES];
		int64_t quick = -1;
		int64_t slow = -1;

		clock_format_rfc3339(written, text);
		assert_int_equal(strlen(text), CLOCK_UTC_NS_LEN);
		assert_int_equal(clock_parse_utc_ns(text, &quick), 0);
		assert_int_equal(quick, written);
		for (uint64_t i = random_below(&seed, 3); i < 3; i++)
			text[random_below(&seed, CLOCK_UTC_NS_LEN)] =
			    "0123456789-T:.Z/;a\xb0"[random_below(&seed, 19)];
		quick = -1;
		if (clock_parse_utc_ns(text, &quick) == 0) {
			assert_int_equal(clock_parse_rfc3339(text, &slow), 0);
			assert_int_equal(quick, slow);
		} else {
			assert_int_equal(quick, -1);
		}
	}
}

static void test_the_quick_reader_refuses_what_no_day_has(void **state)
{
	static const char *const bad[] = {"2026-02-29T00:00:00.000000000Z",
	    "2026-11-22T24:00:00.000000000Z", "2026-11-22T08:60:00.000000000Z",
	    "2026-11-22T08:00:60.000000000Z", "2026-13-22T08:00:00.000000000Z",
	    "2026-00-22T08:00:00.000000000Z", "2026-11-00T08:00:00.000000000Z",
	    "1969-12-31T08:00:00.000000000Z", "2201-01-01T00:00:00.000000000Z",
	    "2026-11-22 08:00:00.000000000Z", "2026-11-22T08:00:00.00000000aZ",
	    "2026-11-22T08:00:00.000000000z"};
	int64_t ns = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(clock_parse_utc_ns(bad[i], &ns), -EINVAL);
		assert_int_equal(ns, 7);
	}
}

static void test_spans_have_units_and_limits(void **state)
{
	int64_t ns = 0;

	(void)state;
	assert_int_equal(clock_parse_span("90s", &ns), 0);
	assert_int_equal(ns, 90 * CLOCK_NS_PER_S);
	assert_int_equal(clock_parse_span("250ms", &ns), 0);
	assert_int_equal(ns, 250000000);
	assert_int_equal(clock_parse_span("7d", &ns), 0);
	assert_int_equal(ns, 7 * 86400LL * CLOCK_NS_PER_S);
	assert_int_equal(clock_parse_span("15", &ns), 0);
	assert_int_equal(ns, 15 * CLOCK_NS_PER_S);
	assert_int_equal(clock_parse_span("-1s", &ns), -EINVAL);
	assert_int_equal(clock_parse_span("1y", &ns), -EINVAL);
	assert_int_equal(clock_parse_span("99999999999999999999s", &ns), -EINVAL);
	assert_int_equal(clock_parse_span("4000d", &ns), -EINVAL);
}

static void test_a_span_as_a_moment_counts_back_from_now(void **state)
{
	int64_t ns = 0;

	(void)state;
	assert_int_equal(clock_parse_moment("1h", 7200 * CLOCK_NS_PER_S, &ns), 0);
	assert_int_equal(ns, 3600 * CLOCK_NS_PER_S);
	assert_int_equal(clock_parse_moment("1970-01-02", 0, &ns), 0);
	assert_int_equal(ns, 86400 * CLOCK_NS_PER_S);
	assert_int_equal(clock_parse_moment("yesterday", 0, &ns), -EINVAL);
}

static void test_boot_time_maps_to_wall_time_within_50_ms(void **state)
{
	int64_t wall = (int64_t)clock_boot_ns() + clock_boot_to_wall_ns();
	int64_t difference = clock_wall_ns() - wall;

	(void)state;
	assert_in_range(difference + 50000000, 0, 100000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rfc3339_round_trips_to_the_nanosecond),
	    cmocka_unit_test(test_dates_are_those_of_the_c_library),
	    cmocka_unit_test(test_an_offset_does_not_lead_out_of_the_years),
	    cmocka_unit_test(test_february_ends_when_it_does),
	    cmocka_unit_test(test_an_offset_is_taken_off),
	    cmocka_unit_test(test_malformed_moments_are_refused_and_leave_the_output),
	    cmocka_unit_test(test_our_own_moments_are_read_quickly_and_alike),
	    cmocka_unit_test(test_the_quick_reader_refuses_what_no_day_has),
	    cmocka_unit_test(test_spans_have_units_and_limits),
	    cmocka_unit_test(test_a_span_as_a_moment_counts_back_from_now),
	    cmocka_unit_test(test_boot_time_maps_to_wall_time_within_50_ms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
