/* Sums of stretches of 2, 4, 8 and 16 days, and of quarters of days, that are over, so
 * that a window of months is told by a few rows of each function.
 *
 * A stretch begins at a multiple of its length, and is made in the background of the
 * members that it has at the level below: of two halves, the shortest of days; a quarter
 * of six hours. What was made is one range of keys a level, so whoever adds to an hour
 * adds to the rows of its stretches that lie in these ranges, whether they are there or
 * not, and whoever reads takes a stretch only if all functions' rows lie there. */
#ifndef COLDMETER_STORE_SQLITE_SUMS_STRETCHES_H
#define COLDMETER_STORE_SQLITE_SUMS_STRETCHES_H

#include <stdbool.h>

#include "store/sqlite/sums/minutes.h"
#include "store/sqlite/sums/spans.h"

#define STRETCH_DAY_LEVELS 4 /* of level n: 2^n days */
#define STRETCH_QUARTER 5    /* the level of quarters of days */
#define STRETCH_LEVELS 5
#define QUARTER_HOURS 6

/* How long after the end of one it is made: agents that were away have sent what
 * they spooled, most often, and adding to a stretch costs more than making it. */
#define STRETCH_GRACE_NS (60 * MINUTE_NS)

/* What stands in the place of the hour or day in a row's key. */
static inline int64_t stretch_time(unsigned int level, int64_t number)
{
	return (int64_t)level << 24 | number;
}

static inline int64_t stretch_number(int64_t key)
{
	return key >> 24 & 0xffffff;
}

/* Keys [first, next) of each level are made; none: both 0. */
struct stretches {
	struct stretch_range {
		int64_t first;
		int64_t next;
	} made[STRETCH_LEVELS + 1]; /* of level 0 nothing is used */
};

/* What is made now, for the transaction that c is in. 0 or store_errno(). */
int stretches_read(struct connection *c, struct stretches *stretches);

/* Whether this stretch can be read instead of its members. */
bool stretches_tell(
    const struct stretches *stretches, unsigned int level, int64_t number);

/* (writer) Adds to the stretches that an hour is in. The arguments and errors of
 * spans_add(). */
int stretches_add(struct connection *c, int64_t hour, uint32_t function_id,
    const struct span_delta *delta, struct rollup *scratch);

/* (writer) One step: makes rows of some functions of a stretch that ended before that
 * hour of the epoch. functions: how many there are. 1: there may be more; 0; or an error.
 */
int stretches_make(struct connection *c, int64_t before_hour, uint32_t functions,
    struct rollup *scratch);

/* (writer) Forgets those of days, and quarters, that begin before these hours of the
 * epoch: what is before them, and the day of the one, may be expired. A bounded number; 1
 * when some are left. */
int stretches_expire(struct connection *c, int64_t days_hour, int64_t hours_hour);

#endif
