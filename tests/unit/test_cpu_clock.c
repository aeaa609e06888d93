/* What a task has had since the kernel counted, by clocks that lag behind each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bpf/cpu_clock.h"

#define US 1000
#define MS 1000000

static void nothing_is_known_before_a_reading(void **state)
{
	const struct cpu_clock clock = {0};

	(void)state;
	assert_int_equal(cpu_clock_ran(&clock, 5 * MS), 0);
}

/* Each task reads us 2 us after it was put on the CPU, and once more after 1 ms. */
static void expect_one_ms(struct cpu_clock *clock, int64_t lag)
{
	uint64_t before;
	uint64_t after;

	cpu_clock_note(clock, lag + 2 * US);
	before = cpu_clock_ran(clock, lag + 2 * US);
	cpu_clock_note(clock, lag + 2 * US + MS);
	after = cpu_clock_ran(clock, lag + 2 * US + MS);
	assert_in_range(after - before, MS - 2 * US, MS + 2 * US);
}

static void what_was_had_is_told(void **state)
{
	struct cpu_clock clock = {0};

	(void)state;
	for (int i = 0; i < 3 * CLOCK_READINGS; i++)
		expect_one_ms(&clock, 300 * MS + i % 7 * US);
}

/* Now and then its clock lags more than before, by less and by more than a task can run
 * uncounted. */
static void what_the_host_took_is_learned_at_once(void **state)
{
	struct cpu_clock clock = {0};
	int64_t lag = 300 * MS;

	(void)state;
	for (int i = 1; i < 200; i++) {
		expect_one_ms(&clock, lag);
		lag += i % 40 == 0 ? 50 * MS : i % 40 == 20 ? 3 * MS : 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_known_before_a_reading),
	    cmocka_unit_test(what_was_had_is_told),
	    cmocka_unit_test(what_the_host_took_is_learned_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
