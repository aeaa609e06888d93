/* An hour at a time, then a day at a time: of those that are over SQLite has a row for
 * each function, and where its minutes lie in rows behind all of them. */
#include "store/clickhouse/migrate_sums.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/clickhouse/folds.h"
#include "store/clickhouse/minute_row.h"

#define HOUR_S 3600
#define PARTS_MAX 60 /* minutes of an hour */
#define DAY_S 86400
#define ROWS_BYTES ((size_t)4 << 20)
#define NOT_ODD (-1000) /* see ship_sums.c */

struct row {
	uint32_t id;
	struct minute_key key;
	struct rollup rollup;
	struct minute_sum sum;
};

struct sums {
	struct link *link;
	const char *sql;
	uint64_t source;
	int64_t today;
	int64_t seconds; /* of the spans that are gathered */
	bool loose;      /* there were others: minutes that are not folded */
	struct row *rows;
	size_t n;
	size_t room; /* those beyond n keep their memory */
	struct row_out out;
	uint64_t sent;
};

/* Written down first, so that a version is used once. */
static int tell(struct link *link, struct sqlite *ledger, const struct fold *fold)
{
	struct row_out row = {0};
	char *text = NULL;
	char next[24];
	uint64_t version;
	int err = sqlite_document_get(ledger, "migration", "folds", &text);

	version = text ? strtoull(text, NULL, 10) + 1 : 1;
	free(text);
	if (err && err != -ENOENT)
		return err;
	(void)snprintf(next, sizeof(next), "%" PRIu64, version);
	err = sqlite_document_put(ledger, "migration", "folds", next);
	if (err)
		return err;
	folds_put_row(&row, fold, version);
	err = link_insert_rows(link, "INSERT INTO folds (" FOLDS_COLUMNS ")", &row);
	row_out_done(&row);
	return err;
}

int migrate_sums_begin(struct link *link, struct sqlite *ledger, uint64_t source)
{
	return tell(link, ledger, &(struct fold){source, 0, INT64_MAX});
}

