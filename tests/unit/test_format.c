/* Figures as people read them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/format.h"

struct sample {
	double value;
	const char *text;
};

static void check(
    const char *(*format)(double, char *), const struct sample *samples, size_t n)
{
	char out[FORMAT_BYTES];

	for (size_t i = 0; i < n; i++)
		assert_string_equal(format(samples[i].value, out), samples[i].text);
}
#define CHECK(format, samples)                                                           \
	check(format, samples, sizeof(samples) / sizeof((samples)[0]))

static void test_durations_never_round_into_the_next_unit(void **state)
{
	static const struct sample samples[] = {{0, "0 ms"}, {0.001, "<.01 ms"},
	    {1.234, "1.23 ms"}, {9.994, "9.99 ms"}, {9.996, "10.0 ms"},
	    {99.94, "99.9 ms"}, {99.96, "100 ms"}, {999.4, "999 ms"}, {999.6, "1.0 s"},
	    {2100, "2.1 s"}, {59949, "59.9 s"}, {59951, "1m 00s"}, {65000, "1m 05s"},
	    {3599400, "59m 59s"}, {3599600, "1h 00m"}, {7800000, "2h 10m"},
	    {86399000, "1d 00h"}, {187200000, "2d 04h"}};

	(void)state;
	CHECK(format_duration, samples);
}

static void test_what_is_not_known_is_a_dash(void **state)
{
	static const struct sample samples[] = {{NAN, "-"}, {-1, "-"}, {INFINITY, "-"}};

	(void)state;
	CHECK(format_duration, samples);
	CHECK(format_memory, samples);
	CHECK(format_percent, samples);
	CHECK(format_rate, samples);
}

static void test_memory_changes_unit_at_1024(void **state)
{
	static const struct sample samples[] = {{0, "0.0 MB"}, {50.14, "50.1 MB"},
	    {99.96, "100 MB"}, {128, "128 MB"}, {1023.4, "1023 MB"}, {1023.6, "1.00 GB"},
	    {1536, "1.50 GB"}};

	(void)state;
	CHECK(format_memory, samples);
}

static void test_memory_is_shown_with_its_limit(void **state)
{
	char out[FORMAT_BYTES];

	(void)state;
	assert_string_equal(format_memory_of(50.1, 256, out), "50/256 MB");
	assert_string_equal(format_memory_of(50.1, NAN, out), "50.1 MB");
	assert_string_equal(format_memory_of(NAN, 256, out), "-");
	assert_string_equal(format_memory_of(5120, 10240, out), "5.0/10 GB");
}

static void test_percentages_show_the_smallest_share(void **state)
{
	static const struct sample samples[] = {{0, "0%"}, {0.01, "<0.1%"}, {0.1, "0.1%"},
	    {12.34, "12.3%"}, {99.94, "99.9%"}, {99.96, "100%"}, {250, "250%"}};

	(void)state;
	CHECK(format_percent, samples);
}

static void test_rates_keep_three_figures(void **state)
{
	static const struct sample samples[] = {{0, "0"}, {0.05, "0.05"}, {1, "1.0"},
	    {12.34, "12.3"}, {123.4, "123"}, {12345, "12.3k"}};

	(void)state;
	CHECK(format_rate, samples);
}

static void test_ages_count_whole_units(void **state)
{
	static const struct sample samples[] = {{-3, "0 s"}, {12.9, "12 s"},
	    {119, "119 s"}, {121, "2 min"}, {7300, "2 h"}, {200000, "2 d"}, {NAN, "-"}};

	(void)state;
	CHECK(format_age, samples);
}

static void test_counts_stay_exact_up_to_five_digits(void **state)
{
	char out[FORMAT_BYTES];

	(void)state;
	assert_string_equal(format_count(0, out), "0");
	assert_string_equal(format_count(99999, out), "99999");
	assert_string_equal(format_count(100000, out), "100k");
	assert_string_equal(format_count(999600, out), "1.00M");
	assert_string_equal(format_count(1234567, out), "1.23M");
	assert_string_equal(format_count(UINT64_MAX, out), "18447P");
}

static void check_money(const char *amount, const char *text)
{
	struct money money = {0};
	char out[FORMAT_BYTES];

	assert_int_equal(money_parse(amount, &money), 0);
	assert_string_equal(format_money(money, out), text);
}

static void test_small_money_keeps_four_figures_and_large_none_after_the_dollar(
    void **state)
{
	(void)state;
	check_money("0", "$0");
	check_money("0.0000000167", "<$0.000001");
	check_money("-0.0000000167", ">-$0.000001");
	check_money("0.000048", "$0.000048");
	check_money("0.001234", "$0.001234");
	check_money("0.02205", "$0.02205");
	check_money("0.3504", "$0.3504");
	check_money("0.1", "$0.10");
	check_money("0.00138", "$0.00138");
	check_money("12.504", "$12.50");
	check_money("-2.10", "-$2.10");
	check_money("1234.56", "$1235");
}

static void test_times_are_utc_and_unknown_ones_a_dash(void **state)
{
	char out[FORMAT_BYTES];

	(void)state;
	assert_string_equal(
	    format_time(1763798400123456789LL, 1, out), "2025-11-22 08:00:00.123");
	assert_string_equal(
	    format_time(1763798400123456789LL, 0, out), "2025-11-22 08:00:00");
	assert_string_equal(format_clock(1763798400123456789LL, 1, out), "08:00:00.123");
	assert_string_equal(format_time(0, 0, out), "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_durations_never_round_into_the_next_unit),
	    cmocka_unit_test(test_what_is_not_known_is_a_dash),
	    cmocka_unit_test(test_memory_changes_unit_at_1024),
	    cmocka_unit_test(test_memory_is_shown_with_its_limit),
	    cmocka_unit_test(test_percentages_show_the_smallest_share),
	    cmocka_unit_test(test_rates_keep_three_figures),
	    cmocka_unit_test(test_ages_count_whole_units),
	    cmocka_unit_test(test_counts_stay_exact_up_to_five_digits),
	    cmocka_unit_test(
		test_small_money_keeps_four_figures_and_large_none_after_the_dollar),
	    cmocka_unit_test(test_times_are_utc_and_unknown_ones_a_dash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
