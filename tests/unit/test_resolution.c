/* Times as the agent tells them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/sandboxes/outcome.h"
#include "agent/sandboxes/resolution.h"
#include "tests/unit/random.h"
#include "tests/unit/records.h"

static void test_a_span_lies_between_the_rounded_moments(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t end_ns = random_width(&random) >> 1;
		uint64_t ns = random_below(&random, end_ns + 1);

		assert_true(resolution_span(end_ns, ns) ==
			    resolution_moment(end_ns) - resolution_moment(end_ns - ns));
	}
}

static void test_a_sum_is_longer_than_the_time_that_there_was(void **state)
{
	(void)state;
	assert_true(resolution_span(0, 4499) == 4000);
	assert_true(resolution_span(0, 4501) == 5000);
	assert_true(resolution_span(499, 999) == 0);
	assert_true(resolution_span(500, 1) == 1000);
	assert_true(resolution_span(7, UINT64_MAX) >= UINT64_MAX - 1000);
	assert_true(resolution_span(UINT64_MAX, UINT64_MAX) >= UINT64_MAX - 1000);
}

static void test_what_always_takes_as_long_is_told_so_on_average(void **state)
{
	uint64_t random = 2;
	uint64_t sum = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t told = resolution_span(random_next(&random) >> 1, 5400);

		assert_true(told == 5000 || told == 6000);
		sum += told;
	}
	assert_in_range(sum / 100000, 5390, 5410); /* six deviations */
}

/* A record of any moments within a second; most figures end with it. */
static struct record_invocation any_moments(uint64_t *random)
{
	struct record_invocation r = records_invocation(1, FUNCTION_HTTP, 0, 0);
	uint64_t ns = random_below(random, 4000);

	r.flags = INVOCATION_RESPONDED | INVOCATION_WAITED;
	r.start_ns = RECORDS_MS + random_below(random, 1000 * RECORDS_MS);
	r.end_ns = r.start_ns + ns;
	r.busy_ns = random_below(random, ns + 1);
	r.cpu_ns = random_below(random, ns + 1);
	r.run_queue_ns = random_below(random, ns + 1);
	r.throttled_ns = random_below(random, ns + 1);
	r.response_ns = r.end_ns - random_below(random, ns + 1);
	r.wait_ns = random_below(random, 4000);
	return r;
}

static void test_times_are_whole_microseconds_that_agree(void **state)
{
	static const struct outcome_life life = {.ready_ns = 1};
	const int64_t wall_ns = RECORDS_WALL_NS + 345;
	uint64_t random = 12;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		const struct record_invocation r = any_moments(&random);
		struct record_invocation next = r;
		struct invocation inv;
		struct invocation after;

		next.start_ns = r.end_ns;
		next.end_ns += 700;
		outcome_read(&r, &life, wall_ns, &inv);
		outcome_read(&next, &life, wall_ns, &after);
		assert_int_equal(inv.start_ns % 1000, 0);
		assert_int_equal(inv.duration_ns % 1000 + inv.busy_ns % 1000, 0);
		assert_int_equal(inv.cpu_ns % 1000 + inv.run_queue_ns % 1000, 0);
		assert_int_equal(inv.throttled_ns % 1000 + inv.response_ns % 1000, 0);
		assert_int_equal(inv.wait_ns % 1000, 0);
		assert_true(inv.busy_ns <= inv.duration_ns &&
			    inv.cpu_ns <= inv.duration_ns &&
			    inv.run_queue_ns <= inv.duration_ns &&
			    inv.response_ns <= inv.duration_ns);
		/* what follows at once follows at once */
		assert_true(inv.start_ns + (int64_t)inv.duration_ns == after.start_ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_span_lies_between_the_rounded_moments),
	    cmocka_unit_test(test_a_sum_is_longer_than_the_time_that_there_was),
	    cmocka_unit_test(test_what_always_takes_as_long_is_told_so_on_average),
	    cmocka_unit_test(test_times_are_whole_microseconds_that_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
