/* Numbers in two parts: a byte that says how long a number is, with its first bits, and
 * the bits behind those. The bytes of a column are few different ones, which zstd makes
 * short; the bits are chance, and stand apart from what can be made shorter.
 *
 * Below 128 the byte is the number and there are no bits. Else 2^k is the highest power
 * of two in it, the byte is 128 + 2 * (k - 7) + the bit below, and the k - 1 bits below
 * that follow each other from the lowest bit of the first byte on. */
#ifndef COLDMETER_WIRE_BATCH_PARTS_H
#define COLDMETER_WIRE_BATCH_PARTS_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BATCH_PARTS_WHOLE 128 /* numbers below it have no bits */
#define BATCH_PARTS_BYTES 242 /* different first parts */
#define BATCH_FEW_MAX 64      /* different numbers of a column that lists them: a byte */
#define BATCH_PARTS_MARGIN 8  /* bytes behind the bits that may be written or read */

/* How many bits a number has beside its byte. */
static inline unsigned int batch_parts_bits(uint64_t value)
{
	return value < BATCH_PARTS_WHOLE ? 0 : 62U - (unsigned int)__builtin_clzll(value);
}

/* Bits in the making. */
struct batch_bits {
	uint8_t *at;
	uint64_t waiting; /* of them, the lowest first */
	unsigned int n;   /* waiting, below 8 */
};

static inline void batch_bits_put(struct batch_bits *bits, uint64_t value, unsigned int n)
{
	uint64_t word;

	bits->waiting |= value << bits->n;
	word = htole64(bits->waiting);
	memcpy(bits->at, &word, sizeof(word));
	bits->n += n;
	bits->at += bits->n / 8;
	bits->waiting >>= bits->n / 8 * 8;
	bits->n %= 8;
}

/* Puts the bits, for which there is room and BATCH_PARTS_MARGIN; returns the byte. */
static inline uint8_t batch_parts_put(struct batch_bits *bits, uint64_t value)
{
	unsigned int n = batch_parts_bits(value);
	uint64_t rest;

	if (value < BATCH_PARTS_WHOLE)
		return (uint8_t)value;
	rest = value & ((UINT64_C(1) << n) - 1);
	if (n > 32) {
		batch_bits_put(bits, rest & UINT32_MAX, 32);
		batch_bits_put(bits, rest >> 32, n - 32);
	} else {
		batch_bits_put(bits, rest, n);
	}
	return (uint8_t)(BATCH_PARTS_WHOLE + 2 * (n - 6) + (value >> n & 1));
}

/* Up to the next byte: a column ends. */
static inline void batch_bits_end(struct batch_bits *bits)
{
	if (bits->n > 0)
		bits->at++;
	bits->waiting = 0;
	bits->n = 0;
}

/* Bits on their way back. */
struct batch_bits_read {
	const uint8_t *bytes; /* BATCH_PARTS_MARGIN bytes behind them may be read, too */
	size_t at;            /* in bits */
	size_t end;
};

/* At most 57 of them. */
static inline uint64_t batch_bits_take(struct batch_bits_read *bits, unsigned int n)
{
	uint64_t word;

	memcpy(&word, bits->bytes + bits->at / 8, sizeof(word));
	word = le64toh(word) >> bits->at % 8 & ((UINT64_C(1) << n) - 1);
	bits->at += n;
	return word;
}

/* The number of a byte of 128 and more. False when there is no such byte, or the bits are
 * at their end. */
static inline bool batch_parts_take(
    struct batch_bits_read *bits, uint8_t byte, uint64_t *value)
{
	unsigned int n = 6 + (byte - BATCH_PARTS_WHOLE) / 2U;
	uint64_t first = UINT64_C(2) | (byte & 1U);

	if (byte >= BATCH_PARTS_BYTES || n > bits->end - bits->at)
		return false;
	if (n <= 56) {
		*value = first << n | batch_bits_take(bits, n);
		return true;
	}
	*value = batch_bits_take(bits, 32);
	*value |= first << n | batch_bits_take(bits, n - 32) << 32;
	return true;
}

#endif
