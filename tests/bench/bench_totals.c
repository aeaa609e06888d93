/* Totals: ns an invocation that they cost the writer, and what a page of them takes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "serve/exports/totals.h"
#include "serve/metrics.h"
#include "tests/unit/random.h"

#define FUNCTIONS 1000
#define BATCH 1000
#define BATCHES 1000

static struct function functions[FUNCTIONS];
static struct invocation batch[BATCH];

static double now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Functions in turn as they come, the popular ones more often. */
static void fill_batch(uint64_t *random)
{
	for (size_t i = 0; i < BATCH; i++) {
		double share = random_unit(random);
		size_t f = (size_t)(share * share * share * FUNCTIONS);

		batch[i] = (struct invocation){.function = &functions[f],
		    .has = HAS_DURATION | HAS_CPU | HAS_MEMORY,
		    .start_type = START_WARM,
		    .duration_ns = (uint64_t)random_log_normal(random, 40e6, 0.8),
		    .cpu_ns = (uint64_t)random_log_normal(random, 4e6, 0.8),
		    .peak_memory_bytes = (40 + random_below(random, 80)) << 20};
	}
}

static double count_all(struct totals *totals, uint64_t *random)
{
	struct batch decoded = {.functions = functions,
	    .functions_n = FUNCTIONS,
	    .invocations = batch,
	    .invocations_n = BATCH};
	uint32_t ids[FUNCTIONS];
	double spent = 0;

	for (uint32_t i = 0; i < FUNCTIONS; i++)
		ids[i] = i + 1;
	for (int b = 0; b < BATCHES; b++) {
		double start;

		fill_batch(random); /* which also sweeps the cache, as a store does */
		start = now_ns();
		totals_count(
		    totals, &(struct store_batch){.batch = &decoded, .ids = ids}, 1);
		spent += now_ns() - start;
	}
	return spent / ((double)BATCHES * BATCH);
}

int main(void)
{
	struct totals *totals;
	struct buffer page = {0};
	struct exposition_text text;
	uint64_t random = 1;
	double first;
	double steady;
	double start;

	if (totals_new(FUNCTIONS, 1, &totals) < 0)
		return 1;
	for (int i = 0; i < FUNCTIONS; i++)
		(void)snprintf(
		    functions[i].name, sizeof(functions[i].name), "function-%04d", i);
	first = count_all(totals, &random);
	steady = fmin(count_all(totals, &random), count_all(totals, &random));
	printf("totals of %d functions: count %.0f ns/invocation, the first million "
	       "%.0f ns\n",
	    FUNCTIONS, steady, first);
	start = now_ns();
	exposition_text_begin(&text, &page, true);
	metrics_faas(&text.to, totals);
	exposition_text_end(&text);
	printf("totals of %d functions: page of %zu KB in %.1f ms\n", FUNCTIONS,
	    page.n / 1000, (now_ns() - start) / 1e6);
	buffer_done(&page);
	totals_free(totals);
	return 0;
}
