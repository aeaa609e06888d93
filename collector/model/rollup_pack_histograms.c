#include "model/rollup_pack.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/histogram_pack.h"
#include "model/rollup_parts.h"

static const size_t order[] = {
    offsetof(struct rollup, cold_duration),
    offsetof(struct rollup, warm),
    offsetof(struct rollup, init),
    offsetof(struct rollup, memory),
};

#define HISTOGRAMS (sizeof(order) / sizeof(order[0]))

_Static_assert(HISTOGRAMS == ROLLUP_HISTOGRAMS, "a new one belongs at the end of order");

/* cold_sum: of the cold durations, which come first. */
static struct histogram_guess guess_histogram(
    const struct rollup *counters, size_t i, uint64_t cold_sum)
{
	struct histogram_guess guess = {.count = counters->invocations};

	if (order[i] == offsetof(struct rollup, cold_duration)) {
		guess.count = counters->cold;
	} else if (order[i] == offsetof(struct rollup, warm)) {
		guess.count -= counters->cold;
		guess.sum = histogram_ticks(counters->duration_ns) - cold_sum;
	} else if (order[i] == offsetof(struct rollup, init)) {
		guess.count = counters->cold;
		guess.sum = histogram_ticks(counters->init_ns);
	} else {
		guess.max = counters->memory_max_bytes;
	}
	return guess;
}

int rollup_pack_histograms(const struct rollup *r, uint8_t **out, size_t *out_bytes)
{
	AUTO(free) uint8_t *bytes = NULL;
	size_t size = 2;
	size_t at = 2;

	for (size_t i = 0; i < HISTOGRAMS; i++)
		size += histogram_packed_max(rollup_histogram_const(r, i));
	bytes = malloc(size);
	if (!bytes)
		return -ENOMEM;
	bytes[0] = ROLLUP_PACK_VERSION;
	bytes[1] = HISTOGRAMS;
	for (size_t i = 0; i < HISTOGRAMS; i++) {
		struct histogram_guess guess =
		    guess_histogram(r, i, r->cold_duration.sum);
		ssize_t n =
		    histogram_pack((const struct histogram *)((const char *)r + order[i]),
			&guess, bytes + at, size - at);

		if (n < 0)
			return (int)n;
		at += (size_t)n;
	}
	*out = TAKE(bytes);
	*out_bytes = at;
	return 0;
}

int rollup_merge_packed_histograms(
    struct rollup *into, const struct rollup *counters, const uint8_t *in, size_t size)
{
	uint64_t cold_sum = 0;
	size_t at = 2;

	if (size < 2 || in[0] != ROLLUP_PACK_VERSION)
		return -EBADMSG;
	for (size_t i = 0; i < HISTOGRAMS && i < in[1]; i++) {
		struct histogram_guess guess = guess_histogram(counters, i, cold_sum);
		struct histogram head;
		ssize_t n =
		    histogram_merge_packed((struct histogram *)((char *)into + order[i]),
			&guess, in + at, size - at, &head);

		if (n < 0)
			return (int)n;
		if (order[i] == offsetof(struct rollup, cold_duration))
			cold_sum = head.sum;
		at += (size_t)n;
	}
	return 0;
}
