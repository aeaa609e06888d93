/* One scan of day spans: each says what it used, and in which hours it was called. */
#include "serve/figures/spending.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/by_id.h"
#include "base/clock.h"
#include "base/count.h"
#include "base/room.h"
#include "model/rollup.h"

#define HOUR_S 3600
#define DAY_S 86400
#define NS_PER_MS 1000000
#define HOUR_NS (HOUR_S * CLOCK_NS_PER_S)

struct reading {
	struct spending *spending;
	struct rollup scratch;
};

static struct spending_row *row_of(
    struct spending *s, uint32_t id, const struct function *function)
{
	void **at = by_id_at(&s->by_id, id - s->first_id + 1); /* none is 0 */
	struct spending_row *row = at ? *at : NULL;

	if (row)
		return row;
	if (!at || ROOM_FOR_ONE(s->rows, s->n, s->room) < 0)
		return NULL;
	row = calloc(1, sizeof(*row));
	if (!row)
		return NULL;
	if (s->with_hours)
		row->hours = calloc(SPENDING_HOURS + 1, sizeof(*row->hours));
	if (s->with_hours && !row->hours) {
		free(row);
		return NULL;
	}
	row->function = *function;
	*at = row;
	s->rows[s->n++] = row;
	return row;
}

static struct spending_day *day_of(struct spending_row *row, int64_t day)
{
	for (size_t i = row->days_n; i-- > 0;)
		if (row->days[i].day == day)
			return &row->days[i];
	if (ROOM_FOR_ONE(row->days, row->days_n, row->days_room) < 0)
		return NULL;
	row->days[row->days_n] = (struct spending_day){.day = day};
	return &row->days[row->days_n++];
}

static void add_ledger(struct batch_ledger *sum, const struct rollup *r)
{
	count_add(&sum->delivered, r->invocations);
	count_add(&sum->delivered, r->pings);
	count_add(&sum->seen, r->invocations);
	count_add(&sum->seen, r->pings);
	count_add(&sum->seen, rollup_lost(r));
	for (size_t i = 0; i < LOST_REASONS; i++)
		count_add(&sum->lost[i], r->lost[i]);
}

bool spending_is_asked(const struct spending *spending, const struct spending_day *day)
{
	return day->day >= spending->window.since_ns / CLOCK_NS_PER_S / DAY_S;
}

static int add_figures(
    struct spending *s, struct spending_row *row, int64_t start_s, const struct rollup *r)
{
	struct usage usage = r->usage;
	struct spending_day *day;

	usage_add(&usage, &r->ping_usage);
	day = day_of(row, start_s / DAY_S);
	if (!day)
		return -ENOMEM;
	usage_add(&day->usage, &usage);
	count_add(&day->invocations, r->invocations);
	count_add(&day->invocations, r->pings);
	count_add(&day->measured, r->invocations);
	count_add(&day->duration_ns, r->duration_ns);
	count_add(&day->init_ns, r->init_ns);
	if (spending_is_asked(s, day))
		add_ledger(&s->ledger, r);
	return 0;
}

static int add_span(void *context, const struct store_span *span)
{
	struct reading *reading = context;
	struct spending *s = reading->spending;
	struct spending_row *row = row_of(s, span->id, span->function);
	int err;

	if (!row)
		return -ENOMEM;
	for (size_t i = 0; row->hours && i < span->parts_n; i++) {
		int64_t hour = span->parts[i].start_s / HOUR_S - s->first_hour;
		uint64_t calls = span->parts[i].invocations;

		if (hour >= 0 && hour <= SPENDING_HOURS)
			row->hours[hour] += calls > UINT32_MAX - row->hours[hour]
						? UINT32_MAX - row->hours[hour]
						: (uint32_t)calls;
	}
	if (!span->add)
		return 0;
	rollup_clear(&reading->scratch);
	err = (span->count ? span->count : span->add)(span, &reading->scratch);
	return err ? err : add_figures(s, row, span->start_s, &reading->scratch);
}

static int by_name(const void *a, const void *b)
{
	const struct function *left = &(*(struct spending_row *const *)a)->function;
	const struct function *right = &(*(struct spending_row *const *)b)->function;

	return function_compare(left, right);
}

