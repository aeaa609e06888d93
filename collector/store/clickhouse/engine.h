/* What the modules of the ClickHouse engine share. */
#ifndef COLDMETER_STORE_CLICKHOUSE_ENGINE_H
#define COLDMETER_STORE_CLICKHOUSE_ENGINE_H

#include <stdatomic.h>

#include "store/clickhouse/clickhouse.h"
#include "store/clickhouse/names.h"
#include "store/clickhouse/ship.h"

struct clickhouse {
	struct link *link;
	struct sqlite_spool *spool;
	struct names *names;
	struct ship *ship;
	_Atomic int64_t forgotten_ns; /* what is older is not handed out */
};

/* Before a scan: what was committed is on the server, functions are known; the filter for
 * a name, "" for NULL, malloc'd. 1; 0 when nobody has that name; or an error. */
int engine_ready(struct clickhouse *store, const char *function, char **filter);

#endif
