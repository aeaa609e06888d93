/* The invocations of a group of batches, function by function. Whoever counts them goes
 * through them so: what is known of a function is looked up and brought near once, and
 * not once for each invocation. */
#ifndef COLDMETER_STORE_ORDER_H
#define COLDMETER_STORE_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/ahead.h"
#include "model/invocation.h"
#include "wire/batch.h"

struct store_record {
	const struct invocation *invocation; /* the batch's */
	uint32_t id;                         /* the store's number of its function */
	uint32_t batch;                      /* which of the group */
};

/* Zero-initialised is empty and valid. */
struct store_order {
	struct store_record *records;
	size_t n;
	size_t room;
};

void store_order_done(struct store_order *order);

/* Appends the invocations of a batch; ids are those of its functions. 0 or -ENOMEM. */
int store_order_add(struct store_order *order, const struct batch *batch,
    const uint32_t *ids, uint32_t number);

/* By function; those of one function stay in the order in which they were appended. 0 or
 * -ENOMEM. */
int store_order_sort(struct store_order *order);

/* Records at a time: while some are counted, the next are asked for. Returns how many to
 * take from number at on. */
static inline size_t store_order_next(const struct store_order *order, size_t at)
{
	size_t end = at + AHEAD_RECORDS < order->n ? at + AHEAD_RECORDS : order->n;

	for (size_t i = end; i < order->n && i < end + AHEAD_RECORDS; i++)
		ahead(order->records[i].invocation,
		    offsetof(struct invocation, response_ns));
	return end - at;
}

#endif
