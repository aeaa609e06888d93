#include "serve/observers.h"

#include "base/log.h"

void observers_add(struct observers *observers, const struct observer *observer)
{
	if (observers->n == OBSERVERS_MAX)
		(void)log_error(0, "too many want to be told of batches");
	else
		observers->items[observers->n++] = *observer;
}

void observers_remove(struct observers *observers, const void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < observers->n; i++)
		if (observers->items[i].context != context)
			observers->items[kept++] = observers->items[i];
	observers->n = kept;
}

static bool is_told(const struct store_batch *stored)
{
	return stored->is_new && !stored->imported;
}

static void tell_batch(const struct observers *observers, const struct store_batch *batch)
{
	for (size_t i = 0; i < observers->n; i++) {
		if (observers->items[i].batch)
			observers->items[i].batch(observers->items[i].context, batch);
	}
}

static void tell_counted(
    const struct observers *observers, const struct store_record *records, size_t n)
{
	for (size_t i = 0; i < observers->n; i++) {
		if (observers->items[i].counted)
			observers->items[i].counted(
			    observers->items[i].context, records, n);
	}
}

void observers_tell(const struct observers *observers, const struct store_batch *batches,
    size_t n, struct store_order *order)
{
	size_t told = 0;
	size_t some;

	for (size_t i = 0; i < n; i++) {
		if (is_told(&batches[i]))
			tell_batch(observers, &batches[i]);
	}
	for (size_t i = 0; i < order->n; i++) {
		if (is_told(&batches[order->records[i].batch]))
			order->records[told++] = order->records[i];
	}
	order->n = told;
	for (size_t i = 0; i < order->n; i += some) {
		some = store_order_next(order, i);
		tell_counted(observers, &order->records[i], some);
	}
}
