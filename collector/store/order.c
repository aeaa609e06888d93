/* A radix sort, which keeps the order of equals: one pass for each 11 bits in use. */
#include "store/order.h"

#include <errno.h>
#include <stdlib.h>

#define DIGIT_BITS 11
#define DIGITS (1U << DIGIT_BITS)

void store_order_done(struct store_order *order)
{
	free(order->records);
	*order = (struct store_order){0};
}

int store_order_add(struct store_order *order, const struct batch *batch,
    const uint32_t *ids, uint32_t number)
{
	size_t n = order->n + batch->invocations_n;

	if (n > order->room) {
		size_t room = n > order->room * 2 ? n : order->room * 2;
		struct store_record *more =
		    reallocarray(order->records, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		order->records = more;
		order->room = room;
	}
	for (size_t i = 0; i < batch->invocations_n; i++) {
		const struct invocation *inv = &batch->invocations[i];

		order->records[order->n++] = (struct store_record){
		    inv, ids[inv->function - batch->functions], number};
	}
	return 0;
}

static void sort_by_digit(const struct store_record *from, struct store_record *to,
    size_t n, unsigned int shift)
{
	size_t starts[DIGITS + 1] = {0};

	for (size_t i = 0; i < n; i++)
		starts[(from[i].id >> shift & (DIGITS - 1)) + 1]++;
	for (size_t i = 1; i < DIGITS; i++)
		starts[i] += starts[i - 1];
	for (size_t i = 0; i < n; i++)
		to[starts[from[i].id >> shift & (DIGITS - 1)]++] = from[i];
}

int store_order_sort(struct store_order *order)
{
	uint32_t bits = 0;
	struct store_record *other;

	for (size_t i = 0; i < order->n; i++)
		bits |= order->records[i].id;
	if (order->n == 0)
		return 0;
	other = reallocarray(NULL, order->n, sizeof(*other));
	if (!other)
		return -ENOMEM;
	for (unsigned int shift = 0; shift < 32 && bits >> shift; shift += DIGIT_BITS) {
		struct store_record *sorted = other;

		sort_by_digit(order->records, sorted, order->n, shift);
		other = order->records;
		order->records = sorted;
		order->room = order->n;
	}
	free(other);
	return 0;
}
