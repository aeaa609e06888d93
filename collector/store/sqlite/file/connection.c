#include "store/sqlite/file/connection.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "store/sqlite/file/checkpoint.h"

#define STATEMENTS_MAX 96 /* more than one connection's modules use together */
#define BUSY_TIMEOUT_MS 5000
#define CACHE_KIB 2000
#define CHECK_STEPS 1000 /* of SQLite between two looks at the clock: under 1 ms */

struct connection {
	sqlite3 *db;
	enum connection_mode mode;
	struct checkpoint *checkpoint; /* NULL: as a commit goes */
	struct {
		const char *sql;
		sqlite3_stmt *statement;
	} statements[STATEMENTS_MAX];
	size_t statements_n;
};

int connection_run(struct connection *c, const char *sql)
{
	return store_errno(c->db, sqlite3_exec(c->db, sql, NULL, NULL, NULL));
}

static int read_integer(struct connection *c, const char *pragma, int64_t *value)
{
	sqlite3_stmt *s;
	int code = sqlite3_prepare_v2(c->db, pragma, -1, &s, NULL);

	if (code == SQLITE_OK) {
		code = sqlite3_step(s);
		if (code == SQLITE_ROW)
			*value = sqlite3_column_int64(s, 0);
		(void)sqlite3_finalize(s);
	}
	return code == SQLITE_ROW ? 0 : store_errno(c->db, code);
}

static bool writes(enum connection_mode mode)
{
	return mode == CONNECTION_WRITE || mode == CONNECTION_WRITE_SHRINKING;
}

static int set_up(struct connection *c)
{
	char pragmas[256];
	int64_t pages = -1;
	int err;

	(void)sqlite3_extended_result_codes(c->db, 1);
	(void)sqlite3_busy_timeout(c->db, BUSY_TIMEOUT_MS);
	(void)snprintf(pragmas, sizeof(pragmas),
	    "PRAGMA cache_size=-%d; PRAGMA mmap_size=0; PRAGMA trusted_schema=OFF;",
	    CACHE_KIB);
	err = connection_run(c, pragmas);
	if (err || !writes(c->mode))
		return err;
	/* In this order: each fixes the one before. */
	err = connection_run(c, "PRAGMA page_size=8192;");
	if (!err && c->mode == CONNECTION_WRITE_SHRINKING)
		err = read_integer(c, "PRAGMA page_count", &pages);
	if (!err && pages == 0) /* else it would be written to for nothing */
		err = connection_run(c, "PRAGMA auto_vacuum=INCREMENTAL;");
	if (err)
		return err;
	return connection_run(c,
	    "PRAGMA journal_mode=WAL;"
	    "PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=67108864;"
	    "PRAGMA wal_autocheckpoint=4000;");
}

int connection_shrink(struct connection *c, int pages)
{
	char pragma[64];
	int64_t mode = 0;
	int64_t free_pages = 0;
	int err = read_integer(c, "PRAGMA auto_vacuum", &mode);

	if (err || mode != 2) /* incremental */
		return err;
	(void)snprintf(pragma, sizeof(pragma), "PRAGMA incremental_vacuum(%d)", pages);
	err = connection_run(c, pragma);
	if (!err && c->checkpoint)
		checkpoint_committed(c->checkpoint);
	if (!err)
		err = read_integer(c, "PRAGMA freelist_count", &free_pages);
	return err ? err : free_pages > 0;
}

