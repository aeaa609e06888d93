/* A window's whole hours are told by sums of hours and its whole days by those of days,
 * as far as the sources have made them; its ends, and what a source has not summed up, by
 * minutes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/clickhouse/engine.h"
#include "store/clickhouse/folds.h"
#include "store/clickhouse/rollups.h"

#define MINUTE_NS INT64_C(60000000000)
#define HOUR_MINUTES INT64_C(60)
#define DAY_MINUTES INT64_C(1440)
#define HOUR_NS (HOUR_MINUTES * MINUTE_NS)
#define SHORT_STEP (6 * HOUR_MINUTES) /* not worth questions of its own */

struct known {
	uint64_t fn;
	uint32_t id; /* 0: free */
};

struct spans {
	struct clickhouse *store;
	const struct store_window *window;
	store_span_visit visit;
	void *context;
	const char *filter;
	struct folds folds;
	struct known *table; /* open addressing, at most half full */
	size_t size;         /* a power of two */
	uint32_t n;
};

static struct known *probe(struct known *table, size_t size, uint64_t fn)
{
	size_t i = (size_t)fn & (size - 1);

	while (table[i].id && table[i].fn != fn)
		i = (i + 1) & (size - 1);
	return &table[i];
}

static int grow(struct spans *spans)
{
	size_t size = spans->size ? spans->size * 2 : 256;
	struct known *table;

	if ((size_t)spans->n * 2 < spans->size)
		return 0;
	table = calloc(size, sizeof(*table));
	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < spans->size; i++) {
		if (spans->table[i].id)
			*probe(table, size, spans->table[i].fn) = spans->table[i];
	}
	free(spans->table);
	spans->table = table;
	spans->size = size;
	return 0;
}

/* Small numbers in the order of their arrival, of this scan alone. */
static int find_id(struct spans *spans, uint64_t fn, uint32_t *id)
{
	int err = grow(spans);
	struct known *place;

	if (err)
		return err;
	place = probe(spans->table, spans->size, fn);
	if (!place->id)
		*place = (struct known){fn, ++spans->n};
	*id = place->id;
	return 0;
}

static int add_row(const struct store_span *span, struct rollup *into)
{
	return rollup_merge(into, span->source);
}

/* Whether a cut lies within that hour of the epoch. */
static bool is_cut(const struct store_window *window, int64_t hour)
{
	size_t low = 0;
	size_t high = window->cuts_n; /* the first cut behind the hour's start */

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (window->cuts_ns[middle] > hour * HOUR_NS)
			high = middle;
		else
			low = middle + 1;
	}
	return low < window->cuts_n && window->cuts_ns[low] < (hour + 1) * HOUR_NS;
}

static int emit(
    struct spans *spans, const struct rollups_row *row, struct store_span *span)
{
	int err = find_id(spans, row->fn, &span->id);

	span->start_s = row->minute * 60;
	span->function = row->function;
	return err ? err : spans->visit(spans->context, span);
}

static int see_minute(void *context, const struct rollups_row *row)
{
	struct spans *spans = context;
	const struct store_part part = {row->minute * 60, 60, row->rollup->invocations};
	struct store_span span = {.seconds = 60,
	    .first_s = row->minute * 60,
	    .last_s = row->minute * 60,
	    .add = add_row,
	    .source = row->rollup,
	    .parts = &part,
	    .parts_n = spans->window->cuts_n > 0};

	return emit(spans, row, &span);
}

static struct store_span span_of(const struct rollups_row *row, int64_t minutes)
{
	return (struct store_span){.seconds = minutes * 60,
	    .first_s = row->sum->first_minute * 60,
	    .last_s = row->sum->last_minute * 60,
	    .add = add_row,
	    .source = row->rollup};
}

/* The minutes of an hour, as parts. */
static size_t list_minutes(const struct rollups_row *row, struct store_part *parts)
{
	size_t n = 0;

	for (size_t i = 0; i < row->sum->parts_n; i++) {
		if (row->sum->parts[i])
			parts[n++] = (struct store_part){
			    (row->minute + (int64_t)i) * 60, 60, row->sum->parts[i]};
	}
	return n;
}

