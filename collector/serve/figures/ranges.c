/* Whoever is free reads the next range: the helpers all the time, who asks while what is
 * next to be visited is not read yet. Ranges that are read wait in a ring for their turn;
 * when it is full, the helpers wait. */
#include "serve/figures/ranges.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#define HELPERS_MAX 3 /* the store lends so many readers more: POOL_MAX */
#define SLOTS ((size_t)2 * (HELPERS_MAX + 1))

struct slot {
	uint32_t first_id;
	uint32_t end_id;
	bool is_read;
	int err;
	void *read;
};

struct work {
	const struct ranges *ranges;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct slot slots[SLOTS]; /* range i of all in slot i % SLOTS */
	size_t taken;
	size_t visited;
	uint32_t next_id;
	bool ended; /* no further one is taken */
	pthread_t helpers[HELPERS_MAX];
	size_t helpers_n;
};

/* The next range that nobody reads, when there is one and room for it; else NULL. */
static struct slot *take(struct work *work)
{
	struct slot *slot = &work->slots[work->taken % SLOTS];
	uint32_t end_id;

	if (work->ended || work->taken - work->visited == SLOTS)
		return NULL;
	end_id = store_range_end(work->ranges->store, work->next_id);
	if (end_id == 0) {
		work->ended = true;
		(void)pthread_cond_broadcast(&work->changed);
		return NULL;
	}
	*slot = (struct slot){.first_id = work->next_id, .end_id = end_id};
	work->next_id = end_id;
	work->taken++;
	return slot;
}

/* The mutex is held but while reading. */
static void read_slot(struct work *work, struct slot *slot)
{
	const struct ranges *ranges = work->ranges;

	(void)pthread_mutex_unlock(&work->mutex);
	slot->read = calloc(1, ranges->read_bytes);
	slot->err = slot->read ? ranges->read(ranges->context, slot->first_id,
				     slot->end_id, slot->read)
			       : -ENOMEM;
	(void)pthread_mutex_lock(&work->mutex);
	slot->is_read = true;
	(void)pthread_cond_broadcast(&work->changed);
}

static void release(const struct work *work, struct slot *slot)
{
	if (slot->read)
		work->ranges->done(slot->read);
	free(slot->read);
	slot->read = NULL;
}

static void *help(void *context)
{
	struct work *work = context;

	(void)pthread_mutex_lock(&work->mutex);
	while (!work->ended) {
		struct slot *slot = take(work);

		if (slot)
			read_slot(work, slot);
		else if (!work->ended)
			(void)pthread_cond_wait(&work->changed, &work->mutex);
	}
	(void)pthread_mutex_unlock(&work->mutex);
	return NULL;
}

/* One less than there are CPUs for this process. Fewer threads than that do it too. */
static void start_helpers(struct work *work)
{
	cpu_set_t cpus;
	int n = sched_getaffinity(0, sizeof(cpus), &cpus) < 0 ? 1 : CPU_COUNT(&cpus);

	while (work->helpers_n < HELPERS_MAX && (int)work->helpers_n < n - 1 &&
	       pthread_create(&work->helpers[work->helpers_n], NULL, help, work) == 0)
		work->helpers_n++;
}

static int visit(struct work *work, struct slot *slot)
{
	int err = slot->err;

	(void)pthread_mutex_unlock(&work->mutex);
	if (!err)
		err = work->ranges->visit(work->ranges->context, slot->read);
	release(work, slot);
	(void)pthread_mutex_lock(&work->mutex);
	work->visited++;
	(void)pthread_cond_broadcast(&work->changed);
	return err;
}

/* Reads and visits until there is no range left, or one fails. */
static int visit_all(struct work *work)
{
	int err = 0;

	while (!err && (!work->ended || work->visited < work->taken)) {
		struct slot *next = &work->slots[work->visited % SLOTS];
		struct slot *slot;

		if (work->visited < work->taken && next->is_read)
			err = visit(work, next);
		else if ((slot = take(work)))
			read_slot(work, slot);
		else if (work->visited < work->taken)
			(void)pthread_cond_wait(&work->changed, &work->mutex);
	}
	work->ended = true;
	(void)pthread_cond_broadcast(&work->changed);
	return err;
}

int ranges_each(const struct ranges *ranges)
{
	struct work work = {.ranges = ranges};
	uint32_t end_id = store_range_end(ranges->store, 0);
	int err;

	(void)pthread_mutex_init(&work.mutex, NULL);
	(void)pthread_cond_init(&work.changed, NULL);
	if (end_id && store_range_end(ranges->store, end_id))
		start_helpers(&work);
	(void)pthread_mutex_lock(&work.mutex);
	err = visit_all(&work);
	(void)pthread_mutex_unlock(&work.mutex);
	for (size_t i = 0; i < work.helpers_n; i++)
		(void)pthread_join(work.helpers[i], NULL);
	for (size_t i = work.visited; i < work.taken; i++)
		release(&work, &work.slots[i % SLOTS]);
	(void)pthread_cond_destroy(&work.changed);
	(void)pthread_mutex_destroy(&work.mutex);
	return err;
}
