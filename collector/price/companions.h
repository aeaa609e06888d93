/* What an invocation calls beside the function (its API gateway, tables, buckets,
 * queues), counted as its owner states it and priced under every cloud. */
#ifndef COLDMETER_PRICE_COMPANIONS_H
#define COLDMETER_PRICE_COMPANIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "price/invoice.h"

/* Calls of one kind; each cloud has its own service for it, or none. */
enum companion {
	COMPANION_HTTP_API,
	COMPANION_REST_API,
	COMPANION_WEBSOCKET_API,
	COMPANION_DOCUMENT_READS,
	COMPANION_DOCUMENT_WRITES,
	COMPANION_OBJECT_PUTS,
	COMPANION_OBJECT_GETS,
	COMPANION_QUEUE_REQUESTS,
	COMPANION_TOPIC_PUBLISHES,
	COMPANION_NEON_CU_S, /* seconds of a Neon compute unit */
	COMPANION_PLANETSCALE,
	COMPANIONS
};

/* Millionths of a call: for each invocation, or of many invocations added up. */
struct companions {
	uint64_t micro[COMPANIONS];
};

/* The kind that a word of the settings names, whichever cloud's word it is:
 * "dynamodb-reads" and "firestore-reads" are one. COMPANIONS: none of that name. */
enum companion companion_find(const char *word);

/* Reads calls for each invocation, "2" or "0.1": 0 to 1000, at most 6 decimals. 0 or
 * -EINVAL. */
int companion_parse_calls(const char *text, uint64_t *micro);

/* into += each x invocations; saturates. */
void companions_add(
    struct companions *into, const struct companions *each, uint64_t invocations);

bool companions_are_none(const struct companions *c);

#define COMPANION_LINES_MAX 48

/* Free quantities taken so far by other bills of the provider. Start with {0}. */
struct companion_grants {
	struct invoice_grant kind[COMPANIONS];
};

struct companion_bill {
	struct invoice_line lines[COMPANION_LINES_MAX];
	enum companion kinds[COMPANION_LINES_MAX]; /* of each line */
	size_t lines_n;
	struct money total;
	const char *absent[COMPANIONS]; /* a sentence for each kind that is not priced */
	size_t absent_n;
	bool moved; /* some prices are those of the provider's default region */
};

/* Where a plan runs, and how. */
struct companion_terms {
	const struct book *book;
	const struct plan *plan;
	const char *region;
	/* With free_tier the free quantities come off, once for all bills that share
	 * grants. NULL: this bill has them whole. */
	struct companion_grants *grants;
	bool free_tier;
};

/* Prices calls, which are sums: the services of the plan's provider, then those that are
 * no cloud's. 0, or -E2BIG when a book has too many tiers. */
int companions_price(const struct companion_terms *terms, const struct companions *calls,
    struct companion_bill *out);

#endif
