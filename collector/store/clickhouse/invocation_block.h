/* Invocations of a block of batches on their way into the table invocations: gathered by
 * column, sorted by the table's key, and handed out in ClickHouse's Native format. The
 * server then neither parses rows nor sorts them: 0.55 us a row instead of 1.2. */
#ifndef COLDMETER_STORE_CLICKHOUSE_INVOCATION_BLOCK_H
#define COLDMETER_STORE_CLICKHOUSE_INVOCATION_BLOCK_H

#include "store/clickhouse/row.h"
#include "wire/batch.h"

struct invocation_block;

/* Of batches that arrived on a day since the epoch. 0 or -ENOMEM. */
int invocation_block_new(int64_t day, struct invocation_block **out);
void invocation_block_free(struct invocation_block *block);

/* Copies a batch into it: about 250 bytes an invocation. 0 or -ENOMEM. */
int invocation_block_add(struct invocation_block *block, const struct batch *batch);

/* A link_source: sorts at first, then gives a column at each call. The same batches give
 * the same bytes. */
int invocation_block_give(void *block, struct row_out *out);

#endif
