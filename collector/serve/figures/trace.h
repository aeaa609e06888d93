/* What one event cost, added up over the functions that it went through. */
#ifndef COLDMETER_SERVE_FIGURES_TRACE_H
#define COLDMETER_SERVE_FIGURES_TRACE_H

#include <jansson.h>
#include <stdbool.h>

#include "model/invocation.h"
#include "price/book.h"

#define TRACE_FUNCTIONS_MAX 256

struct trace_function;

/* Starts zeroed; released with trace_done(). */
struct trace {
	struct trace_function *functions; /* owned */
	size_t n;
	uint64_t invocations;
	uint64_t duration_ns; /* summed */
	int64_t first_ns;     /* start of the first, end of the last, since the epoch */
	int64_t last_ns;
	bool is_partial; /* more functions than there is room for */
};

/* 0 or -ENOMEM. */
int trace_add(struct trace *trace, const struct invocation *invocation);

/* {"invocations","functions","duration_ms","span_ms","cost_usd"}: each function's usage
 * priced by the plan of its platform; cost_usd is absent when a price is. NULL when out
 * of memory. */
json_t *trace_json(const struct trace *trace, const struct book *book);

/* [{"function","platform","version","invocations","cold","errors","after_ms",
 * "duration_ms","init_ms","cost_usd"}], in the order in which the event reached them:
 * after_ms is from its first start to theirs, the others are sums. Sorts trace. */
json_t *trace_functions_json(struct trace *trace, const struct book *book);

void trace_done(struct trace *trace);

#endif
