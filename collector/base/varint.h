/* Bounded integers in bytes: LEB128, least significant group first, at most 10 bytes. In
 * base because the model's codings (histogram, usage, rollup) use it as well as the wire.
 */
#ifndef COLDMETER_BASE_VARINT_H
#define COLDMETER_BASE_VARINT_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#define VARINT_MAX_BYTES 10

/* Writes value; returns the bytes written (1..10), or -ENOSPC with nothing written. */
ssize_t varint_encode(uint64_t value, uint8_t *out, size_t size);

/* The same where VARINT_MAX_BYTES are known to be free; returns the place behind it. */
static inline uint8_t *varint_put(uint64_t value, uint8_t *at)
{
	while (value >= 0x80) {
		*at++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	return at;
}

/* Reads one; returns the bytes consumed, -EAGAIN when the buffer ends inside it, or
 * -EBADMSG when it is longer than 10 bytes, exceeds 64 bits, or has needless trailing
 * zero groups. */
ssize_t varint_decode(const uint8_t *in, size_t size, uint64_t *value);

/* The same as varint_decode(), without a call for those of up to 8 bytes that are not at
 * the very end: their groups of 7 bits are pushed together, two, four and eight at once.
 */
static inline ssize_t varint_decode_fast(const uint8_t *in, size_t size, uint64_t *value)
{
	uint64_t word;
	uint64_t stops;
	int n;

	if (size > 0 && in[0] < 0x80) {
		*value = in[0];
		return 1;
	}
	if (size < sizeof(word))
		return varint_decode(in, size, value);
	memcpy(&word, in, sizeof(word));
	word = le64toh(word);
	stops = ~word & UINT64_C(0x8080808080808080);
	if (!stops)
		return varint_decode(in, size, value);
	n = (__builtin_ctzll(stops) + 1) / 8;
	if (in[n - 1] == 0)
		return varint_decode(in, size, value); /* refuses it */
	word &= UINT64_C(0x7f7f7f7f7f7f7f7f) >> (64 - 8 * n);
	word = (word & UINT64_C(0x007f007f007f007f)) |
	       (word & UINT64_C(0x7f007f007f007f00)) >> 1;
	word = (word & UINT64_C(0x00003fff00003fff)) |
	       (word & UINT64_C(0x3fff00003fff0000)) >> 2;
	*value = (word & UINT64_C(0x000000000fffffff)) |
		 (word & UINT64_C(0x0fffffff00000000)) >> 4;
	return n;
}

static inline uint64_t varint_zigzag(int64_t v)
{
	return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

static inline int64_t varint_unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

#endif
