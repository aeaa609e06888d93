/* Which engine answers: two of them, so a branch at each function. */
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/count.h"
#include "base/log.h"
#include "store/clickhouse/clickhouse.h"
#include "store/clickhouse/migrate.h"
#include "store/sqlite/sqlite.h"

struct store {
	struct sqlite
	    *sqlite; /* documents and outbox always; the rest without the other */
	struct clickhouse *clickhouse; /* NULL: none */
};

int store_open(const char *directory, struct store **out)
{
	struct store *store = calloc(1, sizeof(*store));
	int err = store ? sqlite_open(directory, &store->sqlite)
			: log_error(-ENOMEM, "cannot open %s", directory);

	if (err) {
		store_close(store);
		return err;
	}
	*out = store;
	return 0;
}

int store_remote_url(const char *value, void *field, const char **why)
{
	struct clickhouse_address address;
	int err = clickhouse_address_parse(value, &address, why);

	return err ? err : config_text(value, field, why);
}

static int find_remote(
    const struct store_remote *remote, struct clickhouse_address *address)
{
	const char *why;
	int err = clickhouse_address_parse(remote->url, address, &why);

	if (err) /* the URL may hold a password */
		return log_error(err, "cannot take the store's URL: %s", why);
	return clickhouse_address_password(address, remote->password_file);
}

int store_open_remote(
    const char *directory, const struct store_remote *remote, struct store **out)
{
	struct clickhouse_address address;
	char older[PATH_MAX];
	struct store *store = NULL;
	int err = find_remote(remote, &address);

	if (!err)
		err = store_open(directory, &store);
	if (err)
		return err;
	(void)snprintf(older, sizeof(older), "%s/main.db", directory);
	err = clickhouse_open(&address, directory, older, &store->clickhouse);
	explicit_bzero(address.password, sizeof(address.password));
	if (err) {
		store_close(store);
		return err;
	}
	*out = store;
	return 0;
}

int store_migrate(const char *directory, const struct store_remote *remote)
{
	struct clickhouse_address address;
	struct sqlite *ledger = NULL;
	int err = find_remote(remote, &address);

	if (!err)
		err = sqlite_open(directory, &ledger);
	if (!err)
		err = migrate(&address, ledger);
	explicit_bzero(address.password, sizeof(address.password));
	sqlite_close(ledger);
	return err;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	clickhouse_close(store->clickhouse);
	sqlite_close(store->sqlite);
	free(store);
}

int store_write(struct store *store, struct store_batch *batches, size_t n)
{
	if (store->clickhouse)
		return clickhouse_write(store->clickhouse, batches, n);
	return sqlite_write(store->sqlite, batches, n);
}

int store_accept(struct store *store, struct store_batch *batches, size_t n)
{
	if (store->clickhouse)
		return clickhouse_write(store->clickhouse, batches, n);
	return sqlite_accept(store->sqlite, batches, n);
}

int store_settle(struct store *store)
{
	return store->clickhouse ? 0 : sqlite_settle(store->sqlite);
}

int store_expire(struct store *store, const struct store_keep *keep)
{
	if (store->clickhouse)
		return clickhouse_expire(
		    store->clickhouse, keep->raw_since_ns, keep->minutes_since_ns);
	return sqlite_expire(store->sqlite, keep);
}

int64_t store_grain(struct store *store, int64_t at_ns)
{
	return store->clickhouse ? 60 * CLOCK_NS_PER_S
				 : sqlite_grain(store->sqlite, at_ns);
}

int store_shrink(struct store *store, int64_t max_bytes, int64_t *bytes)
{
	if (store->clickhouse) { /* what lies here waits to be sent */
		*bytes = 0;
		return 0;
	}
	return sqlite_shrink(store->sqlite, max_bytes, bytes);
}

int store_fold(struct store *store, int64_t now_ns)
{
	if (store->clickhouse) /* the spool's minutes are this collector's whole sums */
		return 0;
	return sqlite_fold(store->sqlite, now_ns);
}

int store_scan_spans(struct store *store, const struct store_window *window,
    store_span_visit visit, void *context)
{
	if (store->clickhouse)
		return clickhouse_scan_spans(store->clickhouse, window, visit, context);
	return sqlite_scan_spans(store->sqlite, window, visit, context);
}

uint32_t store_range_end(struct store *store, uint32_t first_id)
{
	if (store->clickhouse) /* a server hands them out by time */
		return first_id ? 0 : UINT32_MAX;
	return sqlite_range_end(store->sqlite, first_id);
}

