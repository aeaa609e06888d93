/* What makes a ledger a spool: tables of what is to be sent, and triggers that fill them.
 */
#ifndef COLDMETER_STORE_SQLITE_SPOOL_SCHEMA_H
#define COLDMETER_STORE_SQLITE_SPOOL_SCHEMA_H

#include "store/sqlite/sqlite.h"

/* Makes what is missing. A new one gets a random source and takes over the batch ids of
 * older, a main.db or NULL. */
int sqlite_spool_schema_make(struct sqlite *ledger, const char *older, uint64_t *source);

#endif
