/* Writing, replaying and reading. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/raw/inside.h"
#include "store/sqlite/raw/rows.h"
#include "store/sqlite/schema.h"

void raw_name(int64_t day, char name[RAW_NAME_BYTES])
{
	time_t s = (time_t)(day * 86400);
	struct tm tm = {0};

	(void)gmtime_r(&s, &tm);
	(void)strftime(name, RAW_NAME_BYTES, "raw_%Y%m%d.db", &tm);
}

void raw_path(const struct raw *raw, int64_t day, const char *suffix, char *path)
{
	char name[RAW_NAME_BYTES];

	raw_name(day, name);
	(void)snprintf(path, PATH_MAX, "%s/%s%s", raw->directory, name, suffix);
}

/* The day's entry or NULL. */
static struct raw_day *find_day(struct raw *raw, int64_t day)
{
	for (size_t i = 0; i < raw->days_n; i++) {
		if (raw->days[i].day == day)
			return &raw->days[i];
	}
	return NULL;
}

static int reserve_day(struct raw *raw)
{
	struct raw_day *days;
	int err = 0;

	(void)pthread_mutex_lock(&raw->mutex);
	days = realloc(raw->days, (raw->days_n + 1) * sizeof(*days));
	if (days)
		raw->days = days;
	else
		err = -ENOMEM;
	(void)pthread_mutex_unlock(&raw->mutex);
	return err;
}

static int cut_off(struct connection *file, int64_t last_row)
{
	static const char sql[] = "DELETE FROM raw WHERE id > :last";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(file, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":last", last_row);
	return statement_run(s);
}

static int open_file(struct raw *raw, int64_t day, struct connection **out)
{
	AUTO(connection) struct connection *file = NULL;
	char path[PATH_MAX];
	int err;

	raw_path(raw, day, "", path);
	err = connection_open(path, CONNECTION_WRITE_SHRINKING, &file);
	if (!err)
		err = connection_migrate(file, schema_raw, schema_raw_n);
	if (!err)
		*out = TAKE(file);
	return err;
}

static int load(struct raw *raw, struct connection *main)
{
	static const char sql[] =
	    "SELECT day, last_row, first_ns, last_ns FROM raw_day ORDER BY day";
	AUTO(statement) sqlite3_stmt *s = NULL;
	char path[PATH_MAX];
	int err = statement_get(main, sql, &s);

	while (!err && (err = statement_step(s)) == 1) {
		err = reserve_day(raw);
		if (err)
			return err;
		raw->days[raw->days_n] = (struct raw_day){sqlite3_column_int64(s, 0),
		    sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2),
		    sqlite3_column_int64(s, 3)};
		raw_path(raw, raw->days[raw->days_n].day, "", path);
		if (access(path, F_OK) == 0) /* else somebody removed it */
			raw->days_n++;
	}
	return err;
}

int raw_new(const char *directory, struct connection *main, struct raw **out)
{
	struct raw *raw = calloc(1, sizeof(*raw));
	int err;

	if (!raw)
		return -ENOMEM;
	raw->directory = directory;
	(void)pthread_mutex_init(&raw->mutex, NULL);
	err = load(raw, main);
	if (err) {
		raw_free(raw);
		return err;
	}
	*out = raw;
	return 0;
}

void raw_free(struct raw *raw)
{
	if (!raw)
		return;
	connection_close(raw->file);
	(void)pthread_mutex_destroy(&raw->mutex);
	free(raw->days);
	free(raw);
}

static struct raw_day empty_day(int64_t day)
{
	return (struct raw_day){.day = day, .first_ns = INT64_MAX, .last_ns = INT64_MIN};
}

/* Makes it the file that is written to. */
static int turn_to(struct raw *raw, int64_t day)
{
	const struct raw_day *known = find_day(raw, day);
	int err = 0;

	if (!raw->file || raw->today.day != day) {
		connection_close(raw->file);
		raw->file = NULL;
		err = open_file(raw, day, &raw->file);
		if (!err)
			connection_checkpoint_aside(raw->file, RAW_CHECKPOINT_PAGES);
	}
	raw->today = known ? *known : empty_day(day);
	return err;
}

