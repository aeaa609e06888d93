/* What lies in another range of functions than its other versions is found all the same:
 * of each function the calls of the last days are kept. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/count.h"
#include "base/room.h"
#include "serve/figures/anomalies.h"
#include "serve/figures/ranges.h"

#define DAY_NS (86400 * CLOCK_NS_PER_S)
#define LAST_DAYS 2 /* today and the one before: see anomaly_find() */

struct calls {
	struct function function;
	uint64_t on[LAST_DAYS]; /* days before today */
};

struct found {
	struct function function;
	struct anomaly anomaly;
	size_t place; /* among those of its function */
};

struct looking {
	const struct book *book;
	struct store *store;
	const struct window *window;
	int64_t today;
	struct calls *calls;
	size_t calls_n;
	size_t calls_room;
	struct found *found;
	size_t found_n;
	size_t found_room;
};

static int keep(void *context, const struct anomaly_of *found)
{
	struct looking *l = context;

	if (ROOM_FOR_ONE(l->found, l->found_n, l->found_room) < 0)
		return -ENOMEM;
	l->found[l->found_n] =
	    (struct found){*found->function, found->anomaly, l->found_n};
	l->found_n++;
	return 0;
}

static int add_calls(struct looking *l, const struct spending_row *row)
{
	struct calls *calls;

	if (ROOM_FOR_ONE(l->calls, l->calls_n, l->calls_room) < 0)
		return -ENOMEM;
	calls = &l->calls[l->calls_n++];
	*calls = (struct calls){.function = row->function};
	for (size_t i = 0; i < row->days_n; i++) {
		int64_t before = l->today - row->days[i].day;

		if (before >= 0 && before < LAST_DAYS)
			count_add(&calls->on[before], row->days[i].invocations);
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return function_compare(
	    &((const struct calls *)a)->function, &((const struct calls *)b)->function);
}

static int by_name_and_place(const void *a, const void *b)
{
	const struct found *left = a;
	const struct found *right = b;
	int order = function_compare(&left->function, &right->function);

	return order ? order
		     : (left->place > right->place) - (left->place < right->place);
}

/* Calls of the other functions of that name on that day; all stand together. */
static uint64_t calls_elsewhere(
    const struct looking *l, const struct function *function, int64_t day)
{
	size_t low = 0;
	size_t high = l->calls_n;
	int64_t before = l->today - day;
	uint64_t sum = 0;

	while (low < high) { /* the first of the name */
		size_t middle = (low + high) / 2;

		if (strcmp(l->calls[middle].function.name, function->name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; before >= 0 && before < LAST_DAYS && low < l->calls_n &&
	       strcmp(l->calls[low].function.name, function->name) == 0;
	     low++)
		if (!function_is_same(&l->calls[low].function, function))
			count_add(&sum, l->calls[low].on[before]);
	return sum;
}

static int read_range(void *context, uint32_t first_id, uint32_t end_id, void *into)
{
	const struct looking *l = context;

	return spending_read_range(into, l->store, l->window, first_id, end_id);
}

static int look_at(void *context, void *read)
{
	const struct spending *spending = read;
	struct looking *l = context;
	int err = 0;

	for (size_t i = 0; !err && i < spending->n; i++)
		err = add_calls(l, spending->rows[i]);
	return err ? err : anomalies_find(l->book, spending, keep, l);
}

static void range_done(void *read)
{
	spending_done(read);
}

static int tell(struct looking *l, anomaly_visit visit, void *context)
{
	int err = 0;

	if (l->calls_n)
		qsort(l->calls, l->calls_n, sizeof(*l->calls), by_name);
	if (l->found_n)
		qsort(l->found, l->found_n, sizeof(*l->found), by_name_and_place);
	for (size_t i = 0; !err && i < l->found_n; i++) {
		const struct found *f = &l->found[i];
		const struct anomaly_of of = {&f->function, f->anomaly,
		    calls_elsewhere(l, &f->function, f->anomaly.day)};

		err = visit(context, &of);
	}
	return err;
}

int anomalies_look(const struct book *book, struct store *store,
    const struct window *window, anomaly_visit visit, void *context)
{
	struct looking looking = {.book = book,
	    .store = store,
	    .window = window,
	    .today = window->until_ns / DAY_NS};
	const struct ranges ranges = {.store = store,
	    .context = &looking,
	    .read_bytes = sizeof(struct spending),
	    .read = read_range,
	    .visit = look_at,
	    .done = range_done};
	int err = ranges_each(&ranges);

	if (!err)
		err = tell(&looking, visit, context);
	free(looking.calls);
	free(looking.found);
	return err;
}
