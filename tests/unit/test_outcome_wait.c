/* What a record says of the time before its invocation began. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/sandboxes/outcome.h"
#include "tests/unit/records.h"

static struct invocation read(const struct record_invocation *r)
{
	static const struct outcome_life life = {.start_ns = 100, .ready_ns = 200};
	struct invocation inv;

	outcome_read(r, &life, RECORDS_WALL_NS, &inv);
	return inv;
}

static void test_a_wait_is_known_or_absent_and_says_how_exact_it_is(void **state)
{
	struct record_invocation r = records_invocation(1, FUNCTION_LAMBDA, 300, 350);
	struct invocation inv;

	(void)state;
	r.wait_ns = 7000;
	assert_false(read(&r).has & HAS_WAIT);
	r.flags = INVOCATION_WAITED;
	inv = read(&r);
	assert_true(inv.has & HAS_WAIT && inv.quality & QUALITY_WAIT_ESTIMATE);
	r.flags |= INVOCATION_WAIT_EXACT;
	inv = read(&r);
	assert_true(inv.has & HAS_WAIT && !(inv.quality & QUALITY_WAIT_ESTIMATE));
	assert_int_equal(inv.wait_ns, 7000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_wait_is_known_or_absent_and_says_how_exact_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
