/* The index of a value comes from its leading bit, a table of slots and one compare; no
 * logarithm and no floating point, so that it is the same on every machine. */
#include "model/histogram.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ahead.h"

#define STEPS (1 << HISTOGRAM_SCALE)

/* A tick is 2^-40 s: ns * 2^40 / 10^9 = ns * 2^31 / 5^9. */
#define TICKS_SHIFT 31
#define TICKS_DIVISOR 1953125

/* floor(2^(63 + j/32)): a 64-bit value with its leading bit at the top lies above the
 * j-th bound of its octave when it is greater than this. The last is a stop. */
static const uint64_t bounds[STEPS + 1] = {0x8000000000000000, 0x82cd8698ac2ba1d7,
    0x85aac367cc487b14, 0x88980e8092da8527, 0x8b95c1e3ea8bd6e6, 0x8ea4398b45cd53c0,
    0x91c3d373ab11c336, 0x94f4efa8fef70961, 0x9837f0518db8a96f, 0x9b8d39b9d54e5538,
    0x9ef5326091a111ad, 0xa27043030c496818, 0xa5fed6a9b15138ea, 0xa9a15ab4ea7c0ef8,
    0xad583eea42a14ac6, 0xb123f581d2ac258f, 0xb504f333f9de6484, 0xb8fbaf4762fb9ee9,
    0xbd08a39f580c36be, 0xc12c4cca66709456, 0xc5672a115506dadd, 0xc9b9bd866e2f27a2,
    0xce248c151f8480e3, 0xd2a81d91f12ae45a, 0xd744fccad69d6af4, 0xdbfbb797daf23755,
    0xe0ccdeec2a94e111, 0xe5b906e77c8348a8, 0xeac0c6e7dd24392e, 0xefe4b99bdcdaf5cb,
    0xf5257d152486cc2c, 0xfa83b2db722a033a, UINT64_MAX};

/* How many bounds lie below the t-th 64th of an octave. Bounds are further apart than
 * that, so a 64th holds at most one: the one that is left to compare with. */
static const uint8_t slots[2 * STEPS] = {0, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 8, 8, 9, 10, 10,
    11, 11, 12, 13, 13, 14, 14, 15, 15, 16, 16, 17, 17, 18, 18, 19, 19, 20, 20, 21, 21,
    22, 22, 22, 23, 23, 24, 24, 25, 25, 26, 26, 26, 27, 27, 28, 28, 28, 29, 29, 30, 30,
    30, 31, 31, 31, 32, 32};

void histogram_done(struct histogram *h)
{
	if (!h)
		return;
	free(h->buckets);
	*h = (struct histogram){0};
}

void histogram_clear(struct histogram *h)
{
	*h = (struct histogram){.buckets = h->buckets, .buckets_room = h->buckets_room};
}

int32_t histogram_index(uint64_t value)
{
	int shift = __builtin_clzll(value);
	uint64_t top = value << shift;
	unsigned int slot = slots[(top >> (63 - HISTOGRAM_SCALE - 1)) & (2 * STEPS - 1)];

	return (63 - shift) * STEPS + (int32_t)slot + (top > bounds[slot]) - 1;
}

double histogram_upper(int32_t index)
{
	return exp2((index + 1) / (double)STEPS);
}

uint64_t histogram_greatest(int32_t index)
{
	int32_t next = index + 1;

	if (next < 0)
		return 0;
	if (next >= 64 * STEPS)
		return UINT64_MAX;
	return bounds[next % STEPS] >> (63 - next / STEPS);
}

uint64_t histogram_ticks(uint64_t ns)
{
	unsigned __int128 scaled = (unsigned __int128)ns << TICKS_SHIFT;

	if (ns >> (63 - TICKS_SHIFT) == 0) /* 4 s: a multiplication does */
		return ((ns << TICKS_SHIFT) + TICKS_DIVISOR / 2) / TICKS_DIVISOR;
	scaled = (scaled + TICKS_DIVISOR / 2) / TICKS_DIVISOR;
	return scaled > UINT64_MAX ? UINT64_MAX : (uint64_t)scaled;
}

uint64_t histogram_nearest_ns(uint64_t ticks)
{
	unsigned __int128 scaled = (unsigned __int128)ticks * TICKS_DIVISOR;

	return (uint64_t)((scaled + (1U << (TICKS_SHIFT - 1))) >> TICKS_SHIFT);
}

