/* A way to tell people: turns an alert into the body of one HTTP POST. */
#ifndef COLDMETER_ALERTS_CHANNEL_H
#define COLDMETER_ALERTS_CHANNEL_H

#include "alerts/message.h"

struct channel {
	const char *name; /* the "type" of a notify entry, "channel" of an outbox row */
	/* The JSON body, malloc'd; NULL when out of memory. Pure. */
	char *(*render)(const struct message *message);
};

extern const struct channel channel_slack;
extern const struct channel channel_webhook;

/* All of them, NULL-terminated. */
extern const struct channel *const channels[];

/* NULL: no such channel. */
const struct channel *channel_find(const char *name);

/* "slack, webhook": for errors. */
void channel_names(char *out, size_t size);

#endif
