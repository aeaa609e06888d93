/* Forecasts of calls: laws of gaps that are known, and what is learned of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "alerts/backtest/arrival.h"
#include "base/cleanup.h"
#include "tests/unit/random.h"

static void expect_near(double is, double should, double error)
{
	if (!(fabs(is - should) <= error))
		fail_msg("%.9g is not %.9g", is, should);
}

#define DAY 1440U

/* What a run of minutes came to, a cold start costing that many of them. */
struct outcome {
	double cold_minutes;
	uint32_t idle;
	uint32_t cold;
	double forecast; /* sum of the probabilities */
	uint32_t calls;
};

static void step(struct arrivals *arrivals, struct arrival *arrival, uint32_t minute,
    bool called, struct outcome *outcome)
{
	struct arrival_forecast forecast;
	bool keep;

	if (!arrival->first) {
		if (called)
			arrival_begin(arrival, minute);
		return;
	}
	arrival_forecast(arrivals, arrival, minute, &forecast);
	assert_true(forecast.p > 0 && forecast.p < 1);
	keep = arrival_is_worth(&forecast, outcome->cold_minutes);
	outcome->idle += keep;
	outcome->cold += called && !keep;
	outcome->calls += called;
	outcome->forecast += (double)forecast.p;
	arrival_learn(arrivals, arrival, minute, &forecast, called);
}

static void run_timer(struct arrivals *arrivals, struct arrival *arrival, uint32_t period,
    uint32_t from, uint32_t until, struct outcome *outcome)
{
	for (uint32_t minute = from; minute < until; minute++)
		step(arrivals, arrival, minute, minute % period == 0, outcome);
}

static void test_of_the_unknown_the_rule_is_to_break_even(void **state)
{
	(void)state;
	for (uint32_t cold_minutes = 5; cold_minutes <= 80; cold_minutes *= 2) {
		AUTO(arrivals) struct arrivals *arrivals = arrivals_new();
		struct outcome outcome = {.cold_minutes = cold_minutes};
		struct arrival arrival = {0};

		assert_non_null(arrivals);
		for (uint32_t minute = 1; minute < 3 * DAY; minute++)
			step(arrivals, &arrival, minute, minute == 1, &outcome);
		assert_in_range(outcome.idle, cold_minutes / 3, cold_minutes);
	}
}

static void test_a_timer_is_loaded_about_when_it_is_due(void **state)
{
	AUTO(arrivals) struct arrivals *arrivals = arrivals_new();
	struct outcome first = {.cold_minutes = 10};
	struct outcome later = {.cold_minutes = 10};
	struct arrival arrival = {0};

	(void)state;
	assert_non_null(arrivals);
	run_timer(arrivals, &arrival, 30, 30, DAY, &first);
	run_timer(arrivals, &arrival, 30, DAY, 2 * DAY, &later);
	assert_int_equal(later.calls, 48);
	assert_int_equal(later.cold, 0);
	assert_true(later.idle <= 2 * later.calls); /* of 30 minutes each */
}

static void test_calls_at_random_are_forecast_at_their_rate(void **state)
{
	AUTO(arrivals) struct arrivals *arrivals = arrivals_new();
	struct outcome outcome = {.cold_minutes = 10};
	struct arrival arrival = {0};
	uint64_t seed = 7;

	(void)state;
	assert_non_null(arrivals);
	for (uint32_t minute = 1; minute < 20 * DAY; minute++)
		step(arrivals, &arrival, minute, random_unit(&seed) < 0.05, &outcome);
	expect_near(outcome.forecast / outcome.calls, 1, 0.1);
	/* 0.05 x 10 < 1: keeping never pays, and little of it is done */
	assert_true(outcome.idle < 20 * DAY / 10);
}