/* What a file has beyond what main.db knows was never acknowledged, or it would have been
 * replayed before. */
static int open_today(struct raw *raw, int64_t day)
{
	int err = find_day(raw, day) ? 0 : reserve_day(raw);

	if (!err && raw->file && raw->untidy) /* before another day's, too */
		err = cut_off(raw->file, raw->today.last_row);
	raw->untidy &= err != 0;
	if (err || (raw->file && raw->today.day == day))
		return err;
	err = turn_to(raw, day);
	if (!err)
		err = cut_off(raw->file, raw->today.last_row);
	raw->untidy = err != 0;
	return err;
}

bool raw_is_known(struct raw *raw, int64_t now_ns)
{
	int64_t day = now_ns / RAW_DAY_NS;

	return raw->file && raw->today.day == day && !raw->untidy && find_day(raw, day);
}

int raw_begin(struct raw *raw, int64_t now_ns)
{
	int err = raw_heal(raw);

	if (err >= 0)
		err = open_today(raw, now_ns / RAW_DAY_NS);
	if (!err)
		err = connection_begin(raw->file);
	err = raw_blame(raw, err);
	raw->before = raw->today;
	raw->running = err == 0;
	return err;
}

static void widen(struct raw_day *day, int64_t first_ns, int64_t last_ns)
{
	if (first_ns < day->first_ns)
		day->first_ns = first_ns;
	if (last_ns > day->last_ns)
		day->last_ns = last_ns;
}

int raw_add(struct raw *raw, const struct store_batch *batch)
{
	const struct raw_row row = {.id = ++raw->today.last_row,
	    .head = &batch->batch->head,
	    .n = batch->batch->invocations_n,
	    .first_ns = batch->first_ns,
	    .last_ns = batch->last_ns,
	    .body = batch->raw,
	    .body_bytes = batch->raw_bytes};

	widen(&raw->today, batch->first_ns, batch->last_ns);
	raw->small += row.n < RAW_SMALL;
	return raw_blame(raw, raw_row_insert(raw->file, &row, true));
}

int raw_commit(struct raw *raw)
{
	int err = raw_blame(raw, connection_commit(raw->file));

	if (err)
		return err;
	raw->running = false;
	raw->unmarked = true;
	return 0;
}

int raw_mark(struct raw *raw, struct connection *main)
{
	static const char sql[] =
	    "INSERT INTO raw_day(day, last_row, first_ns, last_ns)"
	    " VALUES(:day, :row, :first, :last) ON CONFLICT DO UPDATE"
	    " SET last_row = :row, first_ns = :first, last_ns = :last";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = raw->unmarked ? statement_get(main, sql, &s) : 0;

	if (err || !raw->unmarked)
		return err;
	statement_bind(s, ":day", raw->today.day);
	statement_bind(s, ":row", raw->today.last_row);
	statement_bind(s, ":first", raw->today.first_ns);
	statement_bind(s, ":last", raw->today.last_ns);
	return statement_run(s);
}

void raw_settle(struct raw *raw)
{
	struct raw_day *known;

	if (!raw->unmarked)
		return;
	raw->unmarked = false;
	(void)pthread_mutex_lock(&raw->mutex);
	known = find_day(raw, raw->today.day);
	if (known)
		*known = raw->today;
	else
		raw->days[raw->days_n++] = raw->today; /* open_today made room */
	(void)pthread_mutex_unlock(&raw->mutex);
}

void raw_drop(struct raw *raw)
{
	if (!raw->running)
		return;
	connection_rollback(raw->file);
	raw->today = raw->before;
	raw->running = false;
}

void raw_cut_off(struct raw *raw)
{
	const struct raw_day *known = find_day(raw, raw->today.day);

	if (!raw->unmarked)
		return;
	raw->today = known ? *known : empty_day(raw->today.day);
	/* on a full disk this may fail too: then before the next write */
	raw->untidy = cut_off(raw->file, raw->today.last_row) != 0;
	raw->unmarked = false;
}

