/* Bounded integers in bytes: LEB128, least significant group first, at most 10 bytes. In
 * base because the model's codings (histogram, usage, rollup) use it as well as the wire.
 */
#ifndef COLDMETER_BASE_VARINT_H
#define COLDMETER_BASE_VARINT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define VARINT_MAX_BYTES 10

/* Writes value; returns the bytes written (1..10), or -ENOSPC with nothing written. */
ssize_t varint_encode(uint64_t value, uint8_t *out, size_t size);

/* Reads one; returns the bytes consumed, -EAGAIN when the buffer ends inside it, or
 * -EBADMSG when it is longer than 10 bytes, exceeds 64 bits, or has needless trailing
 * zero groups. */
ssize_t varint_decode(const uint8_t *in, size_t size, uint64_t *value);

/* The same as varint_decode(), without a call for the single bytes that most are. */
static inline ssize_t varint_decode_fast(const uint8_t *in, size_t size, uint64_t *value)
{
	if (size > 0 && in[0] < 0x80) {
		*value = in[0];
		return 1;
	}
	return varint_decode(in, size, value);
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
