/* Bits in bytes, lowest first, and Rice codes of them. */
#ifndef COLDMETER_MODEL_BITS_H
#define COLDMETER_MODEL_BITS_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A reader's state belongs into registers. */
#define BITS_INLINE static inline __attribute__((always_inline))

#define BITS_ESCAPE 24   /* ones that say: the value follows in 64 bits */
#define BITS_RICE_MAX 15 /* low bits that are read at once with the rest of a code */

struct bits_out {
	uint8_t *out;
	size_t size;
	size_t at;
	uint64_t word; /* have bits of it are not written yet; have < 8 between calls */
	unsigned int have;
	bool failed; /* there was no room */
};

/* n <= 56, value < 2^n. */
static inline void bits_put(struct bits_out *b, uint64_t value, unsigned int n)
{
	b->word |= value << b->have;
	b->have += n;
	for (; b->have >= 8; b->have -= 8) {
		if (b->at < b->size)
			b->out[b->at++] = (uint8_t)b->word;
		else
			b->failed = true;
		b->word >>= 8;
	}
}

/* n <= 64, value < 2^n. */
static inline void bits_put_long(struct bits_out *b, uint64_t value, unsigned int n)
{
	bits_put(b, (uint32_t)value, n < 32 ? n : 32);
	if (n > 32)
		bits_put(b, value >> 32, n - 32);
}

/* k <= 56. */
static inline void bits_put_rice(struct bits_out *b, uint64_t value, unsigned int k)
{
	uint64_t ones = value >> k;

	if (ones < BITS_ESCAPE) {
		bits_put(b, (UINT64_C(1) << ones) - 1, (unsigned int)ones + 1);
		bits_put(b, value & ((UINT64_C(1) << k) - 1), k);
		return;
	}
	bits_put(b, (UINT64_C(1) << BITS_ESCAPE) - 1, BITS_ESCAPE);
	bits_put(b, (uint32_t)value, 32);
	bits_put(b, value >> 32, 32);
}

/* How many bits that takes. */
static inline uint64_t bits_of_rice(uint64_t value, unsigned int k)
{
	uint64_t ones = value >> k;

	return ones < BITS_ESCAPE ? ones + 1 + k : BITS_ESCAPE + 64;
}

/* Pads with zeros to a whole byte. */
static inline void bits_end(struct bits_out *b)
{
	if (b->have)
		bits_put(b, 0, 8 - b->have);
}

struct bits_in {
	const uint8_t *in;
	size_t size;
	size_t at;     /* of the next byte to take in */
	uint64_t word; /* have bits of it are to be read; more may lie above */
	unsigned int have;
};

/* At least 56 bits, or all there are. */
BITS_INLINE void bits_fill(struct bits_in *b)
{
	uint64_t next;

	if (b->size - b->at >= sizeof(next)) {
		memcpy(&next, b->in + b->at, sizeof(next));
		b->word |= le64toh(next) << b->have;
		b->at += (63 - b->have) >> 3;
		b->have |= 56;
		return;
	}
	while (b->have <= 56 && b->at < b->size) {
		b->word |= (uint64_t)b->in[b->at++] << b->have;
		b->have += 8;
	}
}

/* n <= 32 and filled before; false when there are fewer. */
BITS_INLINE bool bits_get(struct bits_in *b, unsigned int n, uint64_t *value)
{
	if (b->have < n)
		return false;
	*value = b->word & ((UINT64_C(1) << n) - 1);
	b->word >>= n;
	b->have -= n;
	return true;
}

/* n <= 64, filled or not. */
BITS_INLINE bool bits_get_long(struct bits_in *b, unsigned int n, uint64_t *value)
{
	uint64_t high = 0;

	bits_fill(b);
	if (!bits_get(b, n < 32 ? n : 32, value))
		return false;
	if (n <= 32)
		return true;
	bits_fill(b);
	if (!bits_get(b, n - 32, &high))
		return false;
	*value |= high << 32;
	return true;
}

/* What follows the ones of an escape. */
BITS_INLINE bool bits_get_escaped(struct bits_in *b, unsigned int k, uint64_t *value)
{
	uint64_t low;
	uint64_t high;

	bits_fill(b);
	if (!bits_get(b, 32, &low))
		return false;
	bits_fill(b);
	if (!bits_get(b, 32, &high))
		return false;
	*value = high << 32 | low;
	return *value >> k >= BITS_ESCAPE;
}

/* k <= BITS_RICE_MAX. False when it ends too early, or is no code that bits_put_rice()
 * writes. */
BITS_INLINE bool bits_get_rice(struct bits_in *b, unsigned int k, uint64_t *value)
{
	unsigned int ones;

	bits_fill(b);
	ones = ~b->word ? (unsigned int)__builtin_ctzll(~b->word) : 64;
	if (ones >= BITS_ESCAPE) {
		if (b->have < BITS_ESCAPE)
			return false;
		b->word >>= BITS_ESCAPE;
		b->have -= BITS_ESCAPE;
		return bits_get_escaped(b, k, value);
	}
	if (b->have < ones + 1 + k)
		return false;
	b->word >>= ones + 1;
	*value = (uint64_t)ones << k | (b->word & ((UINT64_C(1) << k) - 1));
	b->word >>= k;
	b->have -= ones + 1 + k;
	return true;
}

/* Two codes, one after the other, with g and with k bits: in most cases in one piece. */
BITS_INLINE bool bits_get_rice_pair(
    struct bits_in *b, unsigned int g, unsigned int k, uint64_t *first, uint64_t *second)
{
	unsigned int ones;
	unsigned int more;
	unsigned int n;
	uint64_t word;

	bits_fill(b);
	word = b->word;
	ones = ~word ? (unsigned int)__builtin_ctzll(~word) : 64;
	if (ones < BITS_ESCAPE) {
		word >>= ones + 1;
		*first = (uint64_t)ones << g | (word & ((UINT64_C(1) << g) - 1));
		word >>= g;
		more = (unsigned int)__builtin_ctzll(~word); /* zeros came in above */
		n = ones + 1 + g + more + 1 + k;
		if (more < BITS_ESCAPE && n <= b->have) {
			word >>= more + 1;
			*second = (uint64_t)more << k | (word & ((UINT64_C(1) << k) - 1));
			b->word = word >> k;
			b->have -= n;
			return true;
		}
	}
	return bits_get_rice(b, g, first) && bits_get_rice(b, k, second);
}

/* The same for k <= 56. */
BITS_INLINE bool bits_get_rice_long(struct bits_in *b, unsigned int k, uint64_t *value)
{
	unsigned int ones;

	bits_fill(b);
	ones = ~b->word ? (unsigned int)__builtin_ctzll(~b->word) : 64;
	if (k <= BITS_RICE_MAX || ones >= BITS_ESCAPE)
		return bits_get_rice(b, k, value);
	if (b->have < ones + 1)
		return false;
	b->word >>= ones + 1;
	b->have -= ones + 1;
	if (!bits_get_long(b, k, value))
		return false;
	*value |= (uint64_t)ones << k;
	return true;
}

/* How many bits were taken. */
static inline uint64_t bits_at(const struct bits_in *b)
{
	return b->at * 8 - b->have;
}

/* The bytes that were begun, or -1 when what pads the last one is not 0. */
static inline int64_t bits_end_of(const struct bits_in *b)
{
	unsigned int padding = b->have % 8;

	if (padding && b->word & ((UINT64_C(1) << padding) - 1))
		return -1;
	return (int64_t)(b->at - b->have / 8);
}

#endif
