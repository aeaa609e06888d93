/* Functions that leave their band, and come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/episode.h"

#define MANY ((size_t)2 * EPISODE_MAX)
#define DOLLAR ((__int128)1000000000000)
#define DAY 20785 /* 2026-11-28 */

struct seen {
	size_t fired, resolved, reminded, changed;
	char first[ALERT_ID_BYTES]; /* that fired */
};

static void note(void *context, enum rule_event event, const struct alert *alert)
{
	struct seen *seen = context;

	if (event == RULE_FIRED && !seen->fired)
		memcpy(seen->first, alert->id, sizeof(seen->first));
	seen->fired += event == RULE_FIRED;
	seen->resolved += event == RULE_RESOLVED;
	seen->reminded += event == RULE_REMINDED;
	seen->changed += event == RULE_CHANGED;
}

static struct anomaly anomaly_of_cents(int64_t day, int64_t cents)
{
	return (struct anomaly){.what = ANOMALY_UNIT_COST,
	    .cause = ANOMALY_DURATION,
	    .up = cents > 0,
	    .day = day,
	    .value = 2000000,
	    .usual = 1000000,
	    .low = 750000,
	    .high = 1250000,
	    .extra = {.pico = DOLLAR / 100 * cents}};
}

static struct seen step(
    struct alert_list *list, const char *const *names, size_t n, int64_t day)
{
	struct episode_list now = {0};
	struct seen seen = {0};

	for (size_t i = 0; i < n; i++) {
		struct anomaly anomaly = anomaly_of_cents(day, 100 * (int64_t)(i + 1));

		assert_int_equal(episode_add(&now, names[i], &anomaly), 0);
	}
	assert_int_equal(episode_step(list, &now, day * 86400, note, &seen), 0);
	episode_list_done(&now);
	return seen;
}

static void test_an_episode_is_one_alert_until_it_is_over(void **state)
{
	static const char *const both[] = {"bar", "foo"};
	struct alert_list list = {0};
	struct seen seen;

	(void)state;
	seen = step(&list, both, 2, DAY);
	assert_int_equal(seen.fired, 2);
	assert_string_equal(seen.first, "anomaly-foo-20261128"); /* the most money */
	seen = step(&list, both, 2, DAY + 1);
	assert_int_equal(seen.fired + seen.resolved + seen.changed, 0);
	assert_int_equal(list.items[0].anomaly.day, DAY + 1);
	seen = step(&list, both, 1, DAY + 1);
	assert_int_equal(seen.fired, 0);
	assert_int_equal(seen.resolved, 1);
	assert_string_equal(
	    alert_state_name(alert_find(&list, "anomaly-foo-20261128")->state),
	    "resolved");
	seen = step(&list, NULL, 0, DAY + 1);
	assert_int_equal(seen.resolved, 1);
	seen = step(&list, NULL, 0, DAY + 1);
	assert_int_equal(seen.resolved, 0);
	assert_int_equal(step(&list, both, 2, DAY + 2).fired, 2); /* another one */
	assert_int_equal(list.n, 4);
	alert_list_done(&list);
}

static void test_an_episode_that_flaps_on_a_day_is_told_once(void **state)
{
	static const char *const one[] = {"bar"};
	struct alert_list list = {0};
	struct seen seen;

	(void)state;
	(void)step(&list, one, 1, DAY);
	(void)step(&list, NULL, 0, DAY);
	seen = step(&list, one, 1, DAY);
	assert_int_equal(seen.fired, 0);
	assert_int_equal(seen.changed, 1);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.items[0].state, ALERT_FIRING);
	assert_int_equal(list.items[0].until_ns, 0);
	alert_list_done(&list);
}

static void test_an_episode_of_cents_does_not_count(void **state)
{
	struct anomaly anomaly = anomaly_of_cents(DAY, 99);
	struct money dollar = {.pico = DOLLAR};

	(void)state;
	assert_false(episode_counts(&anomaly, dollar));
	anomaly = anomaly_of_cents(DAY, 100);
	assert_true(episode_counts(&anomaly, dollar));
	anomaly = anomaly_of_cents(DAY, -100); /* less is worth as much */
	assert_true(episode_counts(&anomaly, dollar));
	anomaly.is_over = true;
	assert_false(episode_counts(&anomaly, dollar));
}

