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

struct spool;

/* Opens or makes the ledger under directory; what sqlite_open() says. A new one takes
 * over the ids of the batches that the ledger in older (a main.db, or NULL) has taken.
 * The ledger is the spool's: spool_close() closes it. */
int spool_open(const char *directory, const char *older, struct spool **out);
void spool_close(struct spool *spool);
struct sqlite *spool_ledger(struct spool *spool);

/* Random, made with the spool: whose sums these are, when several collectors send theirs
 * to one place. */
uint64_t spool_source(const struct spool *spool);

/* Whether any batch of the id's agent and boot was taken here: 1, 0 or an error. */
int spool_knows_boot(struct spool *spool, const struct batch_id *id);

/* (writer) Takes note that the batches of an agent's boot up to the id's sequence were
 * taken elsewhere: here they are no longer new. */
int spool_learn_boot(struct spool *spool, const struct batch_id *id);

/* 1: nothing is to be sent; 0; or an error. Any thread. */
int spool_is_empty(struct spool *spool);

/* The rest is for one thread, the sender. A visit that returns 1 stops the scan, its row
 * among those that are settled; the scan returns the highest version, 0 when there was
 * none, or an error of its own or of visit. */
typedef int (*spool_function_visit)(
    void *context, const struct store_function *function, int64_t version);
int64_t spool_scan_functions(
    struct spool *spool, spool_function_visit visit, void *context);
typedef int (*spool_agent_visit)(
    void *context, const struct batch_head *last, int64_t received_ns);
int64_t spool_scan_agents(struct spool *spool, spool_agent_visit visit, void *context);
struct spool_minute {
	int64_t minute; /* since the epoch */
	int64_t version;
	struct function function; /* platform, name and version alone */
	struct rollup rollup;
};
typedef int (*spool_minute_visit)(void *context, const struct spool_minute *minute);
int64_t spool_scan_minutes(struct spool *spool, spool_minute_visit visit, void *context);

enum spool_kind { SPOOL_FUNCTIONS, SPOOL_AGENTS, SPOOL_MINUTES };
/* What was scanned up to this version has arrived. */
int spool_settle(struct spool *spool, enum spool_kind kind, int64_t version);

/* Batches (after, last] of those that arrived on a day, some hundred thousand invocations
 * at most. */
struct spool_block {
	int64_t day; /* since the epoch */
	int64_t after;
	int64_t last;
};

/* The next block to send, committed: the same until it is settled. 1, 0: none; or an
 * error. */
int spool_next_block(struct spool *spool, struct spool_block *block);
int spool_settle_block(struct spool *spool, const struct spool_block *block);

/* Forgets what is older, but no batch that is still to be sent; batches that were sent go
 * with their day. */
int spool_expire(struct spool *spool, int64_t before_ns);

#endif
