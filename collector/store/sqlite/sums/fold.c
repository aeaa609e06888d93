/* A row of the minute tables is one that is not folded yet. Folding takes the rows of one
 * hour and some functions out of them, and in the same transaction adds them to the
 * functions' blocks, hours and days. So each figure lies either in the minute tables or
 * in all three of the others, whenever the collector is killed, and a row that comes late
 * is folded like any other. What is over is added up further in stretches.c. */
#include "store/sqlite/sums/fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/sqlite/engine.h"
#include "store/sqlite/sums/join.h"
#include "store/sqlite/sums/pieces.h"
#include "store/sqlite/sums/stretches.h"

/* Minutes are folded in tens, so that few are left for scans to read one by one; with
 * very many functions by the hour, which writes a sixth as much. */
#define FOLD_MINUTES 10
#define FEW_FUNCTIONS 10000
/* Of a step, in which nothing can be stored: fewer while steps take long, as with many
 * values in each minute, though all of them then take up to half as long again. */
#define STEP_FUNCTIONS 16
#define STEP_FUNCTIONS_LEAST 2
#define STEP_NS (10 * CLOCK_NS_PER_S / 1000)

struct fold {
	int64_t hour; /* where this pass is, so that it takes what comes late but once: */
	uint32_t next_id; /* the first function of the next step; hour -1: at the begin */
	uint32_t step;    /* functions, a power of two */
	struct block_coder *unpack;
	struct block_coder *pack;
	struct slice slice;
	struct pieces pieces;
	struct join join;
	struct span_delta delta;
	struct rollup scratch;
};

