/* The document of an alert: times in nanoseconds, so that what is read is what was kept.
 */
#include "alerts/rule.h"

#include <errno.h>
#include <string.h>

#include "alerts/fields.h"

#define DAY_MAX 4000000 /* since the epoch: year 12000 */

static void format_anomaly(json_t *object, const struct anomaly *a)
{
	fields_integer(object, "what", a->what);
	fields_integer(object, "cause", a->cause);
	fields_bool(object, "up", a->up);
	fields_integer(object, "day", a->day);
	fields_integer(object, "value", (int64_t)a->value);
	fields_integer(object, "usual", (int64_t)a->usual);
	fields_integer(object, "low", (int64_t)a->low);
	fields_integer(object, "high", (int64_t)a->high);
	fields_money(object, "extra_usd", a->extra);
	fields_integer(object, "usual_duration_ns", (int64_t)a->duration_ns[0]);
	fields_integer(object, "duration_ns", (int64_t)a->duration_ns[1]);
	fields_integer(object, "usual_init_ns", (int64_t)a->init_ns[0]);
	fields_integer(object, "init_ns", (int64_t)a->init_ns[1]);
	fields_integer(object, "usual_memory_mb", (int64_t)a->memory_mb[0]);
	fields_integer(object, "memory_mb", (int64_t)a->memory_mb[1]);
}

static void format_budget(json_t *object, const struct alert *alert)
{
	const struct budget_status *status = &alert->status;

	fields_text(object, "budget", alert->budget);
	fields_text(object, "period", budget_period_name(alert->period));
	fields_integer(object, "threshold", alert->threshold);
	fields_integer(object, "generation", alert->generation);
	fields_money(object, "limit_usd", alert->limit);
	fields_integer(object, "period_start_ns", status->period_start_ns);
	fields_integer(object, "period_end_ns", status->period_end_ns);
	fields_money(object, "spent_usd", status->spent);
	fields_money(object, "per_hour_usd", status->per_hour);
	fields_money(object, "forecast_usd", status->forecast);
	fields_money(object, "forecast_low_usd", status->forecast_low);
	fields_money(object, "forecast_high_usd", status->forecast_high);
	fields_text(object, "top_function", status->top_function);
	fields_money(object, "top_spent_usd", status->top_spent);
}

char *alert_format(const struct alert *alert)
{
	json_t *object = json_object();
	json_t *anomaly = alert->kind == ALERT_ANOMALY ? json_object() : NULL;

	fields_text(object, "id", alert->id);
	fields_text(object, "function", alert->function);
	fields_text(object, "state", alert_state_name(alert->state));
	fields_integer(object, "since_ns", alert->since_ns);
	fields_integer(object, "until_ns", alert->until_ns);
	fields_integer(object, "snooze_until_ns", alert->snooze_until_ns);
	fields_integer(object, "reminders", alert->reminders);
	if (anomaly) {
		fields_text(object, "told_with", alert->told_with);
		format_anomaly(anomaly, &alert->anomaly);
		fields_array(object, "anomaly", anomaly);
	} else {
		format_budget(object, alert);
	}
	return fields_take(object);
}

static enum alert_state state_find(const char *name)
{
	int i = 0;

	while (
	    i < ALERT_STATES && strcmp(alert_state_name((enum alert_state)i), name) != 0)
		i++;
	return (enum alert_state)i;
}

static void parse_status(const json_t *object, struct budget_status *status)
{
	status->period_start_ns = fields_get_integer(object, "period_start_ns", 0);
	status->period_end_ns = fields_get_integer(object, "period_end_ns", 0);
	status->spent = fields_get_money(object, "spent_usd");
	status->per_hour = fields_get_money(object, "per_hour_usd");
	status->forecast = fields_get_money(object, "forecast_usd");
	status->forecast_low = fields_get_money(object, "forecast_low_usd");
	status->forecast_high = fields_get_money(object, "forecast_high_usd");
	fields_get_text(
	    object, "top_function", status->top_function, sizeof(status->top_function));
	status->top_spent = fields_get_money(object, "top_spent_usd");
}

static int parse_budget(const json_t *object, struct alert *a)
{
	char word[16];

	fields_get_text(object, "budget", a->budget, sizeof(a->budget));
	fields_get_text(object, "period", word, sizeof(word));
	a->period = budget_period_find(word);
	a->threshold = (uint32_t)fields_get_integer(object, "threshold", 0);
	a->generation = (uint32_t)fields_get_integer(object, "generation", 0);
	a->limit = fields_get_money(object, "limit_usd");
	parse_status(object, &a->status);
	return a->budget[0] && a->period != BUDGET_PERIODS && a->threshold &&
		       a->limit.pico > 0
		   ? 0
		   : -EBADMSG;
}

static uint64_t get_count(const json_t *object, const char *key)
{
	int64_t value = fields_get_integer(object, key, 0);

	return value > 0 ? (uint64_t)value : 0;
}

static int parse_anomaly(const json_t *object, struct anomaly *a)
{
	int64_t what = fields_get_integer(object, "what", -1);
	int64_t cause = fields_get_integer(object, "cause", -1);

	a->day = fields_get_integer(object, "day", -1);
	if (a->day < 0 || a->day > DAY_MAX || what < ANOMALY_VOLUME ||
	    what > ANOMALY_UNIT_COST || cause < ANOMALY_CALLS || cause > ANOMALY_COLD)
		return -EBADMSG;
	a->what = (enum anomaly_what)what;
	a->cause = (enum anomaly_cause)cause;
	a->up = json_is_true(json_object_get(object, "up"));
	a->value = get_count(object, "value");
	a->usual = get_count(object, "usual");
	a->low = get_count(object, "low");
	a->high = get_count(object, "high");
	a->extra = fields_get_money(object, "extra_usd");
	a->duration_ns[0] = get_count(object, "usual_duration_ns");
	a->duration_ns[1] = get_count(object, "duration_ns");
	a->init_ns[0] = get_count(object, "usual_init_ns");
	a->init_ns[1] = get_count(object, "init_ns");
	a->memory_mb[0] = get_count(object, "usual_memory_mb");
	a->memory_mb[1] = get_count(object, "memory_mb");
	return 0;
}

static int parse_kind(const json_t *object, struct alert *a)
{
	const json_t *anomaly = json_object_get(object, "anomaly");

	if (!anomaly)
		return parse_budget(object, a);
	a->kind = ALERT_ANOMALY;
	fields_get_text(object, "told_with", a->told_with, sizeof(a->told_with));
	return a->function[0] ? parse_anomaly(anomaly, &a->anomaly) : -EBADMSG;
}

int alert_parse(const char *text, struct alert *out)
{
	struct alert a = {0};
	char why[128];
	char word[16];
	json_t *object = fields_parse(text, strlen(text), why, sizeof(why));
	int err;

	if (!object)
		return -EBADMSG;
	fields_get_text(object, "id", a.id, sizeof(a.id));
	fields_get_text(object, "function", a.function, sizeof(a.function));
	fields_get_text(object, "state", word, sizeof(word));
	a.state = state_find(word);
	a.since_ns = fields_get_integer(object, "since_ns", 0);
	a.until_ns = fields_get_integer(object, "until_ns", 0);
	a.snooze_until_ns = fields_get_integer(object, "snooze_until_ns", 0);
	a.reminders = (uint32_t)fields_get_integer(object, "reminders", 0);
	err = parse_kind(object, &a);
	json_decref(object);
	if (err || !a.id[0] || a.state == ALERT_STATES)
		return -EBADMSG;
	*out = a;
	return 0;
}
