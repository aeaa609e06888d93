/* Answers of the HTTP API about what was measured: functions, series, invocations,
 * invoices, metrics. */
#ifndef COLDMETER_SERVE_ANSWERS_H
#define COLDMETER_SERVE_ANSWERS_H

#include "price/book.h"
#include "serve/http.h"
#include "serve/ingest.h"
#include "store/store.h"

struct cost_rules_slot;
struct exports;

/* What the handlers read; it and its members outlive the server. */
struct answers {
	struct store *store;
	struct ingest *ingest;
	const struct book *book;
	int64_t listen_ns;             /* since when; wall clock */
	struct exports *exports;       /* NULL: /metrics has no families faas_* */
	struct http *http;             /* set by answers_add_routes() */
	struct cost_rules_slot *rules; /* NULL: none */
};

int answers_add_routes(struct answers *answers, struct http *http);

#endif
