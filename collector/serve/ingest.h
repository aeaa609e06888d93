/* From bodies to the ledger: decodes, queues for the one writer, acknowledges after
 * commit. */
#ifndef COLDMETER_SERVE_INGEST_H
#define COLDMETER_SERVE_INGEST_H

#include <stdatomic.h>

#include "serve/http.h"
#include "serve/ingest/losses.h"
#include "serve/ingest/observers.h"
#include "serve/ingest/rates.h"
#include "store/store.h"

struct ingest;

/* Starts its threads: readers of lines and spans, the writer, and the teller, who tells
 * observers and answers. */
int ingest_start(struct store *store, struct ingest **out);
/* Commits and answers what is queued, stops them. */
void ingest_stop(struct ingest *ingest);

/* How they do; any thread. */
struct ingest_health {
	uint64_t busy_ns; /* how long one is at one group by now; 0: both wait for more */
	int err; /* of the last commit, when that failed in the last minute; or 0 */
};
void ingest_health(
    const struct ingest *ingest, uint64_t now_boot_ns, struct ingest_health *health);

/* How long raw batches and rollups are kept (see store_expire()); the writer forgets what
 * is older, hourly. And how much the ledger may take on disk, 0: anything; looked at each
 * minute, see store_shrink(). Any thread. Without it: 7, 35, 35 and 400 days, any size.
 */
struct ingest_retention {
	int64_t raw_ns;
	int64_t minutes_ns;
	int64_t hours_ns;
	int64_t days_ns;
	int64_t max_bytes;
};
void ingest_retain(struct ingest *ingest, const struct ingest_retention *retention);

/* POST /v1/batches, /v1/invocations and /v1/traces. */
int ingest_add_routes(struct ingest *ingest, struct http *http);

/* Who is told, on the teller's thread after a commit and before its answers, of each
 * batch that is new and was not imported, in order. To be added and removed, by its
 * context, while no request can come. */
void ingest_observe(struct ingest *ingest, observer tell, void *context);
void ingest_unobserve(struct ingest *ingest, const void *context);

/* Invocations per second of a function over the last 10 seconds, from memory (pings left
 * out); any thread. */
double ingest_rate(struct ingest *ingest, const struct function *function);

/* What was lost of each function, since the start of this process. */
struct losses *ingest_losses(struct ingest *ingest);

/* Spans of acknowledged OTLP requests, since the start of this process; any thread. */
struct ingest_spans {
	atomic_uint_least64_t taken;
	atomic_uint_least64_t ignored; /* no invocations of functions */
	atomic_uint_least64_t rejected;
};
const struct ingest_spans *ingest_spans(const struct ingest *ingest);

#endif
