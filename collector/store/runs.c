/* A counting sort by the store's numbers of functions. The table by number is never
 * cleared: a place in it counts when the run there has that number. */
#include "store/runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int reserve(void **at, size_t *room, size_t n, size_t size)
{
	size_t more = *room ? *room : 256;
	void *grown;

	if (n <= *room)
		return 0;
	while (more < n)
		more *= 2;
	grown = reallocarray(*at, more, size);
	if (!grown)
		return -ENOMEM;
	*at = grown;
	*room = more;
	return 0;
}

static int reserve_ids(struct store_runs *runs, uint32_t id)
{
	size_t had = runs->by_id_room;
	int err = reserve((void **)&runs->by_id, &runs->by_id_room, (size_t)id + 1,
	    sizeof(*runs->by_id));

	if (!err)
		memset(runs->by_id + had, 0,
		    (runs->by_id_room - had) * sizeof(*runs->by_id));
	return err;
}

/* The place of the run with that number, made when there is none. */
static int find_run(
    struct store_runs *runs, const struct function *function, uint32_t id, uint32_t *out)
{
	int err = id < runs->by_id_room ? 0 : reserve_ids(runs, id);

	if (err)
		return err;
	*out = runs->by_id[id];
	if (*out < runs->n && runs->runs[*out].id == id)
		return 0;
	err = reserve(
	    (void **)&runs->runs, &runs->runs_room, runs->n + 1, sizeof(*runs->runs));
	if (err)
		return err;
	*out = runs->by_id[id] = (uint32_t)runs->n;
	runs->runs[runs->n++] = (struct store_run){.function = function, .id = id};
	return 0;
}

static int reserve_invocations(struct store_runs *runs, size_t n)
{
	size_t room = runs->invocations_room;
	int err =
	    reserve((void **)&runs->invocations, &room, n, sizeof(*runs->invocations));

	if (!err)
		err = reserve((void **)&runs->run_of, &runs->invocations_room, n,
		    sizeof(*runs->run_of));
	return err;
}

/* Which run each invocation of the batch goes to, and how many each run gets. */
static int count_batch(struct store_runs *runs, const struct store_batch *stored)
{
	const struct batch *batch = stored->batch;
	const struct function *last = NULL;
	uint32_t run = 0;
	int err = 0;

	for (size_t i = 0; !err && i < batch->invocations_n; i++) {
		const struct function *function = batch->invocations[i].function;

		if (function != last)
			err = find_run(
			    runs, function, store_batch_id(stored, function), &run);
		if (err)
			return err;
		last = function;
		runs->runs[run].n++;
		runs->run_of[runs->invocations_n++] = run;
	}
	return 0;
}

/* Gives each run its part of the list. */
static void deal(struct store_runs *runs)
{
	size_t at = 0;

	for (size_t r = 0; r < runs->n; r++) {
		runs->runs[r].invocations = runs->invocations + at;
		at += runs->runs[r].n;
		runs->runs[r].n = 0;
	}
}

/* at: how many were placed before; returns how many are now. */
static size_t place_batch(struct store_runs *runs, const struct batch *batch, size_t at)
{
	for (size_t i = 0; i < batch->invocations_n; i++) {
		struct store_run *run = &runs->runs[runs->run_of[at++]];

		run->invocations[run->n++] = &batch->invocations[i];
	}
	return at;
}

int store_runs_gather(
    struct store_runs *runs, const struct store_batch *batches, size_t n)
{
	size_t sum = 0;
	size_t at = 0;
	int err;

	runs->n = 0;
	runs->invocations_n = 0;
	for (size_t b = 0; b < n; b++)
		sum +=
		    store_is_in_runs(&batches[b]) ? batches[b].batch->invocations_n : 0;
	err = reserve_invocations(runs, sum);
	for (size_t b = 0; !err && b < n; b++)
		if (store_is_in_runs(&batches[b]))
			err = count_batch(runs, &batches[b]);
	if (err) {
		runs->n = 0;
		return err;
	}
	deal(runs);
	for (size_t b = 0; b < n; b++)
		if (store_is_in_runs(&batches[b]))
			at = place_batch(runs, batches[b].batch, at);
	return 0;
}

void store_runs_done(struct store_runs *runs)
{
	free(runs->runs);
	free(runs->invocations);
	free(runs->run_of);
	free(runs->by_id);
	*runs = (struct store_runs){0};
}
