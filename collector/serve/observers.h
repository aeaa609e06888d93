/* Who wants to be told of what was stored. */
#ifndef COLDMETER_SERVE_OBSERVERS_H
#define COLDMETER_SERVE_OBSERVERS_H

#include "store/store.h"

#define OBSERVERS_MAX 8

/* What is told, each or NULL; none may block. */
struct observer {
	/* Some of what was counted; those of one function stand together. */
	void (*counted)(void *context, const struct store_record *records, size_t n);
	void (*batch)(void *context, const struct store_batch *batch);
	void *context;
};

/* Zero-initialised is empty and valid. */
struct observers {
	struct observer items[OBSERVERS_MAX];
	size_t n;
};

/* One too many is logged and left out. */
void observers_add(struct observers *observers, const struct observer *observer);
void observers_remove(struct observers *observers, const void *context);

/* Of a group that was stored, and the order in which it was counted, which is thinned to
 * what was told. Imported batches are not: they are over, and no part of what goes on. */
void observers_tell(const struct observers *observers, const struct store_batch *batches,
    size_t n, struct store_order *order);

#endif
