/* Who wants to be told of what was stored. */
#ifndef COLDMETER_SERVE_INGEST_OBSERVERS_H
#define COLDMETER_SERVE_INGEST_OBSERVERS_H

#include "store/store.h"

#define OBSERVERS_MAX 4

/* Must not block. */
typedef void (*observer)(void *context, const struct store_batch *batch);

/* Zero-initialised is empty and valid. */
struct observers {
	struct {
		observer tell;
		void *context;
	} items[OBSERVERS_MAX];
	size_t n;
};

/* One too many is logged and left out. */
void observers_add(struct observers *observers, observer tell, void *context);
void observers_remove(struct observers *observers, const void *context);

void observers_tell(const struct observers *observers, const struct store_batch *batch);

#endif
