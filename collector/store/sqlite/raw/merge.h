/* Small batches become large ones.
 *
 * A batch brings its own names and its own row: some 400 bytes, and an agent that sees
 * one invocation a second spends them on each. So when they have been there for an hour,
 * small batches of an agent that follow each other are coded once more, as one, in the
 * place of the first. Readers of an hour ago and of a minute ago see the same records.
 *
 * The hour is for backups, which copy main.db before the raw files: a batch that main.db
 * does not count yet must not be merged with one that it counts. Nothing is merged in a
 * ledger whose raw rows are being sent elsewhere, because who sends them counts them. */
#ifndef COLDMETER_STORE_SQLITE_RAW_MERGE_H
#define COLDMETER_STORE_SQLITE_RAW_MERGE_H

#include <stdint.h>

struct raw_merge;
struct sqlite;

int raw_merge_new(struct raw_merge **out); /* 0 or -ENOMEM */
void raw_merge_free(struct raw_merge *merge);

/* One step of some milliseconds, on the thread that accepts. 1: there is more to do now;
 * 0: there is not; or store_errno(), -ENOMEM: nothing is lost, it is done again. */
int raw_merge_step(struct sqlite *store, int64_t now_ns);

#endif
