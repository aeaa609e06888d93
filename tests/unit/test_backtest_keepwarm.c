/* Keep-warm policies replayed on traces worked out by hand, and against brute force. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "alerts/backtest/keepwarm.h"
#include "base/cleanup.h"
#include "tests/unit/random.h"

static void expect_near(double is, double should, double error)
{
	if (!(fabs(is - should) <= error))
		fail_msg("%.9g is not %.9g", is, should);
}

static void add(
    struct backtest_trace *trace, const char *name, uint32_t minute, uint32_t value)
{
	assert_int_equal(backtest_trace_add(trace, name, strlen(name), minute, value), 0);
}

static void weigh(struct backtest_trace *trace, const char *name, double weight)
{
	assert_int_equal(backtest_trace_weigh(trace, name, strlen(name), weight), 0);
}

static struct backtest_keepwarm replay(
    const struct backtest_trace *trace, double cold_minutes)
{
	struct backtest_keepwarm found;

	assert_int_equal(backtest_keepwarm(trace, cold_minutes, NULL, &found), 0);
	return found;
}

static const struct backtest_kept *policy(
    const struct backtest_keepwarm *found, const char *name)
{
	for (size_t i = 0; i < BACKTEST_KEEPWARM_POLICIES; i++)
		if (strcmp(found->policies[i].policy, name) == 0)
			return &found->policies[i];
	fail_msg("no policy %s", name);
	return NULL;
}

/* Calls at 1, 4 and 20 of 30 minutes: gaps of 3 and 16, and 10 at the end. */
static void small_trace(struct backtest_trace *trace)
{
	add(trace, "f", 1, 7);
	add(trace, "f", 4, 1);
	add(trace, "f", 20, 1);
	add(trace, "f", 30, 0);
	backtest_trace_finish(trace);
}

static void test_windows_are_counted_as_by_hand(void **state)
{
	static const struct {
		const char *policy;
		int cold;
		int idle;
	} cases[] = {
	    {"fixed-5", 2, 3 + 5 + 5}, {"fixed-10", 2, 3 + 10 + 10},
	    {"fixed-20", 1, 3 + 16 + 10}, {"fixed-120", 1, 3 + 16 + 10},
	    {"hybrid-4h", 2, 3 + 4 + 9}, /* windows of 0-240, 1-5 and 1-19 minutes */
	};
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	struct backtest_keepwarm found;

	(void)state;
	small_trace(&trace);
	found = replay(&trace, 10);
	assert_int_equal(found.functions, 1);
	expect_near(found.calls, 3, 1e-9);
	expect_near(found.days * 1440, 30, 1e-9);
	/* the oracle: the first start, 3 minutes, a second start, nothing at the end */
	expect_near(found.oracle_cost * found.days, 10 + 3 + 10, 1e-9);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct backtest_kept *p = policy(&found, cases[i].policy);

		expect_near(p->cold_pct, 100.0 * cases[i].cold / 3, 1e-9);
		expect_near(p->idle * found.days, cases[i].idle, 1e-9);
		expect_near(p->ratio, (10.0 * cases[i].cold + cases[i].idle) / 23, 1e-9);
	}
	assert_int_equal(found.best_fixed, 3); /* 10 x 2 + 3 + 3 + 3 */
	expect_near(found.best_fixed_ratio, 29.0 / 23, 1e-9);
}

static void test_weights_count_functions_more_than_once(void **state)
{
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	struct backtest_keepwarm found;
	const struct backtest_kept *p;

	(void)state;
	add(&trace, "a", 1, 1); /* gaps 2, and 7 at the end: half cold */
	add(&trace, "a", 3, 1);
	add(&trace, "b", 10, 1); /* all cold, no idling */
	weigh(&trace, "a", 3);
	backtest_trace_finish(&trace);
	found = replay(&trace, 10);
	p = policy(&found, "fixed-5");
	expect_near(p->cold_pct, 100.0 * (3 + 1) / (6 + 1), 1e-9);
	expect_near(p->cold_pct_p50, 50, 1e-9);
	expect_near(p->cold_pct_p75, 50, 1e-9);
	expect_near(p->idle * found.days, 3.0 * (2 + 5) / 4, 1e-9);
	weigh(&trace, "b", 3);
	found = replay(&trace, 10);
	expect_near(policy(&found, "fixed-5")->cold_pct_p75, 100, 1e-9);
	weigh(&trace, "b", 0); /* as if it were not there */
	found = replay(&trace, 10);
	expect_near(policy(&found, "fixed-5")->cold_pct, 50, 1e-9);
}

