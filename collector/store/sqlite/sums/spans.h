/* Rollups of whole hours and days, and where in them the invocations lie. Days that are
 * over are added up further: see stretches.h. */
#ifndef COLDMETER_STORE_SQLITE_SUMS_SPANS_H
#define COLDMETER_STORE_SQLITE_SUMS_SPANS_H

#include "model/rollup.h"
#include "store/sqlite/file/connection.h"

#define HOUR_MINUTES 60LL
#define DAY_MINUTES 1440LL
#define DAY_HOURS 24
#define SPAN_PARTS_MAX 384 /* the hours of 16 days: see stretches.h */

/* Rows have hour or day since the epoch << 24 | function as their key, as those of
 * minutes do, so that they are written at the end of the tree and a window is one range
 * of it. */

/* A row that tells a span of one function. */
struct span_row {
	int64_t first_minute; /* of the epoch: the first and the last with a row of it */
	int64_t last_minute;
	uint64_t *parts; /* the caller's: invocations by hour; NULL: it has none */
	size_t parts_n;
	struct rollup rollup;
};

/* (writer) Adds the row of id that sql finds, a SELECT of first_minute, last_minute,
 * counters, histograms and, for a row with parts, these. 1; 0: there is none; -errno. */
int spans_read_row(
    struct connection *c, const char *sql, int64_t id, struct span_row *row);

/* (writer) sql takes :id, :first, :last, :counters, :histograms, and :parts. */
int spans_write_row(
    struct connection *c, const char *sql, int64_t id, const struct span_row *row);

/* What is added to an hour, to its day, and to what was made of that. */
struct span_delta {
	int64_t first_minute; /* of the epoch: the first and the last with a row */
	int64_t last_minute;
	uint64_t parts[HOUR_MINUTES]; /* invocations by minute of the hour */
	struct rollup rollup;
};
uint64_t span_delta_invocations(const struct span_delta *delta); /* all parts */

/* (writer) Makes the row of id the sum of what it was and the delta. row is overwritten
 * but for the parts, which are the delta's; its rollup must be valid. 0 or -errno. */
struct span_sql {
	const char *read;
	const char *write;
};
int spans_add_to(struct connection *c, const struct span_sql *sql, int64_t id,
    const struct span_delta *delta, struct span_row *row);

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
