/* Ships batches to the collector: one at a time, in order, until each is acknowledged. */
#ifndef COLDMETER_AGENT_SENDER_H
#define COLDMETER_AGENT_SENDER_H

#include "agent/spool.h"
#include "model/invocation.h"
#include "wire/batch.h"

struct sender;

/* url is the collector's; token_file may be NULL. The spool is borrowed. 0 or -errno,
 * said. */
int sender_open(
    const char *url, const char *token_file, struct spool *spool, struct sender **out);
void sender_close(struct sender *sender);

/* Adds an invocation to the batch in the making. 0; -ENOSPC: the spool is full and what
 * was in the batch is lost, sender_lost() counts it; -ENOMEM. */
int sender_add(struct sender *sender, const struct invocation *invocation);

/* Seals what is old enough, moves bytes on the wire, and waits up to wait_ms for the
 * network. ledger goes into the batches. */
void sender_work(struct sender *sender, const struct batch_ledger *ledger, int wait_ms);

/* Seals and sends what there is, for at most limit_ms. */
void sender_flush(struct sender *sender, const struct batch_ledger *ledger, int limit_ms);

uint64_t sender_lost(const struct sender *sender);

#endif
