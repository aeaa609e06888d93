/* Reading minutes: out of the minute tables, walked side by side in key order, and out of
 * the blocks of hours that are folded. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "store/sqlite/sums/scan.h"

static int add_minute(const struct store_span *span, struct rollup *into)
{
	int err = block_minute_add(span->source, into);

	return err == -EBADMSG ? -EUCLEAN : err;
}

static int count_minute(const struct store_span *span, struct rollup *into)
{
	int err = block_minute_count(span->source, into);

	return err == -EBADMSG ? -EUCLEAN : err;
}

static int emit_span(struct scan *scan, int64_t minute, uint32_t id,
    const struct function *function, const struct block_minute *bytes)
{
	struct store_part part = {minute * 60, 60, 0};
	const struct store_span span = {.start_s = part.start_s,
	    .seconds = part.seconds,
	    .first_s = part.start_s,
	    .last_s = part.start_s,
	    .id = id,
	    .function = function,
	    .add = add_minute,
	    .count = count_minute,
	    .source = bytes,
	    .parts = &part,
	    .parts_n = scan->cuts_n > 0};

	if (block_minute_invocations(bytes, &part.invocations) < 0)
		return -EUCLEAN;
	return scan->visit_span(scan->context, &span);
}

/* Hands out one minute of the epoch. */
static int emit(
    struct scan *scan, int64_t minute, uint32_t id, const struct block_minute *bytes)
{
	const struct function *function;
	int err = scan_function(scan, id, &function);

	if (err)
		return err;
	if (!scan->visit)
		return emit_span(scan, minute, id, function, bytes);
	rollup_clear(&scan->rollup);
	err = block_minute_add(bytes, &scan->rollup);
	if (err)
		return err == -EBADMSG ? -EUCLEAN : err;
	return scan->visit(scan->context, minute * 60, function, &scan->rollup);
}

/* --- rows of the minute tables ---------------------------------------------------------
 */

/* Both statements stand on the row of id. */
static int emit_pair(
    struct scan *scan, int64_t id, sqlite3_stmt *counters, sqlite3_stmt *histograms)
{
	const struct block_minute bytes = {.counters = sqlite3_column_blob(counters, 1),
	    .counters_bytes = (size_t)sqlite3_column_bytes(counters, 1),
	    .histograms = sqlite3_column_blob(histograms, 1),
	    .histograms_bytes = (size_t)sqlite3_column_bytes(histograms, 1)};

	return emit(scan, id >> 24, (uint32_t)(id & 0xffffff), &bytes);
}

static int loose_minute(struct scan *scan, int64_t since_key, int64_t until_key)
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
	statement_bind(counters, ":since", since_key);
	statement_bind(counters, ":until", until_key);
	statement_bind(histograms, ":since", since_key);
	statement_bind(histograms, ":until", until_key);
	while (!err && (err = statement_step(counters)) == 1) {
		int64_t id = sqlite3_column_int64(counters, 0);

		err = statement_step(histograms);
		if (err < 0)
			break;
		if (err == 0 || sqlite3_column_int64(histograms, 0) != id)
			return -EUCLEAN; /* rows come in pairs */
		err = emit_pair(scan, id, counters, histograms);
	}
	return err;
}

/* The first minute from this one on, before the end, that has a row of a function in the
 * range or beyond; the end when there is none. */
static int find_loose_minute(struct scan *scan, int64_t end, int64_t *minute)
{
	static const char sql[] = "SELECT id FROM minute_counters WHERE id >= :since"
				  " AND id < :until ORDER BY id LIMIT 1";
	int64_t id;
	int found = statement_find(scan->reader, sql,
	    minutes_key(*minute, scan->first_id), minutes_key(end, 0), &id);

	if (found < 0)
		return found;
	*minute = found == 1 ? id >> 24 : end;
	return 0;
}

/* All rows of the range: minute by minute, over those without any. */
static int loose_range(struct scan *scan, int64_t from, int64_t until)
{
	int err = find_loose_minute(scan, until, &from);

	while (!err && from < until) {
		err = loose_minute(scan, minutes_key(from, scan->first_id),
		    minutes_key(from, scan->end_id));
		from++;
		if (!err)
			err = find_loose_minute(scan, until, &from);
	}
	return err;
}

