/* What the agent tells of its host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/cost/figures.h"

static void test_figures_say_what_was_not_seen_and_why(void **state)
{
	const struct overhead_cost cost = {.resident_bytes = 7};
	const struct shedding shedding = {.max = 0.01, .step = SHED_DRAIN};
	const uint64_t counts[RECORD_COUNTS] = {[COUNT_TLS] = 1,
	    [COUNT_HTTP2] = 2,
	    [COUNT_READ_FAULT] = 3,
	    [COUNT_LOST_MAP] = 4,
	    [COUNT_LOST_EXEC] = 5,
	    [COUNT_IO_URING] = 6};
	struct host_figures f;

	(void)state;
	figures_read(&(struct figures_sources){&cost, &shedding, counts, 8}, &f);
	for (unsigned int i = FIGURE_TLS; i <= FIGURE_IO_URING; i++)
		assert_int_equal(f.value[i], i - FIGURE_TLS + 1);
	assert_int_equal(f.value[FIGURE_MISSED_RUNS], 8);
	assert_int_equal(f.value[FIGURE_SHED], SHED_DRAIN);
	assert_int_equal(f.value[FIGURE_MAX_SHARE], HOST_SHARE / 100);
	assert_false(host_figures_have(&f, FIGURE_AGENT_SHARE)); /* there was no sample */
	assert_false(host_figures_have(&f, FIGURE_PROBES_CPU_NS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_figures_say_what_was_not_seen_and_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
