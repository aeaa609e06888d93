#include "store/clickhouse/clickhouse.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "store/clickhouse/agents.h"
#include "store/clickhouse/engine.h"
#include "store/clickhouse/schema.h"
#include "store/clickhouse/window.h"

#define MINUTE_NS 60000000000LL
#define DAY_NS 86400000000000LL
#define CLOSE_FLUSH_S 5
#define HOUR_MINUTES 60
#define DAY_MINUTES 1440

int clickhouse_open(const struct clickhouse_address *address, const char *directory,
    const char *older, struct clickhouse **out)
{
	struct clickhouse *store = calloc(1, sizeof(*store));
	char near[PATH_MAX];
	int err;

	if (!store)
		return log_error(-ENOMEM, "cannot open the ClickHouse engine");
	store->forgotten_ns = INT64_MIN;
	(void)snprintf(near, sizeof(near), "%s/clickhouse", directory);
	err = sqlite_spool_open(near, older, &store->spool);
	if (!err)
		err = link_new(address, &store->link);
	if (!err)
		err = names_new(store->link, store->spool, &store->names);
	if (!err) {
		err = ship_start(store->link, store->spool, &store->ship);
		if (err)
			(void)log_error(err, "cannot use ClickHouse at %s:%u",
			    address->host, (unsigned int)address->port);
	}
	if (err) {
		clickhouse_close(store);
		return err;
	}
	*out = store;
	return 0;
}

void clickhouse_close(struct clickhouse *store)
{
	if (!store)
		return;
	if (store->ship) /* what does not go is sent after the next start */
		(void)ship_flush(store->ship, CLOSE_FLUSH_S);
	ship_stop(store->ship);
	names_free(store->names);
	link_free(store->link);
	sqlite_spool_close(store->spool);
	free(store);
}

/* An agent that comes from another collector may send again what that one took and could
 * not acknowledge. Agents send in order, so all up to the latest was taken there. When
 * the server does not say, the batch is new. */
static int learn_agent(struct clickhouse *store, const struct batch_id *id)
{
	struct batch_id latest = *id;
	int known;

	if (id->sequence <= 1 || id->sequence > INT64_MAX)
		return 0;
	known = sqlite_spool_knows_boot(store->spool, id);
	if (known)
		return known < 0 ? known : 0;
	if (!ship_is_well(store->ship) ||
	    agents_find_sequence(store->link, id, &latest.sequence) < 0 ||
	    latest.sequence == 0 || latest.sequence > INT64_MAX)
		return 0;
	return sqlite_spool_learn_boot(store->spool, &latest);
}

int clickhouse_write(struct clickhouse *store, struct store_batch *batches, size_t n)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++)
		err = learn_agent(store, &batches[i].batch->head.id);
	return err ? err : sqlite_write(sqlite_spool_ledger(store->spool), batches, n);
}

/* Rows that lie in no day's partition are deleted one by one: a rewrite of their parts,
 * so only when there are some. */
static int expire_odd(struct clickhouse *store, const char *table, int64_t before_minute)
{
	const struct clickhouse_address *a = link_address(store->link);
	AUTO(free) uint8_t *bytes = NULL;
	char sql[512];
	struct window w;
	int err;

	(void)snprintf(sql, sizeof(sql),
	    "SELECT min(minute), max(minute), toUInt64(count()) FROM %s"
	    " WHERE day = 0 AND minute < %" PRId64,
	    table, before_minute);
	err = window_start(&w, store->link, sql, false);
	if (err != 1)
		return err;
	(void)snprintf(sql, sizeof(sql),
	    "ALTER TABLE %s.%s%s%s%s DELETE WHERE day = 0 AND minute < %" PRId64,
	    a->database, table, a->cluster[0] ? "_local" : "",
	    a->cluster[0] ? " ON CLUSTER " : "", a->cluster, before_minute);
	return link_run(store->link, LINK_OUTSIDE, sql);
}

int clickhouse_expire(
    struct clickhouse *store, int64_t raw_before_ns, int64_t minutes_before_ns)
{
	int64_t before_minute = minutes_before_ns / MINUTE_NS;
	int err = sqlite_spool_expire(store->spool, minutes_before_ns);

	if (!err)
		err = ship_flush(store->ship, CLOSE_FLUSH_S); /* the tables are there */
	if (!err)
		err =
		    schema_drop_days(store->link, "invocations", raw_before_ns / DAY_NS);
	/* sums are of minutes that are there: they go with these */
	if (!err)
		err =
		    schema_drop_days(store->link, "minutes", minutes_before_ns / DAY_NS);
	if (!err)
		err = schema_drop_days(store->link, "hours", minutes_before_ns / DAY_NS);
	if (!err)
		err = expire_odd(store, "minutes", before_minute);
	if (!err)
		err = expire_odd(store, "hours", before_minute - HOUR_MINUTES);
	if (!err) /* once a day */
		err = expire_odd(store, "days",
		    before_minute / DAY_MINUTES * DAY_MINUTES - DAY_MINUTES);
	if (!err)
		store->forgotten_ns = before_minute * MINUTE_NS;
	return err;
}

int engine_ready(struct clickhouse *store, const char *function, char **filter)
{
	AUTO(free) uint64_t *ids = NULL;
	ssize_t n;
	int err = ship_flush(store->ship, SHIP_FLUSH_S);

	if (!err)
		err = names_refresh(store->names, ship_named_ns(store->ship));
	if (err)
		return err;
	if (!function) {
		*filter = calloc(1, 1);
		return *filter ? 1 : -ENOMEM;
	}
	n = names_ids_of(store->names, function, &ids);
	if (n <= 0)
		return (int)n;
	*filter = window_filter(ids, (size_t)n);
	return *filter ? 1 : -ENOMEM;
}

int clickhouse_scan_functions(
    struct clickhouse *store, store_function_visit visit, void *context)
{
	AUTO(free) char *filter = NULL;
	int err = engine_ready(store, NULL, &filter);

	return err < 0 ? err : names_scan(store->names, visit, context);
}

int clickhouse_find_function(struct clickhouse *store, const struct function *function,
    struct store_function *found)
{
	return names_find_function(store->names, function, found);
}

int clickhouse_scan_agents(
    struct clickhouse *store, store_agent_visit visit, void *context)
{
	int err = ship_flush(store->ship, SHIP_FLUSH_S);

	return err ? err : agents_scan(store->link, store->forgotten_ns, visit, context);
}