static void test_an_episode_has_the_anomaly_with_the_most_money(void **state)
{
	struct anomaly little = anomaly_of_cents(DAY, 100);
	struct anomaly much = anomaly_of_cents(DAY, -300);
	struct episode_list list = {0};

	(void)state;
	assert_int_equal(episode_add(&list, "f", &little), 0);
	assert_int_equal(episode_add(&list, "f", &much), 0);
	assert_int_equal(episode_add(&list, "f", &little), 0);
	assert_int_equal(list.n, 1);
	assert_true(list.items[0].anomaly.extra.pico == -3 * DOLLAR);
	episode_list_done(&list);
}

static void test_an_episode_can_be_acked_snoozed_and_called_off(void **state)
{
	static const char *const both[] = {"bar", "foo"};
	struct alert_list list = {0};
	struct seen seen = {0};

	(void)state;
	(void)step(&list, both, 2, DAY);
	assert_int_equal(rule_ack(&list.items[0]), 0);
	assert_int_equal(rule_snooze(&list.items[1], 50), 0);
	seen = step(&list, both, 2, DAY);
	assert_int_equal(seen.fired + seen.changed, 0);
	assert_int_equal(list.items[0].state, ALERT_ACKED);
	episode_hold(&list, 49, note, &seen);
	assert_int_equal(seen.reminded, 0);
	episode_hold(&list, 50, note, &seen);
	assert_int_equal(seen.reminded, 1);
	assert_int_equal(list.items[1].state, ALERT_FIRING);
	episode_close(&list, 60, note, &seen);
	assert_int_equal(seen.resolved, 0);
	assert_int_equal(seen.changed, 2);
	assert_int_equal(list.items[0].state, ALERT_RESOLVED);
	alert_list_done(&list);
}

/* The names of strangers, and many at once. */
static void test_episodes_are_bounded_and_told_apart(void **state)
{
	char names[MANY][64];
	const char *all[MANY];
	static const char *const odd[] = {"a b", "a/b"};
	struct alert_list list = {0};
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "f%05zu", i);
		all[i] = names[i];
	}
	seen = step(&list, all, MANY, DAY);
	assert_int_equal(seen.fired, EPISODE_MAX);
	assert_string_equal(seen.first, "anomaly-f00999-20261128");
	assert_int_equal(step(&list, all, MANY, DAY).fired, 0);
	alert_list_done(&list);
	assert_int_equal(step(&list, odd, 2, DAY).fired, 2);
	assert_string_not_equal(list.items[0].id, list.items[1].id);
	assert_int_equal(strncmp(list.items[0].id, "anomaly-a_b-", 12), 0);
	alert_list_done(&list);
}

static void test_an_alert_of_an_anomaly_survives_being_kept(void **state)
{
	static const char *const one[] = {"bar"};
	struct alert_list list = {0};
	struct alert again;
	char *text;

	(void)state;
	(void)step(&list, one, 1, DAY);
	memcpy(list.items[0].told_with, "anomaly-x-20261128", 19);
	text = alert_format(&list.items[0]);
	assert_non_null(text);
	assert_int_equal(alert_parse(text, &again), 0);
	free(text);
	assert_int_equal(again.kind, ALERT_ANOMALY);
	assert_string_equal(again.id, list.items[0].id);
	assert_string_equal(again.function, "bar");
	assert_string_equal(again.told_with, "anomaly-x-20261128");
	assert_memory_equal(
	    &again.anomaly.extra, &list.items[0].anomaly.extra, sizeof(struct money));
	assert_int_equal(again.anomaly.cause, ANOMALY_DURATION);
	assert_int_equal(again.anomaly.value, 2000000);
	assert_true(again.anomaly.up);
	assert_int_equal(alert_parse("{\"id\":\"a\",\"function\":\"f\",\"state\":"
				     "\"firing\",\"anomaly\":{\"what\":9,\"cause\":0}}",
			     &again),
	    -EBADMSG);
	alert_list_done(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_episode_is_one_alert_until_it_is_over),
	    cmocka_unit_test(test_an_episode_that_flaps_on_a_day_is_told_once),
	    cmocka_unit_test(test_an_episode_of_cents_does_not_count),
	    cmocka_unit_test(test_an_episode_has_the_anomaly_with_the_most_money),
	    cmocka_unit_test(test_an_episode_can_be_acked_snoozed_and_called_off),
	    cmocka_unit_test(test_episodes_are_bounded_and_told_apart),
	    cmocka_unit_test(test_an_alert_of_an_anomaly_survives_being_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
