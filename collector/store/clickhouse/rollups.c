/* Reading minutes: rows of one function and minute follow each other, one source after
 * the other, the latest version of each. Those of hours and days do the same. */
#include "store/clickhouse/rollups.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/count.h"
#include "store/clickhouse/engine.h"
#include "store/clickhouse/window.h"

#define MINUTE_NS INT64_C(60000000000)
/* Without figures: as a rollup of none. */
#define PARTS_COLUMNS "minute, fn, source, version, " MINUTE_ROW_SUM_COLUMNS

static const struct {
	const char *name;
	const char *columns;
} tables[] = {
    [ROLLUPS_MINUTES] = {"minutes", MINUTE_ROW_COLUMNS},
    [ROLLUPS_HOURS] = {"hours", MINUTE_ROW_COLUMNS ", " MINUTE_ROW_SUM_COLUMNS},
    [ROLLUPS_DAYS] = {"days", MINUTE_ROW_COLUMNS ", " MINUTE_ROW_SUM_COLUMNS},
};

struct scan {
	struct clickhouse *store;
	const struct rollups_ask *ask;
	rollups_visit visit;
	void *context;
	struct minute_key key; /* of sum; its source and version: the last row's */
	bool has_sum;
	struct rollup sum;
	struct rollup part;
	struct minute_sum sums; /* beside sum and part */
	struct minute_sum parts;
	struct store_function named; /* the function of fn */
	uint64_t fn;
};

static bool is_same_sum(const struct minute_key *a, const struct minute_key *b)
{
	return a->minute == b->minute && a->fn == b->fn;
}

static int hand_out(struct scan *scan)
{
	int err = 0;

	if (!scan->has_sum)
		return 0;
	scan->has_sum = false;
	if (scan->key.fn != scan->fn || !scan->named.function.name[0]) {
		err = names_find(scan->store->names, scan->key.fn, &scan->named);
		scan->fn = scan->key.fn;
	}
	return err ? err
		   : scan->visit(
			 scan->context, &(struct rollups_row){.minute = scan->key.minute,
					    .fn = scan->key.fn,
					    .function = &scan->named.function,
					    .rollup = &scan->sum,
					    .sum = &scan->sums});
}

static void merge_sums(struct minute_sum *into, const struct minute_sum *from)
{
	if (from->first_minute < into->first_minute)
		into->first_minute = from->first_minute;
	if (from->last_minute > into->last_minute)
		into->last_minute = from->last_minute;
	for (; into->parts_n < from->parts_n; into->parts_n++)
		into->parts[into->parts_n] = 0;
	for (size_t i = 0; i < from->parts_n; i++)
		count_add(&into->parts[i], from->parts[i]);
}

/* Adds the row in part. */
static int take(struct scan *scan, const struct minute_key *key)
{
	struct rollup keep = scan->sum;
	int err;

	if (scan->has_sum && is_same_sum(key, &scan->key)) {
		scan->key = *key;
		merge_sums(&scan->sums, &scan->parts);
		return rollup_merge(&scan->sum, &scan->part);
	}
	err = hand_out(scan);
	if (err)
		return err;
	scan->sum = scan->part; /* the memory changes hands */
	scan->part = keep;
	scan->sums = scan->parts;
	scan->key = *key;
	scan->has_sum = true;
	return 0;
}

static int get_row(struct scan *scan, struct row_in *in, struct minute_key *key)
{
	int err = 0;

	if (scan->ask->parts_only) {
		key->minute = row_get_i64(in);
		key->fn = row_get_u64(in);
		key->source = row_get_u64(in);
		key->version = row_get_u64(in);
	} else {
		err = minute_row_get(in, key, &scan->part);
	}
	if (!err && scan->ask->table != ROLLUPS_MINUTES)
		err = minute_row_get_sum(in, &scan->parts);
	return err;
}

