#include "serve/ingest/observers.h"

#include "base/log.h"

void observers_add(struct observers *observers, observer tell, void *context)
{
	if (observers->n == OBSERVERS_MAX) {
		(void)log_error(0, "too many want to be told of batches");
		return;
	}
	observers->items[observers->n].tell = tell;
	observers->items[observers->n].context = context;
	observers->n++;
}

void observers_remove(struct observers *observers, const void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < observers->n; i++)
		if (observers->items[i].context != context)
			observers->items[kept++] = observers->items[i];
	observers->n = kept;
}

void observers_tell(const struct observers *observers, const struct store_batch *batch)
{
	for (size_t i = 0; i < observers->n; i++)
		observers->items[i].tell(observers->items[i].context, batch);
}
