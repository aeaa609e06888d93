/* Forgetting settled deliveries; the rest of the outbox is in store.h. */
#ifndef COLDMETER_STORE_SQLITE_OUTBOX_H
#define COLDMETER_STORE_SQLITE_OUTBOX_H

#include "store/sqlite/file/connection.h"

/* Inside the writer's transaction. */
int outbox_expire(struct connection *c, int64_t before_ns);

#endif