/* One answer: the rows of the step from the key on. *rows: how many it had. */
static int read_page(struct scan *scan, const struct window *w, size_t *rows)
{
	const struct rollups_ask *ask = scan->ask;
	AUTO(free) char *sql = NULL;
	AUTO(free) uint8_t *bytes = NULL;
	struct minute_key key;
	struct row_in in;
	size_t n = 0;
	int err;

	/* A sum that a full page broke off is read again from its first row. */
	if (asprintf(&sql,
		"SELECT %s FROM %s WHERE minute >= %" PRId64 " AND minute < %" PRId64
		" AND (minute > %" PRId64 " OR fn >= %" PRIu64
		")%s ORDER BY minute, fn, source, version DESC"
		" LIMIT 1 BY minute, fn, source LIMIT %d",
		ask->parts_only ? PARTS_COLUMNS : tables[ask->table].columns,
		tables[ask->table].name, scan->has_sum ? scan->key.minute : w->from,
		w->until, scan->has_sum ? scan->key.minute : w->from,
		scan->has_sum ? scan->key.fn : 0, ask->filter, WINDOW_ROWS) < 0) {
		sql = NULL;
		return -ENOMEM;
	}
	scan->has_sum = false;
	err = link_select(scan->store->link, sql, &bytes, &n);
	in = (struct row_in){.at = bytes, .end = bytes ? bytes + n : bytes};
	*rows = 0;
	while (!err && in.at < in.end) {
		err = get_row(scan, &in, &key);
		if (!err)
			err = take(scan, &key);
		(*rows)++;
	}
	return err;
}

static int run(struct scan *scan, struct window *w)
{
	uint64_t sum;
	int err = 0;

	do {
		size_t rows = 0;

		sum = 0;
		do {
			err = read_page(scan, w, &rows);
			sum += rows;
		} while (!err && rows == WINDOW_ROWS);
		if (!err) /* minutes are not split by steps */
			err = hand_out(scan);
	} while (!err && window_next(w, sum));
	return err;
}

int rollups_scan(struct clickhouse *store, const struct rollups_ask *ask,
    rollups_visit visit, void *context)
{
	struct scan scan = {
	    .store = store, .ask = ask, .visit = visit, .context = context};
	AUTO(free) char *sql = NULL;
	struct window w;
	int err;

	if (ask->until_minute <= ask->from_minute)
		return 0;
	if (asprintf(&sql,
		"SELECT min(minute), max(minute), toUInt64(count()) FROM %s"
		" WHERE minute >= %" PRId64 " AND minute < %" PRId64 "%s",
		tables[ask->table].name, ask->from_minute, ask->until_minute,
		ask->filter) < 0) {
		sql = NULL;
		return -ENOMEM;
	}
	err = window_start(&w, store->link, sql, false);
	if (err == 1)
		err = run(&scan, &w);
	rollup_done(&scan.sum);
	rollup_done(&scan.part);
	return err;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

struct minutes {
	store_rollup_visit visit;
	void *context;
};

static int see_minute(void *context, const struct rollups_row *row)
{
	const struct minutes *minutes = context;

	return minutes->visit(
	    minutes->context, row->minute * 60, row->function, row->rollup);
}

int clickhouse_scan_rollups(struct clickhouse *store, int64_t since_ns, int64_t until_ns,
    const char *function, store_rollup_visit visit, void *context)
{
	struct minutes minutes = {visit, context};
	struct rollups_ask ask = {.table = ROLLUPS_MINUTES};
	AUTO(free) char *filter = NULL;
	int err = engine_ready(store, function, &filter);

	since_ns = later(later(since_ns, store->forgotten_ns), 0);
	if (err <= 0 || until_ns <= since_ns)
		return err < 0 ? err : 0;
	ask.filter = filter;
	ask.from_minute = since_ns / MINUTE_NS;
	ask.until_minute = (until_ns - 1) / MINUTE_NS + 1;
	return rollups_scan(store, &ask, see_minute, &minutes);
}
