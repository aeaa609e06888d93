/* What a batch changes besides its raw bytes: known ids, functions, sums. */
#include "store/sqlite/write.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ahead.h"
#include "base/cleanup.h"
#include "base/count.h"
#include "price/plan.h"
#include "store/sqlite/batches.h"
#include "store/sqlite/engine.h"
#include "store/sqlite/imported.h"

/* When losses of a batch are counted. */
static int64_t lost_ns(const struct batch *batch)
{
	return batch->head.sent_ns > 0 ? batch->head.sent_ns : 0;
}

/* A function of which nothing arrived but what was lost. */
static void see_loss(
    struct sqlite *store, const struct batch *batch, struct dictionary_news *news)
{
	struct dictionary_entry known;

	if (news->last_seen_ns != INT64_MIN)
		return;
	news->first_seen_ns = news->last_seen_ns = lost_ns(batch);
	if (dictionary_find(store->functions, news->function, &known) == 0)
		news->kind = known.kind;
}

/* The time that the invocations lie in. */
static void note_times(
    struct store_batch *stored, const struct dictionary_news *seen, size_t n)
{
	stored->first_ns = INT64_MAX;
	stored->last_ns = INT64_MIN;
	for (size_t i = 0; i < n; i++) {
		if (seen[i].first_seen_ns < stored->first_ns)
			stored->first_ns = seen[i].first_seen_ns;
		if (seen[i].last_seen_ns > stored->last_ns)
			stored->last_ns = seen[i].last_seen_ns;
	}
}

/* The ids of the batch's functions, in their order; what was seen of each is noted. */
static int take_functions(struct sqlite *store, struct store_batch *stored, uint32_t *ids)
{
	const struct batch *batch = stored->batch;
	struct dictionary_news *seen = calloc(batch->functions_n + 1, sizeof(*seen));
	int err = seen ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < batch->functions_n; i++)
		seen[i] = (struct dictionary_news){.function = &batch->functions[i],
		    .first_seen_ns = INT64_MAX,
		    .last_seen_ns = INT64_MIN};
	for (size_t i = 0; !err && i < batch->invocations_n; i++) {
		const struct invocation *inv = &batch->invocations[i];
		struct dictionary_news *news = &seen[inv->function - batch->functions];

		news->kind = inv->kind;
		if (inv->start_ns < news->first_seen_ns)
			news->first_seen_ns = inv->start_ns;
		if (inv->start_ns > news->last_seen_ns)
			news->last_seen_ns = inv->start_ns;
	}
	if (!err)
		note_times(stored, seen, batch->functions_n);
	for (size_t i = 0; !err && i < batch->losses_n; i++)
		see_loss(
		    store, batch, &seen[batch->losses[i].function - batch->functions]);
	if (!err)
		err = dictionary_take(store->functions, seen, batch->functions_n, ids);
	free(seen);
	return err;
}

static int count_losses(
    struct sqlite *store, const struct batch *batch, const uint32_t *ids)
{
	int err = 0;

	for (size_t i = 0; !err && i < batch->losses_n; i++) {
		const struct batch_loss *loss = &batch->losses[i];
		int64_t key = minutes_key(
		    lost_ns(batch) / MINUTE_NS, ids[loss->function - batch->functions]);
		struct rollup *rollup;

		err = minutes_open(store->minutes, store->writer, key, &rollup);
		if (!err)
			count_add(&rollup->lost[loss->reason], loss->n);
	}
	return err;
}

/* At most AHEAD_RECORDS of them. */
static int count_some(struct sqlite *store, const struct batch *batch,
    const struct invocation *invocations, size_t n, const uint32_t *ids)
{
	int64_t keys[AHEAD_RECORDS];
	struct rollup *rollups[AHEAD_RECORDS];
	struct rollup_places places[AHEAD_RECORDS];
	int err = 0;

	for (size_t i = 0; i < n; i++) {
		keys[i] = minutes_key(invocations[i].start_ns / MINUTE_NS,
		    ids[invocations[i].function - batch->functions]);
		minutes_ahead(store->minutes, keys[i]);
	}
	for (size_t i = 0; !err && i < n; i++) {
		err = minutes_open(store->minutes, store->writer, keys[i], &rollups[i]);
		if (!err)
			rollup_find_places(rollups[i], &invocations[i], &places[i]);
	}
	for (size_t i = 0; !err && i < n; i++) {
		plan_count_all(
		    &invocations[i], rollup_usage(rollups[i], &invocations[i]));
		err = rollup_add_at(rollups[i], &invocations[i], &places[i]);
	}
	return err;
}

static int count_batch(
    struct sqlite *store, const struct batch *batch, const uint32_t *ids)
{
	int err = 0;

	for (size_t i = 0; !err && i < batch->invocations_n; i += AHEAD_RECORDS) {
		size_t left = batch->invocations_n - i;

		err = count_some(store, batch, &batch->invocations[i],
		    left < AHEAD_RECORDS ? left : AHEAD_RECORDS, ids);
	}
	return err;
}

static int write_functions(struct sqlite *store, struct store_batch *batch, uint32_t *ids)
{
	int err = take_functions(store, batch, ids);

	if (!err)
		err = count_losses(store, batch->batch, ids);
	return err ? err : count_batch(store, batch->batch, ids);
}

int write_batch(struct sqlite *store, struct store_batch *batch, int64_t now_ns)
{
	const struct batch_head *head = &batch->batch->head;
	AUTO(free) uint32_t *ids = NULL;
	int err = batches_take(store->writer, &head->id, now_ns);

	batch->is_new = err == 1;
	if (err != 1)
		return err;
	err = batches_note_agent(store->writer, head, now_ns);
	if (!err && batch->imported)
		err = imported_take(store->writer, batch);
	if (err || batch->ids)
		return err ? err : write_functions(store, batch, batch->ids);
	ids = calloc(batch->batch->functions_n + 1, sizeof(*ids));
	return ids ? write_functions(store, batch, ids) : -ENOMEM;
}
