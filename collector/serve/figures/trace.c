#include "serve/figures/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "price/plan.h"
#include "serve/answers/answer.h"
#include "serve/figures/cost.h"

#define NS_PER_MS 1e6

struct trace_function {
	struct function function;
	struct usage usage;
	uint64_t invocations;
	uint64_t cold;
	uint64_t errors;
	uint64_t duration_ns;
	uint64_t init_ns;
	int64_t first_ns; /* start of its first */
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

static void count(struct trace_function *f, const struct invocation *inv)
{
	if (!f->invocations || inv->start_ns < f->first_ns)
		f->first_ns = inv->start_ns;
	f->invocations++;
	f->cold += inv->start_type == START_COLD;
	f->errors += invocation_is_error(inv);
	count_add(&f->duration_ns, inv->duration_ns);
	count_add(&f->init_ns, inv->init_ns);
	plan_count_all(inv, &f->usage);
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
		count(place, inv);
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

static json_t *function_json(
    const struct trace_function *f, int64_t first_ns, const struct book *book)
{
	json_t *out = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "function",
	    f->function.name, "platform", platform_name(f->function.platform), "version",
	    f->function.version, "invocations", answer_count(f->invocations), "cold",
	    answer_count(f->cold), "errors", answer_count(f->errors), "after_ms",
	    answer_ms((double)(f->first_ns - first_ns)), "duration_ms",
	    answer_ms((double)f->duration_ns));
	struct money cost;

	if (f->init_ns)
		(void)json_object_set_new(out, "init_ms", answer_ms((double)f->init_ns));
	if (cost_of(book, &f->function, &f->usage, &cost) == 0)
		(void)json_object_set_new(out, "cost_usd", answer_money(cost));
	return out;
}

/* As the event reached them. */
static int by_first(const void *a, const void *b)
{
	const struct trace_function *left = a;
	const struct trace_function *right = b;
	int order =
	    (left->first_ns > right->first_ns) - (left->first_ns < right->first_ns);

	if (!order)
		order = strcmp(left->function.name, right->function.name);
	if (!order)
		order = strcmp(left->function.version, right->function.version);
	return order ? order
		     : (int)left->function.platform - (int)right->function.platform;
}

json_t *trace_functions_json(struct trace *trace, const struct book *book)
{
	json_t *list = json_array();

	if (trace->n)
		qsort(trace->functions, trace->n, sizeof(*trace->functions), by_first);
	for (size_t i = 0; i < trace->n; i++)
		(void)json_array_append_new(
		    list, function_json(&trace->functions[i], trace->first_ns, book));
	return list;
}

void trace_done(struct trace *trace)
{
	free(trace->functions);
	*trace = (struct trace){0};
}
