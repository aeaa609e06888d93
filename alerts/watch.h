/* Settings of the watch over anomalies: whether, from how much money on, whom to tell. */
#ifndef COLDMETER_ALERTS_WATCH_H
#define COLDMETER_ALERTS_WATCH_H

#include <stdbool.h>

#include "alerts/notify.h"
#include "model/money.h"

#define WATCH_WHY_BYTES 256
#define WATCH_LEAST_USD 1 /* a day, unless the user says another: cents wake nobody */

struct watch {
	bool enabled;
	struct money least; /* that an anomaly makes a day, more or less than usual */
	struct notify notify[NOTIFY_MAX];
	size_t notify_n;
};

/* What holds until the user says something: it is on, and nobody is told. */
void watch_default(struct watch *watch);
void watch_done(struct watch *watch);

/* Reads the body of PUT /v1/anomalies; a key that is absent is the default's. Strict: 0,
 * -ENOMEM, or -EINVAL with one clear sentence in why (WATCH_WHY_BYTES); *out is untouched
 * then. Release with watch_done(). */
int watch_parse(const char *body, size_t body_bytes, struct watch *out, char *why);

/* The same back; masked: without what is secret in the addresses. malloc'd or NULL. */
char *watch_format(const struct watch *watch, bool masked);

#endif