/* The first row whose function's name is not before name. */
static size_t first_of(const struct spending *s, const char *name)
{
	size_t low = 0;
	size_t high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(s->rows[middle]->function.name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int add_seen(void *context, const struct function *function, int64_t first_seen_ns,
    int64_t last_seen_ns)
{
	struct spending *s = context;

	for (size_t i = first_of(s, function->name);
	     i < s->n && !strcmp(s->rows[i]->function.name, function->name); i++)
		if (function_is_same(&s->rows[i]->function, function)) {
			s->rows[i]->first_seen_ns = first_seen_ns;
			s->rows[i]->last_seen_ns = last_seen_ns;
		}
	return 0;
}

uint64_t spending_active_ms(
    const struct spending *spending, const struct spending_row *row, int64_t since_ns)
{
	int64_t until_ns = row->last_seen_ns < spending->window.until_ns
			       ? row->last_seen_ns
			       : spending->window.until_ns;

	if (row->first_seen_ns > since_ns)
		since_ns = row->first_seen_ns;
	return until_ns > since_ns ? (uint64_t)(until_ns - since_ns) / NS_PER_MS : 0;
}

/* The function's calls in the window, without pings, of which hours do not tell; and what
 * all of them used. */
static uint64_t sum_days(
    const struct spending *s, const struct spending_row *row, uint64_t *used)
{
	uint64_t calls = 0;

	*used = 0;
	for (size_t i = 0; i < row->days_n; i++) {
		if (!spending_is_asked(s, &row->days[i]))
			continue;
		count_add(&calls, row->days[i].measured);
		count_add(used, row->days[i].usage.item[USAGE_AWS_MB_MS]);
	}
	return calls;
}

/* Adds a function's hours, n of them from place first on; false: they do not tell all
 * calls. */
static bool add_hours(const struct spending *s, const struct spending_row *row,
    size_t first, size_t n, uint64_t *weights)
{
	uint64_t used;
	uint64_t calls = sum_days(s, row, &used);
	uint64_t told = 0;

	if (calls == 0) { /* pings alone come as evenly as a clock ticks */
		for (size_t h = 0; h < n; h++)
			count_add(&weights[h], used / n);
		return true;
	}
	for (size_t h = first; h <= SPENDING_HOURS; h++)
		told += row->hours[h];
	if (told < calls)
		return false;
	for (size_t h = first; h <= SPENDING_HOURS; h++)
		count_add(&weights[h - first],
		    (uint64_t)((unsigned __int128)used * row->hours[h] / told));
	return true;
}

size_t spending_by_hour(
    const struct spending *spending, uint64_t weights[SPENDING_HOURS + 1])
{
	int64_t first =
	    spending->window.since_ns / CLOCK_NS_PER_S / HOUR_S - spending->first_hour;

	size_t n = (size_t)((spending->window.until_ns - spending->window.since_ns +
				HOUR_NS - 1) /
			    HOUR_NS);

	if (!spending->with_hours || first < 0 || first > SPENDING_HOURS ||
	    n > SPENDING_HOURS + 1)
		return 0;
	memset(weights, 0, (SPENDING_HOURS + 1) * sizeof(*weights));
	for (size_t i = 0; i < spending->n; i++)
		if (!add_hours(spending, spending->rows[i], (size_t)first, n, weights))
			return 0;
	return n;
}

static int read_days(
    struct spending *s, struct store *store, const struct store_window *asked)
{
	struct reading reading = {.spending = s};
	int err = store_scan_spans(store, asked, add_span, &reading);

	rollup_done(&reading.scratch);
	if (!err && s->n)
		qsort(s->rows, s->n, sizeof(struct spending_row *), by_name);
	return err;
}

int spending_read(struct spending *s, struct store *store, const struct window *window,
    bool with_hours, const char *function)
{
	struct store_window asked = {.until_ns = window->until_ns,
	    .function = function,
	    .step_ns = DAY_S * CLOCK_NS_PER_S};
	int err;

	*s = (struct spending){
	    .window = *window, .since_ns = window->since_ns, .with_hours = with_hours};
	if (with_hours) {
		int64_t hour = window->until_ns / CLOCK_NS_PER_S / HOUR_S;
		int64_t since;

		s->first_hour = hour - SPENDING_HOURS;
		/* from a midnight on: a day whose hours are forgotten has no halves */
		since =
		    (s->first_hour * HOUR_S + DAY_S - 1) / DAY_S * DAY_S * CLOCK_NS_PER_S;
		if (since < s->since_ns)
			s->since_ns = since;
		asked.cuts_ns = &s->since_ns; /* so that it tells the hours */
		asked.cuts_n = 1;
	}
	asked.since_ns = s->since_ns;
	err = read_days(s, store, &asked);
	if (!err && s->n)
		err = store_scan_functions(store, add_seen, s);
	return err;
}

int spending_read_range(struct spending *s, struct store *store,
    const struct window *window, uint32_t first_id, uint32_t end_id)
{
	const struct store_window asked = {.since_ns = window->since_ns,
	    .until_ns = window->until_ns,
	    .first_id = first_id,
	    .end_id = end_id,
	    .step_ns = DAY_S * CLOCK_NS_PER_S};

	*s = (struct spending){
	    .window = *window, .since_ns = window->since_ns, .first_id = first_id};
	return read_days(s, store, &asked);
}

void spending_done(struct spending *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->rows[i]->days);
		free(s->rows[i]->hours);
		free(s->rows[i]);
	}
	free(s->rows);
	by_id_done(&s->by_id);
	*s = (struct spending){0};
}
