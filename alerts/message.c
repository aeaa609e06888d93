#include "alerts/message.h"

#include <stdio.h>
#include <string.h>

#include "alerts/anomaly_words.h"
#include "base/clock.h"
#include "base/text.h"

const char *message_event_name(const struct message *message)
{
	bool anomaly = message->alert->kind == ALERT_ANOMALY;

	switch (message->event) {
	case MESSAGE_FIRED:
		return anomaly ? "anomaly.found" : "budget.threshold";
	case MESSAGE_REMINDER:
		return anomaly ? "anomaly.reminder" : "budget.reminder";
	case MESSAGE_RESOLVED:
		return anomaly ? "anomaly.resolved" : "budget.resolved";
	case MESSAGE_TEST:
		return anomaly ? "anomaly.test" : "budget.test";
	}
	return "unknown";
}

void message_money(struct money m, char *out)
{
	static const struct money cent = {10000000000};
	struct money size = {m.pico < 0 ? -m.pico : m.pico};
	char text[MONEY_TEXT_BYTES];
	int decimals = 2;

	/* two digits that are not 0, as far as a pico-dollar goes */
	for (struct money step = cent;
	     size.pico && decimals < 12 && money_compare(size, step) < 0; step.pico /= 10)
		decimals += decimals == 2 ? 2 : 1;
	money_format_rounded(size, decimals, text);
	(void)snprintf(out, MESSAGE_MONEY_BYTES, "%s$%s", m.pico < 0 ? "-" : "", text);
}

void message_moment(int64_t wall_ns, char *out)
{
	char text[CLOCK_RFC3339_BYTES];

	clock_format_rfc3339(wall_ns, text);
	(void)snprintf(out, CLOCK_RFC3339_BYTES, "%.10s %.5s UTC", text, text + 11);
}

static void format_why(const struct alert *alert, char *out, size_t size)
{
	bool rolled = alert->until_ns >= alert->status.period_end_ns;

	(void)snprintf(out, size, "%s",
	    rolled ? "a new period has begun" : "the budget was changed");
}

static const char *opening(enum message_event event)
{
	switch (event) {
	case MESSAGE_REMINDER:
		return "Reminder. ";
	case MESSAGE_RESOLVED:
		return "Resolved. ";
	case MESSAGE_TEST:
		return "Test. ";
	case MESSAGE_FIRED:
		break;
	}
	return "";
}

static void format_others(const struct message_others *others, char *out, size_t size)
{
	char extra[MESSAGE_MONEY_BYTES];

	message_money(others->extra, extra);
	(void)snprintf(out, size,
	    " So %s %zu more, %s in all: %s%s; `coldmeter alerts` has each of them.",
	    others->n == 1 ? "is" : "are", others->n, extra, others->names,
	    others->n > 3 ? ", ..." : "");
}

static void format_anomaly(const struct message *message, char *out)
{
	const struct alert *alert = message->alert;
	char words[ANOMALY_WORDS_BYTES];
	size_t at;

	anomaly_words(&alert->anomaly, words);
	if (message->event == MESSAGE_RESOLVED)
		(void)snprintf(out, MESSAGE_TEXT_BYTES,
		    "%sFunction %.80s is back in its band. It was out: %s.",
		    opening(message->event), alert->function, words);
	else
		(void)snprintf(out, MESSAGE_TEXT_BYTES, "%sFunction %.80s: %s.",
		    opening(message->event), alert->function, words);
	at = strlen(out);
	if (message->others.n)
		format_others(&message->others, out + at, MESSAGE_TEXT_BYTES - at);
}

static void format_budget(const struct message *message, char *out)
{
	const struct alert *alert = message->alert;
	const struct budget_status *status = &alert->status;
	char spent[MESSAGE_MONEY_BYTES];
	char limit[MESSAGE_MONEY_BYTES];
	char forecast[MESSAGE_MONEY_BYTES];
	char end[CLOCK_RFC3339_BYTES];
	char tail[160];
	uint32_t permille = budget_permille(status->spent, alert->limit);

	message_money(status->spent, spent);
	message_money(alert->limit, limit);
	message_money(status->forecast, forecast);
	message_moment(status->period_end_ns, end);
	if (message->event == MESSAGE_RESOLVED)
		format_why(alert, tail, sizeof(tail));
	else
		(void)snprintf(
		    tail, sizeof(tail), "at this rate %s by %s", forecast, end);
	(void)snprintf(out, MESSAGE_TEXT_BYTES,
	    "%sBudget %s%s%s: %s spent of %s %s (%u.%u %%, threshold %u %%); %s.",
	    opening(message->event), alert->budget, alert->function[0] ? " of " : "",
	    alert->function, spent, limit, budget_period_now(alert->period),
	    permille / 10, permille % 10, alert->threshold, tail);
}

void message_format(const struct message *message, char *out)
{
	if (message->alert->kind == ALERT_ANOMALY)
		format_anomaly(message, out);
	else
		format_budget(message, out);
	text_make_printable(out);
}
