#include "store/sqlite/sums/scan.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

/* Each adds up to some 8 KB. */
#define WALK_FUNCTIONS 32

int scan_begin(struct scan *scan, struct sqlite *store, const char *function)
{
	/* Known before the rows are: a commit that is under way may show rows of one more
	 * function. */
	uint32_t end_id = dictionary_count(store->functions) + 1;
	ssize_t n = 1;
	int err;

	scan->store = store;
	scan->hours_hour = store->hours_hour;
	if (!scan->end_id || scan->end_id > end_id)
		scan->end_id = end_id;
	if (function)
		n = dictionary_ids_of(store->functions, function, &scan->ids);
	if (n <= 0)
		return (int)n;
	scan->ids_n = function ? (size_t)n : 0;
	err = block_coder_new(store->hour_tables, &scan->coder);
	if (!err)
		err = pool_borrow(store->readers, &scan->reader);
	if (!err)
		err = connection_begin(scan->reader); /* all tables at one moment */
	if (!err && scan->visit_span)
		err = stretches_read(scan->reader, &scan->stretches);
	return err ? err : 1;
}

void scan_end(struct scan *scan)
{
	if (scan->reader)
		pool_return(scan->store->readers, scan->reader);
	block_coder_free(scan->coder);
	slice_done(&scan->slice);
	pieces_done(&scan->pieces);
	join_done(&scan->join);
	rollup_done(&scan->rollup);
	free(scan->ids);
	*scan = (struct scan){0};
}

int scan_function(struct scan *scan, uint32_t id, const struct function **function)
{
	struct scan_known *known = &scan->known[id % SCAN_KNOWN];

	if (known->id != id) {
		known->id = 0;
		if (dictionary_find_at(scan->store->functions, id, &known->entry) < 0)
			return -EUCLEAN;
		known->id = id;
	}
	*function = &known->entry.function;
	return 0;
}

/* The smallest key of a wanted function that is at least key; ids rise. */
static int64_t next_wanted(const struct scan *scan, int64_t key)
{
	int64_t time = key >> 24;
	uint32_t function = (uint32_t)(key & 0xffffff);

	for (size_t i = 0; i < scan->ids_n; i++) {
		if (scan->ids[i] >= function)
			return minutes_key(time, scan->ids[i]);
	}
	return minutes_key(time + 1, scan->ids[0]);
}

/* The first stored key at or after key, with the statement on it: 1, or 0 at the end. */
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
static int walk_some(
    struct scan *scan, const struct scan_table *table, int64_t since, int64_t until)
{
	AUTO(statement) sqlite3_stmt *s = NULL;
	int64_t key = next_wanted(scan, since);
	int64_t found = 0;
	int err = statement_get(scan->reader, table->seek_sql, &s);

	while (!err && key < until) {
		err = seek(s, key, &found);
		if (err <= 0)
			return err;
		err = found == key ? table->row(scan, key, s) : 0;
		key = next_wanted(scan, found == key ? found + 1 : found);
	}
	return err;
}

/* All rows with keys [since, until). */
static int walk_range(struct scan *scan, const struct scan_table *table, sqlite3_stmt *s,
    int64_t since, int64_t until)
{
	int err = 0;

	statement_reset(s);
	statement_bind(s, ":since", since);
	statement_bind(s, ":until", until);
	while (!err && (err = statement_step(s)) == 1)
		err = table->row(scan, sqlite3_column_int64(s, 0), s);
	return err;
}

/* Some functions through all times, then the next ones: what they are added up to stays
 * in the processor's cache. */
static int walk_slices(struct scan *scan, const struct scan_table *table, sqlite3_stmt *s,
    int64_t from, int64_t until)
{
	int err = 0;

	for (uint32_t id = scan->first_id; !err && id < scan->end_id;
	     id += WALK_FUNCTIONS) {
		uint32_t end = scan->end_id - id < WALK_FUNCTIONS ? scan->end_id
								  : id + WALK_FUNCTIONS;

		for (int64_t t = from; !err && t < until; t++)
			err = walk_range(
			    scan, table, s, minutes_key(t, id), minutes_key(t, end));
	}
	return err;
}

int scan_walk(
    struct scan *scan, const struct scan_table *table, int64_t since, int64_t until)
{
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err;

	if (since >= until)
		return 0;
	if (scan->ids)
		return walk_some(scan, table, since, until);
	err = statement_get(scan->reader, table->range_sql, &s);
	if (err)
		return err;
	return walk_slices(scan, table, s, since >> 24, until >> 24);
}
