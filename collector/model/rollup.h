/* Counters, usage and histograms of one function over one span of time. */
#ifndef COLDMETER_MODEL_ROLLUP_H
#define COLDMETER_MODEL_ROLLUP_H

#include <stdint.h>
#include <sys/types.h>

#include "model/histogram.h"
#include "model/invocation.h"
#include "model/loss.h"
#include "model/usage.h"

/* Zero-initialised is empty and valid. Pings are counted apart: only in pings and
 * ping_usage. Durations warm and cold lie in histograms apart, cold without the init. */
struct rollup {
	uint64_t invocations; /* all but pings */
	uint64_t cold;
	uint64_t prewarmed;
	uint64_t pings;
	uint64_t cold_pings;
	uint64_t by_status[STATUS_COUNT];
	uint64_t duration_ns; /* sums */
	uint64_t init_ns;
	uint64_t cpu_ns;
	uint64_t busy_ns;
	uint64_t request_bytes;
	uint64_t response_bytes;
	uint64_t memory_max_bytes;
	uint64_t concurrency_max;
	struct usage usage;      /* of everything but pings */
	struct histogram warm;   /* duration of invocations that were not cold */
	struct histogram memory; /* peak_memory_bytes, unscaled */
	/* Up to here: what an invocation usually touches. */
	struct histogram cold_duration;
	struct histogram init;
	struct usage ping_usage;     /* of the pings */
	uint64_t lost[LOST_REASONS]; /* seen, and not among the invocations */
};

void rollup_done(struct rollup *r);
void rollup_clear(struct rollup *r); /* empty, keeps its memory */

/* Counts one invocation and the usage that the plans derived from it. 0 or -ENOMEM
 * (merge: also -EOVERFLOW, see histogram_merge()); after an error the rollup may hold
 * part of it and must be thrown away. */
int rollup_add(struct rollup *r, const struct invocation *inv, const struct usage *usage);

/* The same in steps, for who adds many: asks for the memory of the rollup, which need not
 * be one yet (see base/ahead.h); once it is there, finds the places in its histograms and
 * asks for those; adds an invocation whose usage was added already. */
struct rollup_places {
	struct histogram_place duration;
	struct histogram_place memory;
};
void rollup_ahead(const struct rollup *r);
void rollup_find_places(
    const struct rollup *r, const struct invocation *inv, struct rollup_places *places);
int rollup_add_at(
    struct rollup *r, const struct invocation *inv, const struct rollup_places *places);

/* Where the usage of such an invocation goes. */
static inline struct usage *rollup_usage(struct rollup *r, const struct invocation *inv)
{
	return inv->ping ? &r->ping_usage : &r->usage;
}

/* Adds from to into; same error rule. Order does not matter. */
int rollup_merge(struct rollup *into, const struct rollup *from);

/* Of all reasons. */
uint64_t rollup_lost(const struct rollup *r);

uint64_t rollup_errors(const struct rollup *r);

/* Value at quantile q of all durations, warm and cold together, in ns; 0 when there are
 * none. */
double rollup_duration_quantile_ns(const struct rollup *r, double q);

/* The counters (everything but the four histograms), and the histograms, as two byte
 * strings, each starting with a version. Buffers are allocated for the caller, who frees
 * them. 0, -ENOMEM; decode: -EBADMSG. decode overwrites *r, which must be valid
 * (zero-initialised or used), and leaves it empty on failure. A newer writer's further
 * counters and histograms are skipped; those that an older one did not have are 0. */
int rollup_encode_counters(const struct rollup *r, uint8_t **out, size_t *out_bytes);
int rollup_encode_histograms(const struct rollup *r, uint8_t **out, size_t *out_bytes);
int rollup_decode(const uint8_t *counters, size_t counters_bytes,
    const uint8_t *histograms, size_t histograms_bytes, struct rollup *r);

/* Only how many invocations the counters tell. 0 or -EBADMSG. */
int rollup_decode_invocations(
    const uint8_t *counters, size_t counters_bytes, uint64_t *invocations);

/* What rollup_decode() and rollup_merge() do, at once and faster; the error rule of
 * rollup_add(), and -EBADMSG. */
int rollup_merge_encoded(struct rollup *into, const uint8_t *counters,
    size_t counters_bytes, const uint8_t *histograms, size_t histograms_bytes);

/* The same of the counters alone: into's histograms stay. 0 or -EBADMSG. */
int rollup_count_encoded(
    struct rollup *into, const uint8_t *counters, size_t counters_bytes);

#endif