int fold_new(const struct hour_tables *tables, struct fold **out)
{
	struct fold *fold = calloc(1, sizeof(*fold));

	if (!fold)
		return -ENOMEM;
	fold_restart(fold);
	fold->step = STEP_FUNCTIONS;
	if (block_coder_new(tables, &fold->unpack) < 0 ||
	    block_coder_new(tables, &fold->pack) < 0) {
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
	pieces_done(&fold->pieces);
	join_done(&fold->join);
	rollup_done(&fold->delta.rollup);
	rollup_done(&fold->scratch);
	free(fold);
}

void fold_restart(struct fold *fold)
{
	fold->hour = -1;
	fold->next_id = 0;
}

/* The first minute row with an id in [since, until): 1 with *id, or 0. */
static int find_first(struct connection *c, int64_t since, int64_t until, int64_t *id)
{
	static const char sql[] = "SELECT id FROM minute_counters WHERE id >= :since"
				  " AND id < :until ORDER BY id LIMIT 1";

	return statement_find(c, sql, since, until, id);
}

static int64_t hour_end(const struct fold *fold, int64_t before_minute)
{
	int64_t end = (fold->hour + 1) * HOUR_MINUTES;

	return end < before_minute ? end : before_minute;
}

/* The first function from fold->next_id on with a row in fold's hour: 1, or 0. */
static int find_function(
    struct fold *fold, struct connection *c, int64_t before_minute, uint32_t *function_id)
{
	int64_t from = fold->hour * HOUR_MINUTES;
	int64_t end = hour_end(fold, before_minute);
	int found = 0;

	for (int64_t m = from; fold->hour >= 0 && m < end; m++) {
		int64_t id = 0;
		int err = find_first(
		    c, minutes_key(m, fold->next_id), minutes_key(m + 1, 0), &id);

		if (err < 0)
			return err;
		if (err && (!found || (uint32_t)(id & 0xffffff) < *function_id))
			*function_id = (uint32_t)(id & 0xffffff);
		found |= err;
	}
	return found;
}

/* What this pass takes next of what is before that minute: 1 with *range, or 0 and the
 * next pass begins with the oldest again. */
static int find_range(struct fold *fold, struct connection *c, int64_t before_minute,
    struct slice_range *range)
{
	int64_t until = minutes_key(before_minute, 0);
	uint32_t function_id = 0;
	int64_t id = 0;
	int found = find_function(fold, c, before_minute, &function_id);

	if (found == 0) {
		found = find_first(
		    c, minutes_key((fold->hour + 1) * HOUR_MINUTES, 0), until, &id);
		fold->hour = found == 1 ? (id >> 24) / HOUR_MINUTES : -1;
		fold->next_id = 0;
		if (found == 1)
			found = find_function(fold, c, before_minute, &function_id);
	}
	if (found != 1)
		return found;
	range->from_minute = fold->hour * HOUR_MINUTES;
	range->until_minute = hour_end(fold, before_minute);
	range->first_id = function_id;
	range->end_id = function_id - function_id % fold->step + fold->step;
	return 1;
}

/* Adds the rows of one function to its block. */
static int fold_block(struct fold *fold, struct connection *c, int64_t id,
    const struct slice_row *rows, size_t n)
{
	struct block_minute minutes[BLOCK_MINUTES];
	size_t minutes_n = 0;
	const uint8_t *block = NULL;
	size_t block_bytes = 0;
	int64_t key;
	int err = pieces_begin(&fold->pieces, c, id, id + 1);

	if (!err)
		err = pieces_next(&fold->pieces, &key, &block, &block_bytes);
	if (err == 1)
		err = block_decode(fold->unpack, block, block_bytes, minutes, &minutes_n);
	if (!err)
		err = join_make(&fold->join, minutes, minutes_n, rows, n);
	if (!err)
		err = block_encode(
		    fold->pack, fold->join.minutes, fold->join.n, &block, &block_bytes);
	pieces_end(&fold->pieces);
	if (!err)
		err = pieces_write(c, id, block, block_bytes);
	return err == -EBADMSG ? -EUCLEAN : err;
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

		err = block_minute_invocations(m, &delta->parts[m->minute]);
		if (!err)
			err = block_minute_add(m, &delta->rollup);
	}
	if (err)
		return err == -EBADMSG ? -EUCLEAN : err;
	err = spans_add(c, hour, rows->function_id, delta, &fold->scratch);
	return err ? err
		   : stretches_add(c, hour, rows->function_id, delta, &fold->scratch);
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

/* What the next step takes, after one that took so long. */
static void set_step(struct fold *fold, uint64_t took_ns)
{
	if (took_ns > STEP_NS && fold->step > STEP_FUNCTIONS_LEAST)
		fold->step /= 2;
	else if (took_ns < STEP_NS / 4 && fold->step < STEP_FUNCTIONS)
		fold->step *= 2;
}

int sqlite_fold_minutes(struct sqlite *store, int64_t now_ns)
{
	struct fold *fold = store->fold;
	uint64_t began_ns;
	int64_t before_minute = (now_ns - FOLD_GRACE_NS) / MINUTE_NS;
	struct slice_range range = {0};
	int found;
	int err = sqlite_begin(store);

	if (err)
		return err;
	began_ns = clock_boot_ns();
	before_minute -=
	    before_minute % (dictionary_count(store->functions) > FEW_FUNCTIONS
				    ? HOUR_MINUTES
				    : FOLD_MINUTES);
	found = find_range(fold, store->writer, before_minute, &range);
	if (found == 1)
		err = fold_slice(fold, store->writer, &range);
	if (found == 1) /* behind the gate; what was not committed is read again */
		minutes_forget(store->minutes, range.from_minute, range.until_minute);
	err = sqlite_end(store, found < 0 ? found : err);
	if (err || !found)
		return err;
	fold->next_id = range.end_id;
	set_step(fold, clock_boot_ns() - began_ns);
	return 1;
}

static int make_stretches(struct sqlite *store, int64_t now_ns)
{
	int64_t before_hour = (now_ns - STRETCH_GRACE_NS) / (HOUR_MINUTES * MINUTE_NS);
	int more;
	int err = sqlite_begin(store);

	if (err)
		return err;
	more = stretches_make(store->writer, before_hour,
	    dictionary_count(store->functions), &store->fold->scratch);
	err = sqlite_end(store, more < 0 ? more : 0);
	return err ? err : more;
}

int sqlite_fold(struct sqlite *store, int64_t now_ns)
{
	int more = sqlite_fold_minutes(store, now_ns);

	if (!more)
		more = make_stretches(store, now_ns);
	return more ? more : raw_merge_step(store, now_ns);
}
