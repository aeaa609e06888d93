#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/rule.h"

#define DOLLAR ((__int128)1000000000000)
#define HOUR (3600LL * 1000000000)
#define DAY (24 * HOUR)

struct seen {
	int fired;
	int reminded;
	int resolved;
	int changed;
	uint32_t last_threshold;
	uint32_t last_generation;
};

static void note(void *context, enum rule_event event, const struct alert *alert)
{
	struct seen *seen = context;

	seen->fired += event == RULE_FIRED;
	seen->reminded += event == RULE_REMINDED;
	seen->resolved += event == RULE_RESOLVED;
	seen->changed += event == RULE_CHANGED;
	seen->last_threshold = alert->threshold;
	seen->last_generation = alert->generation;
}

static const struct budget bar = {.name = "bar",
    .limit = {5 * DOLLAR},
    .period = BUDGET_DAY,
    .thresholds = {50, 80, 100},
    .thresholds_n = 3};

static struct seen step(struct alert_list *list, const struct budget *budget,
    int64_t now_ns, int64_t spent_cents)
{
	struct budget_status status = {.spent = {DOLLAR / 100 * spent_cents}};
	struct seen seen = {0};

	budget_period_bounds(
	    budget->period, now_ns, &status.period_start_ns, &status.period_end_ns);
	assert_int_equal(rule_step(list, budget, &status, now_ns, note, &seen), 0);
	return seen;
}

static void test_a_threshold_fires_once_a_period(void **state)
{
	struct alert_list list = {0};
	struct seen seen;

	(void)state;
	assert_int_equal(step(&list, &bar, DAY, 100).fired, 0);
	seen = step(&list, &bar, DAY + HOUR, 251);
	assert_int_equal(seen.fired, 1);
	assert_int_equal(seen.last_threshold, 50);
	assert_int_equal(step(&list, &bar, DAY + 2 * HOUR, 300).fired, 0);
	seen = step(&list, &bar, DAY + 3 * HOUR, 400);
	assert_int_equal(seen.fired, 1);
	assert_int_equal(seen.last_threshold, 80);
	assert_int_equal(step(&list, &bar, DAY + 4 * HOUR, 900).fired, 1);
	assert_int_equal(step(&list, &bar, DAY + 5 * HOUR, 9000).fired, 0);
	assert_int_equal(list.n, 3);
	alert_list_done(&list);
}

static void test_a_jump_fires_every_threshold_it_passes(void **state)
{
	struct alert_list list = {0};

	(void)state;
	assert_int_equal(step(&list, &bar, DAY, 600).fired, 3);
	alert_list_done(&list);
}

static void test_a_new_period_resolves_and_tells_once(void **state)
{
	struct alert_list list = {0};
	struct seen seen;

	(void)state;
	(void)step(&list, &bar, DAY, 600);
	seen = step(&list, &bar, 2 * DAY, 0);
	assert_int_equal(seen.resolved, 1);
	assert_int_equal(seen.changed, 2);
	assert_int_equal(seen.last_threshold, 100);
	for (size_t i = 0; i < list.n; i++) {
		assert_int_equal(list.items[i].state, ALERT_RESOLVED);
		assert_int_equal(list.items[i].until_ns, 2 * DAY);
	}
	assert_int_equal(step(&list, &bar, 2 * DAY + HOUR, 0).resolved, 0);
	assert_int_equal(step(&list, &bar, 2 * DAY + HOUR, 260).fired, 1);
	alert_list_done(&list);
}

static void test_a_higher_limit_resolves_and_fires_anew_when_reached(void **state)
{
	struct alert_list list = {0};
	struct budget raised = bar;
	struct seen seen;

	(void)state;
	raised.limit.pico *= 2;
	(void)step(&list, &bar, DAY, 450);
	seen = step(&list, &raised, DAY + 1, 450);
	assert_int_equal(seen.resolved, 1);
	seen = step(&list, &raised, DAY + 2, 500);
	assert_int_equal(seen.fired, 1);
	assert_int_equal(seen.last_generation, 1);
	assert_int_equal(list.n, 2);
	alert_list_done(&list);
}

static void test_a_flapping_sum_sends_nothing_twice(void **state)
{
	struct alert_list list = {0};

	(void)state;
	assert_int_equal(step(&list, &bar, DAY, 250).fired, 1);
	assert_int_equal(step(&list, &bar, DAY + 1, 249).resolved, 1);
	assert_int_equal(step(&list, &bar, DAY + 2, 250).fired, 0);
	assert_int_equal(list.items[0].state, ALERT_FIRING);
	alert_list_done(&list);
}

