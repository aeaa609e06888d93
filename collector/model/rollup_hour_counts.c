#include "model/rollup_hour_counts.h"

#define ONE 256 /* value near */
#define NEAR_SHIFT 3
#define NEAR_MAX (UINT64_C(1) << 40)
#define NEAR_MANY 512 /* two */
#define NEAR_LEAST 5  /* added, so that nothing is a class */
#define LENGTH_BITS 4
#define SYMBOL_BITS 6
/* What the next bits say: a length, a gap, and a count or that it is a rare symbol. */
#define GAP_SHIFT LENGTH_BITS
#define COUNT_SHIFT (GAP_SHIFT + 4)
#define FOUND_RARE 7

static inline unsigned int length_of(uint64_t value)
{
	return value ? 64 - (unsigned int)__builtin_clzll(value) : 0;
}

static inline unsigned int class_of(uint64_t near)
{
	uint64_t more = near + NEAR_LEAST;
	unsigned int top = 63 - (unsigned int)__builtin_clzll(more); /* 2 at least */
	unsigned int half = (unsigned int)(more >> (top - 1)) & 1;
	unsigned int class = 2 * top + half - 4;

	return class < COUNTS_CLASSES ? class : COUNTS_CLASSES - 1;
}

static inline uint64_t come_near(uint64_t near, uint64_t count)
{
	uint64_t more = count < NEAR_MAX ? count : NEAR_MAX;

	return near - (near >> NEAR_SHIFT) + more * (ONE >> NEAR_SHIFT);
}

/* What is near behind a gap of 0 to 15 empty buckets, in 2^16ths of before. */
static inline uint64_t fade(uint64_t near, uint64_t gap)
{
	static const uint32_t left[COUNTS_GAPS + 1] = {65536, 57344, 50176, 43904, 38416,
	    33614, 29412, 25736, 22519, 19704, 17241, 15086, 13200, 11550, 10106, 8843};

	return near * left[gap] >> 16;
}

/* The low bits that deviations have where so much lies near: about its square root. */
static inline unsigned int low_bits(uint64_t near)
{
	return (length_of(near / ONE) + 1) / 2;
}

/* Counts nearest to the expected one first. */
static inline uint64_t fold(uint64_t count, uint64_t expected)
{
	if (count >= 2 * expected)
		return count;
	return count < expected ? 2 * (expected - count) - 1 : 2 * (count - expected);
}

static inline uint64_t unfold(uint64_t code, uint64_t expected)
{
	if (code >= 2 * expected)
		return code;
	return expected + ((code + 1) / 2 ^ -(code & 1)) + (code & 1); /* no branch */
}

/* A number in about twice as many bits as it has. */
static void put_gamma(struct bits_out *out, uint64_t value)
{
	unsigned int length = length_of(value);

	bits_put_rice(out, length, 1);
	if (length > 1)
		bits_put_long(out, value & ~(UINT64_C(1) << (length - 1)), length - 1);
}

BITS_INLINE bool get_gamma(struct bits_in *in, uint64_t *value)
{
	uint64_t length;

	if (!bits_get_rice(in, 1, &length) || length > 64)
		return false;
	*value = 0;
	if (length > 1 && !bits_get_long(in, (unsigned int)length - 1, value))
		return false;
	*value |= length ? UINT64_C(1) << (length - 1) : 0;
	return true;
}

BITS_INLINE bool get_rice(struct bits_in *in, unsigned int low, uint64_t *value)
{
	return low <= BITS_RICE_MAX ? bits_get_rice(in, low, value)
				    : bits_get_rice_long(in, low, value);
}

static unsigned int found_of(unsigned int symbol)
{
	unsigned int gap = symbol / COUNTS_EACH;
	unsigned int count = symbol % COUNTS_EACH + 1;

	if (symbol == COUNTS_RARE)
		return FOUND_RARE << COUNT_SHIFT;
	if (symbol == COUNTS_SKIP)
		count = 0;
	return gap << GAP_SHIFT | count << COUNT_SHIFT;
}

static void fill_symbol(
    struct hour_counts *counts, size_t class, unsigned int symbol, unsigned int code)
{
	unsigned int n = hour_counts_lengths[class][symbol];
	unsigned int reversed = 0;

	for (unsigned int i = 0; i < n; i++)
		reversed |= (code >> i & 1) << (n - 1 - i);
	counts->codes[class][symbol] = (uint16_t)reversed;
	for (unsigned int i = reversed; i < 1U << COUNTS_CODE_BITS; i += 1U << n)
		counts->found[class][i] = (uint16_t)(found_of(symbol) | n);
}

/* Canonical prefix codes: of a length in the order of the symbols. */
void hour_counts_fill(struct hour_counts *counts)
{
	for (size_t class = 0; class < COUNTS_CLASSES; class ++) {
		unsigned int code = 0;

		for (unsigned int n = 1; n <= COUNTS_CODE_BITS; n++, code <<= 1)
			for (unsigned int s = 0; s < COUNTS_SYMBOLS; s++)
				if (hour_counts_lengths[class][s] == n)
					fill_symbol(counts, class, s, code++);
	}
	for (unsigned int near = 0; near < COUNTS_NEAR; near++)
		counts->classes[near] = (uint8_t)class_of(near);
}

