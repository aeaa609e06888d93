/* Entries by id, found through an open-addressing table of their hashes. */
#include "store/sqlite/dictionary.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/ahead.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

/* A later last_seen alone is written this seldom; after a crash it is that much off. */
#define LAST_SEEN_STALE_NS (10 * CLOCK_NS_PER_S)

struct slot {
	struct dictionary_entry entry;
	uint64_t hash;
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
	uint32_t table_size;
	uint32_t *touched;
	uint32_t touched_n;
};

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

/* Room for one more slot, its place among the touched, and a table half empty. */
static int make_room(struct dictionary *d)
{
	uint32_t room = d->slots_room ? d->slots_room * 2 : 64;
	struct slot *slots;
	uint32_t *touched;
	uint32_t *table;

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
	table = calloc((size_t)room * 2, sizeof(*table));
	if (!table)
		return -ENOMEM;
	free(d->table);
	d->table = table;
	d->table_size = room * 2;
	d->slots_room = room;
	for (uint32_t i = 0; i < d->slots_n; i++)
		*probe(d, &slots[i].entry.function, slots[i].hash) = i + 1;
	return 0;
}

static int add(struct dictionary *d, const struct dictionary_entry *entry, uint32_t *id)
{
	uint64_t hash = function_hash(&entry->function);
	int err = make_room(d);

	if (err)
		return err;
	d->slots[d->slots_n] =
	    (struct slot){.entry = *entry, .hash = hash, .changed = true};
	*id = ++d->slots_n;
	*probe(d, &entry->function, hash) = *id;
	return 0;
}

static int load_row(struct dictionary *d, sqlite3_stmt *s)
{
	struct dictionary_entry entry = {
	    .function = {.platform = platform_find(statement_text(s, 1)),
		.arch = arch_find(statement_text(s, 5)),
		.memory_limit_mb = (uint32_t)sqlite3_column_int64(s, 7)},
	    .kind = invocation_kind_find(statement_text(s, 4)),
	    .first_seen_ns = sqlite3_column_int64(s, 8),
	    .last_seen_ns = sqlite3_column_int64(s, 9)};
	struct function *f = &entry.function;
	uint32_t id;
	int err;

	(void)text_copy(f->name, sizeof(f->name), statement_text(s, 2));
	(void)text_copy(f->version, sizeof(f->version), statement_text(s, 3));
	(void)text_copy(f->region, sizeof(f->region), statement_text(s, 6));
	text_make_printable(f->name); /* of a version that stored any bytes */
	text_make_printable(f->version);
	text_make_printable(f->region);
	if (sqlite3_column_int64(s, 0) != (int64_t)d->slots_n + 1)
		return -EUCLEAN; /* ids are dense */
	err = add(d, &entry, &id);
	if (err)
		return err;
	d->stored_n = id;
	d->slots[id - 1].changed = false;
	d->slots[id - 1].stored_last_ns = entry.last_seen_ns;
	return 0;
}

static int load(struct dictionary *d, struct connection *c)
{
	static const char sql[] =
	    "SELECT id, platform, name, version, kind, arch, region,"
	    " memory_limit_mb, first_seen_ns, last_seen_ns"
	    " FROM function ORDER BY id";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	while (!err && (err = statement_step(s)) == 1)
		err = load_row(d, s);
	return err;
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
		err = load(d, c);
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

	return d->slots_n < DICTIONARY_MAX ? add(d, &entry, id) : -EDQUOT;
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

static int store_entry(
    struct connection *c, const struct dictionary_entry *entry, uint32_t id)
{
	static const char sql[] =
	    "INSERT INTO function(id, platform, name, version, kind, arch, region,"
	    " memory_limit_mb, first_seen_ns, last_seen_ns) VALUES(:id, :platform, :name,"
	    " :version, :kind, :arch, :region, :memory, :first, :last)"
	    " ON CONFLICT(id) DO UPDATE SET kind = :kind, arch = :arch, region = :region,"
	    " memory_limit_mb = :memory, first_seen_ns = :first, last_seen_ns = :last";
	const struct function *f = &entry->function;
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":id", id);
	statement_bind_text(s, ":platform", platform_name(f->platform));
	statement_bind_text(s, ":name", f->name);
	statement_bind_text(s, ":version", f->version);
	statement_bind_text(s, ":kind", invocation_kind_name(entry->kind));
	statement_bind_text(s, ":arch", arch_name(f->arch));
	statement_bind_text(s, ":region", f->region);
	statement_bind(s, ":memory", f->memory_limit_mb);
	statement_bind(s, ":first", entry->first_seen_ns);
	statement_bind(s, ":last", entry->last_seen_ns);
	return statement_run(s);
}

static int by_id(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* Only the writer changes slots, so it reads them without the lock. Ids stay dense: what
 * a failed transaction left unstored goes with the next. */
int dictionary_flush(struct dictionary *d, struct connection *c)
{
	int err = 0;

	qsort(d->touched, d->touched_n, sizeof(*d->touched), by_id);
	for (uint32_t i = d->stored_n; !err && i < d->slots_n; i++)
		err = store_entry(c, &d->slots[i].entry, i + 1);
	for (uint32_t i = 0; !err && i < d->touched_n; i++) {
		const struct slot *slot = &d->slots[d->touched[i] - 1];

		if (slot->changed && d->touched[i] <= d->stored_n)
			err = store_entry(c, &slot->entry, d->touched[i]);
	}
	return err;
}

int dictionary_flush_last(struct dictionary *d, struct connection *c)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < d->stored_n; i++) {
		if (d->slots[i].entry.last_seen_ns != d->slots[i].stored_last_ns)
			err = store_entry(c, &d->slots[i].entry, i + 1);
	}
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

ssize_t dictionary_ids_of(struct dictionary *d, const char *name, uint32_t **ids)
{
	uint32_t *found;
	ssize_t n = 0;

	(void)pthread_mutex_lock(&d->mutex);
	found = malloc((d->stored_n + 1) * sizeof(*found));
	for (uint32_t i = 0; found && i < d->stored_n; i++) {
		if (strcmp(d->slots[i].entry.function.name, name) == 0)
			found[n++] = i + 1;
	}
	(void)pthread_mutex_unlock(&d->mutex);
	if (!found)
		return -ENOMEM;
	*ids = found;
	return n;
}