/* The counters' statement stands on the row of id; its pair is looked up. */
static int emit_found(struct scan *scan, int64_t id, sqlite3_stmt *counters)
{
	static const char sql[] =
	    "SELECT id, histograms FROM minute_histograms WHERE id = :id";
	AUTO(statement) sqlite3_stmt *histograms = NULL;
	int err = statement_get(scan->reader, sql, &histograms);

	if (err)
		return err;
	statement_bind(histograms, ":id", id);
	err = statement_step(histograms);
	if (err != 1)
		return err < 0 ? err : -EUCLEAN;
	return emit_pair(scan, id, counters, histograms);
}

int scan_loose(struct scan *scan, int64_t from, int64_t until)
{
	static const struct scan_table table = {
	    .seek_sql = "SELECT id, counters FROM minute_counters"
			" WHERE id >= :id ORDER BY id LIMIT 1",
	    .row = emit_found};

	if (from >= until)
		return 0;
	if (scan->ids)
		return scan_walk(
		    scan, &table, minutes_key(from, 0), minutes_key(until, 0));
	return loose_range(scan, from, until);
}

/* --- blocks ----------------------------------------------------------------------------
 */

/* Hands out the minutes of one function that are in range: its block's, and rows. */
static int emit_joined(struct scan *scan, const struct slice_range *range, uint32_t id,
    const struct slice_row *rows, size_t rows_n)
{
	int64_t first = range->from_minute - range->from_minute % HOUR_MINUTES;
	int err = join_make(&scan->join, scan->block, scan->block_n, rows, rows_n);

	for (size_t i = 0; !err && i < scan->join.n; i++) {
		int64_t minute = first + scan->join.minutes[i].minute;

		if (minute >= range->from_minute && minute < range->until_minute)
			err = emit(scan, minute, id, &scan->join.minutes[i]);
	}
	return err;
}

static size_t same_function(const struct slice *slice, size_t from)
{
	size_t n = 0;

	while (from + n < slice->n &&
	       slice->rows[from + n].function_id == slice->rows[from].function_id)
		n++;
	return n;
}

/* Hands out rows that have no block, of functions before id; *at moves on. */
static int emit_blockless(
    struct scan *scan, const struct slice_range *range, uint32_t id, size_t *at)
{
	int err = 0;

	scan->block_n = 0;
	while (!err && *at < scan->slice.n && scan->slice.rows[*at].function_id < id) {
		const struct slice_row *rows = &scan->slice.rows[*at];
		size_t n = same_function(&scan->slice, *at);

		err = emit_joined(scan, range, rows->function_id, rows, n);
		*at += n;
	}
	return err;
}

/* One block, joined with what the slice has of its function; *at: where that begins. */
static int emit_block(struct scan *scan, const struct slice_range *range, uint32_t id,
    const uint8_t *block, size_t block_bytes, size_t *at)
{
	const struct slice_row *rows;
	size_t rows_n = 0;
	int err = emit_blockless(scan, range, id, at);

	if (!err)
		err = block_decode(
		    scan->coder, block, block_bytes, scan->block, &scan->block_n);
	if (err)
		return err == -EBADMSG ? -EUCLEAN : err;
	rows = *at < scan->slice.n ? &scan->slice.rows[*at] : NULL;
	if (rows && rows->function_id == id)
		rows_n = same_function(&scan->slice, *at);
	*at += rows_n;
	return emit_joined(scan, range, id, rows, rows_n);
}

/* The blocks of the functions in range, joined with the slice, which was read or is
 * empty. */
