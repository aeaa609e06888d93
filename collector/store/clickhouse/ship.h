/* Sends what the spool holds, in a thread of its own: functions first, then agents,
 * minutes and what they sum up to, then invocations. */
#ifndef COLDMETER_STORE_CLICKHOUSE_SHIP_H
#define COLDMETER_STORE_CLICKHOUSE_SHIP_H

#include "store/clickhouse/link.h"
#include "store/sqlite/spool.h"

struct ship;

/* Both are borrowed until ship_stop(). Tries to prepare the tables at once: a server that
 * is not there is waited for, but one that refuses fails here. 0 or an error. */
int ship_start(struct link *link, struct sqlite_spool *spool, struct ship **out);

/* Stops at once, in the middle of a block too: it is sent again by the next. */
void ship_stop(struct ship *ship);

/* Returns when all that was committed before is on the server: 0, or why it is not, after
 * so many seconds at most (-ETIMEDOUT). Any thread. */
#define SHIP_FLUSH_S 60
int ship_flush(struct ship *ship, int timeout_s);

/* Whether the server took what was sent last: a question to it is likely to be answered.
 * Any thread. */
bool ship_is_well(struct ship *ship);

/* Boot time when functions were sent last, so that names read before are not all; 0:
 * never. Any thread. */
uint64_t ship_named_ns(const struct ship *ship);

/* Sends one block of a ledger's batches. */
int ship_block(
    struct link *link, struct sqlite *ledger, const struct sqlite_spool_block *block);

#endif
