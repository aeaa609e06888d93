/* The writer. */
#include "model/histogram_pack.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/varint.h"
#include "model/bits.h"
#include "model/histogram_pack_parts.h"

/* What is to be written of a body. */
struct plan {
	uint32_t width; /* buckets from the first to the last with a value */
	uint32_t pairs; /* of them not empty */
	uint64_t largest;
	unsigned int g;
	unsigned int k;
	unsigned int dense; /* log2 of the bytes for each bucket; DENSE_WIDTHS: Rice */
};

static bool put(uint64_t value, uint8_t *out, size_t size, size_t *at)
{
	ssize_t n = varint_encode(value, out + *at, size - *at);

	if (n < 0)
		return false;
	*at += (size_t)n;
	return true;
}

size_t histogram_packed_max(const struct histogram *h)
{
	return 2 + (size_t)6 * VARINT_MAX_BYTES + (size_t)h->buckets_used * 24;
}

static unsigned int bits_for(uint64_t sum, uint64_t n)
{
	uint64_t mean = n ? sum / n : 0;
	unsigned int bits = mean ? 63 - (unsigned int)__builtin_clzll(mean) : 0;

	return bits < RICE_MAX ? bits : RICE_MAX;
}

static unsigned int dense_width(uint64_t largest)
{
	return largest <= UINT8_MAX    ? 0
	       : largest <= UINT16_MAX ? 1
	       : largest <= UINT32_MAX ? 2
				       : 3;
}

static struct plan plan_body(
    const struct histogram *h, const uint64_t *buckets, uint32_t width)
{
	struct plan plan = {.width = width, .dense = DENSE_WIDTHS};
	uint64_t values = h->count - h->zero_count;
	uint64_t rice = 0;
	uint64_t dense;
	uint64_t gap = 0;

	for (uint32_t i = 0; i < width; i++) {
		plan.pairs += buckets[i] != 0;
		plan.largest = buckets[i] > plan.largest ? buckets[i] : plan.largest;
	}
	plan.g = bits_for(width - plan.pairs, plan.pairs);
	plan.k = bits_for(values - plan.pairs, plan.pairs);
	for (uint32_t i = 0; i < width; i++) {
		if (!buckets[i]) {
			gap++;
			continue;
		}
		rice += (i ? bits_of_rice(gap, plan.g) : 0) +
			bits_of_rice(buckets[i] - 1, plan.k);
		gap = 0;
	}
	/* it is read several times as fast, which is worth some bytes */
	dense = (uint64_t)width << (3 + dense_width(plan.largest));
	if (dense * 4 <= rice * 7)
		plan.dense = dense_width(plan.largest);
	return plan;
}

static bool put_dense(const struct plan *plan, const uint64_t *buckets, uint8_t *out,
    size_t size, size_t *at)
{
	size_t bytes = (size_t)1 << plan->dense;

	if (size - *at < plan->width * bytes)
		return false;
	for (uint32_t i = 0; i < plan->width; i++) {
		uint64_t count = htole64(buckets[i]);

		memcpy(out + *at, &count, bytes);
		*at += bytes;
	}
	return true;
}

static bool put_body(const struct histogram *h, const uint64_t *buckets, uint32_t width,
    uint8_t *out, size_t size, size_t *at)
{
	struct plan plan = plan_body(h, buckets, width);
	bool dense = plan.dense < DENSE_WIDTHS;
	struct bits_out bits;
	uint64_t gap = 0;

	if (*at == size)
		return false;
	out[(*at)++] = (uint8_t)(dense ? DENSE + plan.dense : plan.g << 4 | plan.k);
	if (dense)
		return put_dense(&plan, buckets, out, size, at);
	bits = (struct bits_out){.out = out, .size = size, .at = *at};
	for (uint32_t i = 0; i < width; i++) {
		if (!buckets[i]) {
			gap++;
			continue;
		}
		if (i)
			bits_put_rice(&bits, gap, plan.g);
		bits_put_rice(&bits, buckets[i] - 1, plan.k);
		gap = 0;
	}
	bits_end(&bits);
	*at = bits.at;
	return !bits.failed;
}

static bool put_head(const struct histogram *h, const struct histogram_guess *guess,
    uint8_t *out, size_t size, size_t *at)
{
	uint64_t values = h->count - h->zero_count;
	uint64_t off = h->sum - histogram_guessed_sum(h, guess);
	uint64_t page = (UINT64_C(1) << PAGE_BITS) - 1;
	bool pages = values > 0 && ((h->min | h->max | off) & page) == 0;
	unsigned int shift = pages ? PAGE_BITS : 0;
	unsigned int flags = (h->count != guess->count ? GIVES_COUNT : 0) |
			     (h->zero_count ? GIVES_ZEROS : 0) | (off ? GIVES_SUM : 0) |
			     (values && h->max != guess->max ? GIVES_MAX : 0) |
			     (pages ? IS_PAGES : 0);
	bool ok = *at < size;

	if (ok)
		out[(*at)++] = (uint8_t)flags;
	if (flags & GIVES_COUNT)
		ok = ok && put(varint_zigzag((int64_t)(h->count - guess->count)), out,
			       size, at);
	if (flags & GIVES_ZEROS)
		ok = ok && put(h->zero_count, out, size, at);
	if (flags & GIVES_MAX)
		ok = ok && put(h->max >> shift, out, size, at);
	if (values > 1 && !h->zero_count)
		ok = ok && put(h->min >> shift, out, size, at);
	if (flags & GIVES_SUM)
		ok = ok && put(varint_zigzag((int64_t)off >> shift), out, size, at);
	return ok;
}

ssize_t histogram_pack(const struct histogram *h, const struct histogram_guess *guess,
    uint8_t *out, size_t size)
{
	uint64_t values = h->count - h->zero_count;
	const uint64_t *buckets = h->buckets;
	uint32_t width = h->buckets_used;
	size_t at = 0;

	if (!put_head(h, guess, out, size, &at))
		return -ENOSPC;
	if (values == 0)
		return (ssize_t)at;
	if (h->zero_count && values > 1 &&
	    !put((uint64_t)(h->first - HISTOGRAM_INDEX_MIN), out, size, &at))
		return -ENOSPC;
	if (!histogram_is_plain(values, width) &&
	    !put_body(h, buckets, width, out, size, &at))
		return -ENOSPC;
	return (ssize_t)at;
}
