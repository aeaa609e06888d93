/* Reserved containers, minute by minute, on a trace worked out by hand. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "alerts/backtest/slots.h"
#include "base/cleanup.h"
#include "tests/unit/random.h"

/* AWS Lambda, x86_64, us-east-1; of 1 GB a minute is 60 GB-s. */
#define ON_DEMAND 16666700
#define RESERVED 4166700
#define IN_USE 9722200

static const struct backtest_slots_terms terms = {.memory_mb = 1024,
    .rates = {.gb_s = {ON_DEMAND},
	.has_pc = true,
	.pc_idle_gb_s = {RESERVED},
	.pc_duration_gb_s = {IN_USE}}};

static void add(
    struct backtest_trace *trace, const char *name, uint32_t minute, uint32_t used)
{
	assert_int_equal(backtest_trace_add(trace, name, strlen(name), minute, used), 0);
}

static const struct backtest_reserved *policy(
    const struct backtest_slots *found, const char *name)
{
	for (size_t i = 0; i < BACKTEST_SLOTS_POLICIES; i++)
		if (strcmp(found->policies[i].policy, name) == 0)
			return &found->policies[i];
	fail_msg("no policy %s", name);
	return NULL;
}

/* Two containers for five minutes, then one for five. */
static void small_trace(struct backtest_trace *trace)
{
	for (uint32_t minute = 1; minute <= 10; minute++)
		add(trace, "a", minute, minute <= 5 ? 2 : 1);
	backtest_trace_finish(trace);
}

/* 21 of 30 are 70 %, and not a container more. */
static void test_the_target_asks_for_whole_containers(void **state)
{
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	struct backtest_slots found;

	(void)state;
	for (uint32_t minute = 1; minute <= 10; minute++)
		add(&trace, "a", minute, 21);
	backtest_trace_finish(&trace);
	assert_int_equal(backtest_slots(&trace, &terms, NULL, &found), 0);
	assert_int_equal(policy(&found, "last-minute-70")->reserved, 9 * 30);
	assert_int_equal(policy(&found, "target-70")->reserved, 3 + 7 * 30);
}

/* Where reserving costs nothing, all slots that were ever in use are reserved, and none
 * that only will be. */
static void test_our_own_rule_does_not_know_the_peak_to_come(void **state)
{
	struct backtest_slots_terms nothing = terms;
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	struct backtest_slots found;

	(void)state;
	nothing.rates.pc_idle_gb_s.pico = 0;
	for (uint32_t minute = 1; minute <= 100; minute++)
		add(&trace, "a", minute, minute == 100 ? 1000 : 1);
	backtest_trace_finish(&trace);
	assert_int_equal(backtest_slots(&trace, &nothing, NULL, &found), 0);
	assert_int_equal(policy(&found, "coldmeter")->reserved, 95);
}

static void test_each_policy_is_counted_as_by_hand(void **state)
{
	static const struct {
		const char *policy;
		uint64_t reserved;
		uint64_t inside;
		uint64_t outside;
	} cases[] = {
	    {"on-demand", 0, 0, 15}, {"peak-110", 30, 15, 0},
	    {"target-70", 24, 12, 3},          /* 1 for three minutes, then 3 */
	    {"last-minute-70", 23, 13, 2},     /* 0, five times 3, four times 2 */
	    {"slot-rule-constant", 10, 10, 5}, /* the second is busy half of the time */
	    {"oracle-5-minutes", 15, 15, 0}, {"oracle-1-minute", 15, 15, 0},
	    {"coldmeter", 10, 5, 10}, /* nothing at first, then 2 */
	};
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	struct backtest_slots found;

	(void)state;
	small_trace(&trace);
	assert_int_equal(backtest_slots(&trace, &terms, NULL, &found), 0);
	assert_int_equal(found.used, 15);
	assert_int_equal(found.apps, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct backtest_reserved *p = policy(&found, cases[i].policy);
		int64_t cost =
		    (int64_t)(ON_DEMAND * cases[i].outside +
			      RESERVED * cases[i].reserved + IN_USE * cases[i].inside) *
		    60;

		assert_int_equal(p->reserved, cases[i].reserved);
		assert_int_equal(p->inside, cases[i].inside);
		assert_int_equal(p->outside, cases[i].outside);
		assert_true(p->cost.pico == cost);
		assert_true(
		    fabs(p->ratio - (double)cost / (15.0 * 60 * ON_DEMAND)) < 1e-9);
		assert_true(
		    fabs(p->spilled_pct - 100.0 * (double)cases[i].outside / 15) < 1e-9);
	}
}

