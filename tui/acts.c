#include "tui/acts.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tui/field.h"

/* Appends ", text" to a list; what does not fit is left out. */
static void list_add(char *list, size_t size, const char *text)
{
	size_t at = strlen(list);

	if (at) {
		(void)text_copy(list + at, size - at, ", ");
		at = strlen(list);
	}
	(void)text_copy(list + at, size - at, text);
	text_make_printable(list);
}

static void parse_budget(const json_t *object, void *item)
{
	struct budget_row *row = item;
	const json_t *notify = json_object_get(object, "notify");
	const json_t *thresholds = json_object_get(object, "thresholds");
	char text[32];

	(void)field_text(object, "name", row->name, sizeof(row->name));
	(void)field_text(object, "period", row->period, sizeof(row->period));
	(void)field_text(object, "function", row->function, sizeof(row->function));
	(void)field_text(object, "state", row->state, sizeof(row->state));
	(void)field_text(
	    object, "top_function", row->top_function, sizeof(row->top_function));
	row->percent = field_number(object, "percent");
	(void)field_money(object, "limit_usd", &row->limit);
	(void)field_money(object, "spent_usd", &row->spent);
	row->has_forecast = field_money(object, "forecast_usd", &row->forecast);
	for (size_t i = 0; i < json_array_size(notify) && i < 8; i++)
		list_add(row->notify, sizeof(row->notify),
		    field_text(json_array_get(notify, i), "type", text, sizeof(text)));
	for (size_t i = 0; i < json_array_size(thresholds) && i < 8; i++) {
		(void)snprintf(text, sizeof(text), "%g%%",
		    json_number_value(json_array_get(thresholds, i)));
		list_add(row->thresholds, sizeof(row->thresholds), text);
	}
}

static void parse_alert(const json_t *object, void *item)
{
	struct alert_row *row = item;
	const json_t *deliveries = json_object_get(object, "deliveries");

	(void)field_text(object, "id", row->id, sizeof(row->id));
	if (!*field_text(object, "budget", row->budget, sizeof(row->budget)))
		(void)field_text(object, "kind", row->budget, sizeof(row->budget));
	(void)field_text(object, "state", row->state, sizeof(row->state));
	(void)field_text(object, "message", row->message, sizeof(row->message));
	row->threshold = field_number(object, "threshold");
	row->since_ns = field_time(object, "since");
	row->until_ns = field_time(object, "until");
	row->has_limit = field_money(object, "limit_usd", &row->limit);
	(void)field_money(
	    object, row->has_limit ? "spent_usd" : "extra_usd", &row->spent);
	for (size_t i = 0; i < json_array_size(deliveries) && i < 8; i++) {
		const json_t *one = json_array_get(deliveries, i);
		char channel[32], state[32], error[128], text[200];

		(void)field_text(one, "channel", channel, sizeof(channel));
		(void)field_text(one, "state", state, sizeof(state));
		(void)field_text(one, "error", error, sizeof(error));
		(void)snprintf(text, sizeof(text), "%s %s%s%s", channel, state,
		    error[0] ? ": " : "", error);
		list_add(row->delivery, sizeof(row->delivery), text);
	}
}

static void parse_keepwarm(const json_t *object, void *item)
{
	struct keepwarm_row *row = item;

	(void)field_text(object, "function", row->function, sizeof(row->function));
	(void)field_text(object, "state", row->state, sizeof(row->state));
	(void)field_text(object, "ping_url", row->ping_url, sizeof(row->ping_url));
	(void)field_text(object, "why", row->why, sizeof(row->why));
	(void)field_text(object, "trouble", row->trouble, sizeof(row->trouble));
	row->enabled = field_is_true(object, "enabled");
	row->idle_life_s = field_number(object, "idle_life_s");
	row->warm_max_s = field_number(object, "warm_max_s");
	row->cold_min_s = field_number(object, "cold_min_s");
	row->samples = field_count(object, "samples");
	row->pings = field_count(object, "pings");
	row->pings_cold = field_count(object, "pings_cold");
	row->cold_avoided = field_count(object, "cold_avoided");
	row->cold_before = field_count(object, "cold_before");
	row->cold_since = field_count(object, "cold_since");
	(void)field_money(object, "ping_cost_usd", &row->ping_cost);
	(void)field_money(object, "saved_usd", &row->saved);
	(void)field_money(object, "net_usd", &row->net);
	row->next_ping_ns = field_time(object, "next_ping");
	row->last_ping_ns = field_time(object, "last_ping");
}

static void parse_advice(const json_t *object, void *item)
{
	struct advice_row *row = item;
	const json_t *now = json_object_get(object, "now");
	const json_t *then = json_object_get(object, "then");

	(void)field_text(object, "function", row->function, sizeof(row->function));
	(void)field_text(object, "why", row->why, sizeof(row->why));
	row->provisioned = field_count(object, "provisioned");
	row->enough = field_is_true(object, "enough_data");
	(void)field_money(now, "cost_month_usd", &row->cost_now);
	(void)field_money(then, "cost_month_usd", &row->cost_then);
	(void)field_money(object, "saving_month_usd", &row->saving);
	row->cold_now = field_number(now, "cold_per_month");
	row->cold_then = field_number(then, "cold_per_month");
	row->cold_avoided = field_number(object, "cold_avoided_per_month");
}

const struct row_kind budget_kind = {
    "budgets", sizeof(struct budget_row), 1000, parse_budget};
const struct row_kind alert_kind = {
    "alerts", sizeof(struct alert_row), 1000, parse_alert};
const struct row_kind keepwarm_kind = {
    "keepwarm", sizeof(struct keepwarm_row), 5000, parse_keepwarm};
const struct row_kind advice_kind = {
    "advice", sizeof(struct advice_row), 5000, parse_advice};
