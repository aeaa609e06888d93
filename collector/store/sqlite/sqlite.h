/* The SQLite engine: what store.h promises, on files of this machine. Arguments, results
 * and threads are those of the function of that name in store.h. */
#ifndef COLDMETER_STORE_SQLITE_SQLITE_H
#define COLDMETER_STORE_SQLITE_SQLITE_H

#include "store/store.h"

struct sqlite;

int sqlite_open(const char *directory, struct sqlite **out);
void sqlite_close(struct sqlite *store);
int sqlite_write(struct sqlite *store, struct store_batch *batches, size_t n);
int sqlite_accept(struct sqlite *store, struct store_batch *batches, size_t n);
int sqlite_settle(struct sqlite *store);
int sqlite_expire(struct sqlite *store, const struct store_keep *keep);
int64_t sqlite_grain(struct sqlite *store, int64_t at_ns);
int sqlite_shrink(struct sqlite *store, int64_t max_bytes, int64_t *bytes);
int sqlite_fold(struct sqlite *store, int64_t now_ns);
int sqlite_fold_minutes(struct sqlite *store, int64_t now_ns); /* what must be */
int sqlite_scan_spans(struct sqlite *store, const struct store_window *window,
    store_span_visit visit, void *context);
uint32_t sqlite_range_end(struct sqlite *store, uint32_t first_id);
int sqlite_backup(const char *directory, const char *to);
int sqlite_scan_rollups(struct sqlite *store, int64_t since_ns, int64_t until_ns,
    const char *function, store_rollup_visit visit, void *context);
int sqlite_read_invocations(struct sqlite *store, struct store_reading *reading,
    store_invocation_visit visit, void *context);
int sqlite_scan_functions(
    struct sqlite *store, store_function_visit visit, void *context);
int sqlite_find_function(
    struct sqlite *store, const struct function *function, struct store_function *found);
int sqlite_scan_agents(struct sqlite *store, store_agent_visit visit, void *context);
int sqlite_document_put(
    struct sqlite *store, const char *kind, const char *name, const char *body);
int sqlite_document_get(
    struct sqlite *store, const char *kind, const char *name, char **body);
int sqlite_document_delete(struct sqlite *store, const char *kind, const char *name);
int sqlite_scan_documents(
    struct sqlite *store, const char *kind, store_document_visit visit, void *context);
int sqlite_outbox_add(struct sqlite *store, const struct store_delivery *delivery);
int sqlite_outbox_scan_due(
    struct sqlite *store, int64_t now_ns, store_delivery_visit visit, void *context);
int sqlite_outbox_hurry(struct sqlite *store, int64_t due_ns);
int sqlite_outbox_retry(
    struct sqlite *store, int64_t id, int64_t due_ns, const char *error);
int sqlite_outbox_settle(
    struct sqlite *store, int64_t id, bool delivered, const char *error);
int sqlite_scan_outbox(
    struct sqlite *store, size_t limit, store_outbox_visit visit, void *context);

#endif
