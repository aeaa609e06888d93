/* Batches as received, one file a day of arrival, so that a day is forgotten by unlink,
 * and a damaged one put aside; small ones become large ones an hour later, see
 * raw/merge.h.
 *
 * A file is committed before main.db, which then records the last row that it counts.
 * What a kill leaves beyond that row is replayed; see accept.h. */
#ifndef COLDMETER_STORE_SQLITE_RAW_H
#define COLDMETER_STORE_SQLITE_RAW_H

#include <stdbool.h>
#include <sys/types.h>

#include "store/sqlite/file/connection.h"
#include "store/sqlite/sqlite.h"

struct raw;

struct raw_day {
	int64_t day;      /* of arrival, since the epoch */
	int64_t last_row; /* the last that main.db counts */
	int64_t first_ns; /* earliest and latest start of its invocations */
	int64_t last_ns;
};

/* Of rows that overlap readers hold so many invocations open, to tell them in order:
 * about 32 MB. */
#define RAW_OPEN_INVOCATIONS 65536

/* directory is borrowed. Reads what main.db records of each day. */
int raw_new(const char *directory, struct connection *main, struct raw **out);
void raw_free(struct raw *raw);

/* Whether what is written now goes to a file that is open and that main.db knows, so that
 * it would be replayed. */
bool raw_is_known(struct raw *raw, int64_t now_ns);

/* The writer's part: a transaction of the file, dropped when it, or what comes with it,
 * fails before its end. Begun on another day, nothing may be unmarked. */
int raw_begin(struct raw *raw, int64_t now_ns);
int raw_add(struct raw *raw, const struct store_batch *batch);
int raw_commit(struct raw *raw);
void raw_drop(struct raw *raw);

/* What was committed since the last time: marked in main.db's transaction, and settled
 * once that is committed. */
int raw_mark(struct raw *raw, struct connection *main);
void raw_settle(struct raw *raw);
void raw_cut_off(struct raw *raw); /* instead: as if it had not been committed */

/* Whether the file of today turned out to be damaged. Puts it aside if so: 1; 0: it did
 * not; -errno. The next that is written begins a new one. */
bool raw_is_damaged(const struct raw *raw);
int raw_heal(struct raw *raw);

/* Turns to a day of which the file has rows that main.db does not count, the latest
 * first. 1: there is one; 0: none; or store_errno(). */
int raw_open_behind(struct raw *raw);

/* Visits the bytes of such rows of the file that is open; all are unmarked then. The
 * first result but 0 ends it, and is returned. */
typedef int (*raw_visit)(void *context, const void *bytes, size_t n);
int raw_replay(struct raw *raw, raw_visit visit, void *context);

/* Unlinks the days that ended before; forgets them in main.db, inside its transaction. */
int raw_expire(struct raw *raw, struct connection *main, int64_t before_ns);

/* The same with the oldest day, unless it is the newest as well. 1 when there was one. */
int raw_forget_oldest(struct raw *raw, struct connection *main);

/* Checks the files, the newest day first, for that long; says of each damaged one what is
 * wrong with it. */
void raw_check(struct raw *raw, int budget_ms);

#define RAW_NAME_BYTES 32
void raw_name(int64_t day, char name[RAW_NAME_BYTES]);

/* Any thread: the days with an invocation that starts in [since, until), malloc'd; their
 * number or -ENOMEM. */
ssize_t raw_days(
    struct raw *raw, int64_t since_ns, int64_t until_ns, struct raw_day **days);

/* Opens a day for reading. -ENOENT when it has been forgotten meanwhile. */
int raw_open_day(struct raw *raw, int64_t day, struct connection **out);

#endif
