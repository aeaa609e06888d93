#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/channel.h"
#include "base/text.h"

#define DOLLAR ((__int128)1000000000000)

static json_t *rendered(enum message_event event, const struct alert *alert)
{
	struct message message = {
	    .event = event, .key = "bar-1/webhook-1", .alert = alert};
	char *text = channel_webhook.render(&message);
	json_t *root = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;

	assert_non_null(root);
	free(text);
	return root;
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void test_money_is_decimal_text_and_times_are_rfc3339(void **state)
{
	struct alert alert = {.id = "bar-day-19700101T00-80",
	    .budget = "bar",
	    .period = BUDGET_DAY,
	    .threshold = 80,
	    .limit = {5 * DOLLAR},
	    .status = {.spent = {1234000000},
		.period_end_ns = 86400LL * 1000000000,
		.top_function = "f",
		.top_spent = {1234000000}}};
	json_t *root = rendered(MESSAGE_FIRED, &alert);

	(void)state;
	assert_string_equal(text_of(root, "event"), "budget.threshold");
	assert_string_equal(text_of(root, "id"), "bar-day-19700101T00-80");
	assert_string_equal(text_of(root, "key"), "bar-1/webhook-1");
	assert_string_equal(text_of(root, "spent_usd"), "0.001234");
	assert_string_equal(text_of(root, "limit_usd"), "5.00");
	assert_string_equal(text_of(root, "state"), "firing");
	assert_string_equal(text_of(root, "top_function"), "f");
	assert_string_equal(
	    text_of(root, "period_end"), "1970-01-02T00:00:00.000000000Z");
	assert_int_equal(json_integer_value(json_object_get(root, "threshold")), 80);
	assert_null(json_object_get(root, "function"));
	assert_null(json_object_get(root, "until"));
	json_decref(root);
}

static void test_events_have_their_names(void **state)
{
	static const char *const names[] = {
	    "budget.threshold", "budget.reminder", "budget.resolved", "budget.test"};
	struct alert alert = {.budget = "bar", .limit = {DOLLAR}, .threshold = 80};

	(void)state;
	for (int i = 0; i < 4; i++) {
		json_t *root = rendered((enum message_event)i, &alert);

		assert_string_equal(text_of(root, "event"), names[i]);
		json_decref(root);
	}
}

static void test_names_that_are_not_utf8_still_make_json(void **state)
{
	struct alert alert = {.budget = "bar", .limit = {DOLLAR}, .threshold = 80};
	json_t *root;

	(void)state;
	(void)text_copy(alert.function, sizeof(alert.function), "a\xff\"\\\x01");
	(void)text_copy(
	    alert.status.top_function, sizeof(alert.status.top_function), "\xc3");
	root = rendered(MESSAGE_FIRED, &alert);
	assert_string_equal(text_of(root, "function"), "a?\"\\?");
	json_decref(root);
}

static void test_the_table_finds_its_channels(void **state)
{
	char names[64];
	char tiny[4];

	(void)state;
	assert_ptr_equal(channel_find("slack"), &channel_slack);
	assert_ptr_equal(channel_find("webhook"), &channel_webhook);
	assert_null(channel_find("Slack"));
	channel_names(names, sizeof(names));
	assert_string_equal(names, "slack, webhook");
	channel_names(tiny, sizeof(tiny));
	assert_string_equal(tiny, "sla");
}

static void test_an_anomaly_is_flat_too(void **state)
{
	struct alert alert = {.id = "anomaly-resize-20261124",
	    .kind = ALERT_ANOMALY,
	    .function = "resize",
	    .anomaly = {.cause = ANOMALY_CALLS,
		.day = 20781,
		.value = 10,
		.usual = 1000,
		.low = 700,
		.high = 1300,
		.extra = {-DOLLAR * 2}}};
	struct message message = {.event = MESSAGE_RESOLVED, .key = "k", .alert = &alert};
	char *text = channel_webhook.render(&message);
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	(void)state;
	assert_non_null(root);
	assert_string_equal(
	    json_string_value(json_object_get(root, "event")), "anomaly.resolved");
	assert_string_equal(
	    json_string_value(json_object_get(root, "cause")), "fewer calls");
	assert_string_equal(
	    json_string_value(json_object_get(root, "extra_usd")), "-2.00");
	assert_int_equal(json_integer_value(json_object_get(root, "usual")), 1000);
	assert_null(json_object_get(root, "budget"));
	assert_string_equal(json_string_value(json_object_get(root, "message")),
	    "Resolved. Function resize is back in its band. It was out: 10 invocations "
	    "on 2026-11-24, usually 1000 (700 to 1300): $2.00 less than usual, fewer "
	    "calls.");
	json_decref(root);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_money_is_decimal_text_and_times_are_rfc3339),
	    cmocka_unit_test(test_events_have_their_names),
	    cmocka_unit_test(test_names_that_are_not_utf8_still_make_json),
	    cmocka_unit_test(test_the_table_finds_its_channels),
	    cmocka_unit_test(test_an_anomaly_is_flat_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