int store_backup(const char *directory, const char *to)
{
	return sqlite_backup(directory, to);
}

int store_scan_rollups(struct store *store, int64_t since_ns, int64_t until_ns,
    const char *function, store_rollup_visit visit, void *context)
{
	if (store->clickhouse)
		return clickhouse_scan_rollups(
		    store->clickhouse, since_ns, until_ns, function, visit, context);
	return sqlite_scan_rollups(
	    store->sqlite, since_ns, until_ns, function, visit, context);
}

int store_read_invocations(struct store *store, struct store_reading *reading,
    store_invocation_visit visit, void *context)
{
	reading->cut = false;
	if (store->clickhouse)
		return clickhouse_read_invocations(
		    store->clickhouse, reading, visit, context);
	return sqlite_read_invocations(store->sqlite, reading, visit, context);
}

/* NOLINTNEXTLINE(readability-function-size): the interface of store.h */
int store_scan_invocations(struct store *store, int64_t since_ns, int64_t until_ns,
    const char *function, bool newest_first, store_invocation_visit visit, void *context)
{
	struct store_reading reading = {.since_ns = since_ns,
	    .until_ns = until_ns,
	    .function = function,
	    .newest_first = newest_first};

	return store_read_invocations(store, &reading, visit, context);
}

int store_scan_functions(struct store *store, store_function_visit visit, void *context)
{
	if (store->clickhouse)
		return clickhouse_scan_functions(store->clickhouse, visit, context);
	return sqlite_scan_functions(store->sqlite, visit, context);
}

int store_find_function(
    struct store *store, const struct function *function, struct store_function *found)
{
	if (store->clickhouse)
		return clickhouse_find_function(store->clickhouse, function, found);
	return sqlite_find_function(store->sqlite, function, found);
}

int store_scan_agents(struct store *store, store_agent_visit visit, void *context)
{
	if (store->clickhouse)
		return clickhouse_scan_agents(store->clickhouse, visit, context);
	return sqlite_scan_agents(store->sqlite, visit, context);
}

struct ledger_sum {
	int64_t since_ns;
	struct batch_ledger sum;
};

static int add_ledger(void *context, const struct batch_head *last, int64_t received_ns)
{
	struct ledger_sum *sum = context;

	if (received_ns < sum->since_ns)
		return 0;
	count_add(&sum->sum.seen, last->ledger.seen);
	count_add(&sum->sum.delivered, last->ledger.delivered);
	for (size_t i = 0; i < LOST_REASONS; i++)
		count_add(&sum->sum.lost[i], last->ledger.lost[i]);
	return 0;
}

int store_ledger(struct store *store, int64_t since_ns, struct batch_ledger *sum)
{
	struct ledger_sum total = {.since_ns = since_ns};
	int err = store_scan_agents(store, add_ledger, &total);

	if (!err)
		*sum = total.sum;
	return err;
}

int store_document_put(
    struct store *store, const char *kind, const char *name, const char *body)
{
	return sqlite_document_put(store->sqlite, kind, name, body);
}

int store_document_get(
    struct store *store, const char *kind, const char *name, char **body)
{
	return sqlite_document_get(store->sqlite, kind, name, body);
}

int store_document_delete(struct store *store, const char *kind, const char *name)
{
	return sqlite_document_delete(store->sqlite, kind, name);
}

int store_scan_documents(
    struct store *store, const char *kind, store_document_visit visit, void *context)
{
	return sqlite_scan_documents(store->sqlite, kind, visit, context);
}

int store_outbox_add(struct store *store, const struct store_delivery *delivery)
{
	return sqlite_outbox_add(store->sqlite, delivery);
}

int store_outbox_scan_due(
    struct store *store, int64_t now_ns, store_delivery_visit visit, void *context)
{
	return sqlite_outbox_scan_due(store->sqlite, now_ns, visit, context);
}

int store_outbox_hurry(struct store *store, int64_t due_ns)
{
	return sqlite_outbox_hurry(store->sqlite, due_ns);
}

int store_outbox_retry(struct store *store, int64_t id, int64_t due_ns, const char *error)
{
	return sqlite_outbox_retry(store->sqlite, id, due_ns, error);
}

int store_outbox_settle(
    struct store *store, int64_t id, bool delivered, const char *error)
{
	return sqlite_outbox_settle(store->sqlite, id, delivered, error);
}

int store_scan_outbox(
    struct store *store, size_t limit, store_outbox_visit visit, void *context)
{
	return sqlite_scan_outbox(store->sqlite, limit, visit, context);
}
