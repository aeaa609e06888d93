/* Rollups of whole hours and days, and where in them the invocations lie. */
#ifndef COLDMETER_STORE_SQLITE_SPANS_H
#define COLDMETER_STORE_SQLITE_SPANS_H

#include "model/rollup.h"
#include "store/sqlite/connection.h"

#define HOUR_MINUTES 60LL
#define DAY_MINUTES 1440LL
#define DAY_HOURS 24
#define SPAN_PARTS_MAX 60

enum span_level { SPAN_HOUR, SPAN_DAY };

/* Rows have hour or day since the epoch << 24 | function as their key, as those of
 * minutes do, so that they are written at the end of the tree and a window is one range
 * of it. */
static inline int64_t span_minutes(enum span_level level)
{
	return level == SPAN_HOUR ? HOUR_MINUTES : DAY_MINUTES;
}

/* What is added to an hour and to its day. */
struct span_delta {
	int64_t first_minute; /* of the epoch: the first and the last with a row */
	int64_t last_minute;
	uint64_t parts[SPAN_PARTS_MAX]; /* invocations by minute of the hour */
	struct rollup rollup;
};

/* (writer) scratch is overwritten; it must be valid (zero-initialised or used). 0 or
 * -errno. */
int spans_add(struct connection *c, int64_t hour, uint32_t function_id,
    const struct span_delta *delta, struct rollup *scratch);

/* (writer) Deletes blocks, sums of hours, and sums of days that ended before these hours
 * of the epoch, a bounded number of them; 1 when some are left. */
int spans_expire(
    struct connection *c, int64_t blocks_hour, int64_t hours_hour, int64_t days_hour);

/* The numbers of a parts blob. 0 or -EUCLEAN. */
int spans_decode_parts(const uint8_t *in, size_t size, uint64_t *parts, size_t n);

#endif
