/* Gathers invocations into batches of an intake, one that grows for each host. */
#ifndef COLDMETER_SERVE_INGEST_GATHER_H
#define COLDMETER_SERVE_INGEST_GATHER_H

#include "serve/ingest/intake.h"
#include "wire/json.h"

#define GATHER_HOSTS_MAX 8 /* batches that grow side by side */

struct gather_host {
	char host[JSON_HOST_BYTES];
	struct batch_writer *writer;
	uint64_t content[2]; /* a hash of the marks of what is in the writer */
};

/* Begin with the first two set. */
struct gather {
	struct intake *in;
	struct intake_ids *ids; /* NULL: each batch has the id of its content's marks */
	struct gather_host hosts[GATHER_HOSTS_MAX];
	size_t hosts_n;
	size_t next_out; /* who makes room for another host */
};

/* mark is what makes this invocation the one that it is, a multiple of 8 bytes; NULL
 * where there are ids. 0; -ENOSPC, -EMSGSIZE or -EBADMSG when it fits no batch; -ENOMEM.
 */
int gather_take(struct gather *gather, const char *host, const struct invocation *inv,
    const void *mark, size_t mark_bytes);

/* Hands what is left to the intake unless err is set, and releases the rest. Returns err,
 * or what went wrong now. */
int gather_finish(struct gather *gather, int err);

#endif
