#include "serve/exports/totals.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/ahead.h"
#include "base/clock.h"
#include "serve/exports/totals_rows.h"

#define SILENT_NS (86400 * CLOCK_NS_PER_S)
#define LOOK_NS (60 * CLOCK_NS_PER_S) /* between two searches for a silent one */

int totals_new(size_t functions_max, int64_t start_ns, struct totals **out)
{
	struct totals *t = calloc(1, sizeof(*t));
	size_t size = 4;

	if (!t)
		return -ENOMEM;
	while (size < functions_max * 2)
		size *= 2;
	t->max = functions_max;
	t->size = size;
	t->start_ns = start_ns;
	t->table = calloc(size, sizeof(*t->table));
	t->rows =
	    calloc(functions_max ? functions_max : 1, sizeof(struct totals_function *));
	if (!t->table || !t->rows) {
		free(t->table);
		free(t->rows);
		free(t);
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&t->mutex, NULL);
	*out = t;
	return 0;
}

void totals_function_free(struct totals_function *f)
{
	if (!f)
		return;
	histogram_done(&f->duration.histogram);
	histogram_done(&f->init.histogram);
	histogram_done(&f->cpu.histogram);
	histogram_done(&f->memory.histogram);
	free(f);
}

void totals_clear(struct totals *t)
{
	for (size_t i = 0; i < t->n; i++)
		totals_function_free(t->rows[i]);
	totals_function_free(t->overflow);
	by_id_done(&t->by_id);
	t->overflow = NULL;
	t->n = 0;
	memset(t->table, 0, t->size * sizeof(*t->table));
}

void totals_free(struct totals *t)
{
	if (!t)
		return;
	totals_clear(t);
	by_id_done(&t->by_id);
	free(t->table);
	free(t->rows);
	(void)pthread_mutex_destroy(&t->mutex);
	free(t);
}

static uint32_t *probe(
    const struct totals *t, uint64_t hash, const struct function *function)
{
	size_t i = (size_t)hash & (t->size - 1);

	for (; t->table[i]; i = (i + 1) & (t->size - 1)) {
		const struct totals_function *row = t->rows[t->table[i] - 1];

		if (row->hash == hash && function_is_same(&row->function, function))
			break;
	}
	return &t->table[i];
}

/* Makes room by forgetting the function that was silent longest, if that was a day. */
static bool forget_silent(struct totals *t, int64_t now_ns)
{
	size_t oldest = 0;

	if (t->n == 0 || now_ns < t->look_ns)
		return false;
	for (size_t i = 1; i < t->n; i++) {
		if (t->rows[i]->last_ns < t->rows[oldest]->last_ns)
			oldest = i;
	}
	if (now_ns - t->rows[oldest]->last_ns < SILENT_NS) {
		t->look_ns = now_ns + LOOK_NS;
		return false;
	}
	if (t->rows[oldest]->id)
		*by_id_at(&t->by_id, t->rows[oldest]->id) = NULL;
	totals_function_free(t->rows[oldest]);
	t->rows[oldest] = t->rows[--t->n];
	memset(t->table, 0, t->size * sizeof(*t->table));
	for (size_t i = 0; i < t->n; i++)
		*probe(t, t->rows[i]->hash, &t->rows[i]->function) = (uint32_t)i + 1;
	return true;
}

struct totals_function *totals_row(
    struct totals *t, const struct function *function, int64_t now_ns)
{
	uint64_t hash = function_hash(function);
	uint32_t *place = probe(t, hash, function);
	struct totals_function *row;

	if (*place)
		return t->rows[*place - 1];
	if (t->n == t->max && !forget_silent(t, now_ns))
		return NULL;
	row = calloc(1, sizeof(*row));
	if (!row)
		return NULL;
	row->function = *function;
	row->hash = hash;
	place = probe(t, hash, function); /* it may have moved */
	t->rows[t->n++] = row;
	*place = (uint32_t)t->n;
	return row;
}

static struct totals_function *overflow_of(struct totals *t)
{
	if (!t->overflow)
		t->overflow = calloc(1, sizeof(*t->overflow));
	return t->overflow;
}

static void measure(struct totals_measure *m, struct histogram_place place, uint64_t sum)
{
	if (histogram_add_at(&m->histogram, place) == 0)
		m->sum += sum;
}

/* Where the figures go that most invocations have. */
struct places {
	struct histogram_place duration;
	struct histogram_place cpu;
	struct histogram_place memory;
};

