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

/* Bytes being read. */
struct source {
	const uint8_t *in;
	size_t size;
	size_t at;
};

static inline bool get(struct source *s, uint64_t *value)
{
	ssize_t n = varint_decode_fast(s->in + s->at, s->size - s->at, value);

	if (n < 0)
		return false;
	s->at += (size_t)n;
	return true;
}

static inline bool get_pair(struct source *s, uint64_t *gap, uint64_t *count)
{
	uint64_t pair;

	if (!get(s, &pair))
		return false;
	*gap = pair >> COUNT_BITS;
	*count = (pair & (COUNT_LARGE - 1)) + 1;
	if (*count < COUNT_LARGE)
		return true;
	if (!get(s, count) || *count > UINT64_MAX - COUNT_LARGE)
		return false;
	*count += COUNT_LARGE;
	return true;
}

/* Reads the head into h, but for its buckets; false when its figures cannot be. */
static bool get_head(struct source *s, struct histogram *h, uint64_t *pairs)
{
	uint64_t head[HEAD_FIELDS];

	for (size_t i = 0; i < HEAD_FIELDS; i++) {
		if (!get(s, &head[i]))
			return false;
	}
	if (head[HEAD_ZEROS] > head[HEAD_COUNT] ||
	    head[HEAD_SPAN] > UINT64_MAX - head[HEAD_MIN])
		return false;
	h->count = head[HEAD_COUNT];
	h->zero_count = head[HEAD_ZEROS];
	h->sum = head[HEAD_SUM];
	h->min = head[HEAD_MIN];
	h->max = head[HEAD_MIN] + head[HEAD_SPAN];
	*pairs = head[HEAD_PAIRS];
	if (h->count == h->zero_count)
		return h->max == 0 && h->sum == 0 && *pairs == 0;
	return (h->min == 0) == (h->zero_count > 0) && h->max > 0 && h->sum >= h->max &&
	       *pairs > 0;
}

/* Reads the pairs into the window first..last, which they must fill from end to end. */
static int get_buckets(struct source *s, uint64_t pairs, struct histogram *h)
{
	struct source peek = *s;
	int32_t last = histogram_index(h->max);
	uint64_t left = h->count - h->zero_count;
	uint64_t next = 0;
	uint64_t gap;
	uint64_t count;

	/* the first bucket is that of the min, unless the min is a zero */
	if (!get_pair(&peek, &gap, &count) ||
	    gap > (uint64_t)(last - HISTOGRAM_INDEX_MIN))
		return -EBADMSG;
	int32_t first = HISTOGRAM_INDEX_MIN + (int32_t)gap;

	if (h->min > 0 && histogram_index(h->min) != first)
		return -EBADMSG;
	if (histogram_cover(h, first, last) < 0)
		return -ENOMEM;
	for (uint64_t i = 0; i < pairs; i++) {
		if (!get_pair(s, &gap, &count) || count > left)
			return -EBADMSG;
		gap = i == 0 ? 0 : gap;
		if (gap >= h->buckets_used - next)
			return -EBADMSG;
		next += gap;
		h->buckets[next++] = count;
		left -= count;
	}
	return left == 0 && next == h->buckets_used ? 0 : -EBADMSG;
}

ssize_t histogram_decode(const uint8_t *in, size_t size, struct histogram *h)
{
	struct source s = {.in = in, .size = size};
	uint64_t pairs;
	int err = 0;

	histogram_clear(h);
	if (!get_head(&s, h, &pairs))
		err = -EBADMSG;
	else if (pairs > 0)
		err = get_buckets(&s, pairs, h);
	if (err < 0) {
		histogram_clear(h);
		return err;
	}
	return (ssize_t)s.at;
}
