/* Sends the sums of hours and days that are over, and how far that is. */
#ifndef COLDMETER_STORE_CLICKHOUSE_SHIP_SUMS_H
#define COLDMETER_STORE_CLICKHOUSE_SHIP_SUMS_H

#include "store/clickhouse/folds.h"
#include "store/sqlite/spool.h"

/* The sender's thread alone, but for ship_sums_are_due(). */
struct ship_sums;

/* Both are borrowed. 0 or -ENOMEM. */
int ship_sums_new(struct link *link, struct sqlite_spool *spool, struct ship_sums **out);
void ship_sums_free(struct ship_sums *sums);

/* Before a minute is sent: says on the server that such are to be looked for. */
int ship_sums_reach(struct ship_sums *sums, int64_t minute);

/* Once minutes are settled: all that is due. 0 or an error; what is left is due again. */
int ship_sums_send(struct ship_sums *sums);

/* 1, 0 or an error. Any thread. */
int ship_sums_are_due(struct ship_sums *sums);

#endif
