#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/anomaly_words.h"
#include "alerts/api.h"
#include "alerts/channel.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

#define DELIVERIES_MAX 500 /* of the newest, looked through for an answer */
#define TESTS_MAX 10
#define SNOOZE_MAX_NS (30LL * 86400 * CLOCK_NS_PER_S)
#define TEST_PREFIX "test-"

static enum message_event event_of(const struct alert *alert)
{
	return alert->state == ALERT_RESOLVED ? MESSAGE_RESOLVED : MESSAGE_FIRED;
}

static void format_budget_alert(json_t *object, const struct alert *alert)
{
	const struct budget_status *status = &alert->status;

	fields_text(object, "budget", alert->budget);
	if (alert->function[0])
		fields_text(object, "function", alert->function);
	fields_text(object, "period", budget_period_name(alert->period));
	fields_integer(object, "threshold", alert->threshold);
	fields_money(object, "spent_usd", status->spent);
	fields_money(object, "limit_usd", alert->limit);
	fields_money(object, "forecast_usd", status->forecast);
	if (status->top_function[0])
		fields_text(object, "top_function", status->top_function);
}

static json_t *format_alert(const struct alert *alert)
{
	const struct message message = {.event = event_of(alert), .alert = alert};
	bool is_anomaly = alert->kind == ALERT_ANOMALY;
	json_t *object = json_object();
	char text[MESSAGE_TEXT_BYTES];

	message_format(&message, text);
	fields_text(object, "id", alert->id);
	fields_text(object, "kind", is_anomaly ? "anomaly" : "budget");
	fields_text(object, "state", alert_state_name(alert->state));
	fields_moment(object, "since", alert->since_ns);
	if (alert->until_ns)
		fields_moment(object, "until", alert->until_ns);
	if (alert->snooze_until_ns)
		fields_moment(object, "snoozed_until", alert->snooze_until_ns);
	if (is_anomaly) {
		fields_text(object, "function", alert->function);
		anomaly_fields(object, &alert->anomaly);
		if (alert->told_with[0])
			fields_text(object, "told_with", alert->told_with);
	} else {
		format_budget_alert(object, alert);
	}
	fields_text(object, "message", text);
	fields_array(object, "deliveries", json_array());
	return object;
}

static json_t *format_delivery(
    const struct store_delivery *delivery, const char *state, const char *error)
{
	json_t *object = json_object();

	fields_text(object, "channel", delivery->channel);
	fields_text(object, "state", state);
	fields_integer(object, "attempts", delivery->attempts);
	if (error && *error)
		fields_text(object, "error", error);
	return object;
}

/* The answer under construction. */
struct listing {
	json_t *alerts;
	json_t *tests;
};

static bool is_id(const json_t *alert, const char *member, const char *id, size_t bytes)
{
	const char *text = json_string_value(json_object_get(alert, member));

	return text && strlen(text) == bytes && strncmp(text, id, bytes) == 0;
}

/* A delivery's key begins with the id of its alert. */
static int visit_delivery(void *context, const struct store_delivery *delivery,
    const char *state, const char *error)
{
	const struct listing *listing = context;
	size_t id_bytes = strcspn(delivery->key, "/");
	json_t *row = format_delivery(delivery, state, error);
	size_t i;
	json_t *alert;

	if (strncmp(delivery->key, TEST_PREFIX, strlen(TEST_PREFIX)) == 0 &&
	    json_array_size(listing->tests) < TESTS_MAX) {
		fields_text(row, "key", delivery->key);
		fields_moment(row, "created", delivery->created_ns);
		(void)json_array_append_new(listing->tests, row);
		return 0;
	}
	json_array_foreach(listing->alerts, i, alert)
	{
		if (is_id(alert, "id", delivery->key, id_bytes) ||
		    is_id(alert, "told_with", delivery->key, id_bytes))
			(void)json_array_append(
			    json_object_get(alert, "deliveries"), row);
	}
	json_decref(row);
	return 0;
}

