/* Opening, closing and forgetting: the modules of the tables tied together. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/accept.h"
#include "store/sqlite/batches.h"
#include "store/sqlite/engine.h"
#include "store/sqlite/imported.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/sums/stretches.h"

/* So long may main.db and the raw files be checked at each start, which at about 1 GB/s
 * is enough for all but the largest. */
#define CHECK_MS 2000

/* Of main.db, whose pages are written again and again: the fewer copies the better. */
#define CHECKPOINT_PAGES 4000

int sqlite_begin(struct sqlite *store)
{
	int err;

	gate_enter(&store->gate);
	/* what cannot be settled waits in the raw files, and who makes room must not */
	(void)accept_settle(store);
	err = connection_begin(store->writer);
	if (err)
		gate_leave(&store->gate);
	return err;
}

int sqlite_end(struct sqlite *store, int err)
{
	if (!err)
		err = connection_commit(store->writer);
	if (err)
		connection_rollback(store->writer);
	gate_leave(&store->gate);
	return err;
}

/* Makes the directory and those above it; only the last is private. */
static int make_directory(const char *directory)
{
	char path[PATH_MAX];
	size_t len = strlen(directory);

	if (len == 0 || len >= sizeof(path))
		return len ? -ENAMETOOLONG : -ENOENT;
	memcpy(path, directory, len + 1);
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int take_lock(struct sqlite *store)
{
	char path[PATH_MAX];
	int err = make_directory(store->directory);

	if (err)
		return log_error(
		    err, "cannot make the data directory %s", store->directory);
	(void)snprintf(path, sizeof(path), "%s/lock", store->directory);
	store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock_fd < 0)
		return log_error(
		    -errno, "cannot write in the data directory %s", store->directory);
	if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return log_error(-errno, "cannot lock %s", path);
	(void)log_error(0, "%s is in use by another collector", store->directory);
	return -EBUSY;
}

static int say_open_error(int err, const char *path, const char *why)
{
	if (err == -EPROTONOSUPPORT)
		(void)log_error(0, "%s was made by a newer coldmeter", path);
	else if (err == -EUCLEAN)
		(void)log_error(0,
		    "%s is damaged (%s): put a backup in the place of its directory, or"
		    " move it away to begin a new ledger",
		    path, why[0] ? why : "it cannot be read as a ledger");
	else
		(void)log_error(err, "cannot open %s", path);
	return err;
}

static int open_ledger(struct sqlite *store)
{
	char why[CONNECTION_WHY_BYTES] = "";
	char path[PATH_MAX];
	int err;

	(void)snprintf(path, sizeof(path), "%s/main.db", store->directory);
	err = connection_open(path, CONNECTION_WRITE, &store->writer);
	if (!err)
		err = connection_check(store->writer, CHECK_MS, why);
	if (err == 1) {
		log_note("%s is sound as far as %d ms of checking went", path, CHECK_MS);
		err = 0;
	}
	if (!err)
		err = connection_migrate(store->writer, schema_main, schema_main_n);
	if (!err)
		connection_checkpoint_aside(store->writer, CHECKPOINT_PAGES);
	if (!err)
		err = dictionary_new(store->writer, &store->functions);
	if (!err)
		err = minutes_new(&store->minutes);
	if (!err)
		err = hour_tables_new(&store->hour_tables);
	if (!err)
		err = fold_new(store->hour_tables, &store->fold);
	if (!err)
		err = raw_merge_new(&store->merge);
	if (!err)
		err = pool_new(path, &store->readers);
	if (err)
		return say_open_error(err, path, why);
	err = raw_new(store->directory, store->writer, &store->raw);
	if (!err)
		err = accept_recover(store);
	if (err)
		return log_error(
		    err, "cannot read the raw files in %s", store->directory);
	raw_check(store->raw, CHECK_MS);
	return 0;
}

