/* Causes of cold starts, and how sure they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/sandboxes/cause.h"

#define S 1000000000ULL

static void test_what_is_known_decides(void **state)
{
	static const struct {
		struct cause_history history;
		struct cause cause;
	} rows[] = {
	    {{.was_seen = false}, {CAUSE_FIRST, CERTAINTY_LIKELY}},
	    {{.was_other_seen = true}, {CAUSE_DEPLOY, CERTAINTY_CERTAIN}},
	    {{.was_seen = true, .is_changed = true}, {CAUSE_DEPLOY, CERTAINTY_LIKELY}},
	    {{.was_seen = true, .is_changed = true, .alive = 2},
		{CAUSE_DEPLOY, CERTAINTY_LIKELY}},
	    {{.was_seen = true, .alive = 1, .last_end = STATUS_OOM},
		{CAUSE_SCALE_OUT, CERTAINTY_LIKELY}},
	    {{.was_seen = true, .last_end = STATUS_OOM}, {CAUSE_OOM, CERTAINTY_CERTAIN}},
	    {{.was_seen = true, .last_end = STATUS_CRASH},
		{CAUSE_CRASH, CERTAINTY_CERTAIN}},
	    {{.was_seen = true, .last_end = STATUS_INIT_ERROR},
		{CAUSE_CRASH, CERTAINTY_CERTAIN}},
	    {{.was_seen = true, .last_end = STATUS_TIMEOUT},
		{CAUSE_TIMEOUT, CERTAINTY_LIKELY}},
	    {{.was_seen = true, .last_end = STATUS_ERROR},
		{CAUSE_IDLE_REAP, CERTAINTY_GUESS}},
	    {{.was_seen = true, .last_idle_ns = 60 * S - 1},
		{CAUSE_IDLE_REAP, CERTAINTY_GUESS}},
	    {{.was_seen = true, .last_idle_ns = 60 * S},
		{CAUSE_IDLE_REAP, CERTAINTY_LIKELY}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cause cause = cause_of(&rows[i].history);

		assert_int_equal(cause.cause, rows[i].cause.cause);
		assert_int_equal(cause.certainty, rows[i].cause.certainty);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_known_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