/* --- what main.db does not know yet ---------------------------------------------------
 */

static int has_more(struct connection *file, int64_t last_row)
{
	static const char sql[] = "SELECT 1 FROM raw WHERE id > :last LIMIT 1";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(file, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":last", last_row);
	return statement_step(s);
}

/* 1: it has rows that main.db does not count; 0: it has none; or store_errno(). */
static int is_behind(struct raw *raw, const struct raw_day *day)
{
	AUTO(connection) struct connection *file = NULL;
	int err = raw_open_day(raw, day->day, &file);

	return err ? err : has_more(file, day->last_row);
}

int raw_open_behind(struct raw *raw)
{
	for (size_t i = raw->days_n; i-- > 0;) {
		int more = is_behind(raw, &raw->days[i]);

		if (more == 0 || more == -ENOENT)
			continue; /* whole, or removed or put aside */
		if (more < 0 && i + 1 < raw->days_n)
			continue; /* what is wrong with an old one raw_check() says */
		raw->today = raw->days[i];
		if (more == 1)
			more = turn_to(raw, raw->days[i].day);
		if (raw_blame(raw, more) == -EUCLEAN)
			more = raw_heal(raw);
		else if (more == 0)
			return 1;
		if (more < 0)
			return more;
	}
	return 0;
}

int raw_replay(struct raw *raw, raw_visit visit, void *context)
{
	static const char sql[] = "SELECT id, first_ns, last_ns, body FROM raw"
				  " WHERE id > :last ORDER BY id";
	const struct raw_day *known = find_day(raw, raw->today.day);
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err;

	if (!raw->file || !known)
		return 0;
	raw->today = *known;
	err = raw_blame(raw, statement_get(raw->file, sql, &s));
	if (err)
		return err;
	statement_bind(s, ":last", raw->today.last_row);
	while (!err && (err = raw_blame(raw, statement_step(s))) == 1) {
		raw->unmarked = true;
		raw->today.last_row = sqlite3_column_int64(s, 0);
		widen(
		    &raw->today, sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2));
		err = visit(context, sqlite3_column_blob(s, 3),
		    (size_t)sqlite3_column_bytes(s, 3));
	}
	return err;
}

void raw_check(struct raw *raw, int budget_ms)
{
	uint64_t until_ns = clock_boot_ns() + (uint64_t)budget_ms * 1000000;

	for (size_t i = raw->days_n; i-- > 0 && clock_boot_ns() < until_ns;) {
		AUTO(connection) struct connection *file = NULL;
		char why[CONNECTION_WHY_BYTES] = "";
		char path[PATH_MAX];
		int left_ms = (int)((until_ns - clock_boot_ns()) / 1000000);
		int err = raw_open_day(raw, raw->days[i].day, &file);

		if (!err)
			err = connection_check(file, left_ms, why);
		raw_path(raw, raw->days[i].day, "", path);
		if (err < 0 && err != -ENOENT)
			(void)log_error(why[0] ? 0 : err,
			    "%s is damaged, invocations in it may be unreadable%s%s",
			    path, why[0] ? ": " : "", why);
	}
}

ssize_t raw_days(
    struct raw *raw, int64_t since_ns, int64_t until_ns, struct raw_day **days)
{
	struct raw_day *found;
	ssize_t n = 0;

	(void)pthread_mutex_lock(&raw->mutex);
	found = malloc((raw->days_n + 1) * sizeof(*found));
	for (size_t i = 0; found && i < raw->days_n; i++) {
		if (raw->days[i].first_ns < until_ns && raw->days[i].last_ns >= since_ns)
			found[n++] = raw->days[i];
	}
	(void)pthread_mutex_unlock(&raw->mutex);
	if (!found)
		return -ENOMEM;
	*days = found;
	return n;
}

int raw_open_day(struct raw *raw, int64_t day, struct connection **out)
{
	char path[PATH_MAX];

	raw_path(raw, day, "", path);
	return connection_open(path, CONNECTION_READ_OLD, out);
}
