/* Days that leave their band, and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "price/anomaly.h"

#define DAYS 10
#define MS 1000000ULL

/* 100 calls a day, give or take 3, of 50 ms at 128 MiB that cost 1000 pico-dollars each.
 * The last day is today. */
static void fill(struct anomaly_day days[DAYS])
{
	for (size_t i = 0; i < DAYS; i++) {
		uint64_t n = 100 + i % 4;

		days[i] = (struct anomaly_day){.day = 100 + (int64_t)i,
		    .whole = i + 1 < DAYS,
		    .invocations = n,
		    .measured = n,
		    .duration_ns = n * 50 * MS,
		    .init_ns = n * MS,
		    .memory_ms = n * 50,
		    .memory_mb_ms = n * 50 * 128,
		    .cost = {.pico = (__int128)n * 1000}};
	}
}

static void scale(struct anomaly_day *day, uint64_t time, uint64_t init, uint64_t size)
{
	day->duration_ns *= time;
	day->init_ns *= init;
	day->memory_mb_ms *= size;
	day->cost.pico *= 2;
}

static struct anomaly find_one(const struct anomaly_day *days, size_t n)
{
	struct anomaly found[ANOMALIES_MAX];

	assert_int_equal(anomaly_find(days, n, found), 1);
	return found[0];
}

static void test_anomaly_days_alike_are_none(void **state)
{
	struct anomaly_day days[DAYS];
	struct anomaly found[ANOMALIES_MAX];

	(void)state;
	fill(days);
	assert_int_equal(anomaly_find(days, DAYS, found), 0);
	assert_int_equal(anomaly_find(days, 0, found), 0);
	days[3].invocations = 100000; /* and no four days to compare with */
	assert_int_equal(anomaly_find(days, 4, found), 0);
}

static void test_anomaly_more_calls(void **state)
{
	struct anomaly_day days[DAYS];
	struct anomaly a;

	(void)state;
	fill(days);
	days[DAYS - 1].invocations = 127; /* today: cost stays with the calls */
	days[DAYS - 1].cost.pico = 127000;
	a = find_one(days, DAYS);
	assert_int_equal(a.what, ANOMALY_VOLUME);
	assert_true(a.up);
	assert_int_equal(a.value, 127);
	assert_int_equal(a.high, 126); /* a quarter above 101 */
	assert_string_equal(anomaly_cause_words(a.cause, a.up), "more calls");
}

/* Half of a day that is not over is no sign; of one that is, it is. */
static void test_anomaly_fewer_calls_need_a_whole_day(void **state)
{
	struct anomaly_day days[DAYS];
	struct anomaly found[ANOMALIES_MAX];
	struct anomaly a;

	(void)state;
	fill(days);
	days[DAYS - 1].invocations = 50;
	days[DAYS - 1].cost.pico = 50000;
	assert_int_equal(anomaly_find(days, DAYS, found), 0);
	days[DAYS - 1].whole = true;
	a = find_one(days, DAYS);
	assert_false(a.up);
}

static void test_anomaly_tells_the_cause_of_a_cost(void **state)
{
	static const struct {
		uint64_t time, init, size;
		enum anomaly_cause cause;
	} cases[] = {{2, 1, 1, ANOMALY_DURATION}, {1, 60, 1, ANOMALY_COLD},
	    {1, 1, 2, ANOMALY_MEMORY}, {2, 2, 3, ANOMALY_MEMORY},
	    {3, 2, 2, ANOMALY_DURATION}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct anomaly_day days[DAYS];
		struct anomaly a;

		fill(days);
		scale(&days[DAYS - 1], cases[i].time, cases[i].init, cases[i].size);
		a = find_one(days, DAYS);
		assert_int_equal(a.what, ANOMALY_UNIT_COST);
		assert_int_equal(a.cause, cases[i].cause);
		assert_int_equal(a.usual, 1000);
		assert_int_equal(a.value, 2000);
	}
}

