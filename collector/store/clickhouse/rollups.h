/* Rows of minutes, or of their sums by hour or day, all sources' added up. */
#ifndef COLDMETER_STORE_CLICKHOUSE_ROLLUPS_H
#define COLDMETER_STORE_CLICKHOUSE_ROLLUPS_H

#include "store/clickhouse/clickhouse.h"
#include "store/clickhouse/minute_row.h"

enum rollups_table { ROLLUPS_MINUTES, ROLLUPS_HOURS, ROLLUPS_DAYS };

struct rollups_ask {
	enum rollups_table table;
	int64_t from_minute; /* [from, until) of the epoch */
	int64_t until_minute;
	const char *filter; /* conditions that begin with AND, or "" */
	bool parts_only;    /* of sums: no figures, which costs less */
};

struct rollups_row {
	int64_t minute; /* where it starts */
	uint64_t fn;
	const struct function *function;
	const struct rollup *rollup;
	const struct minute_sum *sum; /* of hours and days */
};

/* Rows in the order of time and function; engine_ready() comes first. A non-zero return
 * of visit ends it and is returned. */
typedef int (*rollups_visit)(void *context, const struct rollups_row *row);
int rollups_scan(struct clickhouse *store, const struct rollups_ask *ask,
    rollups_visit visit, void *context);

#endif
