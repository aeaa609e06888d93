/* When detail is shed and when it comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/cost/shedding.h"

#define S 1000000000ULL
#define MAX 0.01

static struct shedding s;
static uint64_t now_ns;

static void start(enum record_shed least)
{
	s = shedding_start(MAX, least);
	now_ns = 1000 * S;
}

/* n samples 2 s apart; the sum of what was decided. */
static int judge(double share, int n)
{
	int sum = 0;

	while (n-- > 0) {
		now_ns += 2 * S;
		sum += shedding_judge(&s, share, now_ns);
	}
	return sum;
}

static void test_what_stays_above_the_limit_sheds_step_by_step_to_the_last(void **state)
{
	(void)state;
	start(SHED_NOTHING);
	assert_int_equal(judge(0.02, 1), 0);
	assert_int_equal(judge(0.02, 1), 1);
	assert_int_equal(s.step, SHED_THREADS);
	assert_int_equal(judge(0.02, 1), 0);
	assert_int_equal(judge(0.02, 1), 1);
	assert_int_equal(s.step, SHED_DRAIN);
	assert_int_equal(judge(0.02, 100), 2);
	assert_int_equal(s.step, SHED_ALL);
	assert_false(shedding_is_undecided(&s)); /* there is nothing more to do */
}

static void test_a_burst_sheds_nothing(void **state)
{
	(void)state;
	start(SHED_NOTHING);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(judge(0.5, 1), 0);
		assert_true(shedding_is_undecided(&s));
		assert_int_equal(judge(MAX, 1), 0); /* not above it */
		assert_false(shedding_is_undecided(&s));
	}
	assert_int_equal(s.step, SHED_NOTHING);
}

static void test_between_half_the_limit_and_the_limit_all_stays(void **state)
{
	(void)state;
	start(SHED_NOTHING);
	(void)judge(0.02, 4);
	assert_int_equal(judge(MAX, 1000), 0);
	assert_int_equal(judge(MAX / 2, 1000), 0);
	assert_int_equal(s.step, SHED_DRAIN);
	assert_false(shedding_is_undecided(&s));
}

static void test_what_stays_well_below_gets_its_detail_back(void **state)
{
	(void)state;
	start(SHED_NOTHING);
	(void)judge(0.02, 4);
	assert_int_equal(judge(0.004, 4), 0);
	assert_true(shedding_is_undecided(&s));
	assert_int_equal(judge(0.006, 1), 0); /* begins anew */
	assert_int_equal(judge(0.004, 4), 0);
	assert_int_equal(judge(0.004, 1), -1);
	assert_int_equal(s.step, SHED_THREADS);
	assert_int_equal(judge(0.004, 5), -1);
	assert_int_equal(s.step, SHED_NOTHING);
	assert_int_equal(judge(0.004, 100), 0);
	assert_false(shedding_is_undecided(&s));
}

/* A step that saves more than half of the cost: it must not come and go all the time. */
static void test_a_step_that_returns_at_once_stays_longer_each_time(void **state)
{
	int changes = 0;

	(void)state;
	start(SHED_NOTHING);
	for (int i = 0; i < 3600; i++) /* 2 hours */
		changes += judge(s.step ? 0.004 : 0.02, 1) != 0;
	assert_in_range(changes, 10, 60);
	assert_int_equal(s.patience, 160);
}

static void test_patience_is_forgotten_after_a_quiet_time(void **state)
{
	(void)state;
	start(SHED_NOTHING);
	for (int i = 0; i < 3; i++) {
		(void)judge(0.02, 2);
		(void)judge(0.004, 40);
	}
	assert_int_equal(s.patience, 20);
	now_ns += 601 * S;
	(void)judge(0.02, 2);
	assert_int_equal(s.patience, 5);
}

static void test_the_least_step_is_never_taken_back(void **state)
{
	(void)state;
	start(SHED_DRAIN);
	assert_int_equal(judge(0, 1000), 0);
	assert_int_equal(s.step, SHED_DRAIN);
	assert_int_equal(judge(0.02, 2), 1);
	assert_int_equal(judge(0, 1000), -1);
	assert_int_equal(s.step, SHED_DRAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_what_stays_above_the_limit_sheds_step_by_step_to_the_last),
	    cmocka_unit_test(test_a_burst_sheds_nothing),
	    cmocka_unit_test(test_between_half_the_limit_and_the_limit_all_stays),
	    cmocka_unit_test(test_what_stays_well_below_gets_its_detail_back),
	    cmocka_unit_test(test_a_step_that_returns_at_once_stays_longer_each_time),
	    cmocka_unit_test(test_patience_is_forgotten_after_a_quiet_time),
	    cmocka_unit_test(test_the_least_step_is_never_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
