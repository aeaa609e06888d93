/* Days that are over and old, or too much for the disk. */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/sqlite/raw/inside.h"

static int forget(struct raw *raw, struct connection *main, int64_t day)
{
	static const char sql[] = "DELETE FROM raw_day WHERE day = :day";
	static const char *const suffixes[] = {
	    "", "-wal", "-shm", RAW_DAMAGED, RAW_DAMAGED "-wal", RAW_DAMAGED "-shm"};
	AUTO(statement) sqlite3_stmt *s = NULL;
	char path[PATH_MAX];
	int err = statement_get(main, sql, &s);

	if (err)
		return err;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		raw_path(raw, day, suffixes[i], path);
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
		bool old = (day.day + 1) * RAW_DAY_NS <= before_ns;

		if (raw->unmarked && raw->today.day == day.day)
			old = false;
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
	err = raw_expire(raw, main, (oldest + 1) * RAW_DAY_NS);
	return err ? err : 1;
}
