/* What an alert says to people, whichever way it is sent. */
#ifndef COLDMETER_ALERTS_MESSAGE_H
#define COLDMETER_ALERTS_MESSAGE_H

#include <jansson.h>

#include "alerts/rule.h"

#define MESSAGE_TEXT_BYTES 768
#define MESSAGE_MONEY_BYTES (MONEY_TEXT_BYTES + 2)

enum message_event {
	MESSAGE_FIRED,
	MESSAGE_REMINDER, /* a snooze ended, and it is still so */
	MESSAGE_RESOLVED,
	MESSAGE_TEST
};

struct message {
	enum message_event event;
	const char *key; /* idempotency key of the delivery */
	const struct alert *alert;
};

/* "budget.threshold", "budget.reminder", "budget.resolved", "budget.test". */
const char *message_event_name(enum message_event event);

/* One sentence of printable plain text: what, how much of how much, and where it leads.
 * out holds MESSAGE_TEXT_BYTES. */
void message_format(enum message_event event, const struct alert *alert, char *out);

/* "$12.50"; small sums keep the digits that matter: "$0.000123". out holds
 * MESSAGE_MONEY_BYTES. */
void message_money(struct money m, char *out);

/* "2026-11-24 08:00 UTC". out holds CLOCK_RFC3339_BYTES. */
void message_moment(int64_t wall_ns, char *out);

#endif
