/* What the collector says of itself: that it lives, whether it could take what is sent to
 * it now, and to whom it talks. */
#ifndef COLDMETER_SERVE_READY_H
#define COLDMETER_SERVE_READY_H

#include "serve/http.h"
#include "serve/ingest.h"
#include "store/store.h"

#define READY_STUCK_S 30 /* a commit takes milliseconds, and seconds on a poor disk */

/* Borrowed, and fixed from ready_add_routes() on. */
struct ready {
	struct store *store;
	struct ingest *ingest;
	const char *directory; /* of the ledger */
	uint64_t min_free_bytes;
	int64_t started_ns; /* wall clock */
};

/* GET /healthz, /readyz and /v1/collector. */
int ready_add_routes(struct ready *ready, struct http *http);

#endif
