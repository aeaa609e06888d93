/* Windows after a call: what was learned by hand, and what a gap then costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "alerts/backtest/keep_window.h"

static void expect_near(double is, double should, double error)
{
	if (!(fabs(is - should) <= error))
		fail_msg("%.9g is not %.9g", is, should);
}

static void expect_window(const struct keep_hybrid *hybrid, double prewarm, double until)
{
	struct keep_window window = keep_hybrid_window(hybrid);

	expect_near(window.prewarm, prewarm, 1e-9);
	expect_near(window.until, until, 1e-9);
}

static struct keep_hybrid learned(uint32_t range, uint32_t gap, int times)
{
	struct keep_hybrid hybrid = keep_hybrid_new(range);

	while (times-- > 0)
		keep_hybrid_learn(&hybrid, gap);
	return hybrid;
}

static void test_the_whole_range_is_kept_while_nothing_is_known(void **state)
{
	struct keep_hybrid hybrid = keep_hybrid_new(240);

	(void)state;
	expect_window(&hybrid, 0, 240);
}

static void test_regular_gaps_give_a_window_around_them(void **state)
{
	struct keep_hybrid hybrid = learned(60, 30, 10);

	(void)state;
	expect_window(&hybrid, 26, 35); /* 0.9 x 29 = 26.1, 1.1 x 31 = 34.1 */
}

static void test_gaps_of_a_minute_are_never_dropped_first(void **state)
{
	struct keep_hybrid hybrid = learned(60, 1, 10);

	(void)state;
	expect_window(&hybrid, 0, 3); /* 1.1 x 2 = 2.2 */
}

static void test_gaps_beyond_the_range_follow_the_last_one(void **state)
{
	struct keep_hybrid hybrid = learned(240, 300, 1);

	(void)state;
	expect_window(&hybrid, 255, 345);
	keep_hybrid_learn(&hybrid, 100); /* one of two is half */
	expect_window(&hybrid, 85, 115);
}

static void test_a_flat_histogram_keeps_the_whole_range(void **state)
{
	struct keep_hybrid hybrid = keep_hybrid_new(60);

	(void)state;
	for (uint32_t gap = 1; gap < 60; gap++)
		keep_hybrid_learn(&hybrid, gap);
	expect_window(&hybrid, 0, 60);
}

static void test_rare_gaps_are_beyond_the_tail(void **state)
{
	struct keep_hybrid hybrid = learned(60, 10, 200);

	(void)state;
	keep_hybrid_learn(&hybrid, 50); /* one in 201 is less than 1 % */
	expect_window(&hybrid, 8, 13);  /* 0.9 x 9 = 8.1, 1.1 x 11 = 12.1 */
}

static void test_a_gap_is_warm_inside_the_window_and_idles_from_its_begin(void **state)
{
	static const struct {
		double idle;
		uint32_t gap;
		bool cold;
		bool prewarms;
	} cases[] = {
	    {0, 25, true, false},
	    {0, 26, false, true},
	    {4, 30, false, true},
	    {9, 35, false, true},
	    {9, 36, true, true},
	};
	const struct keep_window window = {26, 35};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t gap = cases[i].gap;

		assert_int_equal(keep_window_is_cold(&window, gap), cases[i].cold);
		expect_near(keep_window_idle(&window, gap), cases[i].idle, 1e-9);
		assert_int_equal(keep_window_prewarms(&window, gap), cases[i].prewarms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_whole_range_is_kept_while_nothing_is_known),
	    cmocka_unit_test(test_regular_gaps_give_a_window_around_them),
	    cmocka_unit_test(test_gaps_of_a_minute_are_never_dropped_first),
	    cmocka_unit_test(test_gaps_beyond_the_range_follow_the_last_one),
	    cmocka_unit_test(test_a_flat_histogram_keeps_the_whole_range),
	    cmocka_unit_test(test_rare_gaps_are_beyond_the_tail),
	    cmocka_unit_test(
		test_a_gap_is_warm_inside_the_window_and_idles_from_its_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
