/* What a request brought on its way through ingest, and the queues where it waits: for
 * the writer, then for who tells of it and answers. */
#ifndef COLDMETER_SERVE_INGEST_JOBS_H
#define COLDMETER_SERVE_INGEST_JOBS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "serve/http.h"
#include "serve/ingest/intake.h"

struct job {
	struct job *next;
	const struct http_request *request; /* until it is read; lives until the answer */
	struct http_pending *pending;
	size_t reader; /* who read it, when it was not the server's thread */
	struct intake in;
	int err; /* of its commit */
};

void job_free(struct job *job); /* NULL: nothing */

/* From thread to thread, in order. */
struct jobs {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct job *first;
	struct job **last;
	bool ended;
};

void jobs_init(struct jobs *jobs);
void jobs_done(struct jobs *jobs); /* which are none any more */

/* Takes over a list. */
void jobs_put(struct jobs *jobs, struct job *list);

/* No more will come. */
void jobs_end(struct jobs *jobs);

/* Waits until there are some, until none will come, or until that time of CLOCK_MONOTONIC
 * at the latest. *list: all there are, or NULL. False: none, and none will come. */
bool jobs_take(struct jobs *jobs, int64_t until_ns, struct job **list);

/* Waits until there is one, and takes it alone. NULL: none will come. */
struct job *jobs_take_first(struct jobs *jobs);

#endif
