/* Plans side by side: speed factors and the order. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "price/compare.h"

static void test_speeds_are_read_for_one_plan_or_all(void **state)
{
	const struct plan *aws = plan_find("aws-lambda");
	const struct plan *azure = plan_find("azure-consumption");
	struct speeds speeds;
	char why[128];

	(void)state;
	assert_int_equal(speeds_parse("1.5", &speeds, why, sizeof(why)), 0);
	assert_int_equal(speeds_under(&speeds, azure, aws), 1500);
	assert_int_equal(speeds_under(&speeds, aws, aws), SPEED_SAME);
	assert_int_equal(
	    speeds_parse("azure-consumption=0.8,2", &speeds, why, sizeof(why)), 0);
	assert_int_equal(speeds_under(&speeds, azure, aws), 800);
	assert_int_equal(speeds_under(&speeds, azure, azure), 800);
	assert_int_equal(speeds_under(&speeds, plan_find("gcp-run-request"), aws), 2000);
}

static void test_speeds_refuse_with_a_sentence(void **state)
{
	static const char *const wrong[] = {"", "0", "-1", "101", "0.0001", "fast", "1,2",
	    "1,", "none=1", "=1", "aws-lambda=", "aws-lambda=1,aws-lambda=2",
	    "a-very-long-name-of-a-plan-that-there-is-not-and-never-will-be-anywhere=1"};
	struct speeds speeds = {.everywhere = 7};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char why[128] = "";

		assert_int_equal(
		    speeds_parse(wrong[i], &speeds, why, sizeof(why)), -EINVAL);
		assert_int_not_equal(why[0], 0);
	}
	assert_int_equal(speeds.everywhere, 7);
}

static void test_speed_divides_time_and_leaves_counts(void **state)
{
	struct usage usage = {.item = {[USAGE_AWS_REQUESTS] = 10,
				  [USAGE_AWS_MB_MS] = 1000,
				  [USAGE_RUN_MB_MS] = 5}};

	(void)state;
	speed_apply(plan_find("aws-lambda"), 1500, &usage);
	assert_int_equal(usage.item[USAGE_AWS_REQUESTS], 10);
	assert_int_equal(usage.item[USAGE_AWS_MB_MS], 667);
	assert_int_equal(usage.item[USAGE_RUN_MB_MS], 5);
	usage.item[USAGE_AWS_MB_MS] = UINT64_MAX;
	speed_apply(plan_find("aws-lambda"), 10, &usage);
	assert_int_equal(usage.item[USAGE_AWS_MB_MS], UINT64_MAX);
}

static void test_compare_puts_the_cheapest_first(void **state)
{
	struct compare_row rows[] = {
	    {.plan = plans[0], .total = {.pico = 30}},
	    {.plan = plans[1], .total = {.pico = 10}},
	    {.plan = plans[2], .total = {.pico = 10}},
	};

	(void)state;
	compare_sort(rows, 3);
	assert_ptr_equal(rows[0].plan, plans[1]);
	assert_ptr_equal(rows[1].plan, plans[2]);
	assert_ptr_equal(rows[2].plan, plans[0]);
	assert_true(rows[0].difference.pico == 0 && rows[2].difference.pico == 20);
	compare_sort(rows, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_speeds_are_read_for_one_plan_or_all),
	    cmocka_unit_test(test_speeds_refuse_with_a_sentence),
	    cmocka_unit_test(test_speed_divides_time_and_leaves_counts),
	    cmocka_unit_test(test_compare_puts_the_cheapest_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
