#include "base/varint.h"

#include <errno.h>

ssize_t varint_encode(uint64_t value, uint8_t *out, size_t size)
{
	uint8_t bytes[VARINT_MAX_BYTES];
	size_t n = 0;

	while (value >= 0x80) {
		bytes[n++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	bytes[n++] = (uint8_t)value;
	if (n > size)
		return -ENOSPC;
	for (size_t i = 0; i < n; i++)
		out[i] = bytes[i];
	return (ssize_t)n;
}

ssize_t varint_decode(const uint8_t *in, size_t size, uint64_t *value)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < VARINT_MAX_BYTES; i++) {
		if (i == size)
			return -EAGAIN;
		sum |= (uint64_t)(in[i] & 0x7f) << (7 * i);
		if (in[i] & 0x80)
			continue;
		/* a zero group at the end adds nothing; the tenth has room for one bit */
		if ((i > 0 && in[i] == 0) || (i == VARINT_MAX_BYTES - 1 && in[i] > 1))
			return -EBADMSG;
		*value = sum;
		return (ssize_t)(i + 1);
	}
	return -EBADMSG;
}
