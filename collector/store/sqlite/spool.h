/* A SQLite ledger as the near half of a remote one: what was committed here and is still
 * to be sent.
 *
 * Triggers note each row that changes, in the transaction that changes it, with a version
 * that only grows. Whoever sends reads rows with their versions, sends them, and then
 * settles: rows that changed again meanwhile have a newer version and stay. Batches as
 * received are sent in blocks; where a block ends is committed before it is sent the
 * first time, so that sent again it has the same rows. */
#ifndef COLDMETER_STORE_SQLITE_SPOOL_H
#define COLDMETER_STORE_SQLITE_SPOOL_H

#include "store/sqlite/sqlite.h"

struct sqlite_spool;

/* Opens or makes the ledger under directory; what sqlite_open() says. A new one takes
 * over the ids of the batches that the ledger in older (a main.db, or NULL) has taken.
 * The ledger is the spool's: sqlite_spool_close() closes it. */
int sqlite_spool_open(
    const char *directory, const char *older, struct sqlite_spool **out);
void sqlite_spool_close(struct sqlite_spool *spool);
struct sqlite *sqlite_spool_ledger(struct sqlite_spool *spool);

/* Random, made with the spool: whose sums these are, when several collectors send theirs
 * to one place. */
uint64_t sqlite_spool_source(const struct sqlite_spool *spool);

/* Whether any batch of the id's agent and boot was taken here: 1, 0 or an error. */
int sqlite_spool_knows_boot(struct sqlite_spool *spool, const struct batch_id *id);

/* (writer) Takes note that the batches of an agent's boot up to the id's sequence were
 * taken elsewhere: here they are no longer new. */
int sqlite_spool_learn_boot(struct sqlite_spool *spool, const struct batch_id *id);

/* 1: nothing is to be sent; 0; or an error. Any thread. */
int sqlite_spool_is_empty(struct sqlite_spool *spool);

/* The rest is for one thread, the sender. A visit that returns 1 stops the scan, its row
 * among those that are settled; the scan returns the highest version, 0 when there was
 * none, or an error of its own or of visit. */
typedef int (*sqlite_spool_function_visit)(
    void *context, const struct store_function *function, int64_t version);
int64_t sqlite_spool_scan_functions(
    struct sqlite_spool *spool, sqlite_spool_function_visit visit, void *context);
typedef int (*sqlite_spool_agent_visit)(
    void *context, const struct batch_head *last, int64_t received_ns);
int64_t sqlite_spool_scan_agents(
    struct sqlite_spool *spool, sqlite_spool_agent_visit visit, void *context);
struct sqlite_spool_minute {
	int64_t minute; /* since the epoch */
	int64_t version;
	struct function function; /* platform, name and version alone */
	struct rollup rollup;
};
typedef int (*sqlite_spool_minute_visit)(
    void *context, const struct sqlite_spool_minute *minute);
int64_t sqlite_spool_scan_minutes(
    struct sqlite_spool *spool, sqlite_spool_minute_visit visit, void *context);

enum sqlite_spool_kind {
	SQLITE_SPOOL_FUNCTIONS,
	SQLITE_SPOOL_AGENTS,
	SQLITE_SPOOL_MINUTES
};
/* What was scanned up to this version has arrived. */
int sqlite_spool_settle(
    struct sqlite_spool *spool, enum sqlite_spool_kind kind, int64_t version);

/* Batches (after, last] of those that arrived on a day, some hundred thousand invocations
 * at most. */
struct sqlite_spool_block {
	int64_t day; /* since the epoch */
	int64_t after;
	int64_t last;
};

/* The next block to send, committed: the same until it is settled. 1, 0: none; or an
 * error. */
int sqlite_spool_next_block(struct sqlite_spool *spool, struct sqlite_spool_block *block);
int sqlite_spool_settle_block(
    struct sqlite_spool *spool, const struct sqlite_spool_block *block);

/* Forgets what is older, but no batch that is still to be sent; batches that were sent go
 * with their day. */
int sqlite_spool_expire(struct sqlite_spool *spool, int64_t before_ns);

#endif
