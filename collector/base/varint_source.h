/* Varints from bytes, one after the other. Once something is wrong it stays failed, so
 * that a reader looks at the end only. */
#ifndef COLDMETER_BASE_VARINT_SOURCE_H
#define COLDMETER_BASE_VARINT_SOURCE_H

#include <errno.h>
#include <stdbool.h>

#include "base/varint.h"

struct varint_source {
	const uint8_t *in;
	size_t size;
	size_t at;
	bool failed;
};

/* 0 of a source that has failed. */
static inline uint64_t varint_get(struct varint_source *source)
{
	uint64_t value = 0;
	ssize_t n = -EBADMSG;

	if (!source->failed)
		n = varint_decode_fast(
		    source->in + source->at, source->size - source->at, &value);
	if (n < 0)
		source->failed = true;
	else
		source->at += (size_t)n;
	return value;
}

#endif