static void random_trace(struct backtest_trace *trace, uint64_t *seed, uint32_t calls)
{
	for (int f = 0; f < 3; f++) {
		char name[2] = {(char)('a' + f), 0};
		uint32_t minute = 1 + (uint32_t)random_below(seed, 30);

		for (uint32_t i = 0; i < calls; i++) {
			add(trace, name, minute, 1);
			minute += 1 + (uint32_t)random_below(seed, 40);
		}
		weigh(trace, name, 1 + (double)random_below(seed, 4));
	}
	backtest_trace_finish(trace);
}

/* The least cost of one function over all ways to keep or drop in its gaps. */
static double least_cost(const struct backtest_series *series, double cold_minutes)
{
	double least = INFINITY;

	for (uint32_t ways = 0; ways < 1U << (series->n - 1); ways++) {
		double cost = cold_minutes;

		for (size_t i = 0; i + 1 < series->n; i++)
			cost += ways >> i & 1 ? series->points[i + 1].minute -
						    series->points[i].minute
					      : cold_minutes;
		least = fmin(least, cost);
	}
	return least;
}

static void test_the_oracle_is_the_least_of_all_ways(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int round = 0; round < 20; round++) {
		AUTO(backtest_trace) struct backtest_trace trace = {0};
		double cold_minutes = 1 + (double)random_below(&seed, 30);
		struct backtest_keepwarm found;
		double cost = 0;
		double weight = 0;

		random_trace(&trace, &seed, 10);
		found = replay(&trace, cold_minutes);
		for (size_t i = 0; i < trace.n; i++) {
			cost += trace.series[i].weight *
				least_cost(&trace.series[i], cold_minutes);
			weight += trace.series[i].weight;
		}
		expect_near(found.oracle_cost * found.days * weight, cost, 1e-6);
	}
}

static double cost_of_fixed(
    const struct backtest_trace *trace, uint32_t minutes, double cold_minutes)
{
	double cost = 0;

	for (size_t i = 0; i < trace->n; i++) {
		const struct backtest_series *s = &trace->series[i];
		double own = cold_minutes;

		for (size_t j = 0; j < s->n; j++) {
			bool is_last = j + 1 == s->n;
			uint32_t next =
			    is_last ? trace->last_minute : s->points[j + 1].minute;
			uint32_t gap = next - s->points[j].minute;

			own += gap < minutes ? gap : minutes;
			if (!is_last && gap > minutes)
				own += cold_minutes;
		}
		cost += s->weight * own;
	}
	return cost;
}

static void test_the_best_window_is_the_least_of_all_windows(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (int round = 0; round < 20; round++) {
		AUTO(backtest_trace) struct backtest_trace trace = {0};
		double cold_minutes = 1 + (double)random_below(&seed, 30);
		struct backtest_keepwarm found;
		double least = INFINITY;

		random_trace(&trace, &seed, 40);
		found = replay(&trace, cold_minutes);
		for (uint32_t k = 0; k <= 1440; k++)
			least = fmin(least, cost_of_fixed(&trace, k, cold_minutes));
		expect_near(
		    cost_of_fixed(&trace, found.best_fixed, cold_minutes), least, 1e-6);
	}
}

/* Idle minutes and cold starts of our own policy, of a trace of one function. */
/* Minutes that our policy idles in a trace of two functions, of which the first is called
 * in the last minute or is not. */
