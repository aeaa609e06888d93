#include "serve/observers.h"

#include "base/log.h"

void observers_add(struct observers *observers, const struct observer *observer)
{
	if (observers->n < OBSERVERS_MAX)
		observers->items[observers->n++] = *observer;
	else
		(void)log_error(0, "too many want to be told of batches");
}

void observers_remove(struct observers *observers, const void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < observers->n; i++)
		if (observers->items[i].context != context)
			observers->items[kept++] = observers->items[i];
	observers->n = kept;
}

void observers_tell_run(const struct observers *observers, const struct store_run *run)
{
	for (size_t i = 0; i < observers->n; i++)
		if (observers->items[i].run)
			observers->items[i].run(observers->items[i].context, run);
}

void observers_tell_batch(
    const struct observers *observers, const struct store_batch *batch)
{
	for (size_t i = 0; i < observers->n; i++)
		if (observers->items[i].batch)
			observers->items[i].batch(observers->items[i].context, batch);
}
