/* An open-addressing table of rollups by key, and the list of those that changed. */
#include "store/sqlite/sums/minutes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/ahead.h"
#include "base/cleanup.h"
#include "base/room.h"
#include "model/rollup_pack.h"

#define KEEP_MINUTES 2 /* behind the newest: agents ship within seconds */
#define KEEP_MAX 8192  /* rollups kept after a commit; about 4 KB each */
#define EXPIRE_MINUTES                                                                   \
	10 /* a step of minutes_expire, so that it never blocks for long                 \
	    */

/* Begins on a line of the cache, so that its size is a number of them. */
struct hot {
	_Alignas(AHEAD_LINE_BYTES) int64_t key;
	bool changed;
	struct rollup rollup;
};

struct minutes {
	struct hot **table; /* size is a power of two, at most half full */
	size_t table_size;
	size_t n;
	struct hot **changed;
	size_t changed_n;
	size_t changed_room;
};

static size_t place_of(int64_t key, size_t size)
{
	return (size_t)((uint64_t)key * 0x9e3779b97f4a7c15ULL >> 20) & (size - 1);
}

static struct hot **probe(struct hot **table, size_t size, int64_t key)
{
	size_t i = place_of(key, size);

	while (table[i] && table[i]->key != key)
		i = (i + 1) & (size - 1);
	return &table[i];
}

int minutes_new(struct minutes **out)
{
	struct minutes *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->table_size = 1024;
	m->table = calloc(m->table_size, sizeof(struct hot *));
	if (!m->table) {
		free(m);
		return -ENOMEM;
	}
	*out = m;
	return 0;
}

static void hot_free(struct hot *hot)
{
	if (!hot)
		return;
	rollup_done(&hot->rollup);
	free(hot);
}

void minutes_drop(struct minutes *m)
{
	for (size_t i = 0; i < m->table_size; i++) {
		hot_free(m->table[i]);
		m->table[i] = NULL;
	}
	m->n = 0;
	m->changed_n = 0;
}

void minutes_free(struct minutes *m)
{
	if (!m)
		return;
	minutes_drop(m);
	free(m->table);
	free(m->changed);
	free(m);
}

static int grow(struct minutes *m)
{
	size_t size = m->table_size * 2;
	struct hot **table;

	if (m->n * 2 < m->table_size)
		return 0;
	table = calloc(size, sizeof(struct hot *));
	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < m->table_size; i++) {
		if (m->table[i])
			*probe(table, size, m->table[i]->key) = m->table[i];
	}
	free(m->table);
	m->table = table;
	m->table_size = size;
	return 0;
}

static int load(struct connection *c, struct hot *hot)
{
	static const char sql[] =
	    "SELECT counters, histograms FROM minute_counters JOIN minute_histograms"
	    " USING(id) WHERE id = :id";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":id", hot->key);
	err = statement_step(s);
	if (err != 1)
		return err;
	err = rollup_decode(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0),
	    sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1), &hot->rollup);
	return err == -EBADMSG ? -EUCLEAN : err;
}

static int find_or_load(
    struct minutes *m, struct connection *c, int64_t key, struct hot **out)
{
	struct hot **place = probe(m->table, m->table_size, key);
	struct hot *hot = *place;
	int err;

	if (hot) {
		*out = hot;
		return 0;
	}
	err = grow(m);
	if (err)
		return err;
	hot = aligned_alloc(AHEAD_LINE_BYTES, sizeof(*hot));
	if (!hot)
		return -ENOMEM;
	*hot = (struct hot){.key = key};
	err = load(c, hot);
	if (err) {
		hot_free(hot);
		return err;
	}
	*probe(m->table, m->table_size, key) = hot;
	m->n++;
	*out = hot;
	return 0;
}

static int mark(struct minutes *m, struct hot *hot)
{
	if (hot->changed)
		return 0;
	if (ROOM_FOR_ONE(m->changed, m->changed_n, m->changed_room) < 0)
		return -ENOMEM;
	m->changed[m->changed_n++] = hot;
	hot->changed = true;
	return 0;
}

int minutes_open(
    struct minutes *m, struct connection *c, int64_t key, struct rollup **rollup)
{
	struct hot *hot;
	int err = find_or_load(m, c, key, &hot);

	if (!err)
		err = mark(m, hot);
	if (!err)
		*rollup = &hot->rollup;
	return err;
}

/* Most stand at the first place where they are looked for. */
void minutes_ahead(const struct minutes *m, int64_t key)
{
	const struct hot *hot = m->table[place_of(key, m->table_size)];

	if (hot) {
		ahead(hot, 1);
		rollup_ahead(&hot->rollup);
	}
}

static int write_part(
    struct connection *c, const char *sql, int64_t key, const uint8_t *bytes, size_t n)
{
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":id", key);
	statement_bind_blob(s, ":bytes", bytes, n);
	return statement_run(s);
}

