#include "serve/ingest/live.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/ahead.h"
#include "base/by_id.h"
#include "base/clock.h"

#define FUNCTIONS_MAX 100000
#define RING_S 16 /* more than LIVE_RATE_S and the delay of a batch */

#define MS 1000000ULL
const uint64_t live_bounds_ns[LIVE_BUCKETS] = {5 * MS, 10 * MS, 25 * MS, 50 * MS,
    100 * MS, 250 * MS, 500 * MS, 1000 * MS, 2500 * MS, 5000 * MS, 10000 * MS, 30000 * MS,
    60000 * MS, 300000 * MS, 900000 * MS};

struct known {
	struct live_totals totals;
	int64_t second[RING_S]; /* which one each count is of */
	uint32_t count[RING_S];
	uint64_t hash; /* from here on only to be found */
	struct function function;
};

struct live {
	pthread_mutex_t mutex;
	struct by_id by_id;   /* the store's numbers */
	struct known **table; /* open addressing, at most half full */
	size_t size;
	size_t n;
};

int live_new(struct live **out)
{
	struct live *live = calloc(1, sizeof(*live));

	if (!live)
		return -ENOMEM;
	live->size = 256;
	live->table = calloc(live->size, sizeof(struct known *));
	if (!live->table) {
		free(live);
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&live->mutex, NULL);
	*out = live;
	return 0;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	for (size_t i = 0; i < live->size; i++)
		free(live->table[i]);
	free(live->table);
	by_id_done(&live->by_id);
	(void)pthread_mutex_destroy(&live->mutex);
	free(live);
}

static struct known **probe(
    struct known **table, size_t size, uint64_t hash, const struct function *function)
{
	size_t i = (size_t)hash & (size - 1);

	while (table[i] && (table[i]->hash != hash ||
			       !function_is_same(&table[i]->function, function)))
		i = (i + 1) & (size - 1);
	return &table[i];
}

static void grow(struct live *live)
{
	size_t size = live->size * 2;
	struct known **table = calloc(size, sizeof(struct known *));

	if (!table)
		return; /* fuller, and still right: find_or_add stops before it is full */
	for (size_t i = 0; i < live->size; i++) {
		struct known *known = live->table[i];

		if (known)
			*probe(table, size, known->hash, &known->function) = known;
	}
	free(live->table);
	live->table = table;
	live->size = size;
}

static struct known *find_or_add(struct live *live, const struct function *function)
{
	uint64_t hash = function_hash(function);
	struct known **place = probe(live->table, live->size, hash, function);
	struct known *known = *place;

	if (known || live->n == FUNCTIONS_MAX || live->n + 1 == live->size)
		return known;
	known = calloc(1, sizeof(*known));
	if (!known)
		return NULL;
	known->hash = hash;
	known->function = *function;
	*place = known;
	if (++live->n * 2 > live->size)
		grow(live);
	return known;
}

static void count_totals(struct live_totals *totals, const struct invocation *inv)
{
	size_t i = 0;

	totals->invocations++;
	totals->cold += inv->start_type == START_COLD;
	totals->errors += invocation_is_error(inv);
	if (!(inv->has & HAS_DURATION))
		return;
	totals->durations++;
	totals->duration_ns += inv->duration_ns;
	for (size_t b = 0; b < LIVE_BUCKETS; b++) /* no branch to foresee */
		i += inv->duration_ns > live_bounds_ns[b];
	if (i < LIVE_BUCKETS)
		totals->by_bound[i]++;
}

static void count_one(
    struct known *known, const struct invocation *invocation, int64_t now_s)
{
	uint64_t span = invocation->has & HAS_DURATION ? invocation->duration_ns : 0;
	int64_t second = (int64_t)((uint64_t)invocation->start_ns / CLOCK_NS_PER_S +
				   span / CLOCK_NS_PER_S);
	size_t i = (size_t)second % RING_S;

	count_totals(&known->totals, invocation);
	/* one of the future is from before the wall clock went back */
	if (second > known->second[i] || known->second[i] > now_s + RING_S) {
		known->second[i] = second;
		known->count[i] = 0;
	}
	known->count[i] += second == known->second[i];
}

static struct known *known_of(
    struct live *live, const struct function *function, uint32_t id)
{
	void **at = by_id_at(&live->by_id, id);

	if (!at)
		return find_or_add(live, function);
	if (!*at)
		*at = find_or_add(live, function);
	return *at;
}

/* At most AHEAD_RECORDS of them. */
static void count_some(struct live *live, const struct store_batch *stored,
    const struct invocation *invocations, size_t n, int64_t now_s)
{
	struct known *known[AHEAD_RECORDS];

	for (size_t i = 0; i < n; i++) {
		const struct function *function = invocations[i].function;

		known[i] = invocations[i].ping ? NULL
					       : known_of(live, function,
						     store_batch_id(stored, function));
		ahead(known[i], offsetof(struct known, hash));
	}
	for (size_t i = 0; i < n; i++) {
		if (known[i])
			count_one(known[i], &invocations[i], now_s);
	}
}

void live_count(struct live *live, const struct store_batch *stored, int64_t now_ns)
{
	const struct batch *batch = stored->batch;

	(void)pthread_mutex_lock(&live->mutex);
	for (size_t i = 0; i < batch->invocations_n; i += AHEAD_RECORDS) {
		size_t left = batch->invocations_n - i;

		count_some(live, stored, &batch->invocations[i],
		    left < AHEAD_RECORDS ? left : AHEAD_RECORDS, now_ns / CLOCK_NS_PER_S);
	}
	(void)pthread_mutex_unlock(&live->mutex);
}

double live_rate(struct live *live, const struct function *function, int64_t now_ns)
{
	int64_t now_s = now_ns / CLOCK_NS_PER_S;
	const struct known *known;
	uint64_t sum = 0;

	(void)pthread_mutex_lock(&live->mutex);
	known = *probe(live->table, live->size, function_hash(function), function);
	for (size_t i = 0; known && i < RING_S; i++) {
		if (known->second[i] < now_s && known->second[i] >= now_s - LIVE_RATE_S)
			sum += known->count[i];
	}
	(void)pthread_mutex_unlock(&live->mutex);
	return (double)sum / LIVE_RATE_S;
}

int live_scan(struct live *live, live_visit visit, void *context)
{
	int err = 0;

	(void)pthread_mutex_lock(&live->mutex);
	for (size_t i = 0; !err && i < live->size; i++) {
		if (live->table[i])
			err = visit(
			    context, &live->table[i]->function, &live->table[i]->totals);
	}
	(void)pthread_mutex_unlock(&live->mutex);
	return err;
}
