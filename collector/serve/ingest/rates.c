#include "serve/ingest/rates.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/ahead.h"
#include "base/by_id.h"
#include "base/clock.h"

#define FUNCTIONS_MAX 100000
#define RING_S 16 /* more than RATES_WINDOW_S and the delay of a batch */

struct known {
	int64_t newest_s;       /* the last second that is counted, */
	uint32_t count[RING_S]; /* and those before it */
	uint64_t hash;          /* from here on only to be found */
	struct function function;
};

struct rates {
	pthread_mutex_t mutex;
	struct by_id by_id;   /* the store's numbers */
	struct known **table; /* open addressing, at most half full */
	size_t size;
	size_t n;
};

int rates_new(struct rates **out)
{
	struct rates *rates = calloc(1, sizeof(*rates));

	if (!rates)
		return -ENOMEM;
	rates->size = 256;
	rates->table = calloc(rates->size, sizeof(struct known *));
	if (!rates->table) {
		free(rates);
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&rates->mutex, NULL);
	*out = rates;
	return 0;
}

void rates_free(struct rates *rates)
{
	if (!rates)
		return;
	for (size_t i = 0; i < rates->size; i++)
		free(rates->table[i]);
	free(rates->table);
	by_id_done(&rates->by_id);
	(void)pthread_mutex_destroy(&rates->mutex);
	free(rates);
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

static void grow(struct rates *rates)
{
	size_t size = rates->size * 2;
	struct known **table = calloc(size, sizeof(struct known *));

	if (!table)
		return; /* fuller, and still right: find_or_add stops before it is full */
	for (size_t i = 0; i < rates->size; i++) {
		struct known *known = rates->table[i];

		if (known)
			*probe(table, size, known->hash, &known->function) = known;
	}
	free(rates->table);
	rates->table = table;
	rates->size = size;
}

static struct known *find_or_add(struct rates *rates, const struct function *function)
{
	uint64_t hash = function_hash(function);
	struct known **place = probe(rates->table, rates->size, hash, function);
	struct known *known = *place;

	if (known || rates->n == FUNCTIONS_MAX || rates->n + 1 == rates->size)
		return known;
	known = calloc(1, sizeof(*known));
	if (!known)
		return NULL;
	known->hash = hash;
	known->function = *function;
	*place = known;
	if (++rates->n * 2 > rates->size)
		grow(rates);
	return known;
}

/* Makes that second the newest: those between were silent. */
static void turn_to(struct known *known, int64_t second)
{
	int64_t from = known->newest_s + 1;

	if (second < from || second - from >= RING_S)
		from = second - RING_S + 1;
	for (int64_t s = from; s <= second; s++)
		known->count[(size_t)s % RING_S] = 0;
	known->newest_s = second;
}

static void count_one(
    struct known *known, const struct invocation *invocation, int64_t now_s)
{
	uint64_t span = invocation->has & HAS_DURATION ? invocation->duration_ns : 0;
	int64_t second = (int64_t)((uint64_t)invocation->start_ns / CLOCK_NS_PER_S +
				   span / CLOCK_NS_PER_S);

	if (second < now_s - RING_S || second > now_s + RING_S)
		return; /* too late to be asked for, or from a clock that is wrong */
	/* a newest one of the future is from before our clock went back */
	if (second > known->newest_s || known->newest_s > now_s + RING_S)
		turn_to(known, second);
	if (known->newest_s - second < RING_S)
		known->count[(size_t)second % RING_S]++;
}

static struct known *known_of(
    struct rates *rates, const struct function *function, uint32_t id)
{
	void **at = by_id_at(&rates->by_id, id);

	if (!at)
		return find_or_add(rates, function);
	if (!*at)
		*at = find_or_add(rates, function);
	return *at;
}

/* At most AHEAD_RECORDS of them. */
static void count_some(struct rates *rates, const struct store_batch *stored,
    const struct invocation *invocations, size_t n, int64_t now_s)
{
	struct known *known[AHEAD_RECORDS];

	for (size_t i = 0; i < n; i++) {
		const struct function *function = invocations[i].function;

		known[i] = invocations[i].ping ? NULL
					       : known_of(rates, function,
						     store_batch_id(stored, function));
		ahead(known[i], offsetof(struct known, hash));
	}
	for (size_t i = 0; i < n; i++) {
		if (known[i])
			count_one(known[i], &invocations[i], now_s);
	}
}

void rates_count(struct rates *rates, const struct store_batch *stored, int64_t now_ns)
{
	const struct batch *batch = stored->batch;

	(void)pthread_mutex_lock(&rates->mutex);
	for (size_t i = 0; i < batch->invocations_n; i += AHEAD_RECORDS) {
		size_t left = batch->invocations_n - i;

		count_some(rates, stored, &batch->invocations[i],
		    left < AHEAD_RECORDS ? left : AHEAD_RECORDS, now_ns / CLOCK_NS_PER_S);
	}
	(void)pthread_mutex_unlock(&rates->mutex);
}

double rates_of(struct rates *rates, const struct function *function, int64_t now_ns)
{
	int64_t now_s = now_ns / CLOCK_NS_PER_S;
	const struct known *known;
	uint64_t sum = 0;

	(void)pthread_mutex_lock(&rates->mutex);
	known = *probe(rates->table, rates->size, function_hash(function), function);
	for (int64_t s = now_s - RATES_WINDOW_S; known && s < now_s; s++) {
		if (s <= known->newest_s && known->newest_s - s < RING_S)
			sum += known->count[(size_t)s % RING_S];
	}
	(void)pthread_mutex_unlock(&rates->mutex);
	return (double)sum / RATES_WINDOW_S;
}
