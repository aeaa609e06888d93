/* Pointers by small numbers: what one part knows of things that another has numbered. */
#ifndef COLDMETER_BASE_BY_ID_H
#define COLDMETER_BASE_BY_ID_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Zero-initialised is empty and valid. */
struct by_id {
	void **items;
	uint32_t n;
};

/* The place of that number, NULL in it at first; NULL of number 0, or without memory.
 * Holds until the next call. */
static inline void **by_id_at(struct by_id *table, uint32_t id)
{
	if (id >= table->n) {
		uint32_t n = id < 128 ? 256 : id < UINT32_MAX / 2 ? id * 2 : UINT32_MAX;
		void **grown = id ? reallocarray(table->items, n, sizeof(void *)) : NULL;

		if (!grown)
			return NULL;
		memset(grown + table->n, 0, (n - table->n) * sizeof(void *));
		table->items = grown;
		table->n = n;
	}
	return id ? &table->items[id] : NULL;
}

static inline void by_id_done(struct by_id *table)
{
	free(table->items);
	*table = (struct by_id){0};
}

#endif
