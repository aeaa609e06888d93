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

#endif
