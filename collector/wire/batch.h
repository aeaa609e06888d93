/* A columnar batch of invocations: what an agent ships and a collector keeps as received.
 *
 * The layout is documented byte by byte at the head of batch.c. */
#ifndef COLDMETER_WIRE_BATCH_H
#define COLDMETER_WIRE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "model/invocation.h"
#include "model/loss.h"
#include "wire/host_figures.h"

#define BATCH_CONTENT_TYPE "application/vnd.coldmeter.batch"
#define BATCH_MAX_BYTES 65536           /* on the wire */
#define BATCH_MAX_INFLATED_BYTES 524288 /* after zstd: what a decoder will allocate */
#define BATCH_MAX_RECORDS 4096
#define BATCH_MAX_FUNCTIONS 1024
#define BATCH_HOST_BYTES 72

/* The agent of an imported batch begins with this. Its boot comes of its content, so that
 * the same is known again, its sequence is 1, and it is sent at 0: outside the ledger.
 * Invocations that were imported before are left out of it. */
#define BATCH_IMPORT_AGENT "import:"

/* Twice means once: the collector takes each (agent, boot, sequence) one time only. */
struct batch_id {
	uint8_t agent[16]; /* random, made once per installation */
	uint8_t boot[16];  /* random, made at each start of the agent */
	uint64_t sequence; /* from 1, without gaps */
};

static inline bool batch_is_imported(const struct batch_id *id)
{
	return memcmp(id->agent, BATCH_IMPORT_AGENT, sizeof(BATCH_IMPORT_AGENT) - 1) == 0;
}

/* Counts since the agent's start: seen = delivered + sum(lost) + not yet sent. */
struct batch_ledger {
	uint64_t seen;
	uint64_t delivered; /* including this batch */
	uint64_t lost[LOST_REASONS];
};

struct batch_head {
	struct batch_id id;
	char host[BATCH_HOST_BYTES];
	struct batch_ledger ledger;
	struct host_figures figures; /* as of then; none from an older agent */
	int64_t sent_ns;             /* wall clock of the agent when it was sealed */
};

/* Gathers invocations and seals them. */
struct batch_writer;
int batch_writer_new(struct batch_writer **out); /* 0 or -ENOMEM */
void batch_writer_free(struct batch_writer *w);

/* One that goes on when the records, not yet compressed, may be too many for the wire:
 * sealing tells. The same errors. */
int batch_writer_new_wide(struct batch_writer **out);

/* Copies inv and its function into the batch. Returns 0, -ENOSPC when the batch is full
 * (seal it and try again), or -ENOMEM. */
int batch_writer_add(struct batch_writer *w, const struct invocation *inv);
size_t batch_writer_count(const struct batch_writer *w);

/* Adds that n invocations of a function were lost, beside those that the batch holds. The
 * same errors; n is above 0. */
int batch_writer_lose(struct batch_writer *w, const struct function *function,
    enum lost_reason reason, uint64_t n);

/* Seals what was added (none is allowed: a heartbeat that carries the ledger) into a
 * buffer of the caller, who frees it, and empties the writer. 0; -ENOMEM, and nothing is
 * lost; or -EMSGSIZE from a wide one, which is empty then, when it does not fit
 * BATCH_MAX_BYTES. */
int batch_writer_seal(struct batch_writer *w, const struct batch_head *head,
    uint8_t **out, size_t *out_bytes);

/* Invocations of a function that were seen and have no record, since the batch before it
 * that told of some. What an agent cannot tell a function for is in the head's ledger
 * alone. */
struct batch_loss {
	const struct function *function;
	enum lost_reason reason;
	uint64_t n;
};

/* A decoded batch. The function pointers lead into functions; the cold starts are the
 * batch's too. Texts are as of text_make_printable(), whatever bytes were sent. */
struct batch {
	struct batch_head head;
	struct function *functions;
	size_t functions_n;
	struct invocation *invocations; /* in order of their end */
	size_t invocations_n;
	struct batch_loss *losses;
	size_t losses_n;
	bool is_newer; /* a newer writer's figures in it were skipped: it is not the whole
			*/
};

/* A writer that keeps what it is given, which takes about 500 bytes a record; it takes no
 * losses. batch_writer_seal_kept() also gives the batch that batch_decode() would make of
 * the bytes, without decoding them; figures that an invocation does not have must have
 * been 0. The same errors; the caller frees both. */
int batch_writer_new_keeping(struct batch_writer **out);
int batch_writer_seal_kept(struct batch_writer *w, const struct batch_head *head,
    uint8_t **out, size_t *out_bytes, struct batch **batch);

/* Reads a whole batch. 0, -EBADMSG when malformed or beyond a limit (*why, when not NULL,
 * is set to a constant sentence that says what and where), -EPROTONOSUPPORT for a version
 * it does not know, -ENOMEM. *out is untouched on failure; release it with batch_free().
 */
int batch_decode(
    const uint8_t *in, size_t in_bytes, struct batch **out, const char **why);

/* Only the head: cheap, no decompression. The same errors. */
int batch_decode_head(
    const uint8_t *in, size_t in_bytes, struct batch_head *head, const char **why);
void batch_free(struct batch *batch);

#endif
