/* From what a reader found in a span and its resource to an invocation; private to the
 * readers of OTLP. */
#ifndef COLDMETER_WIRE_OTLP_SPAN_H
#define COLDMETER_WIRE_OTLP_SPAN_H

#include "wire/json.h"
#include "wire/otlp.h"
#include "wire/otlp/facts.h"

/* A span as read; clear it (but for the values of its facts) to begin. */
struct otlp_span {
	uint8_t trace_id[OTLP_TRACE_ID_BYTES];
	uint8_t span_id[OTLP_SPAN_ID_BYTES];
	size_t trace_id_n; /* bytes that it had, whatever fits */
	size_t span_id_n;
	bool has_parent;
	uint32_t flags;
	uint64_t kind;
	uint64_t status;
	uint64_t start_ns;
	uint64_t end_ns;
	struct otlp_facts facts;
};

/* A reading of one request. */
struct otlp_reading {
	otlp_take take;
	void *context;
	struct otlp_tally *tally;
	/* of the resource whose spans are read */
	struct otlp_facts resource;
	struct function function; /* when no attribute of the span says otherwise */
	const char *function_why; /* why there is none, or NULL */
	char host[JSON_HOST_BYTES];
	const char *host_why;
	char sandbox[INVOCATION_ID_BYTES]; /* likewise; of no use when there is: */
	const char *sandbox_why;
	struct otlp_span span;
};

void otlp_span_begin(struct otlp_span *span);

/* After r->resource is filled, before its first span. */
void otlp_resource_settle(struct otlp_reading *r);

/* Takes, ignores or rejects r->span. 0, -EFBIG, or what take returned. */
int otlp_span_settle(struct otlp_reading *r);

#endif
