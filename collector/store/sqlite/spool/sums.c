/* The sums of hours are kept in the ledger's hour_rollup, which a spool has no other use
 * for: a day is made of them. */
#include "store/sqlite/spool/sums.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/count.h"
#include "model/rollup_pack.h"
#include "store/sqlite/engine.h"
#include "store/sqlite/sums/slice.h"

#define HOUR_MINUTES 60
#define DAY_HOURS 24
#define ROWS_MAX 512

struct spool_sums_row {
	int64_t version;
	int64_t id;
	int64_t first_minute;
	int64_t last_minute;
	uint8_t *counters; /* of an hour */
	uint8_t *histograms;
	size_t counters_n;
	size_t histograms_n;
};

static const struct {
	int64_t hours;
	const char *next_sql;
	const char *settle_sql;
} levels[] = {
    [SPOOL_SUMS_HOURS] = {1,
	"SELECT version, id FROM outgoing_hour WHERE id < :before ORDER BY id LIMIT :n",
	"DELETE FROM outgoing_hour WHERE version = :version"},
    [SPOOL_SUMS_DAYS] = {DAY_HOURS,
	"SELECT version, id FROM outgoing_day WHERE id < :before ORDER BY id LIMIT :n",
	"DELETE FROM outgoing_day WHERE version = :version"},
};

static void clear(struct spool_sums *sums)
{
	for (size_t i = 0; i < sums->n; i++) {
		free(sums->rows[i].counters);
		free(sums->rows[i].histograms);
	}
	sums->n = 0;
}

void spool_sums_done(struct spool_sums *sums)
{
	clear(sums);
	free(sums->rows);
	*sums = (struct spool_sums){0};
}

/* Which are next, in the order of their ids. */
static int list(struct connection *c, struct spool_sums *sums, int64_t before_hour)
{
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, levels[sums->level].next_sql, &s);

	if (!err && !sums->rows) {
		sums->rows = calloc(ROWS_MAX, sizeof(*sums->rows));
		sums->room = ROWS_MAX;
	}
	if (err || !sums->rows)
		return err ? err : -ENOMEM;
	statement_bind(
	    s, ":before", minutes_key(before_hour / levels[sums->level].hours, 0));
	statement_bind(s, ":n", ROWS_MAX);
	while ((err = statement_step(s)) == 1 && sums->n < sums->room)
		sums->rows[sums->n++] =
		    (struct spool_sums_row){.version = sqlite3_column_int64(s, 0),
			.id = sqlite3_column_int64(s, 1)};
	return err < 0 ? err : 0;
}

static int hand_out(struct sqlite_spool *spool, struct spool_sums_row *row,
    struct spool_sum *sum, spool_sum_visit visit, void *context)
{
	struct dictionary_entry entry;
	int err = dictionary_find_at(sqlite_spool_ledger(spool)->functions,
	    (uint32_t)(row->id & 0xffffff), &entry);

	if (err)
		return err == -ENOENT ? -EUCLEAN : err;
	sum->function = entry.function;
	sum->version = row->version;
	row->first_minute = sum->first_minute;
	row->last_minute = sum->last_minute;
	return visit(context, sum);
}

static int merge(struct spool_sum *sum, const struct block_minute *minute, size_t part)
{
	uint64_t before = sum->rollup.invocations;
	int err = rollup_merge_encoded(&sum->rollup, minute->counters,
	    minute->counters_bytes, minute->histograms, minute->histograms_bytes);

	if (err)
		return err == -EBADMSG ? -EUCLEAN : err;
	sum->parts[part] = sum->rollup.invocations - before;
	return 0;
}

static void begin_sum(struct spool_sum *sum, int64_t minute, size_t parts_n)
{
	sum->minute = minute;
	sum->first_minute = INT64_MAX;
	sum->last_minute = INT64_MIN;
	sum->parts_n = parts_n;
	memset(sum->parts, 0, sizeof(sum->parts));
	rollup_clear(&sum->rollup);
}

static void widen(struct spool_sum *sum, int64_t first, int64_t last)
{
	sum->first_minute = first < sum->first_minute ? first : sum->first_minute;
	sum->last_minute = last > sum->last_minute ? last : sum->last_minute;
}

/* Sums up the hour's minutes that lie in the slice from at on, those of one function.
 * Returns where the next one's are. */
