#include "agent/sandboxes/untold.h"

#include <errno.h>
#include <stdlib.h>

#define FUNCTIONS_MAX 4096
#define BUCKETS 1024

struct entry {
	struct entry *next;
	struct function function;
	uint64_t untold[LOST_REASONS];
	uint64_t all[LOST_REASONS];
};

struct untold {
	size_t n;
	size_t owed; /* of them, with something to be told: usually none */
	size_t hand; /* the bucket where what was told is looked for next */
	struct entry *buckets[BUCKETS];
};

int untold_new(struct untold **out)
{
	struct untold *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	*out = u;
	return 0;
}

void untold_free(struct untold *u)
{
	for (size_t i = 0; u && i < BUCKETS; i++) {
		while (u->buckets[i]) {
			struct entry *e = u->buckets[i];

			u->buckets[i] = e->next;
			free(e);
		}
	}
	free(u);
}

static bool is_owed(const struct entry *e)
{
	for (int i = 0; i < LOST_REASONS; i++)
		if (e->untold[i])
			return true;
	return false;
}

/* Forgets one of whom all was told, when there is one. */
static void make_room(struct untold *u)
{
	for (size_t i = 0; u->owed < u->n && i < BUCKETS; i++) {
		struct entry **at = &u->buckets[(u->hand + i) % BUCKETS];
		struct entry *e;

		while (*at && is_owed(*at))
			at = &(*at)->next;
		e = *at;
		if (!e)
			continue;
		*at = e->next;
		free(e);
		u->n--;
		u->hand = (u->hand + i + 1) % BUCKETS;
		return;
	}
}

static struct entry *find_or_add(struct untold *u, const struct function *function)
{
	struct entry **at = &u->buckets[function_hash(function) % BUCKETS];
	struct entry *e = *at;

	while (e && !function_is_same(&e->function, function))
		e = e->next;
	if (e)
		return e;
	if (u->n == FUNCTIONS_MAX)
		make_room(u);
	if (u->n == FUNCTIONS_MAX)
		return NULL;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->function = *function;
	e->next = *at;
	*at = e;
	u->n++;
	return e;
}

static void add(struct untold *u, const struct function *function,
    enum lost_reason reason, uint64_t n, bool is_new)
{
	struct entry *e = n ? find_or_add(u, function) : NULL;

	if (!e)
		return;
	if (!is_owed(e))
		u->owed++;
	e->untold[reason] += n;
	if (is_new)
		e->all[reason] += n;
}

void untold_add(struct untold *u, const struct function *function,
    enum lost_reason reason, uint64_t n)
{
	add(u, function, reason, n, true);
}

void untold_add_batch(
    struct untold *u, const struct batch *batch, enum lost_reason reason)
{
	for (size_t i = 0; i < batch->invocations_n; i++)
		add(u, batch->invocations[i].function, reason, 1, true);
	for (size_t i = 0; i < batch->losses_n; i++)
		add(u, batch->losses[i].function, batch->losses[i].reason,
		    batch->losses[i].n, false);
}

/* False when the batch has no room for all of it. */
static bool tell(struct entry *e, struct batch_writer *w)
{
	for (int i = 0; i < LOST_REASONS; i++) {
		if (!e->untold[i])
			continue;
		if (batch_writer_lose(
			w, &e->function, (enum lost_reason)i, e->untold[i]) < 0)
			return false;
		e->untold[i] = 0;
	}
	return true;
}

void untold_tell(struct untold *u, struct batch_writer *w)
{
	for (size_t i = 0; u->owed > 0 && i < BUCKETS; i++) {
		for (struct entry *e = u->buckets[i]; e; e = e->next) {
			if (!is_owed(e))
				continue;
			if (!tell(e, w))
				return;
			u->owed--;
		}
	}
}

void untold_scan(const struct untold *u, untold_visit visit, void *context)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct entry *e = u->buckets[i]; e; e = e->next)
			visit(context, &e->function, e->all);
}