static int add_row(struct sums *sums, const struct store_span *span)
{
	struct row *row;

	if (sums->n == sums->room) {
		size_t room = sums->room ? sums->room * 2 : 64;
		struct row *more = reallocarray(sums->rows, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		for (size_t i = sums->room; i < room; i++)
			more[i] = (struct row){0};
		sums->rows = more;
		sums->room = room;
	}
	row = &sums->rows[sums->n++];
	row->id = span->id;
	row->key.minute = span->start_s / 60;
	row->key.fn = function_hash(span->function);
	row->key.source = sums->source;
	row->sum = (struct minute_sum){
	    .first_minute = span->first_s / 60, .last_minute = span->last_s / 60};
	rollup_clear(&row->rollup);
	return span->add(span, &row->rollup);
}

static void add_parts(struct row *row, const struct store_span *span, int64_t seconds)
{
	int64_t part_s = seconds == HOUR_S ? 60 : HOUR_S;
	size_t parts_n = (size_t)(seconds / part_s);

	row->sum.parts_n = parts_n;
	for (size_t i = 0; i < span->parts_n; i++) {
		int64_t at = (span->parts[i].start_s - span->start_s) / part_s;

		if (at >= 0 && (size_t)at < parts_n)
			row->sum.parts[at] = span->parts[i].invocations;
	}
}

static int by_id(const void *key, const void *row)
{
	uint32_t id = *(const uint32_t *)key;
	uint32_t its = ((const struct row *)row)->id;

	return id < its ? -1 : id > its;
}

/* Rows come in the order of their ids; parts follow in rows of their own, or with them.
 */
static int see_span(void *context, const struct store_span *span)
{
	struct sums *sums = context;
	struct row *row;
	int err = 0;

	if (span->seconds != sums->seconds) {
		sums->loose = true;
		return 1;
	}
	if (span->add)
		err = add_row(sums, span);
	row =
	    sums->n ? bsearch(&span->id, sums->rows, sums->n, sizeof(*row), by_id) : NULL;
	if (!err && row)
		add_parts(row, span, sums->seconds);
	return err;
}

static int send_rows(struct sums *sums, size_t enough)
{
	int err = sums->out.failed ? -ENOMEM : 0;

	if (err || sums->out.n == 0 || sums->out.n < enough)
		return err;
	err = link_insert_rows(sums->link, sums->sql, &sums->out);
	if (!err)
		sums->out.n = 0;
	return err;
}

/* One hour or day. 1: it is not folded whole. */
static int send_one(struct sums *sums, struct sqlite *ledger, int64_t start_s)
{
	/* at each minute, for an hour's parts; a cut that lies in no hour asks for a
	 * day's */
	int64_t cuts_ns[PARTS_MAX];
	const struct store_window window = {.since_ns = start_s * CLOCK_NS_PER_S,
	    .until_ns = (start_s + sums->seconds) * CLOCK_NS_PER_S,
	    .cuts_ns = cuts_ns,
	    .cuts_n = sums->seconds == HOUR_S ? PARTS_MAX : 1};
	int err;

	for (int64_t m = 0; m < PARTS_MAX; m++)
		cuts_ns[m] = (start_s + m * 60) * CLOCK_NS_PER_S;
	sums->n = 0;
	err = sqlite_scan_spans(ledger, &window, see_span, sums);
	if (err || sums->loose)
		return sums->loose ? 1 : err;
	for (size_t i = 0; !err && i < sums->n; i++) {
		struct row *row = &sums->rows[i];
		const struct rollup *r = &row->rollup;

		row->key.version = r->invocations + r->pings + rollup_lost(r);
		err = minute_row_put(&sums->out, sums->today, &row->key, r);
		minute_row_put_sum(&sums->out, &row->sum);
		if (!err)
			err = send_rows(sums, ROWS_BYTES);
	}
	sums->sent += sums->n;
	return err;
}

/* Those that start in [*from, until); *from: where it ended. */
static int send_level(
    struct sums *sums, struct sqlite *ledger, int64_t *from_s, int64_t until_s)
{
	int err = 0;

	sums->loose = false;
	while (!err && *from_s + sums->seconds <= until_s) {
		err = send_one(sums, ledger, *from_s);
		if (!err)
			*from_s += sums->seconds;
	}
	return err < 0 ? err : send_rows(sums, 0);
}

struct range {
	int64_t first_s;
	int64_t last_s;
};

static int see_range(void *context, const struct store_span *span)
{
	struct range *range = context;

	if (span->first_s < range->first_s)
		range->first_s = span->first_s;
	if (span->last_s > range->last_s)
		range->last_s = span->last_s;
	return 0;
}

static int fold_all(struct sqlite *ledger)
{
	int more;

	do
		more = sqlite_fold_minutes(ledger, clock_wall_ns());
	while (more == 1);
	return more;
}

static int send_all(
    struct sums *sums, struct sqlite *ledger, const struct range *range, int64_t *end_s)
{
	int64_t day_s = range->first_s / DAY_S * DAY_S;
	int err;

	sums->seconds = HOUR_S;
	sums->sql =
	    "INSERT INTO hours (" MINUTE_ROW_COLUMNS ", " MINUTE_ROW_SUM_COLUMNS ")";
	*end_s = range->first_s / HOUR_S * HOUR_S;
	err = send_level(sums, ledger, end_s, range->last_s / HOUR_S * HOUR_S + HOUR_S);
	if (err)
		return err;
	sums->seconds = DAY_S;
	sums->today = NOT_ODD;
	sums->sql =
	    "INSERT INTO days (" MINUTE_ROW_COLUMNS ", " MINUTE_ROW_SUM_COLUMNS ")";
	err = send_level(sums, ledger, &day_s, *end_s);
	if (!err && sums->loose) /* a day that ends before an hour that is folded */
		return -EUCLEAN;
	return err;
}

int migrate_sums_send(
    struct link *link, struct sqlite *ledger, uint64_t source, int64_t today)
{
	const struct store_window all = {.since_ns = 0, .until_ns = INT64_MAX};
	struct range range = {INT64_MAX, INT64_MIN};
	struct sums sums = {.link = link, .source = source, .today = today};
	int64_t end_s = 0;
	int err = fold_all(ledger);

	if (!err)
		err = sqlite_scan_spans(ledger, &all, see_range, &range);
	if (err || range.first_s == INT64_MAX)
		return err;
	err = send_all(&sums, ledger, &range, &end_s);
	if (!err)
		err = tell(link, ledger,
		    &(struct fold){source, end_s / HOUR_S, range.last_s / 60});
	if (!err)
		log_note("hours and days: %" PRIu64 " rows sent", sums.sent);
	for (size_t i = 0; i < sums.room; i++)
		rollup_done(&sums.rows[i].rollup);
	free(sums.rows);
	row_out_done(&sums.out);
	return err;
}
