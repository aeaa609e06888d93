/* Spans that the benches send. */
#ifndef COLDMETER_TESTS_BENCH_SPANS_H
#define COLDMETER_TESTS_BENCH_SPANS_H

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/otlp_bytes.h"
#include "tests/unit/random.h"

static inline void spans_put_random(
    struct bytes *b, uint64_t *seed, uint64_t field, size_t n)
{
	uint64_t id[2] = {random_next(seed), random_next(seed)};

	put_bytes(b, field, id, n);
}

/* What the instrumentation of AWS Lambda for Node.js writes of a warm invocation. */
static inline void spans_put(
    struct bytes *spans, struct bytes *span, uint64_t *seed, uint64_t start_ns)
{
	char id[40];

	spans_put_random(span, seed, 1, 16);
	spans_put_random(span, seed, 2, 8);
	put_bytes(span, 5, "orders", 6);
	put_varint(span, 6, 2);
	put_fixed(span, 7, start_ns, 8);
	put_fixed(span, 8, start_ns + (uint64_t)random_log_normal(seed, 50e6, 0.8), 8);
	(void)snprintf(id, sizeof(id), "%08x-%04x-4000-8000-%012llx",
	    (unsigned int)random_next(seed), (unsigned int)random_next(seed) & 0xffff,
	    (unsigned long long)random_next(seed) >> 16);
	put_text(span, 9, "faas.invocation_id", id);
	put_text(span, 9, "faas.trigger", "http");
	put_count(span, 9, "faas.coldstart", OTLP_ANY_BOOL, 0);
	put_count(span, 9, "http.response.status_code", OTLP_ANY_INT, 200);
	put_fixed(span, 16, 0x301, 4);
	put_message(spans, 2, span);
}

/* A request of n spans of one function, from start_ns on, one each millisecond. The
 * caller frees its bytes. */
static inline struct bytes spans_request(uint64_t *seed, size_t n, uint64_t start_ns)
{
	struct bytes resource = {0};
	struct bytes span = {0};
	struct bytes spans = {0};
	struct bytes both = {0};
	struct bytes request = {0};

	put_text(&resource, 1, "cloud.provider", "aws");
	put_text(&resource, 1, "cloud.platform", "aws_lambda");
	put_text(&resource, 1, "cloud.region", "eu-central-1");
	put_text(&resource, 1, "faas.name", "orders");
	put_text(&resource, 1, "faas.version", "$LATEST");
	put_text(&resource, 1, "faas.instance",
	    "2026/11/27/[$LATEST]2f399eb14537447da05ab2a2e39309de");
	put_count(&resource, 1, "faas.max_memory", OTLP_ANY_INT, 256U << 20);
	for (size_t i = 0; i < n; i++)
		spans_put(&spans, &span, seed, start_ns + i * 1000000);
	put_message(&both, 1, &resource);
	put_message(&both, 2, &spans);
	put_message(&request, 1, &both);
	free(resource.at);
	free(span.at);
	free(spans.at);
	free(both.at);
	return request;
}

#endif