/* And asks for what count_one() will touch beside the row itself. */
static void find_places(
    const struct totals_function *f, const struct invocation *inv, struct places *places)
{
	if (inv->has & HAS_DURATION) {
		places->duration = histogram_place_ns(inv->duration_ns);
		histogram_ahead(&f->duration.histogram, places->duration);
	}
	if (inv->has & HAS_CPU) {
		places->cpu = histogram_place_ns(inv->cpu_ns);
		histogram_ahead(&f->cpu.histogram, places->cpu);
	}
	if (inv->has & HAS_MEMORY) {
		places->memory = histogram_place(inv->peak_memory_bytes);
		histogram_ahead(&f->memory.histogram, places->memory);
	}
}

static void count_one(
    struct totals_function *f, const struct invocation *inv, const struct places *places)
{
	f->invocations++;
	f->cold += inv->start_type == START_COLD;
	f->errors += invocation_is_error(inv);
	f->timeouts += inv->status == STATUS_TIMEOUT;
	if (inv->has & HAS_DURATION)
		measure(&f->duration, places->duration, inv->duration_ns);
	if (inv->has & HAS_INIT)
		measure(&f->init, histogram_place_ns(inv->init_ns), inv->init_ns);
	if (inv->has & HAS_CPU)
		measure(&f->cpu, places->cpu, inv->cpu_ns);
	if (inv->has & HAS_MEMORY)
		measure(&f->memory, places->memory, inv->peak_memory_bytes);
}

/* Its row, or the overflow's; NULL when there is no memory even for that. */
static struct totals_function *row_of(
    struct totals *t, const struct function *function, uint32_t id, int64_t now_ns)
{
	void **at = by_id_at(&t->by_id, id);
	struct totals_function *row = at ? *at : NULL;

	if (row)
		return row;
	row = totals_row(t, function, now_ns);
	if (!row)
		return overflow_of(t);
	if (at) {
		*at = row;
		row->id = id;
	}
	return row;
}

/* At most AHEAD_RECORDS of them. */
static void count_some(struct totals *t, const struct store_batch *stored,
    const struct invocation *invocations, size_t n, int64_t now_ns)
{
	struct totals_function *rows[AHEAD_RECORDS];
	struct places places[AHEAD_RECORDS];

	for (size_t i = 0; i < n; i++) {
		const struct function *function = invocations[i].function;

		/* NULL: a ping, or no memory even for the overflow */
		rows[i] =
		    invocations[i].ping
			? NULL
			: row_of(t, function, store_batch_id(stored, function), now_ns);
		if (rows[i]) /* now: else the next one of these may take its place */
			rows[i]->last_ns = now_ns;
		ahead(rows[i], offsetof(struct totals_function, init));
	}
	for (size_t i = 0; i < n; i++) {
		if (rows[i])
			find_places(rows[i], &invocations[i], &places[i]);
	}
	for (size_t i = 0; i < n; i++) {
		if (!rows[i])
			continue;
		count_one(rows[i], &invocations[i], &places[i]);
		t->changed = true;
	}
}

void totals_count(struct totals *t, const struct store_batch *stored, int64_t now_ns)
{
	const struct batch *batch = stored->batch;

	(void)pthread_mutex_lock(&t->mutex);
	for (size_t i = 0; i < batch->invocations_n; i += AHEAD_RECORDS) {
		size_t left = batch->invocations_n - i;

		count_some(t, stored, &batch->invocations[i],
		    left < AHEAD_RECORDS ? left : AHEAD_RECORDS, now_ns);
	}
	(void)pthread_mutex_unlock(&t->mutex);
}

int totals_scan(struct totals *t, totals_visit visit, void *context)
{
	int err = 0;

	(void)pthread_mutex_lock(&t->mutex);
	for (size_t i = 0; !err && i < t->n; i++)
		err = visit(context, t->rows[i]);
	if (!err && t->overflow)
		err = visit(context, t->overflow);
	(void)pthread_mutex_unlock(&t->mutex);
	return err;
}

struct totals_state totals_state(struct totals *t)
{
	struct totals_state state;

	(void)pthread_mutex_lock(&t->mutex);
	state = (struct totals_state){
	    t->start_ns, t->n, t->overflow ? t->overflow->invocations : 0};
	(void)pthread_mutex_unlock(&t->mutex);
	return state;
}