static int compare_since(const void *a, const void *b)
{
	const struct alert *x = a;
	const struct alert *y = b;

	return (x->since_ns < y->since_ns) - (x->since_ns > y->since_ns);
}

static json_t *list_alerts(struct alerts *alerts)
{
	struct alert_list copy = {0};
	json_t *list = json_array();

	(void)pthread_mutex_lock(&alerts->lock);
	for (size_t i = 0; i < alerts->alerts.n; i++)
		(void)alert_list_add(&copy, &alerts->alerts.items[i]);
	(void)pthread_mutex_unlock(&alerts->lock);
	if (copy.n)
		qsort(copy.items, copy.n, sizeof(*copy.items), compare_since);
	for (size_t i = 0; i < copy.n; i++)
		(void)json_array_append_new(list, format_alert(&copy.items[i]));
	alert_list_done(&copy);
	return list;
}

int api_alerts_list(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct alerts *alerts = context;
	struct listing listing = {list_alerts(alerts), json_array()};
	json_t *object = json_object();
	int err =
	    store_scan_outbox(alerts->store, DELIVERIES_MAX, visit_delivery, &listing);

	(void)request;
	fields_array(object, "alerts", listing.alerts);
	fields_array(object, "tests", listing.tests);
	if (err < 0) {
		json_decref(object);
		return err;
	}
	return api_reply(reply, object);
}

/* Changes one alert, keeps it, answers with it. until_ns 0: acknowledge. */
static int change(
    struct alerts *alerts, const char *id, int64_t until_ns, struct http_reply *reply)
{
	struct alert *alert;
	struct alert copy;
	int err = -ENOENT;

	(void)pthread_mutex_lock(&alerts->lock);
	alert = alert_find(&alerts->alerts, id);
	if (alert)
		err = until_ns ? rule_snooze(alert, until_ns) : rule_ack(alert);
	if (alert)
		copy = *alert;
	(void)pthread_mutex_unlock(&alerts->lock);
	if (err == -ENOENT)
		return http_reply_error(
		    reply, 404, "not_found", "there is no such alert");
	if (err)
		return http_reply_error(
		    reply, 409, "resolved", "the alert is resolved already");
	err = state_save_alert(alerts, id);
	return err < 0 ? err : api_reply(reply, format_alert(&copy));
}

int api_alert_ack(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	return change(context, request->parameter[0], 0, reply);
}

/* {"for":"1h"}: the moment until which to be silent, or a sentence in why. */
static int parse_snooze(
    const struct http_request *request, int64_t *until_ns, char *why, size_t why_size)
{
	static const char *const known[] = {"for", NULL};
	json_t *object =
	    fields_parse((const char *)request->body, request->body_bytes, why, why_size);
	const char *stranger = object ? fields_find_stranger(object, known) : NULL;
	const char *span = json_string_value(json_object_get(object, "for"));
	int64_t span_ns = 0;
	int err = 0;

	if (!object)
		return -EINVAL;
	if (stranger || !span || clock_parse_span(span, &span_ns) || span_ns <= 0 ||
	    span_ns > SNOOZE_MAX_NS) {
		(void)snprintf(why, why_size,
		    "the body must be {\"for\":\"1h\"}: a span of up to 30 days");
		err = -EINVAL;
	}
	json_decref(object);
	*until_ns = clock_wall_ns() + span_ns;
	return err;
}

int api_alert_snooze(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	char why[256];
	int64_t until_ns;

	if (parse_snooze(request, &until_ns, why, sizeof(why)))
		return api_reject(reply, why);
	return change(context, request->parameter[0], until_ns, reply);
}

/* A budget or the watch, copied out of the lock, with an alert as it would look now. */
struct test {
	struct alert alert;
	struct notify notify[NOTIFY_MAX];
	size_t notify_n;
};

