/* Which batches were taken, and the latest ledger of each agent. */
#ifndef COLDMETER_STORE_SQLITE_BATCHES_H
#define COLDMETER_STORE_SQLITE_BATCHES_H

#include "store/sqlite/file/connection.h"
#include "store/sqlite/sqlite.h"

/* Inside the writer's transaction. Returns 1 when the id is new, 0 when it was there. */
int batches_take(struct connection *c, const struct batch_id *id, int64_t now_ns);

/* Whether any of the id's agent and boot was taken: 1, 0 or an error. */
int batches_know_boot(struct connection *c, const struct batch_id *id);

/* Notes all of an agent and boot up to the id's sequence as taken. */
int batches_learn_boot(struct connection *c, const struct batch_id *id, int64_t now_ns);

/* Keeps the head as the latest of its agent and boot, unless it has a later one or
 * this one was never sent (sent_ns is 0). */
int batches_note_agent(
    struct connection *c, const struct batch_head *head, int64_t now_ns);

/* What the latest head of an agent and boot told; *ledger stays as it is for a
 * stranger. */
int batches_find_ledger(
    struct connection *c, const struct batch_id *id, struct batch_ledger *ledger);

int batches_expire(struct connection *c, int64_t before_ns);

/* A row of the table agent, selected as these columns; received_ns is the ninth. */
#define BATCHES_AGENT_COLUMNS                                                            \
	"agent, boot, host, sequence, seen, delivered, lost, sent_ns, received_ns, "     \
	"figures"
void batches_read_head(sqlite3_stmt *s, struct batch_head *head);

/* The heads of boots as they were received: those of an agent follow each other, the
 * latest first. */
int batches_scan_heads(struct sqlite *store, store_agent_visit visit, void *context);

/* Walked over in that order, adds what a boot that is over had in hand to what it lost.
 * Zero-initialised at first. */
struct batch_gone {
	uint8_t newer[16]; /* the agent of the head before */
	bool has_newer;
};
void batches_add_gone(struct batch_gone *gone, struct batch_head *head);

#endif
