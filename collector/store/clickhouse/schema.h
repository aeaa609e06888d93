/* The tables on the server, made by migrations.
 *
 *   invocations  a row each: everything of the invocation object
 *   minutes      a row for each function, minute and source (one collector's sums)
 *   functions    a row for each function and source
 *   agents       a row for each boot of an agent
 *   migrations   a row for each migration that ran
 *
 * All but the last are ReplacingMergeTree: what is sent again is a row of the same key,
 * which readers here know and leave out, and merges remove; so nothing has to be atomic.
 * On a cluster, NAME is Distributed over the shards' NAME_local, which are replicated. */
#ifndef COLDMETER_STORE_CLICKHOUSE_SCHEMA_H
#define COLDMETER_STORE_CLICKHOUSE_SCHEMA_H

#include "store/clickhouse/link.h"

/* Makes or migrates what is missing; several collectors may do so at once. *ledger: the
 * id of the database that was sent to before; 0: none was, and it becomes one of this
 * one. 0; -EXDEV: this is another database; -EPROTONOSUPPORT: made by a newer version,
 * said through log_error; else an error of link.h. */
int schema_prepare(struct link *link, uint64_t *ledger);

/* Drops what arrived before a day (since the epoch) from a table that is partitioned by
 * day: "invocations" or "minutes". */
int schema_drop_days(struct link *link, const char *table, int64_t before_day);

#endif
