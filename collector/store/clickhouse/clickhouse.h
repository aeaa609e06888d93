/* The ClickHouse engine: what store.h promises, on a server that others may share.
 * Arguments, results and threads are those of the function of that name in store.h. Reads
 * send first what was committed and not yet sent; they fail when the server does not
 * answer. */
#ifndef COLDMETER_STORE_CLICKHOUSE_CLICKHOUSE_H
#define COLDMETER_STORE_CLICKHOUSE_CLICKHOUSE_H

#include "store/clickhouse/address.h"
#include "store/store.h"

struct clickhouse;

/* The spool lies in "clickhouse" under directory; a new one takes over the ids of batches
 * in older (a main.db, or NULL). */
int clickhouse_open(const struct clickhouse_address *address, const char *directory,
    const char *older, struct clickhouse **out);
void clickhouse_close(struct clickhouse *store);
int clickhouse_write(struct clickhouse *store, struct store_batch *batches, size_t n);
int clickhouse_expire(
    struct clickhouse *store, int64_t raw_before_ns, int64_t minutes_before_ns);
int clickhouse_scan_rollups(struct clickhouse *store, int64_t since_ns, int64_t until_ns,
    const char *function, store_rollup_visit visit, void *context);
int clickhouse_scan_spans(struct clickhouse *store, const struct store_window *window,
    store_span_visit visit, void *context);
int clickhouse_read_invocations(struct clickhouse *store, struct store_reading *reading,
    store_invocation_visit visit, void *context);
int clickhouse_scan_functions(
    struct clickhouse *store, store_function_visit visit, void *context);
int clickhouse_find_function(struct clickhouse *store, const struct function *function,
    struct store_function *found);
int clickhouse_scan_agents(
    struct clickhouse *store, store_agent_visit visit, void *context);

#endif
