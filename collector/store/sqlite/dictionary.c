/* Entries by id, found through an open-addressing table of their hashes, and those of a
 * name through a table of chains. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ahead.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "store/sqlite/dictionary_inside.h"

/* A later last_seen alone is written this seldom; after a crash it is that much off. */
#define LAST_SEEN_STALE_NS (10 * CLOCK_NS_PER_S)

static uint32_t *probe(
    const struct dictionary *d, const struct function *f, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (d->table_size - 1);

	for (;; i = (i + 1) & (d->table_size - 1)) {
		const struct slot *slot;

		if (d->table[i] == 0)
			return &d->table[i];
		slot = &d->slots[d->table[i] - 1];
		if (slot->hash == hash && function_is_same(&slot->entry.function, f))
			return &d->table[i];
	}
}

static uint32_t *place_of_name(const struct dictionary *d, const char *name)
{
	return &d->names[hash_bytes(0, name, strlen(name)) & (d->table_size - 1)];
}

/* Makes a slot one that is found. */
static void enter(struct dictionary *d, uint32_t id)
{
	struct slot *slot = &d->slots[id - 1];
	uint32_t *name = place_of_name(d, slot->entry.function.name);

	*probe(d, &slot->entry.function, slot->hash) = id;
	slot->former = *name;
	*name = id;
}

/* Room for one more slot, its place among the touched, and a table half empty. */
static int make_room(struct dictionary *d)
{
	uint32_t room = d->slots_room ? d->slots_room * 2 : 64;
	struct slot *slots;
	uint32_t *touched;
	uint32_t *tables;

	if (d->slots_n < d->slots_room)
		return 0;
	slots = realloc(d->slots, room * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	d->slots = slots;
	touched = realloc(d->touched, room * sizeof(*touched));
	if (!touched)
		return -ENOMEM;
	d->touched = touched;
	tables = calloc((size_t)room * 4, sizeof(*tables));
	if (!tables)
		return -ENOMEM;
	free(d->table);
	d->table = tables;
	d->table_size = room * 2;
	d->names = tables + d->table_size;
	d->slots_room = room;
	for (uint32_t id = 1; id <= d->slots_n; id++)
		enter(d, id);
	return 0;
}

int dictionary_add(
    struct dictionary *d, const struct dictionary_entry *entry, uint32_t *id)
{
	uint64_t hash = function_hash(&entry->function);
	int err = make_room(d);

	if (err)
		return err;
	d->slots[d->slots_n] =
	    (struct slot){.entry = *entry, .hash = hash, .changed = true};
	*id = ++d->slots_n;
	enter(d, *id);
	return 0;
}

int dictionary_new(struct connection *c, struct dictionary **out)
{
	struct dictionary *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	(void)pthread_mutex_init(&d->mutex, NULL);
	err = make_room(d);
	if (!err)
		err = dictionary_load(d, c);
	if (err) {
		dictionary_free(d);
		return err;
	}
	*out = d;
	return 0;
}

void dictionary_free(struct dictionary *d)
{
	if (!d)
		return;
	(void)pthread_mutex_destroy(&d->mutex);
	free(d->slots);
	free(d->table);
	free(d->touched);
	free(d);
}

/* Takes over what seen knows of the set-up; what it does not know stays. */
static void learn(struct slot *slot, const struct dictionary_news *seen)
{
	const struct function *set_up = seen->function;
	struct dictionary_entry *entry = &slot->entry;
	struct function *f = &entry->function;
	bool newer = seen->last_seen_ns >= entry->last_seen_ns;

	if (seen->first_seen_ns < entry->first_seen_ns) {
		entry->first_seen_ns = seen->first_seen_ns;
		slot->changed = true;
	}
	if (newer && seen->kind != KIND_UNKNOWN && seen->kind != entry->kind) {
		entry->kind = seen->kind;
		slot->changed = true;
	}
	if (newer && set_up->arch != ARCH_UNKNOWN && set_up->arch != f->arch) {
		f->arch = set_up->arch;
		slot->changed = true;
	}
	if (newer && set_up->memory_limit_mb &&
	    set_up->memory_limit_mb != f->memory_limit_mb) {
		f->memory_limit_mb = set_up->memory_limit_mb;
		slot->changed = true;
	}
	if (newer && set_up->region[0] && strcmp(set_up->region, f->region) != 0) {
		(void)text_copy(f->region, sizeof(f->region), set_up->region);
		slot->changed = true;
	}
	if (newer)
		entry->last_seen_ns = seen->last_seen_ns;
	if (entry->last_seen_ns - slot->stored_last_ns > LAST_SEEN_STALE_NS)
		slot->changed = true;
}

/* Else nobody uses it. */
static bool is_used(const struct dictionary_news *seen)
{
	return seen->last_seen_ns != INT64_MIN;
}

/* One that is new. */
static int add_news(
    struct dictionary *d, const struct dictionary_news *seen, uint32_t *id)
{
	struct dictionary_entry entry = {.function = *seen->function,
	    .kind = seen->kind,
	    .first_seen_ns = seen->first_seen_ns,
	    .last_seen_ns = seen->last_seen_ns};

	return d->slots_n < DICTIONARY_MAX ? dictionary_add(d, &entry, id) : -EDQUOT;
}

static int take_one(
    struct dictionary *d, const struct dictionary_news *seen, uint64_t hash, uint32_t *id)
{
	uint32_t found = *probe(d, seen->function, hash);
	struct slot *slot;
	int err = found ? 0 : add_news(d, seen, &found);

	if (err)
		return err;
	slot = &d->slots[found - 1];
	learn(slot, seen);
	if (!slot->touched)
		d->touched[d->touched_n++] = found;
	slot->touched = true;
	*id = found;
	return 0;
}

/* At most AHEAD_RECORDS of them. */
static int take_some(
    struct dictionary *d, const struct dictionary_news *seen, size_t n, uint32_t *ids)
{
	uint64_t hashes[AHEAD_RECORDS];
	int err = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t id;

		hashes[i] = is_used(&seen[i]) ? function_hash(seen[i].function) : 0;
		id = d->table[(uint32_t)hashes[i] & (d->table_size - 1)];
		if (id) /* most stand at the first place where they are looked for */
			ahead(&d->slots[id - 1], sizeof(struct slot));
	}
	for (size_t i = 0; !err && i < n; i++) {
		if (is_used(&seen[i]))
			err = take_one(d, &seen[i], hashes[i], &ids[i]);
	}
	return err;
}

