/* A copy of a ledger that may be in use. main.db is copied first, each file at one
 * moment: what it counts in a raw file was committed there before, and what the raw file
 * has beyond is counted when the copy is opened, as after a kill. The newest day is next,
 * before anything else takes time: an hour later its rows may be merged, see raw/merge.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "store/sqlite/file/connection.h"
#include "store/sqlite/raw.h"
#include "store/sqlite/schema.h"
#include "store/store.h"

#define CHECK_MS 600000 /* a copy is checked to its end, or for ten minutes */

/* Copies directory/name to to/name. -ENOENT when it is not there (any more). */
static int copy_file(const char *directory, const char *to, const char *name)
{
	AUTO(connection) struct connection *from = NULL;
	AUTO(connection) struct connection *copy = NULL;
	char path[PATH_MAX];
	int err;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (access(path, R_OK) < 0)
		return errno == ENOENT ? -ENOENT
				       : log_error(-errno, "cannot read %s", path);
	err = connection_open(path, CONNECTION_READ, &from);
	if (err)
		return log_error(err, "cannot read %s", path);
	(void)snprintf(path, sizeof(path), "%s/%s", to, name);
	err = connection_open(path, CONNECTION_WRITE, &copy);
	if (!err)
		err = connection_copy(from, copy);
	return err ? log_error(err, "cannot write %s", path) : 0;
}

static int check_copy(const char *to, const char *name)
{
	AUTO(connection) struct connection *copy = NULL;
	char why[CONNECTION_WHY_BYTES] = "";
	char path[PATH_MAX];
	int err;

	(void)snprintf(path, sizeof(path), "%s/%s", to, name);
	err = connection_open(path, CONNECTION_READ, &copy);
	if (!err)
		err = connection_check(copy, CHECK_MS, why);
	if (err >= 0)
		return 0;
	return log_error(err, "%s is no sound copy%s%s", path, why[0] ? ": " : "", why);
}

static int copy_day(const char *directory, const char *to, int64_t day)
{
	char name[RAW_NAME_BYTES];
	int err;

	raw_name(day, name);
	err = copy_file(directory, to, name);
	if (err == -ENOENT) /* forgotten meanwhile */
		return 0;
	return err ? err : check_copy(to, name);
}

static int copy_days(const char *directory, const char *to)
{
	static const char sql[] = "SELECT day FROM raw_day ORDER BY day DESC";
	AUTO(connection) struct connection *main = NULL;
	AUTO(statement) sqlite3_stmt *s = NULL;
	char path[PATH_MAX];
	int err;

	(void)snprintf(path, sizeof(path), "%s/main.db", to);
	err = connection_open(path, CONNECTION_READ, &main);
	if (!err)
		err = statement_get(main, sql, &s);
	while (!err && (err = statement_step(s)) == 1)
		err = copy_day(directory, to, sqlite3_column_int64(s, 0));
	statement_reset(TAKE(s)); /* before its connection is closed */
	return err;
}

int sqlite_backup(const char *directory, const char *to)
{
	int err;

	if (mkdir(to, 0700) < 0)
		return log_error(-errno, "cannot make %s for the copy", to);
	err = copy_file(directory, to, "main.db");
	if (err == -ENOENT)
		(void)log_error(err, "%s has no ledger", directory);
	if (!err)
		err = copy_days(directory, to);
	return err ? err : check_copy(to, "main.db");
}