static double idle_of_two(uint32_t period, bool is_called, double cold_minutes)
{
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	struct backtest_keepwarm found;

	for (uint32_t minute = 1; minute <= 600; minute++) {
		add(&trace, "e", minute, minute % period == 1);
		add(&trace, "f", minute, minute % (period + 1) == 0);
	}
	add(&trace, "e", 601, is_called);
	backtest_trace_finish(&trace);
	found = replay(&trace, cold_minutes);
	return policy(&found, "coldmeter")->idle;
}

/* What is there in a minute was decided before: by nothing of that minute, neither of the
 * function itself nor of another. */
static void test_our_own_policy_does_not_see_the_minute_it_decides_on(void **state)
{
	(void)state;
	for (uint32_t period = 2; period < 40; period++)
		for (int cold_minutes = 2; cold_minutes < 100;
		     cold_minutes += cold_minutes / 2)
			expect_near(idle_of_two(period, true, cold_minutes),
			    idle_of_two(period, false, cold_minutes), 1e-9);
}

static void test_a_timer_costs_less_than_the_oracle_that_loads_nothing_ahead(void **state)
{
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	struct backtest_keepwarm found;

	(void)state;
	for (uint32_t minute = 10; minute <= 1440; minute += 15)
		add(&trace, "timer", minute, 1);
	add(&trace, "timer", 1440, 0);
	backtest_trace_finish(&trace);
	found = replay(&trace, 20);
	assert_true(policy(&found, "coldmeter")->ratio < 0.4);
	assert_true(policy(&found, "coldmeter")->prewarms > 80);
	assert_true(policy(&found, "fixed-20")->ratio > 0.99);
}

static void count_told(void *context, double done)
{
	double *last = context;

	assert_true(done > *last);
	*last = done;
}

static void test_progress_rises_to_one(void **state)
{
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	double last = 0;
	const struct backtest_progress progress = {count_told, &last};
	struct backtest_keepwarm found;

	(void)state;
	small_trace(&trace);
	assert_int_equal(backtest_keepwarm(&trace, 10, &progress, &found), 0);
	expect_near(last, 1, 1e-9);
}

static void test_nothing_called_is_an_error(void **state)
{
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	struct backtest_keepwarm found;

	(void)state;
	add(&trace, "f", 1, 0);
	backtest_trace_finish(&trace);
	assert_int_equal(backtest_keepwarm(&trace, 10, NULL, &found), -ENODATA);
	add(&trace, "f", 2, 1);
	weigh(&trace, "f", 0);
	backtest_trace_finish(&trace);
	assert_int_equal(backtest_keepwarm(&trace, 10, NULL, &found), -ENODATA);
}

static void test_rows_may_come_in_any_order_and_twice(void **state)
{
	AUTO(backtest_trace) struct backtest_trace trace = {0};

	(void)state;
	for (uint32_t i = 0; i < 2000; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "f%u", i % 500);
		add(&trace, name, 1 + (4000 - i) % 7, i);
	}
	backtest_trace_finish(&trace);
	assert_int_equal(trace.n, 500);
	for (size_t i = 0; i < trace.n; i++) {
		const struct backtest_series *s = &trace.series[i];
		uint64_t sum = 0;

		for (size_t j = 0; j < s->n; j++) {
			assert_true(
			    j == 0 || s->points[j - 1].minute < s->points[j].minute);
			sum += s->points[j].value;
		}
		assert_int_equal(sum, 4 * i + 500 + 1000 + 1500);
	}
	assert_int_equal(backtest_trace_weigh(&trace, "f", 1, 2), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_windows_are_counted_as_by_hand),
	    cmocka_unit_test(test_weights_count_functions_more_than_once),
	    cmocka_unit_test(test_the_oracle_is_the_least_of_all_ways),
	    cmocka_unit_test(test_the_best_window_is_the_least_of_all_windows),
	    cmocka_unit_test(test_our_own_policy_does_not_see_the_minute_it_decides_on),
	    cmocka_unit_test(
		test_a_timer_costs_less_than_the_oracle_that_loads_nothing_ahead),
	    cmocka_unit_test(test_progress_rises_to_one),
	    cmocka_unit_test(test_nothing_called_is_an_error),
	    cmocka_unit_test(test_rows_may_come_in_any_order_and_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
