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

/* Adds the pairs to h, whose min and max head tells; they must fill the window between
 * these from end to end. */
static int add_buckets(
    struct source *s, uint64_t pairs, const struct histogram *head, struct histogram *h)
{
	struct source peek = *s;
	int32_t last = histogram_index(head->max);
	uint64_t left = head->count - head->zero_count;
	uint64_t next = 0;
	uint64_t width;
	uint64_t *to;
	uint64_t gap;
	uint64_t count;

	/* the first bucket is that of the min, unless the min is a zero */
	if (!get_pair(&peek, &gap, &count) ||
	    gap > (uint64_t)(last - HISTOGRAM_INDEX_MIN))
		return -EBADMSG;
	int32_t first = HISTOGRAM_INDEX_MIN + (int32_t)gap;

	if (head->min > 0 && histogram_index(head->min) != first)
		return -EBADMSG;
	if (histogram_cover(h, first, last) < 0)
		return -ENOMEM;
	to = h->buckets + (first - h->first);
	width = (uint64_t)last - (uint64_t)first + 1;
	peek = *s; /* a copy that nothing points to: it stays in registers */
	for (uint64_t i = 0; i < pairs; i++) {
		uint8_t byte = peek.at < peek.size ? peek.in[peek.at] : 0x80;

		if (byte < 0x80 && (byte & (COUNT_LARGE - 1)) < COUNT_LARGE - 1) {
			peek.at++;
			gap = byte >> COUNT_BITS;
			count = (uint64_t)(byte & (COUNT_LARGE - 1)) + 1;
		} else if (!get_pair(&peek, &gap, &count)) {
			return -EBADMSG;
		}
		gap = i == 0 ? 0 : gap;
		if (count > left || gap >= width - next)
			return -EBADMSG;
		next += gap;
		to[next++] += count;
		left -= count;
	}
	*s = peek;
	return left == 0 && next == width ? 0 : -EBADMSG;
}

ssize_t histogram_merge_encoded(struct histogram *into, const uint8_t *in, size_t size)
{
	struct source s = {.in = in, .size = size};
	struct histogram head = {0};
	uint64_t pairs;
	int err = 0;

	if (!get_head(&s, &head, &pairs))
		return -EBADMSG;
	if (head.count > UINT64_MAX - into->count)
		return -EOVERFLOW;
	if (pairs > 0)
		err = add_buckets(&s, pairs, &head, into);
	if (err < 0)
		return err;
	histogram_count_in(into, &head);
	return (ssize_t)s.at;
}

ssize_t histogram_decode(const uint8_t *in, size_t size, struct histogram *h)
{
	ssize_t took;

	histogram_clear(h);
	took = histogram_merge_encoded(h, in, size);
	if (took < 0)
		histogram_clear(h);
	return took;
}