static ssize_t sum_hour(
    struct spool_sum *sum, const struct slice *slice, size_t at, int64_t id)
{
	int err = 0;

	begin_sum(sum, (id >> 24) * HOUR_MINUTES, HOUR_MINUTES);
	while (at < slice->n && slice->rows[at].function_id < (id & 0xffffff))
		at++;
	for (; !err && at < slice->n && slice->rows[at].function_id == (id & 0xffffff);
	     at++) {
		const struct block_minute *minute = &slice->rows[at].minute;

		widen(sum, sum->minute + minute->minute, sum->minute + minute->minute);
		err = merge(sum, minute, minute->minute);
	}
	return err ? err : (ssize_t)at;
}

static int keep(struct spool_sums_row *row, const struct rollup *rollup)
{
	int err = rollup_pack_counters(rollup, &row->counters, &row->counters_n);

	return err ? err
		   : rollup_pack_histograms(rollup, &row->histograms, &row->histograms_n);
}

struct making {
	struct sqlite_spool *spool;
	struct connection *c;
	struct spool_sums *sums;
	struct spool_sum sum;
	struct slice slice;
	spool_sum_visit visit;
	void *context;
};

/* The rows [from, until), all of one hour and of functions that lie close together. */
static int make_hours(struct making *m, size_t from, size_t until)
{
	struct spool_sums_row *rows = m->sums->rows;
	int64_t hour = rows[from].id >> 24;
	const struct slice_range range = {.from_minute = hour * HOUR_MINUTES,
	    .until_minute = (hour + 1) * HOUR_MINUTES,
	    .first_id = (uint32_t)(rows[from].id & 0xffffff),
	    .end_id = (uint32_t)(rows[until - 1].id & 0xffffff) + 1};
	int err = slice_read(&m->slice, m->c, &range);
	ssize_t at = 0;

	for (size_t i = from; !err && i < until; i++) {
		at = sum_hour(&m->sum, &m->slice, (size_t)at, rows[i].id);
		if (at < 0)
			return (int)at;
		if (m->sum.first_minute == INT64_MAX) /* forgotten meanwhile */
			continue;
		err = keep(&rows[i], &m->sum.rollup);
		if (!err)
			err = hand_out(m->spool, &rows[i], &m->sum, m->visit, m->context);
	}
	return err;
}

static int make_all_hours(struct making *m)
{
	const struct spool_sums_row *rows = m->sums->rows;
	size_t from = 0;
	int err = 0;

	while (!err && from < m->sums->n) {
		size_t until = from + 1;

		while (until < m->sums->n &&
		       rows[until].id >> 24 == rows[from].id >> 24 &&
		       rows[until].id - rows[from].id < SLICE_FUNCTIONS)
			until++;
		err = make_hours(m, from, until);
		from = until;
	}
	return err;
}

/* Adds the sum of an hour, when there is one. */
static int add_hour(struct making *m, int64_t id, size_t part)
{
	static const char sql[] = "SELECT first_minute, last_minute, counters, histograms"
				  " FROM hour_rollup WHERE id = :id";
	AUTO(statement) sqlite3_stmt *s = NULL;
	struct block_minute hour;
	int err = statement_get(m->c, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":id", id);
	err = statement_step(s);
	if (err != 1)
		return err;
	widen(&m->sum, sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1));
	hour = (struct block_minute){.counters = sqlite3_column_blob(s, 2),
	    .counters_bytes = (size_t)sqlite3_column_bytes(s, 2),
	    .histograms = sqlite3_column_blob(s, 3),
	    .histograms_bytes = (size_t)sqlite3_column_bytes(s, 3)};
	return merge(&m->sum, &hour, part);
}

static int make_all_days(struct making *m)
{
	int err = 0;

	for (size_t i = 0; !err && i < m->sums->n; i++) {
		struct spool_sums_row *row = &m->sums->rows[i];
		int64_t hour = (row->id >> 24) * DAY_HOURS;

		begin_sum(&m->sum, hour * HOUR_MINUTES, DAY_HOURS);
		for (size_t h = 0; !err && h < DAY_HOURS; h++)
			err = add_hour(m,
			    minutes_key(
				hour + (int64_t)h, (uint32_t)(row->id & 0xffffff)),
			    h);
		if (!err && m->sum.first_minute != INT64_MAX)
			err = hand_out(m->spool, row, &m->sum, m->visit, m->context);
	}
	return err;
}

