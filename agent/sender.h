/* Ships batches to the collector: one at a time, in order, until each is acknowledged. */
#ifndef COLDMETER_AGENT_SENDER_H
#define COLDMETER_AGENT_SENDER_H

#include "agent/sandboxes/untold.h"
#include "agent/spool.h"
#include "model/invocation.h"
#include "wire/batch.h"

struct sender;

/* Reads the counts and the figures of the host as they are now, for the batch that is
 * sealed next: sets ledger and figures of its head, nothing else. */
typedef void (*sender_read)(void *context, struct batch_head *head);

struct sender_target {
	const char *url;        /* of the collector */
	const char *token_file; /* NULL: no token is sent */
	const char *ca_file;    /* whom an https url may be signed by, PEM; NULL: the
				 * certificates that this host trusts anyway */
};

/* Both files are read here, before privileges are dropped. The spool is borrowed. 0 or
 * -errno, said. */
int sender_open(const struct sender_target *target, struct spool *spool, sender_read read,
    void *context, struct sender **out);
void sender_close(struct sender *sender);

/* Batches tell these losses from now on; what is lost with a batch is added to them.
 * Borrowed. */
void sender_tell(struct sender *sender, struct untold *untold);

/* Adds an invocation to the batch in the making; one that is full is sealed first. What
 * cannot be kept is lost and counted: that one, or all of the full batch. */
void sender_add(struct sender *sender, const struct invocation *invocation);

/* Seals what is old enough, moves bytes on the wire, and waits up to wait_ms for the
 * network. */
void sender_work(struct sender *sender, int wait_ms);

/* Seals and sends what there is, for at most limit_ms. What a spool in memory still holds
 * then is lost, which is said. */
void sender_flush(struct sender *sender, int limit_ms);

/* Fills delivered and the reasons that are the sender's; together all that was added:
 * what is or was in a batch of the spool or in the one in the making; what the spool did
 * not take, the collector refused, or a spool in memory still held at the end. */
void sender_ledger(const struct sender *sender, struct batch_ledger *ledger);

#endif
