/* What the process costs, and what of it is not judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>
#include <unistd.h>

#include "agent/cost/overhead.h"
#include "base/clock.h"

static uint64_t cpu_ns(void)
{
	struct timespec t = {0};

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (uint64_t)t.tv_sec * CLOCK_NS_PER_S + (uint64_t)t.tv_nsec;
}

/* Works for 50 ms; returns what it took. */
static uint64_t work(void)
{
	uint64_t began = cpu_ns();

	while (cpu_ns() - began < 50000000)
		continue;
	return cpu_ns() - began;
}

static void test_what_is_set_aside_is_not_seen_at_a_glance(void **state)
{
	double cpus = (double)sysconf(_SC_NPROCESSORS_ONLN);
	struct overhead *overhead;
	uint64_t aside;

	(void)state;
	assert_int_equal(overhead_open(&overhead), 0);
	(void)overhead_glance(overhead, CLOCK_NS_PER_S);
	(void)work();
	assert_true(overhead_glance(overhead, 2 * CLOCK_NS_PER_S) * cpus > 0.045);
	aside = work();
	overhead_set_aside(overhead, aside);
	assert_true(overhead_glance(overhead, 3 * CLOCK_NS_PER_S) * cpus < 0.02);
	overhead_set_aside(overhead, aside + work());
	assert_true(overhead_glance(overhead, 4 * CLOCK_NS_PER_S) * cpus < 0.02);
	(void)work();
	assert_true(overhead_glance(overhead, 5 * CLOCK_NS_PER_S) * cpus > 0.045);
	overhead_set_aside(
	    overhead, cpu_ns()); /* later than it should: no less than none */
	assert_true(overhead_glance(overhead, 6 * CLOCK_NS_PER_S) == 0);
	overhead_close(overhead);
}

static void test_what_is_set_aside_is_not_judged(void **state)
{
	struct overhead_cost cost = {
	    .agent_share = 0.5, .probes_share = 0.25, .aside_share = 0.125};

	(void)state;
	assert_true(overhead_judged(&cost) == 0.625);
	cost.aside_share = 1;
	assert_true(overhead_judged(&cost) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_set_aside_is_not_seen_at_a_glance),
	    cmocka_unit_test(test_what_is_set_aside_is_not_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
