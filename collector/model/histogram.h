/* OpenTelemetry base-2 exponential histogram at scale 5: every quantile within 1.08 %. */
#ifndef COLDMETER_MODEL_HISTOGRAM_H
#define COLDMETER_MODEL_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HISTOGRAM_SCALE 5

/* Indices of 1 and of 2^64-1. */
#define HISTOGRAM_INDEX_MIN (-1)
#define HISTOGRAM_INDEX_MAX (64 * 32 - 1)
#define HISTOGRAM_BUCKETS_MAX (HISTOGRAM_INDEX_MAX - HISTOGRAM_INDEX_MIN + 1)

/* Bucket i holds values in (2^(i/32), 2^((i+1)/32)]. Durations are counted in ticks of
 * 2^-40 s, so that a bucket's index minus 40*32 is the index OTLP uses for seconds. */
#define HISTOGRAM_SECONDS_INDEX_OFFSET (40 * 32)

/* The buckets in use are one contiguous window that grows at either end. Zero-initialised
 * is empty and valid. Embed it; release with histogram_done(). */
struct histogram {
	uint64_t count;
	uint64_t zero_count;
	uint64_t sum; /* saturates */
	uint64_t min; /* of the exact values; 0 when empty */
	uint64_t max;
	int32_t first; /* index of buckets[0] */
	uint32_t buckets_used;
	uint32_t buckets_room;
	uint64_t *buckets;
};

void histogram_done(struct histogram *h);
void histogram_clear(struct histogram *h); /* empty, keeps its memory */

/* Index of the bucket of value > 0. Integer arithmetic only. */
int32_t histogram_index(uint64_t value);

/* Upper bound of a bucket: 2^((index+1)/32); and as a whole number, the greatest value
 * that lies in it, of an index from HISTOGRAM_INDEX_MIN - 1 on: 0 for that. */
double histogram_upper(int32_t index);
uint64_t histogram_greatest(int32_t index);

/* Nanoseconds to ticks of 2^-40 s and back; saturating at 2^64-1 ticks (194 days). */
uint64_t histogram_ticks(uint64_t ns);
double histogram_ticks_to_ns(double ticks);
uint64_t histogram_nearest_ns(uint64_t ticks); /* that has these ticks, if one has */

/* 0 or -ENOMEM, unchanged then. merge also -EOVERFLOW, beyond 2^64-1 values: only decoded
 * ones can hold as many. */
int histogram_add(struct histogram *h, uint64_t value);
int histogram_add_ns(struct histogram *h, uint64_t ns);
int histogram_merge(struct histogram *into, const struct histogram *from);

/* A value and its bucket, for who needs them more than once: to ask for the memory that
 * adding it will touch (see base/ahead.h), and to add it: 0 or -ENOMEM, unchanged then.
 */
struct histogram_place {
	uint64_t value;
	int32_t index; /* 0 of the value 0 */
};
struct histogram_place histogram_place(uint64_t value);
struct histogram_place histogram_place_ns(uint64_t ns);
void histogram_ahead(const struct histogram *h, struct histogram_place place);
int histogram_add_at(struct histogram *h, struct histogram_place place);

/* Widens the window to hold the buckets first..last as well; new ones are 0. For readers
 * of other codings. 0 or -ENOMEM, unchanged then. */
int histogram_cover(struct histogram *h, int32_t first, int32_t last);

/* The figures of a merge but the buckets. For readers of other codings. */
void histogram_count_in(struct histogram *into, const struct histogram *from);

/* Value at quantile q in [0,1], by nearest rank, clamped to [min, max]; the relative
 * error is at most 1.083 %, (2^(1/32) - 1) / (2^(1/32) + 1). 0 when empty. The _ns form
 * is for a histogram of durations, the _of form for n histograms taken together. */
double histogram_quantile(const struct histogram *h, double q);
double histogram_quantile_ns(const struct histogram *h, double q);
double histogram_quantile_of(const struct histogram *const *parts, size_t n, double q);

/* Sparse coding: varints count, zero_count, sum, min, max-min, the number of buckets that
 * are not empty, then gap and count of
 * each. There is one coding of a histogram:
 * decode takes no other. encode returns the bytes written, -ENOSPC when size is too small
 * (see histogram_encoded_max); decode returns the bytes consumed, -EBADMSG when malformed
 * (counts that do not add up, indices out of range, truncation), -ENOMEM; *h,
 * which must be valid (zero-initialised or used), is overwritten, and left empty on
 * failure. */
size_t histogram_encoded_max(const struct histogram *h);
ssize_t histogram_encode(const struct histogram *h, uint8_t *out, size_t size);
ssize_t histogram_decode(const uint8_t *in, size_t size, struct histogram *h);

/* What histogram_decode() and histogram_merge() do, at once and in half the time. After
 * an error into may hold part of it and must be thrown away. */
ssize_t histogram_merge_encoded(struct histogram *into, const uint8_t *in, size_t size);

#endif