static int see_hour(void *context, const struct rollups_row *row)
{
	struct spans *spans = context;
	struct store_part parts[MINUTE_ROW_PARTS_MAX] = {
	    {row->minute * 60, HOUR_MINUTES * 60, row->rollup->invocations}};
	struct store_span span = span_of(row, HOUR_MINUTES);

	span.parts = parts;
	if (is_cut(spans->window, row->minute / HOUR_MINUTES))
		span.parts_n = list_minutes(row, parts);
	else
		span.parts_n = spans->window->cuts_n > 0;
	return emit(spans, row, &span);
}

static int see_day(void *context, const struct rollups_row *row)
{
	struct spans *spans = context;
	struct store_part parts[MINUTE_ROW_PARTS_MAX];
	struct store_span span = span_of(row, DAY_MINUTES);
	int64_t hour = row->minute / HOUR_MINUTES;

	span.parts = parts;
	for (size_t i = 0; spans->window->cuts_n && i < row->sum->parts_n; i++, hour++) {
		if (row->sum->parts[i] && !is_cut(spans->window, hour))
			parts[span.parts_n++] =
			    (struct store_part){hour * HOUR_MINUTES * 60,
				HOUR_MINUTES * 60, row->sum->parts[i]};
	}
	return emit(spans, row, &span);
}

/* The minutes of an hour that a day's row does not tell. */
static int see_parts(void *context, const struct rollups_row *row)
{
	struct store_part parts[MINUTE_ROW_PARTS_MAX];
	struct store_span span = {.seconds = HOUR_MINUTES * 60, .parts = parts};

	span.parts_n = list_minutes(row, parts);
	return emit(context, row, &span);
}

static int walk_minutes(
    struct spans *spans, int64_t from, int64_t until, const char *condition)
{
	AUTO(free) char *filter = NULL;
	struct rollups_ask ask = {
	    .table = ROLLUPS_MINUTES, .from_minute = from, .until_minute = until};

	if (asprintf(&filter, "%s%s", spans->filter, condition) < 0) {
		filter = NULL;
		return -ENOMEM;
	}
	ask.filter = filter;
	return rollups_scan(spans->store, &ask, see_minute, spans);
}

/* The hours with a cut among those that days told, in one question. */
static int walk_cuts(struct spans *spans, const struct rollups_ask *days)
{
	struct rollups_ask ask = {.table = ROLLUPS_HOURS,
	    .from_minute = days->from_minute,
	    .until_minute = days->until_minute,
	    .parts_only = true};
	struct row_out filter = {0};
	int64_t last = -1;
	size_t n = 0;
	int err = 0;

	row_put_fixed(&filter, days->filter, strlen(days->filter));
	row_put_fixed(&filter, " AND minute IN (", 16);
	for (size_t i = 0; i < spans->window->cuts_n; i++) {
		int64_t hour = spans->window->cuts_ns[i] / HOUR_NS;
		char minute[24];
		int bytes = snprintf(minute, sizeof(minute), "%s%" PRId64, n ? "," : "",
		    hour * HOUR_MINUTES);

		if (hour == last || hour * HOUR_MINUTES < days->from_minute ||
		    hour * HOUR_MINUTES >= days->until_minute ||
		    !is_cut(spans->window, hour))
			continue;
		row_put_fixed(&filter, minute, (size_t)bytes);
		last = hour;
		n++;
	}
	row_put_fixed(&filter, ")", 2);
	ask.filter = (const char *)filter.bytes;
	if (filter.failed)
		err = -ENOMEM;
	else if (n > 0)
		err = rollups_scan(spans->store, &ask, see_parts, spans);
	row_out_done(&filter);
	return err;
}

/* Whole hours or days, in minutes. */
static int walk_sums(
    struct spans *spans, enum rollups_table table, int64_t from, int64_t until)
{
	int64_t minutes = table == ROLLUPS_DAYS ? DAY_MINUTES : HOUR_MINUTES;
	AUTO(free) char *sums = NULL;
	AUTO(free) char *rest = NULL;
	AUTO(free) char *filter = NULL;
	struct rollups_ask ask = {
	    .table = table, .from_minute = from, .until_minute = until};
	int err;

