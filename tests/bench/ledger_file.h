/* What the bench of growth looks up and makes up in a ledger's main.db. */
#ifndef COLDMETER_TESTS_BENCH_LEDGER_FILE_H
#define COLDMETER_TESTS_BENCH_LEDGER_FILE_H

#include <sqlite3.h>

#include "tests/bench/collector.h"
#include "tests/bench/growth_table.h"

static inline sqlite3 *ledger_open(const char *directory)
{
	char path[128];
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/data/main.db", directory);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		die(path);
	return db;
}

static inline double ledger_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;
	double value = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	if (sqlite3_step(s) == SQLITE_ROW)
		value = sqlite3_column_double(s, 0);
	(void)sqlite3_finalize(s);
	return value;
}

/* Bytes of a function's minute: as it comes, and in blocks of the hour before the last
 * one, of which so many minutes were sent. */
static inline void ledger_measure(const char *directory, size_t minutes, struct growth *g)
{
	sqlite3 *db = ledger_open(directory);
	double rows = ledger_number(db, "SELECT count(*) FROM minute_counters");
	double first =
	    ledger_number(db, "SELECT count(DISTINCT id >> 4) FROM hour_piece WHERE"
			      " id >> 28 = (SELECT min(id) >> 28 FROM hour_piece)");

	if (rows > 0)
		g->minute_bytes =
		    ledger_number(db, "SELECT sum(pgsize) FROM dbstat WHERE name GLOB"
				      " 'minute_*'") /
		    rows;
	if (first > 0)
		g->block_bytes =
		    ledger_number(db, "SELECT sum(length(bytes)) FROM hour_piece WHERE id"
				      " >> 28 = (SELECT min(id) >> 28 FROM hour_piece)") /
		    first / (double)minutes;
	(void)sqlite3_close(db);
}

/* The newest minute, again for those before the ones that were sent, to an hour. */
static inline void ledger_copy_minutes(
    const char *directory, int64_t newest, size_t minutes)
{
	static const char *const columns[] = {"counters", "histograms"};
	sqlite3 *db = ledger_open(directory);
	char sql[512];

	if (sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	for (size_t i = 0; minutes < 60 && i < (60 - minutes) * 2; i++) {
		const char *column = columns[i % 2];

		(void)snprintf(sql, sizeof(sql),
		    "INSERT INTO minute_%s(id, %s) SELECT id - (%zu << 24), %s FROM"
		    " minute_%s WHERE id >= %lld << 24 AND id < %lld << 24",
		    column, column, 59 - i / 2, column, column, (long long)newest,
		    (long long)newest + 1);
		if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
			die(sqlite3_errmsg(db));
		if (sqlite3_changes(db) == 0)
			die("the newest minute is folded: run it again");
	}
	if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	(void)sqlite3_close(db);
}

/* The day that was made, again for those before it. */
static inline void ledger_copy_days(const char *directory, int64_t today, size_t days)
{
	sqlite3 *db = ledger_open(directory);
	int64_t made = (int64_t)ledger_number(db, "SELECT min(id) >> 24 FROM day_rollup");
	char sql[512];

	if (sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	for (int64_t day = today - (int64_t)days + 1; day < made; day++) {
		(void)snprintf(sql, sizeof(sql),
		    "INSERT INTO day_rollup SELECT id - (%lld << 24),"
		    " first_minute - %lld, last_minute - %lld, parts, counters,"
		    " histograms FROM day_rollup WHERE id >> 24 = %lld",
		    (long long)(made - day), (long long)(made - day) * 1440,
		    (long long)(made - day) * 1440, (long long)made);
		if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
			die(sqlite3_errmsg(db));
	}
	if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	(void)sqlite3_close(db);
}

#endif
