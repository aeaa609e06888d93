#include "serve/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/count.h"

#define MINUTE_NS (60 * CLOCK_NS_PER_S)

static uint32_t *probe(
    const struct tallies *t, uint64_t hash, const struct function *function)
{
	size_t i = (size_t)hash & (t->table_size - 1);

	for (; t->table[i]; i = (i + 1) & (t->table_size - 1)) {
		const struct tally *row = t->rows[t->table[i] - 1];

		if (row->hash == hash && function_is_same(&row->function, function))
			break;
	}
	return &t->table[i];
}

static int make_room(struct tallies *t)
{
	size_t room = t->room ? t->room * 2 : 64;
	struct tally **rows;
	uint32_t *table;

	if (t->n < t->room)
		return 0;
	rows = realloc(t->rows, room * sizeof(struct tally *));
	if (!rows)
		return -ENOMEM;
	t->rows = rows;
	table = calloc(room * 2, sizeof(*table));
	if (!table)
		return -ENOMEM;
	free(t->table);
	t->table = table;
	t->table_size = room * 2;
	t->room = room;
	for (size_t i = 0; i < t->n; i++)
		*probe(t, rows[i]->hash, &rows[i]->function) = (uint32_t)i + 1;
	return 0;
}

static int find_or_add(
    struct tallies *t, const struct function *function, struct tally **out)
{
	uint64_t hash = function_hash(function);
	uint32_t row = t->n ? *probe(t, hash, function) : 0;
	struct tally *tally;

	if (row) {
		*out = t->rows[row - 1];
		return 0;
	}
	if (make_room(t) < 0)
		return -ENOMEM;
	tally = calloc(1, sizeof(*tally));
	if (!tally)
		return -ENOMEM;
	tally->function = *function;
	tally->hash = hash;
	tally->first_s = INT64_MAX;
	t->rows[t->n++] = tally;
	*probe(t, hash, function) = (uint32_t)t->n;
	*out = tally;
	return 0;
}

/* Spreads a minute's count evenly over the bars it overlaps, so that windows shorter than
 * 30 minutes have no gaps; what does not divide goes to the last. */
static void add_trend(
    struct tally *tally, const struct window *window, int64_t minute_ns, uint64_t count)
{
	int64_t width = window->until_ns - window->since_ns;
	int64_t from = minute_ns > window->since_ns ? minute_ns : window->since_ns;
	int64_t end = minute_ns + MINUTE_NS;
	int64_t until = end < window->until_ns ? end : window->until_ns;
	int first = (int)((__int128)(from - window->since_ns) * TALLY_TREND / width);
	int last = (int)((__int128)(until - 1 - window->since_ns) * TALLY_TREND / width);
	uint64_t bars;

	if (until <= from)
		return;
	bars = (uint64_t)last - (uint64_t)first + 1;
	for (int i = first; i <= last; i++)
		tally->trend[i] += count / bars;
	tally->trend[last] += count % bars;
}

static int add_row(void *context, int64_t minute_start_s, const struct function *function,
    const struct rollup *rollup)
{
	struct tallies *t = context;
	struct tally *tally;
	int err = find_or_add(t, function, &tally);

	if (err)
		return err;
	if (minute_start_s < tally->first_s)
		tally->first_s = minute_start_s;
	add_trend(
	    tally, &t->window, minute_start_s * CLOCK_NS_PER_S, rollup->invocations);
	return rollup_merge(&tally->rollup, rollup);
}

static int by_name(const void *a, const void *b)
{
	const struct function *left = &(*(struct tally *const *)a)->function;
	const struct function *right = &(*(struct tally *const *)b)->function;
	int order = strcmp(left->name, right->name);

	if (!order)
		order = strcmp(left->version, right->version);
	return order ? order : (int)left->platform - (int)right->platform;
}

int tallies_read(struct tallies *t, struct store *store, const struct window *window,
    const char *function)
{
	int err;

	*t = (struct tallies){.window = *window};
	err = store_scan_rollups(
	    store, window->since_ns, window->until_ns, function, add_row, t);
	if (!err && t->n)
		qsort(t->rows, t->n, sizeof(struct tally *), by_name);
	return err;
}

void tally_ledger(const struct tally *tally, struct batch_ledger *sum)
{
	const struct rollup *r = &tally->rollup;

	count_add(&sum->delivered, r->invocations);
	count_add(&sum->delivered, r->pings);
	count_add(&sum->seen, r->invocations);
	count_add(&sum->seen, r->pings);
	count_add(&sum->seen, rollup_lost(r));
	for (size_t i = 0; i < LOST_REASONS; i++)
		count_add(&sum->lost[i], r->lost[i]);
}

void tallies_done(struct tallies *t)
{
	for (size_t i = 0; i < t->n; i++) {
		rollup_done(&t->rows[i]->rollup);
		free(t->rows[i]);
	}
	free(t->rows);
	free(t->table);
	*t = (struct tallies){0};
}
