/* The histogram's coding in bytes: a head, then a pair for each bucket that holds
 * something, in one byte when gap and count are small: gap << 3 | count - 1, or
 * gap << 3 | 7 and behind it count - 8. A minute of 100 values takes 115 bytes so,
 * instead of 175 with a varint for each. */
#include "model/histogram.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/varint.h"

#define COUNT_BITS 3
#define COUNT_LARGE 8 /* the smallest that has a varint of its own */

enum { HEAD_COUNT, HEAD_ZEROS, HEAD_SUM, HEAD_MIN, HEAD_SPAN, HEAD_PAIRS, HEAD_FIELDS };

static uint32_t pairs_of(const struct histogram *h)
{
	uint32_t pairs = 0;

	for (uint32_t i = 0; i < h->buckets_used; i++)
		pairs += h->buckets[i] != 0;
	return pairs;
}

size_t histogram_encoded_max(const struct histogram *h)
{
	/* a gap is at most 2048, so it takes 3 bytes at most */
	return (size_t)HEAD_FIELDS * VARINT_MAX_BYTES +
	       (size_t)h->buckets_used * (3 + VARINT_MAX_BYTES);
}

/* Writes at out + *at and moves *at; false when there is no room. */
static bool put(uint64_t value, uint8_t *out, size_t size, size_t *at)
{
	ssize_t n = varint_encode(value, out + *at, size - *at);

	if (n < 0)
		return false;
	*at += (size_t)n;
	return true;
}

static bool put_pair(uint64_t gap, uint64_t count, uint8_t *out, size_t size, size_t *at)
{
	bool is_large = count >= COUNT_LARGE;
	uint64_t low = is_large ? COUNT_LARGE - 1 : count - 1;

	return put(gap << COUNT_BITS | low, out, size, at) &&
	       (!is_large || put(count - COUNT_LARGE, out, size, at));
}

ssize_t histogram_encode(const struct histogram *h, uint8_t *out, size_t size)
{
	const uint64_t head[HEAD_FIELDS] = {
	    [HEAD_COUNT] = h->count,
	    [HEAD_ZEROS] = h->zero_count,
	    [HEAD_SUM] = h->sum,
	    [HEAD_MIN] = h->min,
	    [HEAD_SPAN] = h->max - h->min,
	    [HEAD_PAIRS] = pairs_of(h),
	};
	int32_t next = HISTOGRAM_INDEX_MIN; /* the index that a gap of 0 means */
	size_t at = 0;

	for (size_t i = 0; i < HEAD_FIELDS; i++) {
		if (!put(head[i], out, size, &at))
			return -ENOSPC;
	}
	for (uint32_t i = 0; i < h->buckets_used; i++) {
		int32_t index = h->first + (int32_t)i;

		if (h->buckets[i] == 0)
			continue;
		if (!put_pair((uint64_t)(index - next), h->buckets[i], out, size, &at))
			return -ENOSPC;
		next = index + 1;
	}
	return (ssize_t)at;
}

/* Reads at in + *at and moves *at; false when malformed. */
static bool get(const uint8_t *in, size_t size, size_t *at, uint64_t *value)
{
	ssize_t n = varint_decode(in + *at, size - *at, value);

	if (n < 0)
		return false;
	*at += (size_t)n;
	return true;
}

/* One pair: the index of its bucket, from next upwards, and its count. */
static bool get_pair(const uint8_t *in, size_t size, size_t *at, int32_t next,
    int32_t *index, uint64_t *count)
{
	uint64_t pair;
	uint64_t gap;

	if (!get(in, size, at, &pair))
		return false;
	gap = pair >> COUNT_BITS;
	*count = (pair & (COUNT_LARGE - 1)) + 1;
	if (gap > (uint64_t)(HISTOGRAM_INDEX_MAX - next))
		return false;
	if (*count == COUNT_LARGE) {
		if (!get(in, size, at, count) || *count > UINT64_MAX - COUNT_LARGE)
			return false;
		*count += COUNT_LARGE;
	}
	*index = next + (int32_t)gap;
	return true;
}

/* Walks the pairs without keeping them: first and last index, and where they end. False
 * when malformed or when they do not add up to want. */
static bool survey(const uint8_t *in, size_t size, size_t *at, uint64_t pairs,
    uint64_t want, int32_t ends[2])
{
	int32_t next = HISTOGRAM_INDEX_MIN;

	for (uint64_t i = 0; i < pairs; i++) {
		uint64_t count;

		/* also ends a number of pairs that no window could hold */
		if (next > HISTOGRAM_INDEX_MAX ||
		    !get_pair(in, size, at, next, &ends[1], &count) || count > want)
			return false;
		if (i == 0)
			ends[0] = ends[1];
		want -= count;
		next = ends[1] + 1;
	}
	return want == 0;
}

/* Whether min, max and sum can be those of the counts and of the first and last bucket.
 */
static bool is_plausible(const struct histogram *h, const int32_t ends[2])
{
	uint64_t buckets_count = h->count - h->zero_count;

	if (h->min > 0 && h->zero_count > 0)
		return false;
	if (buckets_count == 0)
		return h->min == 0 && h->max == 0 && h->sum == 0;
	if (h->zero_count == 0 && (h->min == 0 || histogram_index(h->min) != ends[0]))
		return false;
	return h->max > 0 && histogram_index(h->max) == ends[1] && h->sum >= h->max;
}

/* Second walk, over pairs that survey() found sound. */
static void fill(
    const uint8_t *in, size_t size, size_t at, uint64_t pairs, struct histogram *h)
{
	int32_t next = HISTOGRAM_INDEX_MIN;
	int32_t index;
	uint64_t count;

	for (; pairs > 0 && get_pair(in, size, &at, next, &index, &count); pairs--) {
		h->buckets[index - h->first] = count;
		next = index + 1;
	}
}

ssize_t histogram_decode(const uint8_t *in, size_t size, struct histogram *h)
{
	uint64_t head[HEAD_FIELDS];
	struct histogram decoded;
	int32_t ends[2] = {0, 0};
	size_t at = 0;
	size_t pairs_at;

	histogram_clear(h);
	for (size_t i = 0; i < HEAD_FIELDS; i++) {
		if (!get(in, size, &at, &head[i]))
			return -EBADMSG;
	}
	pairs_at = at;
	if (head[HEAD_ZEROS] > head[HEAD_COUNT] ||
	    head[HEAD_SPAN] > UINT64_MAX - head[HEAD_MIN] ||
	    !survey(in, size, &at, head[HEAD_PAIRS], head[HEAD_COUNT] - head[HEAD_ZEROS],
		ends))
		return -EBADMSG;
	decoded = (struct histogram){.count = head[HEAD_COUNT],
	    .zero_count = head[HEAD_ZEROS],
	    .sum = head[HEAD_SUM],
	    .min = head[HEAD_MIN],
	    .max = head[HEAD_MIN] + head[HEAD_SPAN]};
	if (!is_plausible(&decoded, ends))
		return -EBADMSG;
	if (head[HEAD_PAIRS] > 0 && histogram_cover(h, ends[0], ends[1]) < 0)
		return -ENOMEM;
	fill(in, size, pairs_at, head[HEAD_PAIRS], h);
	h->count = decoded.count;
	h->zero_count = decoded.zero_count;
	h->sum = decoded.sum;
	h->min = decoded.min;
	h->max = decoded.max;
	return (ssize_t)at;
}
