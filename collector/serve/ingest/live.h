/* What memory knows of each function since this process began: rate and totals. */
#ifndef COLDMETER_SERVE_INGEST_LIVE_H
#define COLDMETER_SERVE_INGEST_LIVE_H

#include "model/invocation.h"
#include "store/store.h"

#define LIVE_RATE_S 10
#define LIVE_BUCKETS 15

/* Upper bounds of the duration buckets, in nanoseconds. */
extern const uint64_t live_bounds_ns[LIVE_BUCKETS];

/* Pings are left out of all of them. */
struct live_totals {
	uint64_t invocations;
	uint64_t cold;
	uint64_t errors;
	uint64_t duration_ns;
	uint64_t durations;              /* invocations with a duration */
	uint64_t by_bound[LIVE_BUCKETS]; /* durations <= bound and > the bound before */
};

/* Safe on any thread. Holds at most 100 000 functions; more are not counted. */
struct live;

int live_new(struct live **out);
void live_free(struct live *live);
void live_count(struct live *live, const struct store_batch *batch, int64_t now_ns);

/* Invocations per second that ended in the LIVE_RATE_S full seconds before now. */
double live_rate(struct live *live, const struct function *function, int64_t now_ns);

/* Held while it visits, so visit must not call back. Non-zero stops and is returned. */
typedef int (*live_visit)(
    void *context, const struct function *function, const struct live_totals *totals);
int live_scan(struct live *live, live_visit visit, void *context);

#endif
