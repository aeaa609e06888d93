/* The per-slot rule: how many slots are worth reserving. Pure. */
#ifndef COLDMETER_ALERTS_ADVICE_LEVEL_H
#define COLDMETER_ALERTS_ADVICE_LEVEL_H

#include <stdint.h>

#include "model/money.h"
#include "price/rates.h"

struct advice_terms {
	int64_t since_ns; /* the window, until > since */
	int64_t until_ns;
	uint32_t memory_mb; /* > 0 */
	struct lambda_rates rates;
	struct money
	    cold_start; /* what a cold start is worth to the user beside the bill */
};

/* Slot k is busy while at least k invocations run. */
struct advice_slot {
	int64_t busy_ns;
	uint64_t starts; /* of busy runs */
	uint64_t cold;   /* of those */
};

/* Slot k is worth it when what it saves while busy, and what its cold starts cost at
 * cold_start each, reach the price of reserving it for the window; the level is the one
 * with the greatest gain. 0 where the book prices no reserving. */
uint32_t advice_level(const struct advice_slot *slots, uint32_t slots_n,
    const struct advice_terms *terms, struct money cold_start);

/* From which share of time, in percent, a reserved slot is cheaper by the bill alone; 0
 * when it never is. */
double advice_break_even_pct(const struct lambda_rates *rates);

#endif
