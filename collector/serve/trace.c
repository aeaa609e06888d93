#include "serve/trace.h"

#include <errno.h>
#include <stdlib.h>

#include "price/plan.h"
#include "serve/answer.h"
#include "serve/cost.h"

#define NS_PER_MS 1e6

struct trace_function {
	struct function function;
	struct usage usage;
};

/* The function's place, made when it has none; NULL when there is no room. */
static struct trace_function *place_of(
    struct trace *trace, const struct function *function)
{
	for (size_t i = 0; i < trace->n; i++)
		if (function_is_same(&trace->functions[i].function, function))
			return &trace->functions[i];
	if (trace->n == TRACE_FUNCTIONS_MAX)
		return NULL;
	trace->functions[trace->n] = (struct trace_function){.function = *function};
	return &trace->functions[trace->n++];
}

int trace_add(struct trace *trace, const struct invocation *inv)
{
	int64_t end_ns = inv->start_ns + (int64_t)inv->duration_ns;
	struct trace_function *place;

	if (!trace->functions)
		trace->functions = calloc(TRACE_FUNCTIONS_MAX, sizeof(*trace->functions));
	if (!trace->functions)
		return -ENOMEM;
	if (!trace->invocations || inv->start_ns < trace->first_ns)
		trace->first_ns = inv->start_ns;
	if (!trace->invocations || end_ns > trace->last_ns)
		trace->last_ns = end_ns;
	trace->invocations++;
	trace->duration_ns += inv->duration_ns;
	place = place_of(trace, inv->function);
	if (place)
		plan_count_all(inv, &place->usage);
	else
		trace->is_partial = true;
	return 0;
}

static bool price(const struct trace *trace, const struct book *book, struct money *sum)
{
	*sum = (struct money){0};
	for (size_t i = 0; i < trace->n; i++) {
		const struct trace_function *f = &trace->functions[i];
		struct money cost;

		if (cost_of(book, &f->function, &f->usage, &cost) < 0)
			return false;
		*sum = money_add(*sum, cost);
	}
	return !trace->is_partial;
}

json_t *trace_json(const struct trace *trace, const struct book *book)
{
	json_t *out = json_pack("{s:I, s:I, s:f, s:f}", "invocations",
	    (json_int_t)trace->invocations, "functions", (json_int_t)trace->n,
	    "duration_ms", (double)trace->duration_ns / NS_PER_MS, "span_ms",
	    (double)(trace->last_ns - trace->first_ns) / NS_PER_MS);
	struct money cost;

	if (out && price(trace, book, &cost))
		(void)json_object_set_new(out, "cost_usd", answer_money(cost));
	return out;
}

void trace_done(struct trace *trace)
{
	free(trace->functions);
	*trace = (struct trace){0};
}
