/* Which batches were taken, and the latest ledger of each agent. */
#ifndef COLDMETER_STORE_SQLITE_BATCHES_H
#define COLDMETER_STORE_SQLITE_BATCHES_H

#include "store/sqlite/connection.h"
#include "wire/batch.h"

/* Inside the writer's transaction. Returns 1 when the id is new, 0 when it was there. */
int batches_take(struct connection *c, const struct batch_id *id, int64_t now_ns);

/* Keeps the head as the latest of its agent and boot, unless it has a later one or
 * this one was never sent (sent_ns is 0). */
int batches_note_agent(
    struct connection *c, const struct batch_head *head, int64_t now_ns);

int batches_expire(struct connection *c, int64_t before_ns);

#endif
