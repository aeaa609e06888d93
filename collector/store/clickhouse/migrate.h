/* Moves the history of a SQLite ledger to a ClickHouse server. */
#ifndef COLDMETER_STORE_CLICKHOUSE_MIGRATE_H
#define COLDMETER_STORE_CLICKHOUSE_MIGRATE_H

#include "store/clickhouse/address.h"
#include "store/sqlite/sqlite.h"

/* store_migrate(), of a ledger that is open. */
int migrate(const struct clickhouse_address *address, struct sqlite *ledger);

#endif
