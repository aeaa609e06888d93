/* Reading minute rollups: two tables walked side by side in key order. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/sqlite/engine.h"

struct scan {
	struct store *store;
	struct connection *reader;
	int64_t since_key; /* [since, until) */
	int64_t until_key;
	store_rollup_visit visit;
	void *context;
	struct rollup rollup;
};

/* Hands out the row of id; both statements stand on it. */
static int visit_row(
    struct scan *scan, int64_t id, sqlite3_stmt *counters, sqlite3_stmt *histograms)
{
	struct dictionary_entry entry;
	int err =
	    dictionary_find_at(scan->store->functions, (uint32_t)(id & 0xffffff), &entry);

	if (!err)
		err = rollup_decode(sqlite3_column_blob(counters, 1),
		    (size_t)sqlite3_column_bytes(counters, 1),
		    sqlite3_column_blob(histograms, 1),
		    (size_t)sqlite3_column_bytes(histograms, 1), &scan->rollup);
	if (err == -ENOENT || err == -EBADMSG)
		err = -EUCLEAN;
	return err ? err
		   : scan->visit(
			 scan->context, (id >> 24) * 60, &entry.function, &scan->rollup);
}

static int scan_all(struct scan *scan)
{
	static const char counters_sql[] =
	    "SELECT id, counters FROM minute_counters"
	    " WHERE id >= :since AND id < :until ORDER BY id";
	static const char histograms_sql[] =
	    "SELECT id, histograms FROM minute_histograms"
	    " WHERE id >= :since AND id < :until ORDER BY id";
	AUTO(statement) sqlite3_stmt *counters = NULL;
	AUTO(statement) sqlite3_stmt *histograms = NULL;
	int err = statement_get(scan->reader, counters_sql, &counters);

	if (!err)
		err = statement_get(scan->reader, histograms_sql, &histograms);
	if (err)
		return err;
	statement_bind(counters, ":since", scan->since_key);
	statement_bind(counters, ":until", scan->until_key);
	statement_bind(histograms, ":since", scan->since_key);
	statement_bind(histograms, ":until", scan->until_key);
	while (!err && (err = statement_step(counters)) == 1) {
		int64_t id = sqlite3_column_int64(counters, 0);

		err = statement_step(histograms);
		if (err < 0)
			break;
		if (err == 0 || sqlite3_column_int64(histograms, 0) != id)
			return -EUCLEAN; /* rows come in pairs */
		err = visit_row(scan, id, counters, histograms);
	}
	return err;
}

/* The smallest key of a wanted function that is at least key; ids rise. */
static int64_t next_wanted(int64_t key, const uint32_t *ids, size_t n)
{
	int64_t minute = key >> 24;
	uint32_t function = (uint32_t)(key & 0xffffff);

	for (size_t i = 0; i < n; i++) {
		if (ids[i] >= function)
			return minutes_key(minute, ids[i]);
	}
	return minutes_key(minute + 1, ids[0]);
}

/* The first stored key at or after *key, with the statement on it: 1, or 0 at the end. */
static int seek(sqlite3_stmt *s, int64_t key, int64_t *found)
{
	int err;

	statement_reset(s);
	statement_bind(s, ":id", key);
	err = statement_step(s);
	if (err == 1)
		*found = sqlite3_column_int64(s, 0);
	return err;
}

/* Leaps from wanted key to wanted key: what lies between is not read. */
static int scan_some(struct scan *scan, const uint32_t *ids, size_t n)
{
	static const char counters_sql[] = "SELECT id, counters FROM minute_counters "
					   "WHERE id >= :id ORDER BY id LIMIT 1";
	static const char histograms_sql[] =
	    "SELECT id, histograms FROM minute_histograms WHERE id >= :id ORDER BY id "
	    "LIMIT 1";
	AUTO(statement) sqlite3_stmt *counters = NULL;
	AUTO(statement) sqlite3_stmt *histograms = NULL;
	int64_t key = next_wanted(scan->since_key, ids, n);
	int64_t found = 0;
	int64_t pair = 0;
	int err = statement_get(scan->reader, counters_sql, &counters);

	if (!err)
		err = statement_get(scan->reader, histograms_sql, &histograms);
	while (!err && key < scan->until_key) {
		err = seek(counters, key, &found);
		if (err <= 0)
			return err;
		err = 0;
		if (found == key && key < scan->until_key) {
			err = seek(histograms, key, &pair);
			if (err >= 0)
				err = err == 1 && pair == key
					  ? visit_row(scan, key, counters, histograms)
					  : -EUCLEAN;
			found++;
		}
		key = next_wanted(found, ids, n);
	}
	return err;
}

int store_scan_rollups(struct store *store, int64_t since_ns, int64_t until_ns,
    const char *function, store_rollup_visit visit, void *context)
{
	struct scan scan = {.store = store,
	    .since_key = minutes_key((since_ns < 0 ? 0 : since_ns) / MINUTE_NS, 0),
	    .until_key =
		minutes_key(until_ns <= 0 ? 0 : (until_ns - 1) / MINUTE_NS + 1, 0),
	    .visit = visit,
	    .context = context};
	AUTO(free) uint32_t *ids = NULL;
	ssize_t n = function ? dictionary_ids_of(store->functions, function, &ids) : 1;
	int err;

	if (n <= 0)
		return (int)n;
	err = pool_borrow(store->readers, &scan.reader);
	if (err)
		return err;
	err = connection_begin(scan.reader); /* both tables at one moment */
	if (!err)
		err = function ? scan_some(&scan, ids, (size_t)n) : scan_all(&scan);
	pool_return(store->readers, scan.reader);
	rollup_done(&scan.rollup);
	return err;
}

int store_scan_functions(struct store *store, store_function_visit visit, void *context)
{
	uint32_t n = dictionary_count(store->functions);
	struct dictionary_entry entry;
	int err = 0;

	for (uint32_t id = 1; !err && id <= n; id++) {
		err = dictionary_find_at(store->functions, id, &entry);
		if (!err)
			err = visit(context, &entry.function, entry.first_seen_ns,
			    entry.last_seen_ns);
	}
	return err;
}

int store_find_function(
    struct store *store, const struct function *function, struct store_function *found)
{
	struct dictionary_entry entry;
	int err = dictionary_find(store->functions, function, &entry);

	if (!err)
		*found = (struct store_function){
		    entry.function, entry.kind, entry.first_seen_ns, entry.last_seen_ns};
	return err;
}