	if (from >= until)
		return 0;
	sums = folds_sums(&spans->folds, minutes, until);
	rest = folds_rest(&spans->folds, minutes, from, until);
	if (!sums || !rest)
		return -ENOMEM;
	if (asprintf(&filter, "%s%s", spans->filter, sums) < 0) {
		filter = NULL;
		return -ENOMEM;
	}
	ask.filter = filter;
	err = rollups_scan(
	    spans->store, &ask, table == ROLLUPS_DAYS ? see_day : see_hour, spans);
	if (!err && table == ROLLUPS_DAYS)
		err = walk_cuts(spans, &ask);
	if (!err && rest[0])
		err = walk_minutes(spans, from, until, rest);
	return err;
}

/* Of the finest span that a window is cut by anyway. */
static int64_t up(int64_t minute, int64_t span)
{
	return (minute + span - 1) / span * span;
}

/* The minutes [from, until); days only if no step ends within one. */
static int walk(struct spans *spans, int64_t from, int64_t until, bool may_days)
{
	int64_t summed = spans->folds.hour * HOUR_MINUTES;
	int64_t first = up(from, HOUR_MINUTES);
	int64_t end = (until < summed ? until : summed) / HOUR_MINUTES * HOUR_MINUTES;
	int64_t first_day = up(first, DAY_MINUTES);
	int64_t end_day = end / DAY_MINUTES * DAY_MINUTES;
	int err;

	if (first >= end)
		return walk_minutes(spans, from, until, "");
	if (!may_days || first_day >= end_day)
		first_day = end_day = end;
	err = walk_minutes(spans, from, first, "");
	if (!err)
		err = walk_sums(spans, ROLLUPS_HOURS, first, first_day);
	if (!err)
		err = walk_sums(spans, ROLLUPS_DAYS, first_day, end_day);
	if (!err)
		err = walk_sums(spans, ROLLUPS_HOURS, end_day, end);
	if (!err)
		err = walk_minutes(spans, end, until, "");
	return err;
}

/* from: not before began, where the steps are counted from. */
static int walk_steps(struct spans *spans, int64_t began, int64_t from, int64_t until)
{
	int64_t step = spans->window->step_ns / MINUTE_NS;
	int err = 0;

	if (step <= 0 || step >= until - began)
		return walk(spans, from, until, true);
	if (began % HOUR_MINUTES == 0 && step % HOUR_MINUTES == 0)
		return walk(spans, from, until,
		    began % DAY_MINUTES == 0 && step % DAY_MINUTES == 0);
	if (step < SHORT_STEP)
		return walk_minutes(spans, from, until, "");
	while (!err && from < until) {
		int64_t end = began + ((from - began) / step + 1) * step;

		end = end < until ? end : until;
		err = walk(spans, from, end, true);
		from = end;
	}
	return err;
}

int clickhouse_scan_spans(struct clickhouse *store, const struct store_window *window,
    store_span_visit visit, void *context)
{
	struct spans spans = {
	    .store = store, .window = window, .visit = visit, .context = context};
	int64_t since_ns = window->since_ns > 0 ? window->since_ns : 0;
	int64_t forgotten_ns = store->forgotten_ns;
	int64_t from_ns = since_ns > forgotten_ns ? since_ns : forgotten_ns;
	AUTO(free) char *filter = NULL;
	int err = engine_ready(store, window->function, &filter);

	if (err <= 0 || window->until_ns <= from_ns)
		return err < 0 ? err : 0;
	spans.filter = filter;
	err = folds_read(store->link, &spans.folds);
	if (!err)
		err = walk_steps(&spans, since_ns / MINUTE_NS, from_ns / MINUTE_NS,
		    (window->until_ns - 1) / MINUTE_NS + 1);
	folds_done(&spans.folds);
	free(spans.table);
	return err;
}