static void test_an_ack_is_silent_until_resolved(void **state)
{
	struct alert_list list = {0};

	(void)state;
	(void)step(&list, &bar, DAY, 250);
	assert_int_equal(rule_ack(&list.items[0]), 0);
	assert_int_equal(step(&list, &bar, DAY + HOUR, 260).reminded, 0);
	assert_int_equal(list.items[0].state, ALERT_ACKED);
	(void)step(&list, &bar, 2 * DAY, 0);
	assert_int_equal(rule_ack(&list.items[0]), -EALREADY);
	assert_int_equal(rule_snooze(&list.items[0], 3 * DAY), -EALREADY);
	alert_list_done(&list);
}

static void test_a_snooze_ends_with_one_reminder(void **state)
{
	struct alert_list list = {0};

	(void)state;
	(void)step(&list, &bar, DAY, 250);
	assert_int_equal(rule_snooze(&list.items[0], DAY + HOUR), 0);
	assert_int_equal(step(&list, &bar, DAY + HOUR - 1, 260).reminded, 0);
	assert_int_equal(list.items[0].state, ALERT_SNOOZED);
	assert_int_equal(step(&list, &bar, DAY + HOUR, 260).reminded, 1);
	assert_int_equal(list.items[0].state, ALERT_FIRING);
	assert_int_equal(step(&list, &bar, DAY + HOUR + 1, 260).reminded, 0);
	alert_list_done(&list);
}

static void test_alerts_of_other_budgets_are_left_alone(void **state)
{
	struct alert_list list = {0};
	struct budget other = bar;
	struct seen seen = {0};

	(void)state;
	memcpy(other.name, "foo", 4);
	(void)step(&list, &bar, DAY, 250);
	(void)step(&list, &other, DAY, 250);
	assert_int_equal(list.n, 2);
	rule_close(&list, "foo", DAY + 1, note, &seen);
	assert_int_equal(seen.changed, 1);
	assert_int_equal(seen.resolved, 0);
	assert_int_equal(list.items[0].state, ALERT_FIRING);
	assert_int_equal(list.items[1].state, ALERT_RESOLVED);
	alert_list_done(&list);
}

/* A restart reads the alerts back; the same spend then fires nothing. */
static void test_a_restart_sends_nothing_again(void **state)
{
	struct alert_list list = {0};
	struct alert_list again = {0};

	(void)state;
	(void)step(&list, &bar, DAY, 450);
	(void)rule_snooze(&list.items[0], DAY + 7);
	for (size_t i = 0; i < list.n; i++) {
		char *text = alert_format(&list.items[i]);
		struct alert alert;

		assert_non_null(text);
		assert_int_equal(alert_parse(text, &alert), 0);
		assert_int_equal(alert_list_add(&again, &alert), 0);
		assert_memory_equal(&alert, &list.items[i], sizeof(alert));
		free(text);
	}
	assert_int_equal(step(&again, &bar, DAY + 1, 450).fired, 0);
	assert_int_equal(alert_parse("{}", &again.items[0]), -EBADMSG);
	assert_int_equal(alert_parse("{\"id\":", &again.items[0]), -EBADMSG);
	alert_list_done(&list);
	alert_list_done(&again);
}

static void test_old_resolved_alerts_are_forgotten(void **state)
{
	struct alert_list list = {0};
	struct alert_list gone = {0};

	(void)state;
	(void)step(&list, &bar, DAY, 600);
	(void)step(&list, &bar, 2 * DAY, 300);
	rule_expire(&list, 2 * DAY, 100, &gone);
	assert_int_equal(gone.n, 0);
	rule_expire(&list, 2 * DAY + 1, 100, &gone);
	assert_int_equal(gone.n, 3);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.items[0].state, ALERT_FIRING);
	alert_list_done(&gone);
	(void)step(&list, &bar, 3 * DAY, 600);
	rule_expire(&list, 0, 3, &gone);
	assert_int_equal(gone.n, 1);
	alert_list_done(&list);
	alert_list_done(&gone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_threshold_fires_once_a_period),
	    cmocka_unit_test(test_a_jump_fires_every_threshold_it_passes),
	    cmocka_unit_test(test_a_new_period_resolves_and_tells_once),
	    cmocka_unit_test(test_a_higher_limit_resolves_and_fires_anew_when_reached),
	    cmocka_unit_test(test_a_flapping_sum_sends_nothing_twice),
	    cmocka_unit_test(test_an_ack_is_silent_until_resolved),
	    cmocka_unit_test(test_a_snooze_ends_with_one_reminder),
	    cmocka_unit_test(test_alerts_of_other_budgets_are_left_alone),
	    cmocka_unit_test(test_a_restart_sends_nothing_again),
	    cmocka_unit_test(test_old_resolved_alerts_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
