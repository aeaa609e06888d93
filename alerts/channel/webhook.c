/* A flat JSON object for programs: {"event":"budget.threshold","id",...}, or of an
 * anomaly
 * {"event":"anomaly.found","id","function","day",...}. */
#include "alerts/anomaly_words.h"
#include "alerts/channel.h"
#include "alerts/fields.h"

static void add_status(json_t *object, const struct alert *alert)
{
	const struct budget_status *status = &alert->status;
	uint32_t permille = budget_permille(status->spent, alert->limit);

	fields_money(object, "spent_usd", status->spent);
	fields_money(object, "limit_usd", alert->limit);
	fields_real(object, "percent", permille / 10.0);
	fields_money(object, "per_hour_usd", status->per_hour);
	fields_money(object, "forecast_usd", status->forecast);
	fields_money(object, "forecast_low_usd", status->forecast_low);
	fields_money(object, "forecast_high_usd", status->forecast_high);
	fields_moment(object, "period_start", status->period_start_ns);
	fields_moment(object, "period_end", status->period_end_ns);
	if (status->top_function[0]) {
		fields_text(object, "top_function", status->top_function);
		fields_money(object, "top_function_usd", status->top_spent);
	}
}

static void add_budget(json_t *object, const struct alert *alert)
{
	fields_text(object, "budget", alert->budget);
	if (alert->function[0])
		fields_text(object, "function", alert->function);
	fields_text(object, "period", budget_period_name(alert->period));
	fields_integer(object, "threshold", alert->threshold);
	add_status(object, alert);
}

static void add_anomaly(json_t *object, const struct message *message)
{
	fields_text(object, "function", message->alert->function);
	anomaly_fields(object, &message->alert->anomaly);
	fields_integer(object, "others", (int64_t)message->others.n);
	if (message->others.n)
		fields_money(object, "others_extra_usd", message->others.extra);
}

static char *render(const struct message *message)
{
	const struct alert *alert = message->alert;
	json_t *object = json_object();
	char text[MESSAGE_TEXT_BYTES];

	message_format(message, text);
	fields_text(object, "event", message_event_name(message));
	fields_text(object, "key", message->key);
	fields_text(object, "id", alert->id);
	fields_text(object, "state",
	    message->event == MESSAGE_TEST ? "test" : alert_state_name(alert->state));
	fields_moment(object, "since", alert->since_ns);
	if (alert->until_ns)
		fields_moment(object, "until", alert->until_ns);
	if (alert->kind == ALERT_ANOMALY)
		add_anomaly(object, message);
	else
		add_budget(object, alert);
	fields_text(object, "message", text);
	return fields_take(object);
}

const struct channel channel_webhook = {.name = "webhook", .render = render};
