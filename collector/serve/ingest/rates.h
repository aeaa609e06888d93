/* How often each function is invoked now, from memory. */
#ifndef COLDMETER_SERVE_INGEST_RATES_H
#define COLDMETER_SERVE_INGEST_RATES_H

#include "model/invocation.h"
#include "store/store.h"

#define RATES_WINDOW_S 10

/* Safe on any thread. Holds at most 100 000 functions; more are not counted, as pings are
 * not. */
struct rates;

int rates_new(struct rates **out); /* 0 or -ENOMEM */
void rates_free(struct rates *rates);
void rates_count(struct rates *rates, const struct store_batch *batch, int64_t now_ns);

/* Invocations per second that ended in the RATES_WINDOW_S full seconds before now. */
double rates_of(struct rates *rates, const struct function *function, int64_t now_ns);

#endif
