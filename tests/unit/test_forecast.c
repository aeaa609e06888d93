/* What the rest of a month will cost, by what its hours cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "price/forecast.h"

#define HOUR_S 3600LL
#define DOLLAR ((__int128)1000000000000LL)
#define FIRST (20000LL * 24) /* hours since the epoch */

static struct forecast make(const struct money *spent, size_t n, int64_t rest_s)
{
	const struct forecast_hours hours = {.first = FIRST, .spent = spent, .n = n};
	int64_t now_s = (FIRST + (int64_t)n) * HOUR_S;
	struct forecast forecast;

	forecast_make(&hours, now_s, now_s + rest_s, &forecast);
	return forecast;
}

static void test_forecast_is_none_while_nothing_is_known(void **state)
{
	const struct money nothing[5] = {{0}};

	(void)state;
	assert_int_equal(make(NULL, 0, 1000).method, FORECAST_NONE);
	assert_int_equal(make(nothing, 5, 1000).method, FORECAST_NONE);
}

static void test_forecast_of_one_hour_has_no_interval(void **state)
{
	const struct money spent[3] = {{0}, {0}, {DOLLAR}};
	struct forecast forecast = make(spent, 3, 10 * HOUR_S);

	(void)state;
	assert_int_equal(forecast.method, FORECAST_BURN_RATE);
	assert_true(forecast.rest.pico == 10 * DOLLAR);
	assert_false(forecast.has_interval);
}

/* Hours before the first spending are unknown, and that one was begun somewhere. */
static void test_forecast_burns_on_as_the_last_day_did(void **state)
{
	struct money spent[40] = {{0}};
	struct forecast forecast;

	(void)state;
	for (size_t i = 10; i < 40; i++)
		spent[i].pico = i < 16 ? 100 * DOLLAR : i % 2 ? 3 * DOLLAR : DOLLAR;
	forecast = make(spent, 40, 100 * HOUR_S + HOUR_S / 2);
	assert_int_equal(forecast.method, FORECAST_BURN_RATE);
	assert_int_equal(forecast.hours, 24);
	assert_true(forecast.rest.pico == 201 * DOLLAR);
	assert_true(forecast.has_interval);
	/* sigma^2 = 24/23, times 101 + 101^2/24 hours: 23.4, times 1.2816 */
	assert_true(forecast.high.pico - forecast.rest.pico > 29 * DOLLAR);
	assert_true(forecast.high.pico - forecast.rest.pico < 31 * DOLLAR);
	assert_true(forecast.rest.pico - forecast.low.pico ==
		    forecast.high.pico - forecast.rest.pico);
}

/* Day and night, and weekends without work. */
static __int128 weekly(int64_t hour)
{
	int64_t day = hour / 24 % 7;

	return day >= 5 ? 0 : hour % 24 >= 8 && hour % 24 < 20 ? 10 * DOLLAR : DOLLAR;
}

static void test_forecast_knows_the_hours_of_the_week(void **state)
{
	struct money spent[336];
	struct forecast forecast;
	__int128 want = 0;

	(void)state;
	for (size_t i = 0; i < 336; i++)
		spent[i].pico = weekly(FIRST + (int64_t)i);
	for (int64_t i = 336; i < 336 + 100; i++)
		want += weekly(FIRST + i);
	forecast = make(spent, 336, 100 * HOUR_S);
	assert_int_equal(forecast.method, FORECAST_HOUR_OF_WEEK);
	assert_true(forecast.rest.pico == want);
	assert_true(forecast.low.pico == want || forecast.hours < 336);
	/* a burn rate would be far off: the last day alone */
	assert_true(forecast.high.pico - want < want / 2);
}

static void test_forecast_of_huge_sums_does_not_wrap(void **state)
{
	struct money spent[336];
	struct forecast forecast;

	(void)state;
	for (size_t i = 0; i < 336; i++)
		spent[i].pico = (__int128)(i % 5) * 1000000000 * DOLLAR;
	forecast = make(spent, 336, 744 * HOUR_S);
	assert_true(forecast.low.pico > 0 && forecast.low.pico < forecast.rest.pico);
	assert_true(forecast.high.pico > forecast.rest.pico);
	assert_true(forecast.high.pico < 2 * forecast.rest.pico);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_forecast_is_none_while_nothing_is_known),
	    cmocka_unit_test(test_forecast_of_one_hour_has_no_interval),
	    cmocka_unit_test(test_forecast_burns_on_as_the_last_day_did),
	    cmocka_unit_test(test_forecast_knows_the_hours_of_the_week),
	    cmocka_unit_test(test_forecast_of_huge_sums_does_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
