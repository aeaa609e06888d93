/* What a batch changes besides its raw bytes. */
#ifndef COLDMETER_STORE_SQLITE_WRITE_H
#define COLDMETER_STORE_SQLITE_WRITE_H

#include "store/sqlite/engine.h"

/* Everything of one new batch but its raw bytes, in the writer's transaction and in
 * memory, where functions and minutes wait for their flush; is_new says whether it was
 * one. After an error (store_errno(), -ENOMEM, -EDQUOT) both must be dropped. */
int write_batch(struct sqlite *store, struct store_batch *batch, int64_t now_ns);

#endif
