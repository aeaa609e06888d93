/* The reader of packed histograms. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/varint_source.h"
#include "model/bits.h"
#include "model/histogram_pack_parts.h"

#define CHUNK 4 /* buckets that are added at once */
#define SWAPS (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)

static uint64_t get_pages(struct varint_source *s, unsigned int shift)
{
	uint64_t value = varint_get(s);

	if (value > UINT64_MAX >> shift)
		s->failed = true;
	return value << shift;
}

static bool is_possible(const struct histogram *h)
{
	if (h->count == h->zero_count)
		return h->max == 0 && h->sum == 0;
	return h->min <= h->max && (h->min == 0) == (h->zero_count > 0) && h->max > 0 &&
	       h->sum >= h->max;
}

static bool get_head(
    struct varint_source *s, const struct histogram_guess *guess, struct histogram *h)
{
	unsigned int flags = s->at < s->size ? s->in[s->at++] : FLAGS_END;
	unsigned int shift = flags & IS_PAGES ? PAGE_BITS : 0;
	uint64_t values;

	if (flags >= FLAGS_END)
		return false;
	h->count = guess->count;
	if (flags & GIVES_COUNT)
		h->count += (uint64_t)varint_unzigzag(varint_get(s));
	if (flags & GIVES_ZEROS)
		h->zero_count = varint_get(s);
	if (s->failed || h->zero_count > h->count)
		return false;
	values = h->count - h->zero_count;
	h->max = flags & GIVES_MAX ? get_pages(s, shift) : values ? guess->max : 0;
	if (values > 1 && !h->zero_count)
		h->min = get_pages(s, shift);
	else if (!h->zero_count)
		h->min = h->max;
	h->sum = histogram_guessed_sum(h, guess);
	if (flags & GIVES_SUM)
		h->sum += (uint64_t)varint_unzigzag(varint_get(s)) << shift;
	return !s->failed && is_possible(h);
}

static bool add_rice(struct varint_source *s, unsigned int mode, uint64_t *to,
    uint32_t width, uint64_t left)
{
	struct bits_in bits = {.in = s->in, .size = s->size, .at = s->at};
	unsigned int g = mode >> 4;
	unsigned int k = mode & 15;
	uint64_t next = 0;
	uint64_t gap = 0; /* there is none before the first bucket */
	uint64_t count;
	int64_t end;

	if (k > RICE_MAX || !bits_get_rice(&bits, k, &count))
		return false;
	for (;;) {
		if (gap >= width - next || count >= left)
			return false;
		next += gap;
		to[next++] += count + 1;
		left -= count + 1;
		if (!left || next == width)
			break;
		if (!bits_get_rice_pair(&bits, g, k, &gap, &count))
			return false;
	}
	end = bits_end_of(&bits);
	if (left || next != width || end < 0)
		return false;
	s->at = (size_t)end;
	return true;
}

typedef uint64_t chunk __attribute__((vector_size(CHUNK * sizeof(uint64_t))));

/* Several at once: they are what a query over a month spends its time on. */
#define ADD_DENSE(name, type, swap)                                                      \
	static uint64_t name(const uint8_t *in, uint64_t *to, uint32_t width)            \
	{                                                                                \
		typedef type counts __attribute__((vector_size(CHUNK * sizeof(type))));  \
		chunk sums = {0};                                                        \
		uint64_t sum = 0;                                                        \
		uint32_t i = 0;                                                          \
                                                                                         \
		for (; SWAPS == 0 && width - i >= CHUNK; i += CHUNK) {                   \
			counts narrow;                                                   \
			chunk wide;                                                      \
			chunk had;                                                       \
                                                                                         \
			memcpy(&narrow, in + i * sizeof(type), sizeof(narrow));          \
			memcpy(&had, to + i, sizeof(had));                               \
			wide = __builtin_convertvector(narrow, chunk);                   \
			had += wide;                                                     \
			sums += wide;                                                    \
			memcpy(to + i, &had, sizeof(had));                               \
		}                                                                        \
		for (; i < width; i++) {                                                 \
			type one;                                                        \
                                                                                         \
			memcpy(&one, in + i * sizeof(type), sizeof(one));                \
			to[i] += swap(one);                                              \
			sum += swap(one);                                                \
		}                                                                        \
		for (uint32_t k = 0; k < CHUNK; k++)                                     \
			sum += sums[k];                                                  \
		return sum;                                                              \
	}

