/* The document of an alert: times in nanoseconds, so that what is read is what was kept.
 */
#include "alerts/rule.h"

#include <errno.h>
#include <string.h>

#include "alerts/fields.h"

char *alert_format(const struct alert *alert)
{
	const struct budget_status *status = &alert->status;
	json_t *object = json_object();

	fields_text(object, "id", alert->id);
	fields_text(object, "budget", alert->budget);
	fields_text(object, "function", alert->function);
	fields_text(object, "period", budget_period_name(alert->period));
	fields_integer(object, "threshold", alert->threshold);
	fields_text(object, "state", alert_state_name(alert->state));
	fields_integer(object, "since_ns", alert->since_ns);
	fields_integer(object, "until_ns", alert->until_ns);
	fields_integer(object, "snooze_until_ns", alert->snooze_until_ns);
	fields_integer(object, "generation", alert->generation);
	fields_integer(object, "reminders", alert->reminders);
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

int alert_parse(const char *text, struct alert *out)
{
	struct alert a = {0};
	char why[128];
	char word[16];
	json_t *object = fields_parse(text, strlen(text), why, sizeof(why));

	if (!object)
		return -EBADMSG;
	fields_get_text(object, "id", a.id, sizeof(a.id));
	fields_get_text(object, "budget", a.budget, sizeof(a.budget));
	fields_get_text(object, "function", a.function, sizeof(a.function));
	fields_get_text(object, "period", word, sizeof(word));
	a.period = budget_period_find(word);
	fields_get_text(object, "state", word, sizeof(word));
	a.state = state_find(word);
	a.threshold = (uint32_t)fields_get_integer(object, "threshold", 0);
	a.since_ns = fields_get_integer(object, "since_ns", 0);
	a.until_ns = fields_get_integer(object, "until_ns", 0);
	a.snooze_until_ns = fields_get_integer(object, "snooze_until_ns", 0);
	a.generation = (uint32_t)fields_get_integer(object, "generation", 0);
	a.reminders = (uint32_t)fields_get_integer(object, "reminders", 0);
	a.limit = fields_get_money(object, "limit_usd");
	parse_status(object, &a.status);
	json_decref(object);
	if (!a.id[0] || !a.budget[0] || a.state == ALERT_STATES ||
	    a.period == BUDGET_PERIODS || !a.threshold || a.limit.pico <= 0)
		return -EBADMSG;
	*out = a;
	return 0;
}