int dictionary_take(
    struct dictionary *d, const struct dictionary_news *seen, size_t n, uint32_t *ids)
{
	int err = 0;

	(void)pthread_mutex_lock(&d->mutex);
	for (size_t i = 0; !err && i < n; i += AHEAD_RECORDS)
		err = take_some(
		    d, &seen[i], n - i < AHEAD_RECORDS ? n - i : AHEAD_RECORDS, &ids[i]);
	(void)pthread_mutex_unlock(&d->mutex);
	return err;
}

void dictionary_settle(struct dictionary *d)
{
	(void)pthread_mutex_lock(&d->mutex);
	for (uint32_t i = 0; i < d->touched_n; i++) {
		struct slot *slot = &d->slots[d->touched[i] - 1];

		if (slot->changed)
			slot->stored_last_ns = slot->entry.last_seen_ns;
		slot->changed = false;
		slot->touched = false;
	}
	d->touched_n = 0;
	d->stored_n = d->slots_n;
	(void)pthread_mutex_unlock(&d->mutex);
}

void dictionary_drop(struct dictionary *d)
{
	for (uint32_t i = 0; i < d->touched_n; i++)
		d->slots[d->touched[i] - 1].touched = false;
	d->touched_n = 0;
}

int dictionary_find_at(struct dictionary *d, uint32_t id, struct dictionary_entry *entry)
{
	int err = -ENOENT;

	(void)pthread_mutex_lock(&d->mutex);
	if (id >= 1 && id <= d->stored_n) {
		*entry = d->slots[id - 1].entry;
		err = 0;
	}
	(void)pthread_mutex_unlock(&d->mutex);
	return err;
}

int dictionary_find(
    struct dictionary *d, const struct function *function, struct dictionary_entry *entry)
{
	uint64_t hash = function_hash(function);
	uint32_t id;
	int err = -ENOENT;

	(void)pthread_mutex_lock(&d->mutex);
	id = *probe(d, function, hash);
	if (id >= 1 && id <= d->stored_n) {
		*entry = d->slots[id - 1].entry;
		err = 0;
	}
	(void)pthread_mutex_unlock(&d->mutex);
	return err;
}

uint32_t dictionary_count(struct dictionary *d)
{
	uint32_t n;

	(void)pthread_mutex_lock(&d->mutex);
	n = d->stored_n;
	(void)pthread_mutex_unlock(&d->mutex);
	return n;
}

/* How many have that name; their ids are written before end, the last first, unless that
 * is NULL. */
static ssize_t visit_name(const struct dictionary *d, const char *name, uint32_t *end)
{
	ssize_t n = 0;

	for (uint32_t id = *place_of_name(d, name); id; id = d->slots[id - 1].former) {
		if (id > d->stored_n ||
		    strcmp(d->slots[id - 1].entry.function.name, name) != 0)
			continue;
		n++;
		if (end)
			*--end = id;
	}
	return n;
}

ssize_t dictionary_ids_of(struct dictionary *d, const char *name, uint32_t **ids)
{
	uint32_t *found;
	ssize_t n;

	(void)pthread_mutex_lock(&d->mutex);
	n = visit_name(d, name, NULL);
	found = malloc(((size_t)n + 1) * sizeof(*found));
	if (found)
		(void)visit_name(d, name, found + n);
	(void)pthread_mutex_unlock(&d->mutex);
	if (!found)
		return -ENOMEM;
	*ids = found;
	return n;
}