ADD_DENSE(add_dense_8, uint8_t, )
ADD_DENSE(add_dense_16, uint16_t, le16toh)
ADD_DENSE(add_dense_32, uint32_t, le32toh)

/* Of these the sum can wrap. */
static bool add_dense_64(const uint8_t *in, uint64_t *to, uint32_t width, uint64_t left)
{
	for (uint32_t i = 0; i < width; i++) {
		uint64_t count;

		memcpy(&count, in + i * sizeof(count), sizeof(count));
		count = le64toh(count);
		if (count > left)
			return false;
		to[i] += count;
		left -= count;
	}
	return left == 0;
}

static bool is_zero(const uint8_t *in, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (in[i])
			return false;
	return true;
}

static bool add_dense(
    struct varint_source *s, unsigned int w, uint64_t *to, uint32_t width, uint64_t left)
{
	const uint8_t *in = s->in + s->at;
	size_t bytes = (size_t)1 << w;

	if (s->size - s->at < width * bytes || is_zero(in, bytes) ||
	    is_zero(in + (width - 1) * bytes, bytes))
		return false;
	s->at += width * bytes;
	switch (w) {
	case 0:
		return add_dense_8(in, to, width) == left;
	case 1:
		return add_dense_16(in, to, width) == left;
	case 2:
		return add_dense_32(in, to, width) == left;
	default:
		return add_dense_64(in, to, width, left);
	}
}

static int add_buckets(
    struct varint_source *s, const struct histogram *head, struct histogram *into)
{
	uint64_t values = head->count - head->zero_count;
	int32_t last = histogram_index(head->max);
	int32_t first = last;
	unsigned int mode;
	uint64_t *to;
	uint32_t width;

	if (values > 1 && head->zero_count) {
		uint64_t at = varint_get(s);

		if (s->failed || at > (uint64_t)(last - HISTOGRAM_INDEX_MIN))
			return -EBADMSG;
		first = HISTOGRAM_INDEX_MIN + (int32_t)at;
	} else if (values > 1) {
		first = histogram_index(head->min);
	}
	if (histogram_cover(into, first, last) < 0)
		return -ENOMEM;
	width = (uint32_t)(last - first) + 1;
	to = into->buckets + (first - into->first);
	if (histogram_is_plain(values, width)) {
		to[0] += width == 1 ? values : 1;
		to[width - 1] += width > 1;
		return 0;
	}
	if (s->at == s->size)
		return -EBADMSG;
	mode = s->in[s->at++];
	if (mode >= DENSE + DENSE_WIDTHS)
		return -EBADMSG;
	return (mode >= DENSE ? add_dense(s, mode - DENSE, to, width, values)
			      : add_rice(s, mode, to, width, values))
		   ? 0
		   : -EBADMSG;
}

ssize_t histogram_merge_packed(struct histogram *into,
    const struct histogram_guess *guess, const uint8_t *in, size_t size,
    struct histogram *head)
{
	struct varint_source s = {.in = in, .size = size};
	int err = 0;

	*head = (struct histogram){0};
	if (!get_head(&s, guess, head))
		return -EBADMSG;
	if (head->count > UINT64_MAX - into->count)
		return -EOVERFLOW;
	if (head->count > head->zero_count)
		err = add_buckets(&s, head, into);
	if (err)
		return err;
	histogram_count_in(into, head);
	return (ssize_t)s.at;
}