double histogram_ticks_to_ns(double ticks)
{
	return ticks * ((double)TICKS_DIVISOR / (double)(1U << TICKS_SHIFT));
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static int32_t last_index(const struct histogram *h)
{
	return h->first + (int32_t)h->buckets_used - 1;
}

static int reserve(struct histogram *h, uint32_t n)
{
	uint32_t room = h->buckets_room ? h->buckets_room : 16;
	uint64_t *grown;

	if (n <= h->buckets_room)
		return 0;
	while (room < n)
		room *= 2;
	if (room > HISTOGRAM_BUCKETS_MAX)
		room = HISTOGRAM_BUCKETS_MAX;
	grown = realloc(h->buckets, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	h->buckets = grown;
	h->buckets_room = room;
	return 0;
}

int histogram_cover(struct histogram *h, int32_t first, int32_t last)
{
	uint32_t below = 0;
	uint32_t used;

	if (h->buckets_used == 0) {
		h->first = first;
	} else {
		if (last < last_index(h))
			last = last_index(h);
		if (first > h->first)
			first = h->first;
		below = (uint32_t)(h->first - first);
	}
	used = (uint32_t)(last - first + 1);
	if (used == h->buckets_used)
		return 0;
	if (reserve(h, used) < 0)
		return -ENOMEM;
	if (below > 0)
		memmove(h->buckets + below, h->buckets,
		    h->buckets_used * sizeof(*h->buckets));
	memset(h->buckets, 0, below * sizeof(*h->buckets));
	memset(h->buckets + below + h->buckets_used, 0,
	    (used - below - h->buckets_used) * sizeof(*h->buckets));
	h->first = first;
	h->buckets_used = used;
	return 0;
}

struct histogram_place histogram_place(uint64_t value)
{
	return (struct histogram_place){value, value ? histogram_index(value) : 0};
}

struct histogram_place histogram_place_ns(uint64_t ns)
{
	return histogram_place(histogram_ticks(ns));
}

void histogram_ahead(const struct histogram *h, struct histogram_place place)
{
	uint32_t at = (uint32_t)(place.index - h->first);

	if (at < h->buckets_used)
		ahead(&h->buckets[at], 1);
}

int histogram_add_at(struct histogram *h, struct histogram_place place)
{
	uint64_t value = place.value;

	if (value == 0) {
		h->zero_count++;
	} else {
		uint32_t at = (uint32_t)(place.index - h->first);

		/* below the window, at is huge */
		if (at >= h->buckets_used) {
			if (histogram_cover(h, place.index, place.index) < 0)
				return -ENOMEM;
			at = (uint32_t)(place.index - h->first);
		}
		h->buckets[at]++;
	}
	if (h->count == 0 || value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->count++;
	h->sum = add_saturating(h->sum, value);
	return 0;
}

int histogram_add(struct histogram *h, uint64_t value)
{
	return histogram_add_at(h, histogram_place(value));
}

int histogram_add_ns(struct histogram *h, uint64_t ns)
{
	return histogram_add_at(h, histogram_place_ns(ns));
}

void histogram_count_in(struct histogram *into, const struct histogram *from)
{
	if (from->count == 0)
		return;
	if (into->count == 0 || from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	into->count += from->count;
	into->zero_count += from->zero_count;
	into->sum = add_saturating(into->sum, from->sum);
}

int histogram_merge(struct histogram *into, const struct histogram *from)
{
	if (from->count == 0)
		return 0;
	if (from->count > UINT64_MAX - into->count)
		return -EOVERFLOW;
	if (from->buckets_used > 0) {
		if (histogram_cover(into, from->first, last_index(from)) < 0)
			return -ENOMEM;
		uint64_t *to = into->buckets + (from->first - into->first);

		for (uint32_t i = 0; i < from->buckets_used; i++)
			to[i] += from->buckets[i];
	}
	histogram_count_in(into, from);
	return 0;
}

/* Values in bucket index of all parts. */
static uint64_t count_at(const struct histogram *const *parts, size_t n, int32_t index)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t at = (uint32_t)(index - parts[i]->first);

		if (at < parts[i]->buckets_used)
			sum = add_saturating(sum, parts[i]->buckets[at]);
	}
	return sum;
}

/* The index of the bucket that holds the value of that rank (from 1), zeros left out. */
static int32_t index_of_rank(
    const struct histogram *const *parts, size_t n, uint64_t rank)
{
	int32_t first = HISTOGRAM_INDEX_MAX;
	int32_t last = HISTOGRAM_INDEX_MIN;
	uint64_t below = 0;

	for (size_t i = 0; i < n; i++) {
		if (parts[i]->buckets_used == 0)
			continue;
		first = parts[i]->first < first ? parts[i]->first : first;
		last = last_index(parts[i]) > last ? last_index(parts[i]) : last;
	}
	for (; first < last; first++) {
		below = add_saturating(below, count_at(parts, n, first));
		if (below >= rank)
			break;
	}
	return first;
}

/* Nearest rank, from 1: ceil(q * count). */
static uint64_t rank_of(double q, uint64_t count)
{
	double rank = ceil(q * (double)count);

	if (!(rank >= 1)) /* also when q is not a number */
		return 1;
	return rank >= (double)count ? count : (uint64_t)rank;
}

double histogram_quantile_of(const struct histogram *const *parts, size_t n, double q)
{
	uint64_t count = 0;
	uint64_t zeros = 0;
	uint64_t min = UINT64_MAX;
	uint64_t max = 0;
	uint64_t rank;

	for (size_t i = 0; i < n; i++) {
		if (parts[i]->count == 0)
			continue;
		count = add_saturating(count, parts[i]->count);
		zeros = add_saturating(zeros, parts[i]->zero_count);
		min = parts[i]->min < min ? parts[i]->min : min;
		max = parts[i]->max > max ? parts[i]->max : max;
	}
	rank = rank_of(q, count);
	if (rank <= zeros || count == 0)
		return 0;
	if (rank == count)
		return (double)max;
	if (rank == 1)
		return (double)min;

	/* 2lu/(l+u) is as far, relatively, from the lower bound as from the upper */
	double upper = histogram_upper(index_of_rank(parts, n, rank - zeros));
	double value = upper * 2 / (1 + exp2(1.0 / STEPS));

	return fmin(fmax(value, (double)min), (double)max);
}

double histogram_quantile(const struct histogram *h, double q)
{
	return histogram_quantile_of(&h, 1, q);
}

double histogram_quantile_ns(const struct histogram *h, double q)
{
	return histogram_ticks_to_ns(histogram_quantile(h, q));
}