/* name: a path, or the URI of one. */
static int open_as(
    const char *name, int flags, enum connection_mode mode, struct connection **out)
{
	struct connection *c = calloc(1, sizeof(*c));
	int code;
	int err;

	if (!c)
		return -ENOMEM;
	c->mode = mode;
	code = sqlite3_open_v2(
	    name, &c->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
	err = store_errno(c->db, code);
	if (!err)
		err = set_up(c);
	if (err) {
		connection_close(c);
		return err;
	}
	*out = c;
	return 0;
}

/* Whether err says that the files beside it could not be made, and all that was committed
 * is in the file itself. A writer that lives has them. */
static bool stands_alone(const char *path, int err)
{
	AUTO(free) char *wal = NULL;
	struct stat st;

	if (err != -ENOENT && err != -EROFS && err != -ENOSPC && err != -EACCES)
		return false;
	if (access(path, F_OK) < 0 || asprintf(&wal, "%s-wal", path) < 0)
		return false;
	return stat(wal, &st) < 0 || st.st_size == 0;
}

/* As a file that nobody writes: https://www.sqlite.org/uri.html#uriimmutable */
static int open_alone(const char *path, struct connection **out)
{
	char uri[3 * PATH_MAX + 32] = "file:";
	size_t at = strlen(uri);

	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	for (; *path; path++)
		at += (size_t)snprintf(uri + at, sizeof(uri) - at,
		    isalnum((unsigned char)*path) || strchr("/._-", *path) ? "%c"
									   : "%%%02X",
		    (unsigned char)*path);
	(void)snprintf(uri + at, sizeof(uri) - at, "?immutable=1");
	return open_as(
	    uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, CONNECTION_READ_OLD, out);
}

/* The first thing that needs the files beside it. */
static int look_inside(struct connection *c)
{
	int64_t version;

	return read_integer(c, "PRAGMA schema_version", &version);
}

/* Ours, so that it is made with our mode. One that is there is not opened here: closing
 * it would drop SQLite's locks of other connections that this process has to it, see
 * https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
 */
static int make_file(const char *path)
{
	AUTO(fd) int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		return 0;
	return errno == EEXIST && access(path, R_OK | W_OK) == 0 ? 0 : -errno;
}

int connection_open(const char *path, enum connection_mode mode, struct connection **out)
{
	struct connection *c = NULL;
	int err;

	err = writes(mode) ? make_file(path) : 0;
	if (err)
		return err;
	err = open_as(
	    path, writes(mode) ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY, mode, &c);
	if (!err && mode == CONNECTION_READ_OLD)
		err = look_inside(c);
	if (err) {
		connection_close(c);
		return mode == CONNECTION_READ_OLD && stands_alone(path, err)
			   ? open_alone(path, out)
			   : err;
	}
	*out = c;
	return 0;
}

void connection_close(struct connection *c)
{
	if (!c)
		return;
	checkpoint_stop(c->checkpoint);
	for (size_t i = 0; i < c->statements_n; i++)
		(void)sqlite3_finalize(c->statements[i].statement);
	(void)sqlite3_close(c->db);
	free(c);
}

static int migrate_one(struct connection *c, const char *migration, size_t version)
{
	char stamp[64];
	int err;

	(void)snprintf(stamp, sizeof(stamp), "PRAGMA user_version=%zu", version);
	err = connection_begin(c);
	if (err)
		return err;
	err = connection_run(c, migration);
	if (!err)
		err = connection_run(c, stamp);
	if (!err)
		err = connection_commit(c);
	if (err)
		connection_rollback(c);
	return err;
}

int connection_migrate(struct connection *c, const char *const *migrations, size_t n)
{
	int64_t version = 0;
	int err = read_integer(c, "PRAGMA user_version", &version);

	if (!err && (version < 0 || version > (int64_t)n))
		err = -EPROTONOSUPPORT;
	for (size_t i = (size_t)version; !err && i < n; i++)
		err = migrate_one(c, migrations[i], i + 1);
	return err;
}

/* Asked now and then by SQLite; not 0 stops it. */
static int is_late(void *context)
{
	return clock_boot_ns() > *(const uint64_t *)context;
}

int connection_check(struct connection *c, int budget_ms, char why[CONNECTION_WHY_BYTES])
{
	uint64_t until_ns = clock_boot_ns() + (uint64_t)budget_ms * 1000000;
	sqlite3_stmt *s = NULL;
	int code;
	int err;

	sqlite3_progress_handler(c->db, CHECK_STEPS, is_late, &until_ns);
	code = sqlite3_prepare_v2(c->db, "PRAGMA quick_check(1)", -1, &s, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	err = code == SQLITE_INTERRUPT ? 1 : store_errno(c->db, code);
	if (err < 0) {
		(void)text_copy(why, CONNECTION_WHY_BYTES, sqlite3_errmsg(c->db));
	} else if (code == SQLITE_ROW && strcmp(statement_text(s, 0), "ok") != 0) {
		(void)text_copy(why, CONNECTION_WHY_BYTES, statement_text(s, 0));
		text_make_printable(why);
		err = -EUCLEAN;
	}
	(void)sqlite3_finalize(s);
	sqlite3_progress_handler(c->db, 0, NULL, NULL);
	return err;
}

int connection_copy(struct connection *from, struct connection *to)
{
	sqlite3_backup *copy = sqlite3_backup_init(to->db, "main", from->db, "main");
	int code;

	if (!copy)
		return store_errno(to->db, sqlite3_extended_errcode(to->db));
	code = sqlite3_backup_step(copy, -1); /* all of it in one reading transaction */
	(void)sqlite3_backup_finish(copy);
	return code == SQLITE_DONE ? 0 : store_errno(to->db, code);
}

int connection_begin(struct connection *c)
{
	return connection_run(c, writes(c->mode) ? "BEGIN IMMEDIATE" : "BEGIN");
}

int connection_commit(struct connection *c)
{
	int err = connection_run(c, "COMMIT");

	if (!err && c->checkpoint)
		checkpoint_committed(c->checkpoint);
	return err;
}

void connection_checkpoint_aside(struct connection *c, int pages)
{
	if (!c->checkpoint && checkpoint_start(c->db, pages, &c->checkpoint) < 0)
		c->checkpoint = NULL;
}

void connection_rollback(struct connection *c)
{
	for (size_t i = 0; i < c->statements_n; i++)
		statement_reset(c->statements[i].statement);
	if (!sqlite3_get_autocommit(c->db))
		(void)connection_run(c, "ROLLBACK");
}

int statement_get(struct connection *c, const char *sql, sqlite3_stmt **out)
{
	int code;

	for (size_t i = 0; i < c->statements_n; i++) {
		if (c->statements[i].sql == sql) {
			*out = c->statements[i].statement;
			return 0;
		}
	}
	assert(c->statements_n < STATEMENTS_MAX);
	code = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
	    &c->statements[c->statements_n].statement, NULL);
	if (code != SQLITE_OK)
		return store_errno(c->db, code);
	c->statements[c->statements_n].sql = sql;
	*out = c->statements[c->statements_n++].statement;
	return 0;
}

static int parameter(sqlite3_stmt *s, const char *name)
{
	int i = sqlite3_bind_parameter_index(s, name);

	assert(i > 0);
	return i;
}

void statement_bind(sqlite3_stmt *s, const char *name, int64_t value)
{
	(void)sqlite3_bind_int64(s, parameter(s, name), value);
}

void statement_bind_text(sqlite3_stmt *s, const char *name, const char *text)
{
	(void)sqlite3_bind_text(s, parameter(s, name), text, -1, SQLITE_STATIC);
}

void statement_bind_blob(
    sqlite3_stmt *s, const char *name, const void *bytes, size_t size)
{
	(void)sqlite3_bind_blob64(s, parameter(s, name), bytes, size, SQLITE_STATIC);
}

int statement_step(sqlite3_stmt *s)
{
	int code = sqlite3_step(s);

	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE ? 0 : store_errno(sqlite3_db_handle(s), code);
}

int statement_run(sqlite3_stmt *s)
{
	int err = statement_step(s);

	assert(err != 1);
	statement_reset(s);
	return err;
}

/* A statement on the range of keys [since, until). */
static int get_range(
    struct connection *c, const char *sql, int64_t since, int64_t until, sqlite3_stmt **s)
{
	int err = statement_get(c, sql, s);

	if (err)
		return err;
	statement_bind(*s, ":since", since);
	statement_bind(*s, ":until", until);
	return 0;
}

int statement_find(
    struct connection *c, const char *sql, int64_t since, int64_t until, int64_t *key)
{
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = get_range(c, sql, since, until, &s);

	if (!err)
		err = statement_step(s);
	if (err == 1)
		*key = sqlite3_column_int64(s, 0);
	return err;
}

int statement_run_range(
    struct connection *c, const char *sql, int64_t since, int64_t until)
{
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = get_range(c, sql, since, until, &s);

	return err ? err : statement_run(s);
}

const char *statement_text(sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	return text ? text : "";
}

void statement_reset(sqlite3_stmt *s)
{
	if (!s)
		return;
	(void)sqlite3_reset(s); /* repeats the step's error, which is known */
	(void)sqlite3_clear_bindings(s);
}