static void random_trace(struct backtest_trace *trace, uint64_t *seed)
{
	uint32_t level = 3;

	for (uint32_t minute = 1; minute <= 400; minute++) {
		level = (uint32_t)random_below(seed, 4) ? level
							: (uint32_t)random_below(seed, 7);
		add(trace, "a", minute, level);
		add(trace, "b", minute, minute % 7 < 4);
	}
	backtest_trace_finish(trace);
}

/* Of one series and block, the least over all levels. */
static __int128 least_of_block(const struct backtest_series *s, uint32_t from)
{
	__int128 least = 0;

	for (uint32_t level = 0; level < 10; level++) {
		__int128 cost = (__int128)RESERVED * level * 5;

		for (size_t i = 0; i < s->n; i++) {
			uint32_t used = s->points[i].value;
			uint32_t inside = used < level ? used : level;

			if (s->points[i].minute < from || s->points[i].minute >= from + 5)
				continue;
			cost += (__int128)IN_USE * inside +
				(__int128)ON_DEMAND * (used - inside);
		}
		if (level == 0 || cost < least)
			least = cost;
	}
	return least * 60;
}

static void test_the_oracle_of_blocks_is_the_least_of_all_levels(void **state)
{
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	struct backtest_slots found;
	__int128 cost = 0;
	uint64_t seed = 5;

	(void)state;
	random_trace(&trace, &seed);
	for (size_t i = 0; i < trace.n; i++)
		for (uint32_t from = 1; from <= 400; from += 5)
			cost += least_of_block(&trace.series[i], from);
	assert_int_equal(backtest_slots(&trace, &terms, NULL, &found), 0);
	assert_true(policy(&found, "oracle-5-minutes")->cost.pico == cost);
}

static void test_steady_use_is_reserved_and_rare_use_is_not(void **state)
{
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	struct backtest_slots found;

	(void)state;
	/* 10,000 minutes, so that weights were scaled down more than once */
	for (uint32_t minute = 1; minute <= 10000; minute++) {
		add(&trace, "steady", minute, 4);
		add(&trace, "rare", minute, minute % 10 == 0 ? 5 : 0);
	}
	backtest_trace_finish(&trace);
	assert_int_equal(backtest_slots(&trace, &terms, NULL, &found), 0);
	assert_int_equal(policy(&found, "coldmeter")->reserved, 4 * (10000 - 5));
	assert_int_equal(policy(&found, "coldmeter")->inside, 4 * (10000 - 5));
}

static void test_nothing_in_use_is_an_error(void **state)
{
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	struct backtest_slots found;

	(void)state;
	add(&trace, "a", 1, 0);
	backtest_trace_finish(&trace);
	assert_int_equal(backtest_slots(&trace, &terms, NULL, &found), -ENODATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_target_asks_for_whole_containers),
	    cmocka_unit_test(test_our_own_rule_does_not_know_the_peak_to_come),
	    cmocka_unit_test(test_each_policy_is_counted_as_by_hand),
	    cmocka_unit_test(test_the_oracle_of_blocks_is_the_least_of_all_levels),
	    cmocka_unit_test(test_steady_use_is_reserved_and_rare_use_is_not),
	    cmocka_unit_test(test_nothing_in_use_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