int spool_sums_make(struct sqlite_spool *spool, struct spool_sums *sums,
    int64_t before_hour, spool_sum_visit visit, void *context)
{
	struct making m = {
	    .spool = spool, .sums = sums, .visit = visit, .context = context};
	struct sqlite *ledger = sqlite_spool_ledger(spool);
	int err = pool_borrow(ledger->readers, &m.c);

	if (err)
		return err;
	clear(sums);
	err = list(m.c, sums, before_hour);
	if (!err)
		err = sums->level == SPOOL_SUMS_HOURS ? make_all_hours(&m)
						      : make_all_days(&m);
	slice_done(&m.slice);
	rollup_done(&m.sum.rollup);
	pool_return(ledger->readers, m.c);
	return err ? err : (int)sums->n;
}

/* Keeps the hour's sum, of which its day is to be made anew. */
static int save_hour(struct connection *c, const struct spool_sums_row *row)
{
	static const char save_sql[] =
	    "INSERT OR REPLACE INTO hour_rollup(id, first_minute, last_minute, counters,"
	    " histograms) VALUES(:id, :first, :last, :counters, :histograms)";
	static const char mark_sql[] =
	    "INSERT OR REPLACE INTO outgoing_day(id) VALUES(:id)";
	AUTO(statement) sqlite3_stmt *save = NULL;
	AUTO(statement) sqlite3_stmt *mark = NULL;
	int err = statement_get(c, save_sql, &save);

	if (!err)
		err = statement_get(c, mark_sql, &mark);
	if (err)
		return err;
	statement_bind(save, ":id", row->id);
	statement_bind(save, ":first", row->first_minute);
	statement_bind(save, ":last", row->last_minute);
	statement_bind_blob(save, ":counters", row->counters, row->counters_n);
	statement_bind_blob(save, ":histograms", row->histograms, row->histograms_n);
	err = statement_run(save);
	if (err)
		return err;
	statement_bind(mark, ":id",
	    minutes_key((row->id >> 24) / DAY_HOURS, (uint32_t)(row->id & 0xffffff)));
	return statement_run(mark);
}

static int settle_one(
    struct connection *c, enum spool_sums_level level, const struct spool_sums_row *row)
{
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = row->counters ? save_hour(c, row) : 0;

	if (!err)
		err = statement_get(c, levels[level].settle_sql, &s);
	if (err)
		return err;
	statement_bind(s, ":version", row->version);
	return statement_run(s);
}

int spool_sums_settle(struct sqlite_spool *spool, struct spool_sums *sums)
{
	struct sqlite *ledger = sqlite_spool_ledger(spool);
	int err = sqlite_begin(ledger);

	if (err)
		return err;
	for (size_t i = 0; !err && i < sums->n; i++)
		err = settle_one(ledger->writer, sums->level, &sums->rows[i]);
	return sqlite_end(ledger, err);
}

int spool_sums_newest_minute(struct sqlite_spool *spool, int64_t *minute)
{
	static const char sql[] = "SELECT coalesce(max(id), 0) FROM minute_counters";
	struct sqlite *ledger = sqlite_spool_ledger(spool);
	struct connection *c;
	sqlite3_stmt *s;
	int err = pool_borrow(ledger->readers, &c);

	if (err)
		return err;
	err = statement_get(c, sql, &s);
	if (!err)
		err = statement_step(s);
	if (err == 1)
		*minute = sqlite3_column_int64(s, 0) >> 24;
	pool_return(ledger->readers, c);
	return err < 0 ? err : 0;
}

int spool_sums_are_due(struct sqlite_spool *spool, int64_t before_hour)
{
	static const char sql[] =
	    "SELECT 1 WHERE EXISTS(SELECT 1 FROM outgoing_hour WHERE id < :hour)"
	    " OR EXISTS(SELECT 1 FROM outgoing_day WHERE id < :day)";
	struct sqlite *ledger = sqlite_spool_ledger(spool);
	struct connection *c;
	sqlite3_stmt *s;
	int err = pool_borrow(ledger->readers, &c);

	if (err)
		return err;
	err = statement_get(c, sql, &s);
	if (!err) {
		statement_bind(s, ":hour", minutes_key(before_hour, 0));
		statement_bind(s, ":day", minutes_key(before_hour / DAY_HOURS, 0));
		err = statement_step(s);
	}
	pool_return(ledger->readers, c);
	return err;
}
