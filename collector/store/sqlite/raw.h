/* Batches as received, one file a day of arrival, so that a day is forgotten by unlink.
 *
 * A file is committed before main.db, which then records the last row that counts. What a
 * kill leaves beyond that row was never acknowledged and is cut off. */
#ifndef COLDMETER_STORE_SQLITE_RAW_H
#define COLDMETER_STORE_SQLITE_RAW_H

#include <sys/types.h>

#include "store/sqlite/connection.h"
#include "store/sqlite/sqlite.h"

struct raw;

struct raw_day {
	int64_t day;      /* of arrival, since the epoch */
	int64_t last_row; /* the last that is committed */
	int64_t first_ns; /* earliest and latest start of its invocations */
	int64_t last_ns;
};

/* directory is borrowed. Reads what main.db records of each day, cuts off the rest. */
int raw_new(const char *directory, struct connection *main, struct raw **out);
void raw_free(struct raw *raw);

/* The writer's part, in this order; after a failure anywhere raw_drop() instead of
 * settle. */
int raw_begin(struct raw *raw, int64_t now_ns);
int raw_add(struct raw *raw, const struct store_batch *batch);
int raw_commit(struct raw *raw);
int raw_mark(struct raw *raw, struct connection *main); /* in main.db's transaction */
void raw_settle(struct raw *raw);                       /* main.db is committed */
void raw_drop(struct raw *raw);

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
