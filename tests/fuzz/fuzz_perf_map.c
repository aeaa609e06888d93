/* What a runtime says of its code, in whatever pieces it comes: whole lines give the same
 * names however they were cut. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/deep/perf_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static bool is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* At whole and at cut: the first piece of the cut one ends at that byte. */
static void compare(const char *text, size_t size, size_t cut)
{
	size_t budget = SIZE_MAX;
	struct perf_map *whole;
	struct perf_map *pieces;
	long first;

	if (perf_map_new(&budget, &whole) < 0 || perf_map_new(&budget, &pieces) < 0)
		abort();
	first = perf_map_add(pieces, text, cut);
	if (first < 0 || (size_t)first > cut ||
	    perf_map_add(whole, text, size) !=
		first + perf_map_add(pieces, text + first, size - (size_t)first))
		abort();
	for (size_t at = 0; at + 8 <= size; at += 8) {
		uint64_t address;

		memcpy(&address, text + at, sizeof(address));
		if (!is_same(perf_map_find(whole, address & 0xffff),
			perf_map_find(pieces, address & 0xffff)))
			abort();
	}
	perf_map_free(whole);
	perf_map_free(pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	if (size > 1 && size < 65536)
		compare((const char *)in + 1, size - 1, in[0] % size);
	return 0;
}
