/* Minute rollups on their way to disk: merged in memory, written once a transaction. */
#ifndef COLDMETER_STORE_SQLITE_SUMS_MINUTES_H
#define COLDMETER_STORE_SQLITE_SUMS_MINUTES_H

#include "model/rollup.h"
#include "store/sqlite/file/connection.h"

#define MINUTE_NS 60000000000LL

/* The row of a minute (since the epoch) and a function; rises with time. */
static inline int64_t minutes_key(int64_t minute, uint32_t function_id)
{
	return minute * (1 << 24) + (int64_t)function_id;
}

struct minutes;

int minutes_new(struct minutes **out);
void minutes_free(struct minutes *m);

/* The writer's part. open hands out a row's sum to be added to, read first when it is not
 * in memory, good until settle or drop; flush writes all that were opened; then settle
 * (committed; forgets old minutes) or drop (rolled back; forgets everything). */
int minutes_open(
    struct minutes *m, struct connection *c, int64_t key, struct rollup **rollup);
void minutes_ahead(const struct minutes *m, int64_t key); /* see base/ahead.h */
int minutes_flush(struct minutes *m, struct connection *c);
size_t minutes_changed(const struct minutes *m); /* that flush would write */
void minutes_settle(struct minutes *m);
void minutes_drop(struct minutes *m);

/* Forgets those of the minutes [from, until): their rows were taken away. */
void minutes_forget(struct minutes *m, int64_t from_minute, int64_t until_minute);

/* Deletes rows of minutes before this one, at most a bounded number; 1 when some are
 * left. */
int minutes_expire(struct connection *c, int64_t before_minute);

#endif
