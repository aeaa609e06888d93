/* One SQLite connection: opened, migrated, its statements prepared once. */
#ifndef COLDMETER_STORE_SQLITE_FILE_CONNECTION_H
#define COLDMETER_STORE_SQLITE_FILE_CONNECTION_H

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

enum connection_mode {
	CONNECTION_WRITE,
	CONNECTION_WRITE_SHRINKING,
	CONNECTION_READ,
	CONNECTION_READ_OLD
};

/* Used by one thread at a time. */
struct connection;

/* The errno of an SQLite result code; db may be NULL, else what the system said is asked
 * too. A full disk, quota or file-size limit is -ENOSPC. */
int store_errno(sqlite3 *db, int code);

/* WRITE makes the file (mode 0600) when it is missing; WRITE_SHRINKING makes one that
 * connection_shrink() can make smaller. READ_OLD is READ of a file that
 * the writer is done with: a disk that has no room, or is read-only, for the files that
 * readers make beside it is read without them. 0 or store_errno(). */
int connection_open(const char *path, enum connection_mode mode, struct connection **out);
void connection_close(struct connection *c);

/* Brings the schema to version n, one migration a transaction. -EPROTONOSUPPORT when the
 * file is newer than that. */
int connection_migrate(struct connection *c, const char *const *migrations, size_t n);

/* Reads every page, for that long at most. 0: sound; 1: sound as far as time allowed;
 * -EUCLEAN: damaged, why says how; -errno. */
#define CONNECTION_WHY_BYTES 256
int connection_check(struct connection *c, int budget_ms, char why[CONNECTION_WHY_BYTES]);

/* Makes to, which nobody else uses, a copy of what from is at this moment, whoever writes
 * to it meanwhile. */
int connection_copy(struct connection *from, struct connection *to);

/* Gives up to so many free pages back to the disk. 1: there are more; 0: there are none,
 * or the file was not made for it; or store_errno(). */
int connection_shrink(struct connection *c, int pages);

/* Runs SQL without parameters or rows. */
int connection_run(struct connection *c, const char *sql);

/* BEGIN IMMEDIATE for a writer, BEGIN for a reader. After a failed commit call
 * connection_rollback(), which is harmless outside a transaction. */
int connection_begin(struct connection *c);
int connection_commit(struct connection *c);
void connection_rollback(struct connection *c);

/* From then on commits do not wait for the disk: see checkpoint.h, of which these are the
 * pages. Where no thread can be had they do, as before. */
void connection_checkpoint_aside(struct connection *c, int pages);

/* The statement of sql, a string constant: prepared at first, then found by its address.
 * Reset it, or hold it in AUTO(statement), when done. */
int statement_get(struct connection *c, const char *sql, sqlite3_stmt **out);

/* Bytes are borrowed until the reset, so binding cannot fail but by a wrong name. */
void statement_bind(sqlite3_stmt *s, const char *name, int64_t value);
void statement_bind_text(sqlite3_stmt *s, const char *name, const char *text);
void statement_bind_blob(
    sqlite3_stmt *s, const char *name, const void *bytes, size_t size);

/* 1: a row; 0: done; or store_errno(). */
int statement_step(sqlite3_stmt *s);

/* Steps a statement without rows to its end and resets it. 0 or store_errno(). */
int statement_run(sqlite3_stmt *s);

/* The first row of a statement that asks for keys in [:since, :until): 1 with *key, the
 * first column, or 0 when there is none; or the errors of statement_get() and
 * statement_step(). */
int statement_find(
    struct connection *c, const char *sql, int64_t since, int64_t until, int64_t *key);

/* Runs a statement without rows on the keys [:since, :until). 0 or store_errno(). */
int statement_run_range(
    struct connection *c, const char *sql, int64_t since, int64_t until);

/* Column text that is never NULL. */
const char *statement_text(sqlite3_stmt *s, int column);

void statement_reset(sqlite3_stmt *s);

static inline void cleanup_statement(sqlite3_stmt *const *s)
{
	statement_reset(*s);
}

static inline void cleanup_connection(struct connection *const *c)
{
	connection_close(*c);
}

#endif
