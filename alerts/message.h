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

#define MESSAGE_OTHERS_BYTES FUNCTION_NAME_BYTES

/* What one message tells of beside its alert, so that many at once are no storm. */
struct message_others {
	size_t n;                         /* 0: nothing */
	char names[MESSAGE_OTHERS_BYTES]; /* of the first of them */
	struct money extra;               /* of all of them */
};

struct message {
	enum message_event event;
	const char *key; /* idempotency key of the delivery */
	const struct alert *alert;
	struct message_others others;
};

/* "budget.threshold", "budget.reminder", "budget.resolved", "budget.test", and
 * "anomaly.found" and so on. */
const char *message_event_name(const struct message *message);

/* One or two sentences of printable plain text: what, how much of how much, and where it
 * leads. out holds MESSAGE_TEXT_BYTES. */
void message_format(const struct message *message, char *out);

/* "$12.50"; small sums keep the digits that matter: "$0.000123". out holds
 * MESSAGE_MONEY_BYTES. */
void message_money(struct money m, char *out);

/* "2026-11-24 08:00 UTC". out holds CLOCK_RFC3339_BYTES. */
void message_moment(int64_t wall_ns, char *out);

#endif
