/* Who wants to be told of what was stored. */
#ifndef COLDMETER_SERVE_OBSERVERS_H
#define COLDMETER_SERVE_OBSERVERS_H

#include "store/store.h"

#define OBSERVERS_MAX 4

/* Either may be NULL, and must not block. */
struct observer {
	void (*run)(void *context, const struct store_run *run);       /* by function */
	void (*batch)(void *context, const struct store_batch *batch); /* in order */
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

void observers_tell_run(const struct observers *observers, const struct store_run *run);
void observers_tell_batch(
    const struct observers *observers, const struct store_batch *batch);

#endif
