#include "store/sqlite/raw.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/schema.h"

#define DAY_NS (86400 * CLOCK_NS_PER_S)
#define CHECKPOINT_PAGES 1000 /* each is written once: little at a time */

struct raw {
	const char *directory;
	struct connection *file; /* of today; NULL: none open */
	struct raw_day today;    /* with what the running transaction adds */
	bool committed;          /* today's file is, main.db is not yet */
	bool untidy;             /* rows beyond last_row could not be cut off */
	pthread_mutex_t mutex;   /* over days, which readers copy */
	struct raw_day *days;
	size_t days_n;
};

void raw_name(int64_t day, char name[RAW_NAME_BYTES])
{
	time_t s = (time_t)(day * 86400);
	struct tm tm = {0};

	(void)gmtime_r(&s, &tm);
	(void)strftime(name, RAW_NAME_BYTES, "raw_%Y%m%d.db", &tm);
}

static void path_of(const struct raw *raw, int64_t day, const char *suffix, char *path)
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

	path_of(raw, day, "", path);
	err = connection_open(path, CONNECTION_WRITE, &file);
	if (!err)
		err = connection_migrate(file, schema_raw, schema_raw_n);
	if (!err)
		*out = TAKE(file);
	return err;
}

static int cut_off_day(struct raw *raw, const struct raw_day *day)
{
	AUTO(connection) struct connection *file = NULL;
	int err = open_file(raw, day->day, &file);

	return err ? err : cut_off(file, day->last_row);
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
		path_of(raw, raw->days[raw->days_n].day, "", path);
		if (access(path, F_OK) == 0) /* else somebody removed it */
			raw->days_n++;
	}
	if (!err && raw->days_n > 0) /* only the newest can have been written to */
		err = cut_off_day(raw, &raw->days[raw->days_n - 1]);
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

/* A file of a day that main.db does not know has rows of a killed first transaction. */
static int open_today(struct raw *raw, int64_t day)
{
	const struct raw_day *known = find_day(raw, day);
	int err = known ? 0 : reserve_day(raw);

	if (err || (raw->file && raw->today.day == day && !raw->untidy))
		return err;
	if (!raw->file || raw->today.day != day) {
		connection_close(raw->file);
		raw->file = NULL;
		err = open_file(raw, day, &raw->file);
	}
	raw->today = known ? *known
			   : (struct raw_day){
				 .day = day, .first_ns = INT64_MAX, .last_ns = INT64_MIN};
	if (!err)
		err = cut_off(raw->file, raw->today.last_row);
	if (!err)
		connection_checkpoint_aside(raw->file, CHECKPOINT_PAGES);
	raw->untidy = err != 0;
	return err;
}

int raw_begin(struct raw *raw, int64_t now_ns)
{
	int err = open_today(raw, now_ns / DAY_NS);

	return err ? err : connection_begin(raw->file);
}

int raw_add(struct raw *raw, const struct store_batch *batch)
{
	static const char sql[] = "INSERT OR IGNORE INTO raw(id, agent, boot, sequence, "
				  "host, n, first_ns, last_ns,"
				  " body) VALUES(:id, :agent, :boot, :sequence, :host, "
				  ":n, :first, :last, :body)";
	const struct batch *b = batch->batch;
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(raw->file, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":id", ++raw->today.last_row);
	statement_bind_blob(s, ":agent", b->head.id.agent, sizeof(b->head.id.agent));
	statement_bind_blob(s, ":boot", b->head.id.boot, sizeof(b->head.id.boot));
	statement_bind(s, ":sequence", (int64_t)b->head.id.sequence);
	statement_bind_text(s, ":host", b->head.host);
	statement_bind(s, ":n", (int64_t)b->invocations_n);
	statement_bind(s, ":first", batch->first_ns);
	statement_bind(s, ":last", batch->last_ns);
	statement_bind_blob(s, ":body", batch->raw, batch->raw_bytes);
	if (batch->first_ns < raw->today.first_ns)
		raw->today.first_ns = batch->first_ns;
	if (batch->last_ns > raw->today.last_ns)
		raw->today.last_ns = batch->last_ns;
	return statement_run(s);
}

int raw_commit(struct raw *raw)
{
	int err = connection_commit(raw->file);

	raw->committed = err == 0;
	return err;
}

int raw_mark(struct raw *raw, struct connection *main)
{
	static const char sql[] =
	    "INSERT INTO raw_day(day, last_row, first_ns, last_ns)"
	    " VALUES(:day, :row, :first, :last) ON CONFLICT DO UPDATE"
	    " SET last_row = :row, first_ns = :first, last_ns = :last";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(main, sql, &s);

	if (err)
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

	raw->committed = false;
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
	const struct raw_day *known = find_day(raw, raw->today.day);

	if (!raw->file)
		return;
	connection_rollback(raw->file);
	raw->today = known ? *known
			   : (struct raw_day){.day = raw->today.day,
				 .first_ns = INT64_MAX,
				 .last_ns = INT64_MIN};
	/* On a full disk this may fail too: then before the next write, or at start. */
	raw->untidy = raw->committed && cut_off(raw->file, raw->today.last_row) != 0;
	raw->committed = false;
}

static int forget(struct raw *raw, struct connection *main, int64_t day)
{
	static const char sql[] = "DELETE FROM raw_day WHERE day = :day";
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	AUTO(statement) sqlite3_stmt *s = NULL;
	char path[PATH_MAX];
	int err = statement_get(main, sql, &s);

	if (err)
		return err;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		path_of(raw, day, suffixes[i], path);
		if (unlink(path) < 0 && errno != ENOENT)
			return -errno;
	}
	statement_bind(s, ":day", day);
	return statement_run(s);
}

int raw_expire(struct raw *raw, struct connection *main, int64_t before_ns)
{
	size_t kept = 0;
	int err = 0;

	(void)pthread_mutex_lock(&raw->mutex);
	for (size_t i = 0; i < raw->days_n; i++) {
		struct raw_day day = raw->days[i];
		bool old = (day.day + 1) * DAY_NS <= before_ns;

		if (old && raw->file && raw->today.day == day.day) {
			connection_close(raw->file);
			raw->file = NULL;
		}
		if (old && !err)
			err = forget(raw, main, day.day);
		if (!old || err)
			raw->days[kept++] = day;
	}
	raw->days_n = kept;
	(void)pthread_mutex_unlock(&raw->mutex);
	return err;
}

int raw_forget_oldest(struct raw *raw, struct connection *main)
{
	int64_t oldest = INT64_MAX;
	int64_t newest = INT64_MIN;
	int err;

	for (size_t i = 0; i < raw->days_n; i++) { /* only the writer changes them */
		oldest = raw->days[i].day < oldest ? raw->days[i].day : oldest;
		newest = raw->days[i].day > newest ? raw->days[i].day : newest;
	}
	if (oldest >= newest)
		return 0;
	err = raw_expire(raw, main, (oldest + 1) * DAY_NS);
	return err ? err : 1;
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
		path_of(raw, raw->days[i].day, "", path);
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

	path_of(raw, day, "", path);
	return connection_open(path, CONNECTION_READ_OLD, out);
}