static void name_test(struct test *test, const char *of, int64_t now_ns)
{
	(void)snprintf(test->alert.id, sizeof(test->alert.id), TEST_PREFIX "%s-%lld", of,
	    (long long)(now_ns / 1000000));
}

static void test_budget(
    const struct budget_entry *entry, int64_t now_ns, struct test *test)
{
	const struct budget *budget = &entry->budget;

	*test = (struct test){.alert = {.period = budget->period,
				  .threshold = budget->thresholds[0],
				  .since_ns = now_ns,
				  .limit = budget->limit,
				  .status = entry->status}};
	(void)text_copy(test->alert.budget, sizeof(test->alert.budget), budget->name);
	(void)text_copy(
	    test->alert.function, sizeof(test->alert.function), budget->function);
	name_test(test, budget->name, now_ns);
	test->notify_n = notify_copy(budget->notify, budget->notify_n, test->notify);
}

static void test_watch(const struct watch *watch, int64_t now_ns, struct test *test)
{
	*test = (struct test){.alert = {.kind = ALERT_ANOMALY,
				  .function = "example",
				  .since_ns = now_ns,
				  .anomaly = {.cause = ANOMALY_CALLS,
				      .up = true,
				      .day = now_ns / CLOCK_NS_PER_S / 86400,
				      .value = 5000,
				      .usual = 1000,
				      .low = 750,
				      .high = 1250,
				      .extra = watch->least}}};
	name_test(test, "anomalies", now_ns);
	test->notify_n = notify_copy(watch->notify, watch->notify_n, test->notify);
}

static int send_test(struct alerts *alerts, struct test *test, struct http_reply *reply)
{
	json_t *object;

	for (size_t i = 0; i < test->notify_n; i++) {
		char key[STATE_KEY_BYTES];
		const struct message message = {
		    .event = MESSAGE_TEST, .key = key, .alert = &test->alert};
		int err;

		state_key(&test->alert, RULE_FIRED, &test->notify[i], key);
		err = state_send(alerts, &message, &test->notify[i]);
		if (err < 0)
			return err;
	}
	engine_wake(alerts);
	object = json_object();
	fields_integer(object, "queued", (int64_t)test->notify_n);
	fields_text(object, "id", test->alert.id);
	return api_reply(reply, object);
}

/* budget NULL: the watch over anomalies. */
static int find_and_test(
    struct alerts *alerts, const char *budget, struct http_reply *reply)
{
	const struct budget_entry *entry = NULL;
	struct test test = {0};
	int err;

	(void)pthread_mutex_lock(&alerts->lock);
	if (budget)
		entry = state_find_budget(alerts, budget);
	if (entry)
		test_budget(entry, clock_wall_ns(), &test);
	else if (!budget)
		test_watch(&alerts->watch, clock_wall_ns(), &test);
	(void)pthread_mutex_unlock(&alerts->lock);
	if (budget && !entry)
		return http_reply_error(
		    reply, 404, "not_found", "there is no such budget");
	err = test.notify_n ? send_test(alerts, &test, reply)
			    : http_reply_error(reply, 409, "nobody_to_notify",
				  "%s no notify entries",
				  budget ? "the budget has" : "anomalies have");
	notify_done(test.notify, test.notify_n);
	return err;
}

int api_alerts_test(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	static const char *const known[] = {"budget", "anomalies", NULL};
	char why[256];
	json_t *object = fields_parse(
	    (const char *)request->body, request->body_bytes, why, sizeof(why));
	const char *name = json_string_value(json_object_get(object, "budget"));
	bool anomalies = json_is_true(json_object_get(object, "anomalies"));
	int err;

	if (!object)
		return api_reject(reply, why);
	if (fields_find_stranger(object, known) || json_object_size(object) != 1 ||
	    (!name && !anomalies))
		err = api_reject(reply,
		    "the body must be {\"budget\":\"name\"} or {\"anomalies\":true}");
	else
		err = find_and_test(context, name, reply);
	json_decref(object);
	return err;
}
