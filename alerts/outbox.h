/* Delivers what lies in the store's outbox, at least once each. */
#ifndef COLDMETER_ALERTS_OUTBOX_H
#define COLDMETER_ALERTS_OUTBOX_H

#include <curl/curl.h>
#include <stdint.h>

#include "store/store.h"

struct outbox;

/* Sends through multi, which the caller runs. seed: any number, for the jitter. */
int outbox_new(struct store *store, CURLM *multi, uint64_t seed, struct outbox **out);

/* Gives up requests under way; their rows stay and are sent again. */
void outbox_free(struct outbox *outbox);

/* Keeps a message for delivery. Returns 0, 1 when that key is there already, or the
 * store's error. Any thread; then wake the one that calls outbox_run(). */
int outbox_add(struct outbox *outbox, const struct store_delivery *delivery);

/* Starts what is due. Returns when to call again at the latest; INT64_MAX: when something
 * is added or ends. */
int64_t outbox_run(struct outbox *outbox, int64_t now_ns);

/* The wall clock went back: nothing waits for a time that was near before. */
void outbox_hurry(struct outbox *outbox, int64_t now_ns);

#endif