static int write_row(struct connection *c, const struct hot *hot)
{
	static const char counters_sql[] =
	    "INSERT OR REPLACE INTO minute_counters(id, counters) VALUES(:id, :bytes)";
	static const char histograms_sql[] =
	    "INSERT OR REPLACE INTO minute_histograms(id, histograms) VALUES(:id, "
	    ":bytes)";
	AUTO(free) uint8_t *counters = NULL;
	AUTO(free) uint8_t *histograms = NULL;
	size_t counters_n = 0;
	size_t histograms_n = 0;
	int err = rollup_pack_counters(&hot->rollup, &counters, &counters_n);

	if (!err)
		err = rollup_pack_histograms(&hot->rollup, &histograms, &histograms_n);
	if (!err)
		err = write_part(c, counters_sql, hot->key, counters, counters_n);
	if (!err)
		err = write_part(c, histograms_sql, hot->key, histograms, histograms_n);
	return err;
}

static int by_key(const void *a, const void *b)
{
	int64_t left = (*(struct hot *const *)a)->key;
	int64_t right = (*(struct hot *const *)b)->key;

	return left < right ? -1 : left > right;
}

int minutes_flush(struct minutes *m, struct connection *c)
{
	int err = 0;

	if (m->changed_n) /* in key order, so that the tree grows at its end */
		qsort(m->changed, m->changed_n, sizeof(struct hot *), by_key);
	for (size_t i = 0; !err && i < m->changed_n; i++)
		err = write_row(c, m->changed[i]);
	return err;
}

/* Keeps rollups of [from, until), or those outside of it, and forgets the others by
 * making the table anew in place. Of more than KEEP_MAX, some from everywhere: those that
 * stand first would lie in one stretch of the table, which each of them makes longer. */
static void keep_range(struct minutes *m, int64_t from, int64_t until, bool inside)
{
	size_t kept = 0;
	size_t wanted = 0;
	struct hot **keep = calloc(m->n + 1, sizeof(struct hot *));

	for (size_t i = 0; i < m->table_size; i++) {
		struct hot *hot = m->table[i];
		bool is_inside = hot && hot->key >= from && hot->key < until;

		m->table[i] = NULL;
		if (hot && keep && is_inside == inside)
			keep[wanted++] = hot;
		else
			hot_free(hot);
	}
	for (size_t i = 0; i < wanted; i++) {
		if (wanted > KEEP_MAX && i * KEEP_MAX / wanted < kept) {
			hot_free(keep[i]);
			continue;
		}
		*probe(m->table, m->table_size, keep[i]->key) = keep[i];
		kept++;
	}
	m->n = kept;
	free(keep);
}

void minutes_forget(struct minutes *m, int64_t from_minute, int64_t until_minute)
{
	if (m->n > 0)
		keep_range(
		    m, minutes_key(from_minute, 0), minutes_key(until_minute, 0), false);
}

size_t minutes_changed(const struct minutes *m)
{
	return m->changed_n;
}

void minutes_settle(struct minutes *m)
{
	int64_t newest = 0;
	size_t old = 0;

	for (size_t i = 0; i < m->changed_n; i++) {
		m->changed[i]->changed = false;
		if (m->changed[i]->key > newest)
			newest = m->changed[i]->key;
	}
	m->changed_n = 0;
	newest = minutes_key((newest >> 24) - KEEP_MINUTES, 0);
	for (size_t i = 0; i < m->table_size; i++)
		old += m->table[i] && m->table[i]->key < newest;
	if (m->n && (old > 0 || m->n > KEEP_MAX))
		keep_range(m, newest, INT64_MAX, true);
}

static int delete_range(struct connection *c, const char *sql, int64_t end)
{
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":end", end);
	return statement_run(s);
}

int minutes_expire(struct connection *c, int64_t before_minute)
{
	static const char oldest_sql[] = "SELECT min(id) FROM minute_counters";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int64_t end = minutes_key(before_minute, 0);
	int64_t oldest;
	int64_t stop;
	int err = statement_get(c, oldest_sql, &s);

	if (!err)
		err = statement_step(s);
	if (err <= 0 || sqlite3_column_type(s, 0) == SQLITE_NULL)
		return err < 0 ? err : 0;
	oldest = sqlite3_column_int64(s, 0);
	if (oldest >= end)
		return 0;
	stop = minutes_key((oldest >> 24) + EXPIRE_MINUTES, 0);
	stop = stop < end ? stop : end;
	err = delete_range(c, "DELETE FROM minute_counters WHERE id < :end", stop);
	if (!err)
		err = delete_range(
		    c, "DELETE FROM minute_histograms WHERE id < :end", stop);
	return err ? err : stop < end;
}
