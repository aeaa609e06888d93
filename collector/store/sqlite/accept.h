/* How a batch becomes durable, and when its figures are committed.
 *
 * What costs in a commit of main.db is its rows: each minute of each function that
 * changed is packed and written whole. So a batch is accepted once its bytes are
 * committed to the raw file; what it changes in main.db waits in memory and in an open
 * transaction, and is settled with that of others: ten times a second, when very many
 * rows changed, before anybody else writes, and before a question is answered. A crash
 * between the two loses the figures, not the bytes: raw rows beyond the last one that
 * main.db counts are read again, at the next start or at once where only a commit failed.
 * They are known by their batch ids, so each counts once. */
#ifndef COLDMETER_STORE_SQLITE_ACCEPT_H
#define COLDMETER_STORE_SQLITE_ACCEPT_H

#include "store/sqlite/engine.h"

/* Behind the gate: commits what was accepted. 0, or store_errno(), -ENOMEM, -EUCLEAN:
 * then no transaction is open, and it is read again by the next call. */
int accept_settle(struct sqlite *store);

/* At the start: settles what a process that died had accepted, or leaves it to the next
 * accept_settle() where the disk has no room. 0 or the same errors. */
int accept_recover(struct sqlite *store);

#endif
