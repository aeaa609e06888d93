#include "store/clickhouse/ship_sums.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/clickhouse/minute_row.h"
#include "store/sqlite/spool/sums.h"

#define HOUR_MINUTES 60
#define HOUR_NS (3600 * CLOCK_NS_PER_S)
#define DAY_NS (86400 * CLOCK_NS_PER_S)
/* Agents ship within seconds: an hour that is over so long gets few minutes more. */
#define GRACE_NS (120 * CLOCK_NS_PER_S)
#define ROUNDS 16       /* of some hundreds of rows */
#define NOT_ODD (-1000) /* no minute's day is near it: days lie in one partition */

struct ship_sums {
	struct link *link;
	struct sqlite_spool *spool;
	uint64_t version; /* of what the server was told last */
	_Atomic int64_t hour;
	int64_t horizon;
	bool loaded;
	bool told; /* by this process */
};

int ship_sums_new(struct link *link, struct sqlite_spool *spool, struct ship_sums **out)
{
	struct ship_sums *sums = calloc(1, sizeof(*sums));

	if (!sums)
		return -ENOMEM;
	sums->link = link;
	sums->spool = spool;
	*out = sums;
	return 0;
}

void ship_sums_free(struct ship_sums *sums)
{
	free(sums);
}

/* The hour before which all are over. What was over once stays so: its minutes are told
 * by its sum, which must follow them, whatever the clock says. */
static int64_t over_hour(const struct ship_sums *sums)
{
	int64_t hour = (clock_wall_ns() - GRACE_NS) / HOUR_NS;
	int64_t told = atomic_load(&sums->hour);

	return hour > told ? hour : told;
}

static int load(struct ship_sums *sums)
{
	char *text = NULL;
	char *at;
	int err = sums->loaded ? 0
			       : sqlite_document_get(sqlite_spool_ledger(sums->spool),
				     "remote", "folds", &text);

	if (!err && text) {
		sums->version = strtoull(text, &at, 10);
		atomic_store(&sums->hour, strtoll(at, &at, 10));
		sums->horizon = strtoll(at, &at, 10);
	}
	free(text);
	if (err == -ENOENT) /* an older release may have sent any of them */
		err = spool_sums_newest_minute(sums->spool, &sums->horizon);
	sums->loaded = err == 0;
	return err;
}

/* Written down here first: a version is used once. */
static int tell(struct ship_sums *sums, int64_t hour, int64_t horizon)
{
	struct row_out row = {0};
	const struct fold fold = {
	    .source = sqlite_spool_source(sums->spool), .hour = hour, .horizon = horizon};
	char text[80];
	int err;

	(void)snprintf(text, sizeof(text), "%" PRIu64 " %" PRId64 " %" PRId64,
	    sums->version + 1, hour, horizon);
	err = sqlite_document_put(
	    sqlite_spool_ledger(sums->spool), "remote", "folds", text);
	if (err)
		return err;
	sums->version++;
	atomic_store(&sums->hour, hour);
	sums->horizon = horizon;
	sums->told = false;
	folds_put_row(&row, &fold, sums->version);
	err = link_insert_rows(sums->link, "INSERT INTO folds (" FOLDS_COLUMNS ")", &row);
	row_out_done(&row);
	sums->told = err == 0;
	return err;
}

int ship_sums_reach(struct ship_sums *sums, int64_t minute)
{
	int64_t horizon =
	    minute < INT64_MAX - HOUR_MINUTES ? minute + HOUR_MINUTES : minute;
	int err = load(sums);

	if (err || (sums->told && minute <= sums->horizon))
		return err;
	return tell(sums, atomic_load(&sums->hour),
	    horizon > sums->horizon ? horizon : sums->horizon);
}

struct gather {
	struct row_out rows;
	uint64_t source;
	int64_t today;
};

static int see_sum(void *context, const struct spool_sum *sum)
{
	struct gather *gather = context;
	const struct minute_key key = {.minute = sum->minute,
	    .fn = function_hash(&sum->function),
	    .source = gather->source,
	    .version = (uint64_t)sum->version};
	struct minute_sum extra = {.first_minute = sum->first_minute,
	    .last_minute = sum->last_minute,
	    .parts_n = sum->parts_n};
	int err = minute_row_put(&gather->rows, gather->today, &key, &sum->rollup);

	for (size_t i = 0; i < sum->parts_n; i++)
		extra.parts[i] = sum->parts[i];
	minute_row_put_sum(&gather->rows, &extra);
	return err;
}

/* 1: there is more than in that many rounds; 0; or an error. */
static int send_level(
    struct ship_sums *sums, enum spool_sums_level level, int64_t before_hour, int rounds)
{
	const char *sql =
	    level == SPOOL_SUMS_HOURS
		? "INSERT INTO hours (" MINUTE_ROW_COLUMNS ", " MINUTE_ROW_SUM_COLUMNS ")"
		: "INSERT INTO days (" MINUTE_ROW_COLUMNS ", " MINUTE_ROW_SUM_COLUMNS ")";
	struct gather gather = {.source = sqlite_spool_source(sums->spool),
	    .today = level == SPOOL_SUMS_HOURS ? clock_wall_ns() / DAY_NS : NOT_ODD};
	struct spool_sums made = {.level = level};
	int n;
	int err = 0;

	do {
		gather.rows.n = 0;
		n = spool_sums_make(sums->spool, &made, before_hour, see_sum, &gather);
		if (n > 0 && gather.rows.n > 0)
			err = link_insert_rows(sums->link, sql, &gather.rows);
		if (n > 0 && !err)
			err = spool_sums_settle(sums->spool, &made);
	} while (n > 0 && !err && --rounds > 0);
	spool_sums_done(&made);
	row_out_done(&gather.rows);
	return n < 0 ? n : err ? err : n > 0;
}

/* Sums that are read already must be right when this returns. Others may take a few
 * times: a spool of an older release has those of all its past to make, and who asks
 * meanwhile waits for each. */
int ship_sums_send(struct ship_sums *sums)
{
	int err = load(sums);
	int64_t told = atomic_load(&sums->hour);
	int64_t hour = over_hour(sums);
	int left = 0;

	if (!err)
		err = send_level(sums, SPOOL_SUMS_HOURS, told, INT_MAX);
	if (!err)
		err = send_level(sums, SPOOL_SUMS_DAYS, told, INT_MAX);
	if (!err && hour > told)
		left = send_level(sums, SPOOL_SUMS_HOURS, hour, ROUNDS);
	if (!err && hour > told && left == 0)
		left = send_level(sums, SPOOL_SUMS_DAYS, hour, ROUNDS);
	if (err || left < 0)
		return err ? err : left;
	if (sums->told && (left || hour == told))
		return 0;
	return tell(sums, left ? told : hour, sums->horizon);
}

int ship_sums_are_due(struct ship_sums *sums)
{
	return spool_sums_are_due(sums->spool, over_hour(sums));
}
