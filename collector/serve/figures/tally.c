#include "serve/figures/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/by_id.h"
#include "base/clock.h"
#include "base/count.h"
#include "base/room.h"
#include "serve/figures/ranges.h"

#define HOUR_NS (3600 * CLOCK_NS_PER_S)

static int find_or_add(
    struct tallies *t, uint32_t id, const struct function *function, struct tally **out)
{
	void **at = by_id_at(&t->by_id, id - t->first_id + 1); /* none is 0 */
	struct tally *tally = at ? *at : NULL;

	if (tally) {
		*out = tally;
		return 0;
	}
	if (!at || ROOM_FOR_ONE(t->rows, t->n, t->room) < 0)
		return -ENOMEM;
	tally = calloc(1, sizeof(*tally));
	if (!tally)
		return -ENOMEM;
	tally->function = *function;
	tally->first_s = INT64_MAX;
	t->rows[t->n++] = tally;
	*at = tally;
	*out = tally;
	return 0;
}

static int bar_of(const struct tallies *t, int64_t ns)
{
	int bar = (int)((__int128)(ns - t->window.since_ns) * TALLY_TREND /
			(t->window.until_ns - t->window.since_ns));

	while (bar > 0 && ns < t->bars_ns[bar]) /* they are not all as wide */
		bar--;
	while (bar + 1 < TALLY_TREND && ns >= t->bars_ns[bar + 1])
		bar++;
	return bar;
}

/* Spreads a count evenly over the bars that its time overlaps, so that windows shorter
 * than 30 minutes have no gaps; what does not divide goes to the last. Of a minute that
 * two bars share there may be several rows: they are halved together at the end. */
static void add_trend(
    struct tallies *t, struct tally *tally, const struct store_part *part)
{
	int64_t start = part->start_s * CLOCK_NS_PER_S;
	int64_t end = start + part->seconds * CLOCK_NS_PER_S;
	int64_t from = start > t->window.since_ns ? start : t->window.since_ns;
	int64_t until = end < t->window.until_ns ? end : t->window.until_ns;
	uint64_t count = part->invocations;
	uint64_t bars;
	int first;
	int last;

	if (until <= from)
		return;
	first = t->bar; /* most often it is the bar of the one before */
	if (from < t->bars_ns[first] || until > t->bars_ns[first + 1])
		t->bar = first = bar_of(t, from);
	if (until <= t->bars_ns[first + 1]) {
		tally->trend[first] += count;
		return;
	}
	last = bar_of(t, until - 1);
	bars = (uint64_t)last - (uint64_t)first + 1;
	if (bars == 2) {
		tally->shared[last] += count;
		return;
	}
	for (int i = first; i <= last; i++)
		tally->trend[i] += count / bars;
	tally->trend[last] += count % bars;
}

static void share_out(struct tally *tally)
{
	for (int i = 1; i < TALLY_TREND; i++) {
		tally->trend[i - 1] += tally->shared[i] / 2;
		tally->trend[i] += tally->shared[i] - tally->shared[i] / 2;
		tally->shared[i] = 0;
	}
}

static int add_span(void *context, const struct store_span *span)
{
	struct tallies *t = context;
	struct tally *tally;
	int err = find_or_add(t, span->id, span->function, &tally);

	if (err)
		return err;
	for (size_t i = 0; i < span->parts_n; i++)
		add_trend(t, tally, &span->parts[i]);
	if (!span->add)
		return 0;
	if (span->first_s < tally->first_s)
		tally->first_s = span->first_s;
	return span->add(span, &tally->rollup);
}

/* Where each bar begins, and the end of the last. Bars of a day begin with an hour, so
 * that nobody asks in which of its minutes an hour's invocations came. */
static void set_bars(struct tallies *t)
{
	int64_t width = t->window.until_ns - t->window.since_ns;
	int64_t grain = width / TALLY_TREND >= 24 * HOUR_NS ? HOUR_NS : 1;

	for (int i = 0; i <= TALLY_TREND; i++) {
		t->bars_ns[i] =
		    t->window.since_ns +
		    (int64_t)(((__int128)i * width + TALLY_TREND - 1) / TALLY_TREND);
		if (i > 0 && i < TALLY_TREND)
			t->bars_ns[i] -= t->bars_ns[i] % grain;
	}
}

static int by_name(const void *a, const void *b)
{
	const struct function *left = &(*(struct tally *const *)a)->function;
	const struct function *right = &(*(struct tally *const *)b)->function;

	return function_compare(left, right);
}

static int read_window(struct tallies *t, struct store *store, struct store_window *asked)
{
	int err;

	set_bars(t);
	asked->since_ns = t->window.since_ns;
	asked->until_ns = t->window.until_ns;
	asked->cuts_ns = t->bars_ns + 1;
	asked->cuts_n = TALLY_TREND - 1;
	err = store_scan_spans(store, asked, add_span, t);
	for (size_t i = 0; i < t->n; i++)
		share_out(t->rows[i]);
	if (!err && t->n)
		qsort(t->rows, t->n, sizeof(struct tally *), by_name);
	return err;
}

int tallies_read(struct tallies *t, struct store *store, const struct window *window,
    const char *function)
{
	struct store_window asked = {.function = function};

	*t = (struct tallies){.window = *window};
	return read_window(t, store, &asked);
}

int tallies_read_range(struct tallies *t, struct store *store,
    const struct window *window, uint32_t first_id, uint32_t end_id)
{
	struct store_window asked = {.first_id = first_id, .end_id = end_id};

	*t = (struct tallies){.window = *window, .first_id = first_id};
	return read_window(t, store, &asked);
}

struct asking {
	struct store *store;
	const struct window *window;
	tallies_visit visit;
	void *context;
};

static int read_range(void *context, uint32_t first_id, uint32_t end_id, void *into)
{
	const struct asking *asking = context;

	return tallies_read_range(into, asking->store, asking->window, first_id, end_id);
}

static int visit_range(void *context, void *read)
{
	const struct asking *asking = context;

	return asking->visit(asking->context, read);
}

static void range_done(void *read)
{
	tallies_done(read);
}

/* A function's versions lie in any range. */
static int visit_one(const struct asking *asking, const char *function)
{
	struct tallies all;
	int err = tallies_read(&all, asking->store, asking->window, function);

	if (!err)
		err = asking->visit(asking->context, &all);
	tallies_done(&all);
	return err;
}

int tallies_each(struct store *store, const struct window *window, const char *function,
    tallies_visit visit, void *context)
{
	struct asking asking = {store, window, visit, context};
	const struct ranges ranges = {.store = store,
	    .context = &asking,
	    .read_bytes = sizeof(struct tallies),
	    .read = read_range,
	    .visit = visit_range,
	    .done = range_done};

	return function ? visit_one(&asking, function) : ranges_each(&ranges);
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
	by_id_done(&t->by_id);
	*t = (struct tallies){0};
}
