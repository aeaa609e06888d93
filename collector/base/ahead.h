/* Counting many records into rows that lie far apart: the rows of some records are asked
 * for together before the first is touched, so that they come from memory side by side
 * and not one behind the other. */
#ifndef COLDMETER_BASE_AHEAD_H
#define COLDMETER_BASE_AHEAD_H

#include <stddef.h>

/* Records at a time: about as many lines as a core fetches at once, and few enough that
 * the first are still there when the last have come. */
#define AHEAD_RECORDS 16

#define AHEAD_LINE_BYTES 64

/* Asks for n bytes that are to be written; any address may be asked for. */
static inline void ahead(const void *at, size_t n)
{
	for (size_t i = 0; i < n; i += AHEAD_LINE_BYTES)
		__builtin_prefetch((const char *)at + i, 1);
}

#endif
