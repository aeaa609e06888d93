/* One invocation that ran for so long, and what a plan counts of it. */
#ifndef COLDMETER_TESTS_RAN_H
#define COLDMETER_TESTS_RAN_H

#include <stdint.h>
#include <string.h>

#include "price/plan.h"

#define MS 1000000ULL
#define MIB (1ULL << 20)
#define TODAY 1795305600000000000LL /* 2026-11-22 */

static struct function function;

static inline struct invocation ran(double ms)
{
	memset(&function, 0, sizeof(function));
	return (struct invocation){.function = &function,
	    .has = HAS_DURATION,
	    .start_type = START_WARM,
	    .start_ns = TODAY,
	    .duration_ns = (uint64_t)(ms * 1e6 + 0.5),
	    .concurrency = 1};
}

static inline void with_init(struct invocation *inv, double ms)
{
	inv->has |= HAS_INIT;
	inv->start_type = START_COLD;
	inv->init_ns = (uint64_t)(ms * 1e6 + 0.5);
}

static inline void with_peak(struct invocation *inv, uint64_t bytes)
{
	inv->has |= HAS_MEMORY;
	inv->peak_memory_bytes = bytes;
}

static inline uint64_t counted(
    const char *plan, const struct invocation *inv, enum usage_item item)
{
	struct usage usage = {0};

	plan_find(plan)->count(inv, &usage);
	return usage.item[item];
}

#endif