int sqlite_open(const char *directory, struct sqlite **out)
{
	struct sqlite *store = calloc(1, sizeof(*store));
	int err;

	if (!store)
		return log_error(-ENOMEM, "cannot open %s", directory);
	gate_init(&store->gate);
	store->lock_fd = -EBADF;
	store->directory = strdup(directory);
	err = store->directory ? take_lock(store) : -ENOMEM;
	if (!err)
		err = open_ledger(store);
	if (err) {
		sqlite_close(store);
		return err;
	}
	*out = store;
	return 0;
}

void sqlite_close(struct sqlite *store)
{
	if (!store)
		return;
	/* on a disk that takes no more, a few seconds are forgotten */
	if (store->functions && sqlite_begin(store) == 0)
		(void)sqlite_end(
		    store, dictionary_flush_last(store->functions, store->writer));
	raw_merge_free(store->merge);
	raw_free(store->raw);
	pool_free(store->readers);
	minutes_free(store->minutes);
	fold_free(store->fold);
	hour_tables_free(store->hour_tables);
	dictionary_free(store->functions);
	connection_close(store->writer);
	gate_done(&store->gate);
	if (store->lock_fd >= 0)
		(void)close(store->lock_fd);
	free(store->directory);
	free(store);
}

/* The hour that a moment is in. */
static int64_t hour_of(int64_t at_ns)
{
	return at_ns <= 0 ? 0 : at_ns / (HOUR_MINUTES * MINUTE_NS);
}

/* Minutes that nobody folded yet go on in hours and days. */
static int fold_before(struct sqlite *store, int64_t hour)
{
	int more = 1;

	fold_restart(store->fold);
	while (more == 1)
		more = sqlite_fold_minutes(
		    store, hour * HOUR_MINUTES * MINUTE_NS + FOLD_GRACE_NS);
	return more;
}

/* One step; 1 when there is more to do. */
static int expire_sums(struct sqlite *store, int64_t days_hour)
{
	int64_t minutes_hour = store->minutes_hour;
	int steps[4];
	int more = 0;
	int err = sqlite_begin(store);

	if (err)
		return err;
	steps[0] = minutes_expire(store->writer, minutes_hour * HOUR_MINUTES);
	steps[1] = stretches_expire(store->writer, days_hour, store->hours_hour);
	steps[2] =
	    spans_expire(store->writer, minutes_hour, store->hours_hour, days_hour);
	steps[3] = imported_expire(store->writer, days_hour / DAY_HOURS);
	for (size_t i = 0; more >= 0 && i < 4; i++)
		more = steps[i] < 0 ? steps[i] : more | steps[i];
	err = sqlite_end(store, more < 0 ? more : 0);
	return err ? err : more;
}

int sqlite_expire(struct sqlite *store, const struct store_keep *keep)
{
	int64_t minutes_hour = hour_of(keep->minutes_since_ns);
	int64_t hours_hour = hour_of(keep->hours_since_ns);
	int64_t days_hour = hour_of(keep->days_since_ns);
	int more = 1;
	int err = 0;

	if (days_hour < minutes_hour)
		err = fold_before(store, minutes_hour);
	if (!err)
		err = sqlite_begin(store);
	if (err)
		return err;
	err = raw_expire(store->raw, store->writer, keep->raw_since_ns);
	if (!err)
		err = batches_expire(store->writer, keep->minutes_since_ns);
	if (!err)
		err = outbox_expire(store->writer, keep->minutes_since_ns);
	err = sqlite_end(store, err);
	if (err)
		return err;
	hours_hour = hours_hour < minutes_hour ? hours_hour : minutes_hour;
	store->minutes_hour = minutes_hour;
	store->hours_hour = hours_hour;
	while (more == 1) /* others get their turn between the steps */
		more =
		    expire_sums(store, days_hour < hours_hour ? days_hour : hours_hour);
	return more;
}

int64_t sqlite_grain(struct sqlite *store, int64_t at_ns)
{
	int64_t hour = hour_of(at_ns);

	if (hour < store->hours_hour)
		return DAY_MINUTES * MINUTE_NS;
	return hour < store->minutes_hour ? HOUR_MINUTES * MINUTE_NS : MINUTE_NS;
}