static int emit_range(struct scan *scan, const struct slice_range *range)
{
	struct pieces *pieces = &scan->pieces;
	int64_t hour = range->from_minute / HOUR_MINUTES;
	const uint8_t *block;
	size_t block_bytes;
	int64_t key;
	size_t at = 0;
	int err = pieces_begin(pieces, scan->reader, minutes_key(hour, range->first_id),
	    minutes_key(hour, range->end_id));

	while (!err && (err = pieces_next(pieces, &key, &block, &block_bytes)) == 1)
		err = emit_block(
		    scan, range, (uint32_t)(key & 0xffffff), block, block_bytes, &at);
	pieces_end(pieces);
	return err ? err : emit_blockless(scan, range, UINT32_MAX, &at);
}

/* Minutes [from, until) of one hour that has blocks. */
static int scan_hour(struct scan *scan, int64_t from, int64_t until)
{
	static const char loose_sql[] =
	    "SELECT 1 FROM minute_counters WHERE id >= :since AND id < :until LIMIT 1";
	struct slice_range range = {from, until, scan->first_id, scan->end_id};
	int64_t one;
	int loose = statement_find(
	    scan->reader, loose_sql, minutes_key(from, 0), minutes_key(until, 0), &one);
	int err = loose < 0 ? loose : 0;

	scan->slice.n = 0;
	if (!err && !loose && !scan->ids)
		return emit_range(scan, &range);
	for (size_t i = 0; !err && scan->ids && i < scan->ids_n; i++) {
		range.first_id = scan->ids[i];
		range.end_id = range.first_id + 1;
		if (loose)
			err = slice_read(&scan->slice, scan->reader, &range);
		if (!err)
			err = emit_range(scan, &range);
	}
	for (uint32_t id = scan->first_id; !err && !scan->ids && id < scan->end_id;
	     id += SLICE_FUNCTIONS) {
		range.first_id = id;
		range.end_id = scan->end_id - id < SLICE_FUNCTIONS ? scan->end_id
								   : id + SLICE_FUNCTIONS;
		err = slice_read(&scan->slice, scan->reader, &range);
		if (!err)
			err = emit_range(scan, &range);
	}
	return err;
}

/* The first hour from this one on, before the end, that has a block of a function asked
 * for; end when there is none. */
static int find_block_hour(struct scan *scan, int64_t end, int64_t *hour)
{
	int64_t key = 0;
	int found =
	    pieces_find(scan->reader, minutes_key(*hour, 0), minutes_key(end, 0), &key);

	if (found < 0)
		return found;
	*hour = found == 1 ? key >> 24 : end;
	return 0;
}

int scan_minutes(struct scan *scan, int64_t from, int64_t until)
{
	int64_t end = (until + HOUR_MINUTES - 1) / HOUR_MINUTES;
	int err = 0;

	while (!err && from < until) {
		int64_t hour = from / HOUR_MINUTES;
		int64_t stop;

		err = find_block_hour(scan, end, &hour);
		stop = hour * HOUR_MINUTES < until ? hour * HOUR_MINUTES : until;
		if (!err && from < stop) {
			err = scan_loose(scan, from, stop);
			from = stop;
		}
		stop =
		    (hour + 1) * HOUR_MINUTES < until ? (hour + 1) * HOUR_MINUTES : until;
		if (!err && from < stop)
			err = scan_hour(scan, from, stop);
		from = stop;
	}
	return err;
}

int sqlite_scan_rollups(struct sqlite *store, int64_t since_ns, int64_t until_ns,
    const char *function, store_rollup_visit visit, void *context)
{
	struct scan scan = {.visit = visit, .context = context};
	int64_t from = (since_ns < 0 ? 0 : since_ns) / MINUTE_NS;
	int64_t until = until_ns <= 0 ? 0 : (until_ns - 1) / MINUTE_NS + 1;
	int err = scan_begin(&scan, store, function);

	if (err == 1)
		err = scan_minutes(&scan, from, until);
	scan_end(&scan);
	return err;
}

int sqlite_scan_functions(struct sqlite *store, store_function_visit visit, void *context)
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

int sqlite_find_function(
    struct sqlite *store, const struct function *function, struct store_function *found)
{
	struct dictionary_entry entry;
	int err = dictionary_find(store->functions, function, &entry);

	if (!err)
		*found = (struct store_function){
		    entry.function, entry.kind, entry.first_seen_ns, entry.last_seen_ns};
	return err;
}
