/* Which invocations were imported: what is imported again is left out.
 *
 * The cloud sends an event that failed again under the same request id, a minute later at
 * the earliest
 * (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html), so
 * an invocation is known by its function, its id and its start to half a minute: two
 * exports need not tell the same millisecond. About 25 bytes each on disk, for as long as
 * sums of days are kept. */
#ifndef COLDMETER_STORE_SQLITE_IMPORTED_H
#define COLDMETER_STORE_SQLITE_IMPORTED_H

#include "store/sqlite/file/connection.h"
#include "store/store.h"

/* (writer) Notes the invocations of batch->imported and moves those that were there
 * already behind the others: invocations_n is less by known_n. 0, -ENOMEM or
 * store_errno(), and the batch is as it was but for the order in it. */
int imported_take(struct connection *c, struct store_batch *batch);

/* Undoes what imported_take() did to the batch, not to the table. */
void imported_restore(struct store_batch *batch);

/* Encodes what is left of a batch anew, into a buffer of the caller. 0 or -ENOMEM. */
int imported_encode(const struct batch *batch, uint8_t **out, size_t *out_bytes);

/* (writer) Forgets some of what started before that day since the epoch. 1: there is
 * more; 0; or store_errno(). */
int imported_expire(struct connection *c, int64_t before_day);

#endif
