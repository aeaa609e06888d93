/* A minute's rollup as a row of the table minutes, its histograms as arrays. */
#ifndef COLDMETER_STORE_CLICKHOUSE_MINUTE_ROW_H
#define COLDMETER_STORE_CLICKHOUSE_MINUTE_ROW_H

#include "model/rollup.h"
#include "store/clickhouse/row.h"

#define MINUTE_ROW_COLUMNS                                                               \
	"day, minute, fn, source, version, invocations, cold, errors, duration_ns, "     \
	"counters, heads, warm_k, warm_c, cold_k, cold_c, init_k, init_c, memory_k, "    \
	"memory_c"

/* Whose row it is: one version of it counts, the greatest. */
struct minute_key {
	int64_t minute; /* since the epoch */
	uint64_t fn;
	uint64_t source;
	uint64_t version;
};

/* today: days since the epoch; minutes far from it lie in a partition of their own, so
 * that no insert touches more than 42, however odd its minutes: newer servers refuse
 * 100. 0 or -ENOMEM. */
int minute_row_put(struct row_out *out, int64_t today, const struct minute_key *key,
    const struct rollup *rollup);

/* Reads the next row. *rollup must be valid (zero-initialised or used). 0, -ENOMEM or
 * -EUCLEAN. */
int minute_row_get(struct row_in *in, struct minute_key *key, struct rollup *rollup);

/* What a row of the tables hours and days has beyond that of a minute. */
#define MINUTE_ROW_PARTS_MAX 60
struct minute_sum {
	int64_t first_minute; /* the first and the last with a row */
	int64_t last_minute;
	size_t parts_n;
	uint64_t parts[MINUTE_ROW_PARTS_MAX]; /* invocations of its minutes or hours */
};
#define MINUTE_ROW_SUM_COLUMNS "first_minute, last_minute, parts"

void minute_row_put_sum(struct row_out *out, const struct minute_sum *sum);

/* Behind minute_row_get(). 0 or -EUCLEAN. */
int minute_row_get_sum(struct row_in *in, struct minute_sum *sum);

#endif