static void test_anomaly_knows_a_restless_function(void **state)
{
	struct anomaly_day days[DAYS];
	struct anomaly found[ANOMALIES_MAX];

	(void)state;
	fill(days);
	for (size_t i = 0; i < DAYS; i++)
		days[i].invocations = i % 2 ? 300 : 100;
	for (size_t i = 0; i < DAYS; i++)
		days[i].cost.pico = (__int128)days[i].invocations * 1000;
	assert_int_equal(anomaly_find(days, DAYS, found), 0);
	for (size_t i = 0; i < DAYS; i++) { /* few calls say nothing */
		days[i].invocations = i % 2;
		days[i].cost.pico = (__int128)i * 100000;
	}
	days[DAYS - 1].invocations = 19;
	assert_int_equal(anomaly_find(days, DAYS, found), 0);
}

static void test_anomaly_of_huge_figures_does_not_wrap(void **state)
{
	struct anomaly_day days[DAYS];
	struct anomaly found[ANOMALIES_MAX];

	(void)state;
	fill(days);
	for (size_t i = 0; i < DAYS; i++) {
		days[i].invocations = UINT64_MAX;
		days[i].duration_ns = UINT64_MAX;
		days[i].cost.pico = (__int128)1 << 126;
	}
	assert_int_equal(anomaly_find(days, DAYS, found), 0);
}

static void test_anomaly_tells_the_money_that_it_makes(void **state)
{
	struct anomaly_day days[DAYS];
	struct anomaly found;

	(void)state;
	fill(days);
	days[DAYS - 1].invocations = 1101;
	days[DAYS - 1].cost.pico = (__int128)1101 * 1000;
	found = find_one(days, DAYS); /* the mean before is 101, of 1000 each */
	assert_int_equal(found.what, ANOMALY_VOLUME);
	assert_true(found.extra.pico == (__int128)(1101 - found.usual) * 1000);
	fill(days);
	days[DAYS - 2].invocations = 0;
	days[DAYS - 2].cost.pico = 0;
	found = find_one(days, DAYS);
	assert_false(found.up);
	assert_true(found.extra.pico == -(__int128)found.usual * 1000);
	fill(days);
	scale(&days[DAYS - 1], 2, 1, 1);
	found = find_one(days, DAYS);
	assert_int_equal(found.what, ANOMALY_UNIT_COST);
	assert_true(found.extra.pico == (__int128)days[DAYS - 1].invocations * 1000);
}

static void test_anomaly_of_a_cost_is_over_once_a_day_after_it_says_so(void **state)
{
	struct anomaly_day days[DAYS];

	(void)state;
	fill(days);
	scale(&days[DAYS - 2], 2, 1, 1);
	days[DAYS - 1].invocations = ANOMALY_CALLS_MIN - 1; /* too few to tell */
	days[DAYS - 1].cost.pico = (__int128)days[DAYS - 1].invocations * 1000;
	assert_false(find_one(days, DAYS).is_over);
	days[DAYS - 1].invocations = ANOMALY_CALLS_MIN;
	days[DAYS - 1].cost.pico = (__int128)days[DAYS - 1].invocations * 1000;
	assert_true(find_one(days, DAYS).is_over);
	fill(days);
	days[DAYS - 2].invocations = 1000; /* of a volume only the end of a day says so */
	days[DAYS - 2].cost.pico = (__int128)1000 * 1000;
	assert_false(find_one(days, DAYS).is_over);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_anomaly_days_alike_are_none),
	    cmocka_unit_test(test_anomaly_more_calls),
	    cmocka_unit_test(test_anomaly_fewer_calls_need_a_whole_day),
	    cmocka_unit_test(test_anomaly_tells_the_cause_of_a_cost),
	    cmocka_unit_test(test_anomaly_knows_a_restless_function),
	    cmocka_unit_test(test_anomaly_of_huge_figures_does_not_wrap),
	    cmocka_unit_test(test_anomaly_tells_the_money_that_it_makes),
	    cmocka_unit_test(test_anomaly_of_a_cost_is_over_once_a_day_after_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
