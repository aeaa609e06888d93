/* Reading minutes: rows of one function and minute follow each other, one source after
 * the other, the latest version of each. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "store/clickhouse/engine.h"
#include "store/clickhouse/minute_row.h"
#include "store/clickhouse/window.h"

#define MINUTE_NS INT64_C(60000000000)

struct scan {
	struct clickhouse *store;
	const char *filter;
	store_rollup_visit visit;
	void *context;
	struct minute_key key; /* of sum; its source and version: the last row's */
	bool has_sum;
	struct rollup sum;
	struct rollup part;
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
		   : scan->visit(scan->context, scan->key.minute * 60,
			 &scan->named.function, &scan->sum);
}

/* Adds the row in part. */
static int take(struct scan *scan, const struct minute_key *key)
{
	struct rollup keep = scan->sum;
	int err;

	if (scan->has_sum && is_same_sum(key, &scan->key)) {
		scan->key = *key;
		return rollup_merge(&scan->sum, &scan->part);
	}
	err = hand_out(scan);
	if (err)
		return err;
	scan->sum = scan->part; /* the memory changes hands */
	scan->part = keep;
	scan->key = *key;
	scan->has_sum = true;
	return 0;
}

/* One answer: the rows of the step from the key on. *rows: how many it had. */
static int read_page(struct scan *scan, const struct window *w, size_t *rows)
{
	AUTO(free) char *sql = NULL;
	AUTO(free) uint8_t *bytes = NULL;
	struct minute_key key;
	struct row_in in;
	size_t n = 0;
	int err;

	/* A sum that a full page broke off is read again from its first row. */
	if (asprintf(&sql,
		"SELECT " MINUTE_ROW_COLUMNS " FROM minutes WHERE minute >= %" PRId64
		" AND minute < %" PRId64 " AND (minute > %" PRId64 " OR fn >= %" PRIu64
		")%s ORDER BY minute, fn, source, version DESC"
		" LIMIT 1 BY minute, fn, source LIMIT %d",
		scan->has_sum ? scan->key.minute : w->from, w->until,
		scan->has_sum ? scan->key.minute : w->from,
		scan->has_sum ? scan->key.fn : 0, scan->filter, WINDOW_ROWS) < 0) {
		sql = NULL;
		return -ENOMEM;
	}
	scan->has_sum = false;
	err = link_select(scan->store->link, sql, &bytes, &n);
	in = (struct row_in){.at = bytes, .end = bytes ? bytes + n : bytes};
	*rows = 0;
	while (!err && in.at < in.end) {
		err = minute_row_get(&in, &key, &scan->part);
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

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int clickhouse_scan_rollups(struct clickhouse *store, int64_t since_ns, int64_t until_ns,
    const char *function, store_rollup_visit visit, void *context)
{
	struct scan scan = {.store = store, .visit = visit, .context = context};
	AUTO(free) char *filter = NULL;
	AUTO(free) char *sql = NULL;
	struct window w;
	int err = engine_ready(store, function, &filter);

	since_ns = later(later(since_ns, store->forgotten_ns), 0);
	if (err <= 0 || until_ns <= since_ns)
		return err < 0 ? err : 0;
	scan.filter = filter;
	if (asprintf(&sql,
		"SELECT min(minute), max(minute), toUInt64(count()) FROM minutes"
		" WHERE minute >= %" PRId64 " AND minute <= %" PRId64 "%s",
		since_ns / MINUTE_NS, (until_ns - 1) / MINUTE_NS, filter) < 0) {
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
