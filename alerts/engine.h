/* What acts: budgets, anomalies, deliveries, keep-warm pings and advice, on a thread of
 * its own. */
#ifndef COLDMETER_ALERTS_ENGINE_H
#define COLDMETER_ALERTS_ENGINE_H

#include "price/book.h"
#include "serve/figures/cost_rules.h"
#include "serve/http.h"
#include "serve/ingest.h"
#include "store/store.h"

struct alerts;

/* Reads budgets, alerts and keep-warm settings from the store, observes what is ingested
 * and starts the thread. Call it before http_start(), so that no commit is missed. store,
 * ingest, book and rules must outlive it. 0 or -errno, said through log_error. */
int alerts_start(struct store *store, struct ingest *ingest, const struct book *book,
    struct cost_rules_slot *rules, struct alerts **out);

/* /v1/budgets, /v1/anomalies, /v1/alerts, /v1/keepwarm and /v1/advice. Before
 * http_start(). */
int alerts_add_routes(struct alerts *alerts, struct http *http);

/* Ends the thread, keeps what was learned. Call it after http_stop() and ingest_stop():
 * then neither calls back any more. Undelivered messages stay in the outbox. NULL is
 * accepted. */
void alerts_stop(struct alerts *alerts);

#endif
