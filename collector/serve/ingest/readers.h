/* Bodies that take long to read, lines and spans, are read by threads of their own: what
 * agents send does not wait for somebody's eight megabytes of lines. */
#ifndef COLDMETER_SERVE_INGEST_READERS_H
#define COLDMETER_SERVE_INGEST_READERS_H

#include <stdatomic.h>

#include "serve/ingest/jobs.h"

#define READERS 2

#define READERS_LINES_MAX_BYTES ((size_t)8 * 1024 * 1024) /* of one body */

/* Bodies that wait or are being read; one more is told to come back. */
#define READERS_WAITING_MAX_BYTES ((size_t)32 * 1024 * 1024)

struct readers;

/* Which boot the batches of a reader are of: they come in the order of their sequence. */
struct reader {
	struct intake_ids ids;
	struct readers *all;
	pthread_t thread;
};

struct readers {
	struct reader each[READERS];
	size_t n;
	struct jobs waiting;
	atomic_size_t waiting_bytes;
	/* Before a body is read. True: refused, the reply says why. Any reader. */
	bool (*refuse)(void *context, const struct intake *in, struct http_reply *reply);
	/* Takes over a job that was read. Any reader. */
	void (*took)(void *context, struct job *job);
	void *context;
};

/* Set refuse, took and context first. 0 or a negative errno; one thread is enough where
 * there cannot be more. */
int readers_start(struct readers *readers);

/* A whole request, from the server's thread, and a job whose form is set, which is taken
 * over. Returns what the handler of the request returns: HTTP_PENDING, or 0 with a reply.
 */
int readers_read(struct readers *readers, const struct http_request *request,
    struct job *job, struct http_reply *reply);

/* Once no request can come: what waits is read first. */
void readers_stop(struct readers *readers);

#endif
