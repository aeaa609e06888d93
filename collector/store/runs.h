/* The invocations of a group of batches with those of each function together: who counts
 * them looks a function up once, and has it at hand for all that came of it. */
#ifndef COLDMETER_STORE_RUNS_H
#define COLDMETER_STORE_RUNS_H

#include "store/store.h"

/* Zero-initialised is empty and valid; its memory is used again. */
struct store_runs {
	struct store_run *runs; /* functions in the order of their first invocation */
	size_t n;
	size_t runs_room;
	const struct invocation **invocations; /* of all runs, one run after the other */
	uint32_t *run_of;                      /* by invocation, as gathered */
	size_t invocations_n;
	size_t invocations_room;
	uint32_t *by_id; /* a run's place; of this group when that run has the id */
	size_t by_id_room;
};

/* Whether a batch's invocations go by runs: it is new, has ids and was not imported. */
static inline bool store_is_in_runs(const struct store_batch *stored)
{
	return stored->is_new && stored->ids && !stored->imported;
}

/* Those of the batches that go by runs. 0 or -ENOMEM. */
int store_runs_gather(
    struct store_runs *runs, const struct store_batch *batches, size_t n);
void store_runs_done(struct store_runs *runs);

/* Invocations of a run lie about in memory, in lines that the thread that read them
 * wrote: asks for some that come later while there is time. Call it at each step. */
#define STORE_RUN_AHEAD 8
#define STORE_RUN_FUNCTION_AHEAD 3 /* its invocation is there by then */
static inline void store_run_ahead(const struct store_run *run, size_t i)
{
	const char *later;

	if (i + STORE_RUN_AHEAD >= run->n)
		return;
	later = (const char *)run->invocations[i + STORE_RUN_AHEAD];
	__builtin_prefetch(later);
	__builtin_prefetch(later + 64);
	__builtin_prefetch(later + 128);
	__builtin_prefetch(run->invocations[i + STORE_RUN_FUNCTION_AHEAD]->function);
}

#endif
