/* What the dictionary is in memory, for its two files. */
#ifndef COLDMETER_STORE_SQLITE_DICTIONARY_INSIDE_H
#define COLDMETER_STORE_SQLITE_DICTIONARY_INSIDE_H

#include <pthread.h>
#include <stdbool.h>

#include "store/sqlite/dictionary.h"

struct slot {
	struct dictionary_entry entry;
	uint64_t hash;
	uint32_t former; /* id of the last one before it in its place of names; 0: none */
	int64_t stored_last_ns;
	bool changed; /* differs from its row */
	bool touched; /* in the writer's transaction */
};

struct dictionary {
	pthread_mutex_t mutex;
	struct slot *slots; /* id - 1 */
	uint32_t slots_n;
	uint32_t stored_n; /* the first of them are committed */
	uint32_t slots_room;
	uint32_t *table; /* id, 0: empty; size is a power of two, at most half full */
	uint32_t *names; /* id of the last one whose name has that place, of as many */
	uint32_t table_size;
	uint32_t *touched;
	uint32_t touched_n;
};

/* One that is not there yet, to be stored. 0 or -ENOMEM. */
int dictionary_add(
    struct dictionary *d, const struct dictionary_entry *entry, uint32_t *id);

/* Every row of its table. 0, -EUCLEAN or another negative errno. */
int dictionary_load(struct dictionary *d, struct connection *c);

#endif