static void put_symbol(const struct hour_counts *counts, struct bits_out *out,
    unsigned int class, unsigned int symbol)
{
	unsigned int length = hour_counts_lengths[class][symbol];

	if (length) {
		bits_put(out, counts->codes[class][symbol], length);
		return;
	}
	bits_put(out, counts->codes[class][COUNTS_RARE],
	    hour_counts_lengths[class][COUNTS_RARE]);
	bits_put(out, symbol, SYMBOL_BITS);
}

void hour_counts_put(const struct hour_counts *counts, struct bits_out *out,
    const uint64_t *buckets, size_t width, uint64_t values)
{
	uint64_t left = values - buckets[0];
	uint64_t near = come_near(0, buckets[0]);
	uint64_t before = near;
	size_t i = 1;

	put_gamma(out, buckets[0] - 1);
	while (left > 1 && i < width - 1) {
		unsigned int class = class_of(before);
		uint64_t gap = 0;
		uint64_t each;

		before = near;
		if (near >= NEAR_MANY) {
			bits_put_rice(out, fold(buckets[i], near / ONE), low_bits(near));
			left -= buckets[i];
			near = come_near(near, buckets[i++]);
			continue;
		}
		while (gap < COUNTS_GAPS && !buckets[i + gap])
			gap++;
		i += gap;
		near = fade(near, gap);
		if (gap == COUNTS_GAPS) {
			put_symbol(counts, out, class, COUNTS_SKIP);
			continue;
		}
		each = buckets[i] < COUNTS_EACH ? buckets[i] : COUNTS_EACH;
		put_symbol(
		    counts, out, class, (unsigned int)(gap * COUNTS_EACH + each - 1));
		if (i == width - 1)
			return;
		if (each == COUNTS_EACH)
			put_gamma(out, buckets[i] - COUNTS_EACH);
		left -= buckets[i];
		near = come_near(near, buckets[i++]);
	}
}

/* Where reading is. */
struct place {
	uint64_t near;
	uint64_t count; /* of bucket i; 0: it is not told yet */
	size_t i;
};

/* Moves on by what the next symbol tells; the last bucket is so many further on. */
BITS_INLINE bool get_pair(const struct hour_counts *counts, struct bits_in *in,
    unsigned int class, size_t room, struct place *place)
{
	unsigned int found;
	unsigned int length;
	unsigned int gap;
	uint64_t symbol;

	if (in->have < COUNTS_CODE_BITS + SYMBOL_BITS)
		bits_fill(in);
	found = counts->found[class][in->word & ((1U << COUNTS_CODE_BITS) - 1)];
	length = found & ((1U << LENGTH_BITS) - 1);
	if (in->have < length)
		return false;
	in->word >>= length;
	in->have -= length;
	if (found >> COUNT_SHIFT == FOUND_RARE) {
		if (!bits_get(in, SYMBOL_BITS, &symbol) || symbol >= COUNTS_RARE)
			return false;
		found = found_of((unsigned int)symbol);
	}
	gap = found >> GAP_SHIFT & COUNTS_GAPS;
	if (gap > room)
		return false;
	place->i += gap;
	place->near = fade(place->near, gap);
	place->count = found >> COUNT_SHIFT;
	if (place->count < COUNTS_EACH || gap == room)
		return true;
	if (!get_gamma(in, &place->count) || place->count > UINT64_MAX - COUNTS_EACH)
		return false;
	place->count += COUNTS_EACH;
	return true;
}

bool hour_counts_get(const struct hour_counts *counts, struct bits_in *from,
    const struct hour_window *window, struct hour_weights *weights)
{
	struct bits_in in = *from; /* copies that nothing points to stay in registers */
	struct hour_weights w = {0};
	struct place at = {.i = 1};
	const struct hour_row *rows = window->rows;
	uint64_t *buckets = window->buckets;
	size_t last = window->width - 1;
	uint64_t left = window->values;
	uint64_t before;

	if (!get_gamma(&in, &at.count) || at.count >= left - 1)
		return false;
	w.first = at.count + 1;
	buckets[0] += w.first;
	hour_weigh(&w, &rows[0], w.first);
	left -= w.first;
	at.near = come_near(0, w.first);
	before = at.near;
	while (left > 1 && at.i < last) {
		unsigned int class =
		    before < COUNTS_NEAR ? counts->classes[before] : COUNTS_CLASSES - 1;

		before = at.near;
		if (at.near >= NEAR_MANY) {
			if (!get_rice(&in, low_bits(at.near), &at.count))
				return false;
			at.count = unfold(at.count, at.near / ONE);
		} else if (!get_pair(counts, &in, class, last - at.i, &at)) {
			return false;
		} else if (at.i == last || at.count == 0) {
			continue;
		}
		if (at.count >= left)
			return false;
		buckets[at.i] += at.count;
		hour_weigh(&w, &rows[at.i], at.count);
		left -= at.count;
		at.near = come_near(at.near, at.count);
		at.i++;
	}
	buckets[last] += left;
	hour_weigh(&w, &rows[last], left);
	w.last = left;
	*weights = w;
	*from = in;
	return true;
}
