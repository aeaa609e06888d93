/* Whether short runs of bytes are the same, as words that may overlap: where lengths are
 * few, no call of memcmp() is as short. */
#ifndef COLDMETER_BASE_SAME_H
#define COLDMETER_BASE_SAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* n is 4 or more. */
static inline bool same_bytes(const char *a, const char *b, size_t n)
{
	uint64_t x[2];
	uint64_t y[2];

	if (n < sizeof(x[0])) {
		uint32_t u[2];
		uint32_t v[2];

		memcpy(&u[0], a, sizeof(u[0]));
		memcpy(&v[0], b, sizeof(v[0]));
		memcpy(&u[1], a + n - sizeof(u[1]), sizeof(u[1]));
		memcpy(&v[1], b + n - sizeof(v[1]), sizeof(v[1]));
		return u[0] == v[0] && u[1] == v[1];
	}
	for (; n > 2 * sizeof(x[0]); n -= sizeof(x[0])) {
		memcpy(&x[0], a, sizeof(x[0]));
		memcpy(&y[0], b, sizeof(y[0]));
		if (x[0] != y[0])
			return false;
		a += sizeof(x[0]);
		b += sizeof(y[0]);
	}
	memcpy(&x[0], a, sizeof(x[0]));
	memcpy(&y[0], b, sizeof(y[0]));
	memcpy(&x[1], a + n - sizeof(x[1]), sizeof(x[1]));
	memcpy(&y[1], b + n - sizeof(y[1]), sizeof(y[1]));
	return x[0] == y[0] && x[1] == y[1];
}

#endif
