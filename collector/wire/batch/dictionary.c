#include "wire/batch/dictionary.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define FIRST_ROOM 1024

void batch_dictionary_done(struct batch_dictionary *d)
{
	free(d->bytes);
	free(d->ends);
	free(d->table);
	*d = (struct batch_dictionary){.limit = d->limit};
}

void batch_dictionary_clear(struct batch_dictionary *d)
{
	if (d->table)
		memset(d->table, 0, 2 * d->limit * sizeof(*d->table));
	d->n = 0;
	d->used = 0;
}

int batch_dictionary_reserve(struct batch_dictionary *d, size_t len)
{
	if (!d->table)
		d->table = calloc(2 * d->limit, sizeof(*d->table));
	if (!d->ends)
		d->ends = calloc(d->limit, sizeof(*d->ends));
	if (!d->table || !d->ends)
		return -ENOMEM;
	if (d->room - d->used < len) {
		size_t room = d->room ? d->room : FIRST_ROOM;
		uint8_t *grown;

		while (room - d->used < len)
			room *= 2;
		grown = realloc(d->bytes, room);
		if (!grown)
			return -ENOMEM;
		d->bytes = grown;
		d->room = room;
	}
	return 0;
}

/* A stranger who makes names collide slows his own agent down, by 4096 steps at worst. */
static size_t first_slot(const struct batch_dictionary *d, const uint8_t *s, size_t len)
{
	return hash_bytes(0, s, len) % (2 * d->limit);
}

static bool is_at(
    const struct batch_dictionary *d, size_t index, const uint8_t *s, size_t len)
{
	size_t start = index ? d->ends[index - 1] : 0;

	return d->ends[index] - start == len && memcmp(d->bytes + start, s, len) == 0;
}

size_t batch_dictionary_find(
    const struct batch_dictionary *d, const uint8_t *s, size_t len)
{
	if (d->n == 0)
		return d->n;
	for (size_t slot = first_slot(d, s, len); d->table[slot];
	     slot = (slot + 1) % (2 * d->limit)) {
		if (is_at(d, d->table[slot] - 1U, s, len))
			return d->table[slot] - 1U;
	}
	return d->n;
}

void batch_dictionary_add(struct batch_dictionary *d, const uint8_t *s, size_t len)
{
	size_t slot = first_slot(d, s, len);

	assert(d->n < d->limit && d->room - d->used >= len);
	while (d->table[slot])
		slot = (slot + 1) % (2 * d->limit);
	memcpy(d->bytes + d->used, s, len);
	d->used += len;
	d->ends[d->n++] = (uint32_t)d->used;
	d->table[slot] = (uint16_t)d->n;
}
