/* The sums by hour and day of a ledger's history, as its SQLite has them. */
#ifndef COLDMETER_STORE_CLICKHOUSE_MIGRATE_SUMS_H
#define COLDMETER_STORE_CLICKHOUSE_MIGRATE_SUMS_H

#include "store/clickhouse/link.h"
#include "store/sqlite/sqlite.h"

/* begin: before minutes are sent; from here until the end they are read as they are.
 * send: once all are there. today as in minute_row.h. Both: 0 or an error. */
int migrate_sums_begin(struct link *link, struct sqlite *ledger, uint64_t source);
int migrate_sums_send(
    struct link *link, struct sqlite *ledger, uint64_t source, int64_t today);

#endif
