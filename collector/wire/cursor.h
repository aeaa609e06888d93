/* A bounded walk over received bytes. Every function moves on or, when the bytes do not
 * hold what it wants, returns false. */
#ifndef COLDMETER_WIRE_CURSOR_H
#define COLDMETER_WIRE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/varint.h"

struct cursor {
	const uint8_t *at;
	const uint8_t *end;
};

/* in may be NULL when n is 0. */
static inline struct cursor cursor_over(const uint8_t *in, size_t n)
{
	static const uint8_t nothing[1];
	const uint8_t *at = n > 0 ? in : nothing;

	return (struct cursor){.at = at, .end = at + n};
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

static inline bool cursor_varint(struct cursor *c, uint64_t *value)
{
	ssize_t n = varint_decode_fast(c->at, cursor_left(c), value);

	if (n < 0)
		return false;
	c->at += n;
	return true;
}

/* The next n bytes, as a cursor of their own. */
static inline bool cursor_split(struct cursor *c, uint64_t n, struct cursor *part)
{
	if (n > cursor_left(c))
		return false;
	*part = cursor_over(c->at, (size_t)n);
	c->at += n;
	return true;
}

#endif
