/* What a rollup is made of, as tables: for its own modules. */
#ifndef COLDMETER_MODEL_ROLLUP_PARTS_H
#define COLDMETER_MODEL_ROLLUP_PARTS_H

#include <stdbool.h>

#include "model/rollup.h"

#define ROLLUP_COUNTERS 21
#define ROLLUP_HISTOGRAMS 4

/* Counters in the order of the first coding: append, never reorder. The statuses follow.
 */
struct rollup_counter {
	size_t offset;
	bool is_max; /* merges to the greater one, not to the sum */
};
extern const struct rollup_counter rollup_counters[ROLLUP_COUNTERS];

/* Histograms in the order of the first coding: append, never reorder. */
extern const size_t rollup_histograms[ROLLUP_HISTOGRAMS];

static inline uint64_t *rollup_counter(struct rollup *r, size_t i)
{
	return (uint64_t *)((char *)r + rollup_counters[i].offset);
}

static inline uint64_t rollup_counter_value(const struct rollup *r, size_t i)
{
	return *(const uint64_t *)((const char *)r + rollup_counters[i].offset);
}

static inline struct histogram *rollup_histogram(struct rollup *r, size_t i)
{
	return (struct histogram *)((char *)r + rollup_histograms[i]);
}

static inline const struct histogram *rollup_histogram_const(
    const struct rollup *r, size_t i)
{
	return (const struct histogram *)((const char *)r + rollup_histograms[i]);
}

/* Adds everything but the histograms. */
void rollup_merge_counters(struct rollup *into, const struct rollup *from);

#endif
