/* Which engine answers: two of them, so a branch at each function. */
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/sqlite/sqlite.h"

struct store {
	struct sqlite
	    *sqlite; /* documents and outbox always; the rest without a remote */
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

void store_close(struct store *store)
{
	if (!store)
		return;
	sqlite_close(store->sqlite);
	free(store);
}

int store_write(struct store *store, struct store_batch *batches, size_t n)
{
	return sqlite_write(store->sqlite, batches, n);
}

int store_expire(struct store *store, int64_t raw_before_ns, int64_t minutes_before_ns)
{
	return sqlite_expire(store->sqlite, raw_before_ns, minutes_before_ns);
}

int store_shrink(struct store *store, int64_t max_bytes, int64_t *bytes)
{
	return sqlite_shrink(store->sqlite, max_bytes, bytes);
}

int store_fold(struct store *store, int64_t now_ns)
{
	return sqlite_fold(store->sqlite, now_ns);
}

int store_scan_spans(struct store *store, const struct store_window *window,
    store_span_visit visit, void *context)
{
	return sqlite_scan_spans(store->sqlite, window, visit, context);
}

int store_backup(const char *directory, const char *to)
{
	return sqlite_backup(directory, to);
}

int store_scan_rollups(struct store *store, int64_t since_ns, int64_t until_ns,
    const char *function, store_rollup_visit visit, void *context)
{
	return sqlite_scan_rollups(
	    store->sqlite, since_ns, until_ns, function, visit, context);
}

/* NOLINTNEXTLINE(readability-function-size): the interface of store.h */
int store_scan_invocations(struct store *store, int64_t since_ns, int64_t until_ns,
    const char *function, bool newest_first, store_invocation_visit visit, void *context)
{
	return sqlite_scan_invocations(
	    store->sqlite, since_ns, until_ns, function, newest_first, visit, context);
}

int store_scan_functions(struct store *store, store_function_visit visit, void *context)
{
	return sqlite_scan_functions(store->sqlite, visit, context);
}

int store_find_function(
    struct store *store, const struct function *function, struct store_function *found)
{
	return sqlite_find_function(store->sqlite, function, found);
}

int store_ledger(struct store *store, int64_t since_ns, struct batch_ledger *sum)
{
	return sqlite_ledger(store->sqlite, since_ns, sum);
}

int store_scan_agents(struct store *store, store_agent_visit visit, void *context)
{
	return sqlite_scan_agents(store->sqlite, visit, context);
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
