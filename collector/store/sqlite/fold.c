/* A row of the minute tables is one that is not folded yet. Folding takes the rows of one
 * hour and some functions out of them, and in the same transaction adds them to the
 * functions' blocks, hours and days. So each figure lies either in the minute tables or
 * in all three of the others, whenever the collector is killed, and a row that comes late
 * is folded like any other. */
#include "store/sqlite/fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/sqlite/engine.h"
#include "store/sqlite/join.h"
#include "store/sqlite/spans.h"

#define HOUR_NS (HOUR_MINUTES * MINUTE_NS)
/* How long after its end an hour is folded: agents ship within seconds. */
#define GRACE_NS (5 * MINUTE_NS)

struct fold {
	struct block_coder *unpack;
	struct block_coder *pack;
	struct slice slice;
	struct join join;
	struct span_delta delta;
	struct rollup scratch;
};

int fold_new(struct fold **out)
{
	struct fold *fold = calloc(1, sizeof(*fold));

	if (!fold)
		return -ENOMEM;
	if (block_coder_new(&fold->unpack) < 0 || block_coder_new(&fold->pack) < 0) {
		fold_free(fold);
		return -ENOMEM;
	}
	*out = fold;
	return 0;
}

void fold_free(struct fold *fold)
{
	if (!fold)
		return;
	block_coder_free(fold->unpack);
	block_coder_free(fold->pack);
	slice_done(&fold->slice);
	join_done(&fold->join);
	rollup_done(&fold->delta.rollup);
	rollup_done(&fold->scratch);
	free(fold);
}

/* The oldest minute row before that minute; 0: none, 1: *id. */
static int find_oldest(struct connection *c, int64_t before_minute, int64_t *id)
{
	static const char sql[] = "SELECT id FROM minute_counters WHERE id >= 0"
				  " AND id < :until ORDER BY id LIMIT 1";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":until", minutes_key(before_minute, 0));
	err = statement_step(s);
	if (err == 1)
		*id = sqlite3_column_int64(s, 0);
	return err;
}

/* Adds the rows of one function to its block. */
static int fold_block(struct fold *fold, struct connection *c, int64_t id,
    const struct slice_row *rows, size_t n)
{
	static const char read_sql[] = "SELECT block FROM hour_block WHERE id = :id";
	static const char write_sql[] =
	    "INSERT OR REPLACE INTO hour_block(id, block) VALUES(:id, :block)";
	struct block_minute minutes[BLOCK_MINUTES];
	size_t minutes_n = 0;
	const uint8_t *block = NULL;
	size_t block_bytes = 0;
	AUTO(statement) sqlite3_stmt *write = NULL;
	AUTO(statement) sqlite3_stmt *read = NULL;
	int err = statement_get(c, read_sql, &read);

	if (err)
		return err;
	statement_bind(read, ":id", id);
	err = statement_step(read);
	if (err == 1)
		err = block_decode(fold->unpack, sqlite3_column_blob(read, 0),
		    (size_t)sqlite3_column_bytes(read, 0), minutes, &minutes_n);
	if (!err)
		err = join_make(&fold->join, minutes, minutes_n, rows, n);
	if (!err)
		err = block_encode(
		    fold->pack, fold->join.minutes, fold->join.n, &block, &block_bytes);
	if (!err)
		err = statement_get(c, write_sql, &write);
	if (err)
		return err == -EBADMSG ? -EUCLEAN : err;
	statement_bind(write, ":id", id);
	statement_bind_blob(write, ":block", block, block_bytes);
	return statement_run(write);
}

/* Adds the rows of one function to its hour and to its day. */
static int fold_spans(struct fold *fold, struct connection *c, int64_t hour,
    const struct slice_row *rows, size_t n)
{
	struct span_delta *delta = &fold->delta;
	int err = 0;

	rollup_clear(&delta->rollup);
	memset(delta->parts, 0, sizeof(delta->parts));
	delta->first_minute = hour * HOUR_MINUTES + rows[0].minute.minute;
	delta->last_minute = hour * HOUR_MINUTES + rows[n - 1].minute.minute;
	for (size_t i = 0; !err && i < n; i++) {
		const struct block_minute *m = &rows[i].minute;

		err = rollup_decode_invocations(
		    m->counters, m->counters_bytes, &delta->parts[m->minute]);
		if (!err)
			err = rollup_merge_encoded(&delta->rollup, m->counters,
			    m->counters_bytes, m->histograms, m->histograms_bytes);
	}
	if (err)
		return err == -EBADMSG ? -EUCLEAN : err;
	return spans_add(c, hour, rows->function_id, delta, &fold->scratch);
}

static int fold_slice(
    struct fold *fold, struct connection *c, const struct slice_range *range)
{
	const struct slice *slice = &fold->slice;
	int64_t hour = range->from_minute / HOUR_MINUTES;
	int err = slice_read(&fold->slice, c, range);

	for (size_t i = 0, n = 0; !err && i < slice->n; i += n) {
		const struct slice_row *rows = &slice->rows[i];

		n = 1;
		while (i + n < slice->n && rows[n].function_id == rows->function_id)
			n++;
		err = fold_block(fold, c, minutes_key(hour, rows->function_id), rows, n);
		if (!err)
			err = fold_spans(fold, c, hour, rows, n);
	}
	return err ? err : slice_delete(c, range);
}

int store_fold(struct store *store, int64_t now_ns)
{
	int64_t before_minute = (now_ns - GRACE_NS) / HOUR_NS * HOUR_MINUTES;
	struct slice_range range;
	int64_t id = 0;
	int found;
	int err = store_begin(store);

	if (err)
		return err;
	found = find_oldest(store->writer, before_minute, &id);
	if (found == 1) {
		uint32_t function_id = (uint32_t)(id & 0xffffff);

		range.from_minute = (id >> 24) - (id >> 24) % HOUR_MINUTES;
		range.until_minute = range.from_minute + HOUR_MINUTES;
		range.first_id = function_id - function_id % SLICE_FUNCTIONS;
		range.end_id = range.first_id + SLICE_FUNCTIONS;
		err = fold_slice(store->fold, store->writer, &range);
	}
	err = store_end(store, found < 0 ? found : err);
	if (err || !found)
		return err;
	minutes_forget(store->minutes, range.from_minute, range.until_minute);
	return 1;
}
