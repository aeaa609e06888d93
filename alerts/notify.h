/* Whom an alert is told: a list of channels and addresses, as settings write it. */
#ifndef COLDMETER_ALERTS_NOTIFY_H
#define COLDMETER_ALERTS_NOTIFY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define NOTIFY_MAX 8

struct channel;

struct notify {
	const struct channel *channel;
	char *url; /* a secret: owned, never logged or shown whole */
};

/* Reads [{"type","url"}]; NULL is an empty list. Strict: 0, -ENOMEM, or -EINVAL with one
 * sentence in why. *n grows as entries are taken, also on failure. */
int notify_parse(const json_t *list, struct notify out[NOTIFY_MAX], size_t *n, char *why,
    size_t why_size);

/* The same list back; masked: without what is secret in the addresses. */
json_t *notify_format(const struct notify *list, size_t n, bool masked);

/* Copies of the n entries into out; what there is no memory for is left out. Returns how
 * many. */
size_t notify_copy(const struct notify *list, size_t n, struct notify out[NOTIFY_MAX]);

void notify_done(struct notify *list, size_t n);

#endif
