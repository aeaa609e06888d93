/* A ledger's main.db by hand, for what the bench of the store fills in. */
#ifndef TESTS_BENCH_STORE_FILE_H
#define TESTS_BENCH_STORE_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

static inline sqlite3 *open_file(const char *directory)
{
	char path[128];
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/main.db", directory);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		die(path);
	return db;
}

static inline void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		(void)fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
		exit(1);
	}
}

static inline sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) {
		(void)fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
		exit(1);
	}
	return s;
}

/* What tables with such names take. */
static inline double table_bytes(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s = prepare(db, sql);
	double value = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_double(s, 0) : 0;

	(void)sqlite3_finalize(s);
	return value;
}

static inline void insert(sqlite3_stmt *s, int64_t id, const uint8_t *bytes, size_t n)
{
	(void)sqlite3_bind_int64(s, 1, id);
	(void)sqlite3_bind_blob64(s, 2, bytes, n, SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_DONE)
		die("insert");
	(void)sqlite3_reset(s);
}

#endif
