#include "alerts/message.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

const char *message_event_name(enum message_event event)
{
	switch (event) {
	case MESSAGE_FIRED:
		return "budget.threshold";
	case MESSAGE_REMINDER:
		return "budget.reminder";
	case MESSAGE_RESOLVED:
		return "budget.resolved";
	case MESSAGE_TEST:
		return "budget.test";
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

void message_format(enum message_event event, const struct alert *alert, char *out)
{
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
	if (event == MESSAGE_RESOLVED)
		format_why(alert, tail, sizeof(tail));
	else
		(void)snprintf(
		    tail, sizeof(tail), "at this rate %s by %s", forecast, end);
	(void)snprintf(out, MESSAGE_TEXT_BYTES,
	    "%sBudget %s%s%s: %s spent of %s %s (%u.%u %%, threshold %u %%); %s.",
	    event == MESSAGE_TEST       ? "Test. "
	    : event == MESSAGE_REMINDER ? "Reminder. "
	    : event == MESSAGE_RESOLVED ? "Resolved. "
					: "",
	    alert->budget, alert->function[0] ? " of " : "", alert->function, spent,
	    limit, budget_period_now(alert->period), permille / 10, permille % 10,
	    alert->threshold, tail);
	text_make_printable(out);
}
