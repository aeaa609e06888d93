/* What is told to those that keep metrics. */
#ifndef COLDMETER_SERVE_METRICS_H
#define COLDMETER_SERVE_METRICS_H

#include <stdbool.h>

#include "serve/exports/exposition.h"
#include "serve/exports/totals.h"
#include "serve/http.h"
#include "serve/ingest.h"
#include "store/store.h"

struct exports;

struct metrics_sources {
	struct store *store;
	struct ingest *ingest;
	struct totals *totals;
	const struct exports *exports; /* NULL: nothing is sent anywhere */
	struct http *http;             /* NULL: its counts are left out */
	bool pushed; /* to who never had the names of old: they are left out */
};

/* All families. 0 or -errno; what was told before an error is of no use. */
int metrics_tell(const struct metrics_sources *sources, struct exposition *to);

/* Its parts: functions by OpenTelemetry's names; the same as they were named before that,
 * for who has them in dashboards; hosts, their ledgers, what watching costs them,
 * what is not seen there; the server that answers this. */
void metrics_faas(struct exposition *to, struct totals *totals);
void metrics_old_names(struct exposition *to, struct totals *totals);
int metrics_hosts(struct exposition *to, struct store *store);
void metrics_http(struct exposition *to, struct http *http);

#endif
