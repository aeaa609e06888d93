/* Questions about all functions, asked of one range of them after the other
 * (store_range_end()), so that memory does not grow with how many there are, and of
 * several ranges at once where there are CPUs for it. */
#ifndef COLDMETER_SERVE_FIGURES_RANGES_H
#define COLDMETER_SERVE_FIGURES_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct ranges {
	struct store *store;
	void *context;
	/* Reads what is asked of the functions [first_id, end_id) into read_bytes zeroed
	 * bytes at *into: 0 or an error. Called by several threads at once. */
	size_t read_bytes;
	int (*read)(void *context, uint32_t first_id, uint32_t end_id, void *into);
	/* Takes them in, by the thread that asks and in the order of the ranges. Another
	 * return than 0 stops it. */
	int (*visit)(void *context, void *read);
	/* Releases what was read, wholly or not. */
	void (*done)(void *read);
};

/* 0, or what read or visit stopped it with; -ENOMEM. */
int ranges_each(const struct ranges *ranges);

#endif
