/* How many concurrent slots of a function to reserve: the per-slot rule on measured
 * concurrency. Pure. */
#ifndef COLDMETER_ALERTS_ADVICE_CONCURRENCY_H
#define COLDMETER_ALERTS_ADVICE_CONCURRENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/advice/level.h"

#define ADVICE_MAX_SLOTS 1000 /* AWS's default limit for an account and region */
#define ADVICE_WHY_BYTES 320
#define ADVICE_ENOUGH_NS (3600LL * 1000000000)
#define ADVICE_ENOUGH_INVOCATIONS 50

/* One invocation, as long as it is billed. */
struct advice_interval {
	int64_t start_ns;
	int64_t end_ns;
	uint32_t init_ms;  /* billed init of a cold one */
	uint32_t function; /* the caller's, not read here */
	bool cold;
};

struct advice {
	struct advice_slot slots[ADVICE_MAX_SLOTS]; /* [0] is slot 1 */
	uint32_t slots_n;                           /* the highest concurrency seen */
	uint32_t provisioned;
	uint64_t invocations;
	uint64_t cold;
	uint64_t cold_avoided; /* all of the window, as the following */
	struct money now;
	struct money then;
	int64_t window_ns;
	bool enough_data;
	char why[ADVICE_WHY_BYTES];
};

/* intervals are sorted by start. Slot k is reserved when what it saves while busy, and
 * what its cold starts cost, reach the price of reserving it; the level is the one with
 * the greatest gain. 0 or -ENOMEM. */
int advice_concurrency(const struct advice_interval *intervals, size_t n,
    const struct advice_terms *terms, struct advice *out);

/* A sum of the window as a month of 730 hours. */
struct money advice_month(struct money window, int64_t window_ns);

#endif
