/* A read of rollups at one moment: what the scans by minute and by span share. */
#ifndef COLDMETER_STORE_SQLITE_SUMS_SCAN_H
#define COLDMETER_STORE_SQLITE_SUMS_SCAN_H

#include "store/sqlite/engine.h"
#include "store/sqlite/sums/join.h"
#include "store/sqlite/sums/pieces.h"
#include "store/sqlite/sums/stretches.h"

/* Functions that a scan knows, by their numbers modulo that: those of a range, all. */
#define SCAN_KNOWN 64

struct scan_known {
	uint32_t id; /* 0: none */
	struct dictionary_entry entry;
};

struct scan {
	struct sqlite *store;
	struct connection *reader;
	uint32_t *ids; /* of the functions asked for, rising; NULL: all in the range */
	size_t ids_n;
	uint32_t first_id; /* the range: [first_id, end_id) */
	uint32_t end_id;
	store_rollup_visit visit; /* of minutes; or */
	store_span_visit visit_span;
	void *context;
	struct scan_known known[SCAN_KNOWN];
	struct rollup rollup;
	struct block_coder *coder;
	struct block_minute block[BLOCK_MINUTES]; /* of the function at hand */
	size_t block_n;
	struct slice slice;
	struct pieces pieces;
	struct join join;
	/* of scans by span */
	const int64_t *cuts_ns;
	size_t cuts_n;
	int64_t hours_hour; /* since when there are hours, in hours of the epoch */
	/* bit h: a cut lies in hour h of the days from cut_day on, at hand */
	uint32_t cut_hours[1 << STRETCH_DAY_LEVELS];
	int64_t cut_day;
	int64_t cut_days;
	int64_t joined_hour; /* the same of the minutes of an hour */
	uint64_t joined;
	struct stretches stretches;
};

/* Takes a reader and begins its transaction; the range is as it was set, or all when
 * end_id is 0. 1; 0 when nobody has that name; -errno. End
 * with scan_end() in each case. function NULL: all. */
int scan_begin(struct scan *scan, struct sqlite *store, const char *function);
void scan_end(struct scan *scan);

/* The function with that number, until the next one is looked for: 0 or -EUCLEAN. */
int scan_function(struct scan *scan, uint32_t id, const struct function **function);

/* Visits the rows of the minutes [from, until), one per function and minute. */
int scan_minutes(struct scan *scan, int64_t from, int64_t until);

/* The same of those that are not folded yet. */
int scan_loose(struct scan *scan, int64_t from, int64_t until);

/* Rows of one table with keys [since, until), of the functions asked for: range_sql takes
 * :since and :until; both hand out the id first. */
struct scan_table {
	const char *range_sql;
	const char *seek_sql;
	int (*row)(struct scan *scan, int64_t id, sqlite3_stmt *s);
};
int scan_walk(
    struct scan *scan, const struct scan_table *table, int64_t since, int64_t until);

#endif