static void test_what_a_period_is_is_learned_from_the_others(void **state)
{
	AUTO(arrivals) struct arrivals *shared = arrivals_new();
	AUTO(arrivals) struct arrivals *alone = arrivals_new();
	struct outcome by_shared = {.cold_minutes = 10};
	struct outcome by_alone = {.cold_minutes = 10};
	struct outcome others = {.cold_minutes = 10};
	struct arrival of_shared = {0};
	struct arrival of_alone = {0};
	struct arrival teachers[10] = {0};

	(void)state;
	assert_non_null(shared);
	assert_non_null(alone);
	for (uint32_t minute = 1; minute < DAY; minute++)
		for (uint32_t i = 0; i < 10; i++)
			step(shared, &teachers[i], minute, minute % (20 + 5 * i) == i,
			    &others);
	run_timer(shared, &of_shared, 32, DAY, DAY + 320, &by_shared);
	run_timer(alone, &of_alone, 32, DAY, DAY + 320, &by_alone);
	assert_int_equal(by_shared.calls, by_alone.calls);
	assert_true(
	    by_shared.idle + 10 * by_shared.cold < by_alone.idle + 10 * by_alone.cold);
}

static void test_a_call_each_day_is_learned_in_days(void **state)
{
	AUTO(arrivals) struct arrivals *arrivals = arrivals_new();
	struct outcome early = {.cold_minutes = 20};
	struct outcome late = {.cold_minutes = 20};
	struct arrival daily[40] = {0};

	(void)state;
	assert_non_null(arrivals);
	for (uint32_t minute = 1; minute < 14 * DAY; minute++)
		for (uint32_t i = 0; i < 40; i++)
			step(arrivals, &daily[i], minute, minute % DAY == 30 * i + 7,
			    minute < 7 * DAY ? &early : &late);
	assert_true(late.cold * 10 < late.calls);
	assert_true(late.idle < 5 * late.calls);
}

static void test_a_minute_of_the_hour_is_seen_from_both_sides(void **state)
{
	struct arrival arrival = {0};
	struct outcome outcome = {.cold_minutes = 10};
	AUTO(arrivals) struct arrivals *arrivals = arrivals_new();

	(void)state;
	assert_non_null(arrivals);
	for (uint32_t minute = 61; minute <= 200; minute++)
		step(arrivals, &arrival, minute, minute == 61 || minute == 125, &outcome);
	assert_int_equal(arrival.first, 61);
	assert_int_equal(arrival.last, 125);
	assert_int_equal(arrival.gap[0], 64);
	assert_int_equal(arrival.calls, 2);
	assert_int_equal(arrival.hours[1], 4); /* 61, 121, 181: the oldest of three */
	assert_int_equal(arrival.hours[5], 2); /* 65, 125, 185 */
	assert_true(arrival.recent == 0);      /* 75 minutes ago is beyond */
}

static void test_long_silence_and_long_rush_stay_in_bounds(void **state)
{
	AUTO(arrivals) struct arrivals *arrivals = arrivals_new();
	struct outcome outcome = {.cold_minutes = 10};
	struct arrival arrival = {0};

	(void)state;
	assert_non_null(arrivals);
	for (uint32_t minute = 1; minute < 100 * DAY; minute++)
		step(arrivals, &arrival, minute, minute < 60 * DAY, &outcome);
	assert_true(outcome.cold <= 3);
	/* the rush is over: one stop, and no more */
	assert_in_range(outcome.idle, 60 * DAY - 4, 60 * DAY + 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_of_the_unknown_the_rule_is_to_break_even),
	    cmocka_unit_test(test_a_timer_is_loaded_about_when_it_is_due),
	    cmocka_unit_test(test_calls_at_random_are_forecast_at_their_rate),
	    cmocka_unit_test(test_what_a_period_is_is_learned_from_the_others),
	    cmocka_unit_test(test_a_call_each_day_is_learned_in_days),
	    cmocka_unit_test(test_a_minute_of_the_hour_is_seen_from_both_sides),
	    cmocka_unit_test(test_long_silence_and_long_rush_stay_in_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
