#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/run_time.h"

static void check(double share, double wanted)
{
	assert_true(share > wanted - 1e-9 && share < wanted + 1e-9);
}

static void test_a_share_is_of_all_cpus_and_without_what_counting_added(void **state)
{
	const struct run_time runs = {.ns = 3000000, .runs = 20000};

	(void)state;
	/* 3 ms less 20,000 x 50 ns are 2 ms, of 4 x 100 ms */
	check(run_time_share(&runs, 50, 100000000, 4), 0.005);
	check(run_time_share(&runs, 0, 100000000, 1), 0.03);
}

static void test_a_share_is_never_below_nothing(void **state)
{
	const struct run_time runs = {.ns = 1000, .runs = 100};

	(void)state;
	check(run_time_share(&runs, 60, 1000000, 1), 0);
	check(run_time_share(&runs, 0, 0, 1), 0);
	check(run_time_share(&runs, 0, 1000000, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_share_is_of_all_cpus_and_without_what_counting_added),
	    cmocka_unit_test(test_a_share_is_never_below_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
