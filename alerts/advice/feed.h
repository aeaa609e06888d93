/* Collects what the concurrency advice is made of from the ledger's invocations. */
#ifndef COLDMETER_ALERTS_ADVICE_FEED_H
#define COLDMETER_ALERTS_ADVICE_FEED_H

#include "alerts/advice/concurrency.h"
#include "model/function.h"
#include "store/store.h"

/* Newest first, then it stops: 32 bytes each, 8 MB, a fraction of a second to read. The
 * window shrinks to what was read. */
#define ADVICE_MAX_INTERVALS 250000
#define ADVICE_MAX_FUNCTIONS 512

struct advice_function {
	struct function function;
	uint64_t peak_memory_bytes;
	int64_t first_seen_ns;             /* ever */
	struct advice_interval *intervals; /* into the feed, sorted by start */
	size_t n;
};

struct advice_feed {
	struct advice_function *functions;
	size_t functions_n;
	struct advice_interval *intervals;
	size_t n;
	int64_t since_ns; /* of what was read */
	int64_t until_ns;
	bool truncated; /* since was moved up */
};

/* Pings, and invocations without a duration, are left out. function NULL: all. 0, -ENOMEM
 * or the store's error. Release with advice_feed_done(). */
int advice_feed_read(struct store *store, int64_t since_ns, int64_t until_ns,
    const char *function, struct advice_feed *out);
void advice_feed_done(struct advice_feed *feed);

/* The configured size, else the highest peak seen in steps of 128 MB. */
uint32_t advice_feed_memory_mb(const struct advice_function *function);

#endif
