#include "alerts/backtest/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/room.h"

void backtest_trace_done(struct backtest_trace *trace)
{
	for (size_t i = 0; i < trace->n; i++) {
		free(trace->series[i].name);
		free(trace->series[i].points);
	}
	free(trace->series);
	free(trace->slots);
	*trace = (struct backtest_trace){0};
}

static bool is_named(const struct backtest_series *series, const char *name, size_t n)
{
	return strncmp(series->name, name, n) == 0 && series->name[n] == '\0';
}

/* The slot of that name, or the empty one where it belongs. Names that collide by design
 * cost their author time, of which a command line has as much as it wants. */
static uint32_t *slot_of(const struct backtest_trace *trace, const char *name, size_t n)
{
	size_t i = hash_bytes(0, name, n) & (trace->slots_n - 1);

	while (trace->slots[i] && !is_named(&trace->series[trace->slots[i] - 1], name, n))
		i = (i + 1) & (trace->slots_n - 1);
	return &trace->slots[i];
}

/* Room for one more name: at most half of the slots are in use. */
static int grow(struct backtest_trace *trace)
{
	if (ROOM_FOR_ONE(trace->series, trace->n, trace->room) < 0)
		return -ENOMEM;
	if (2 * (trace->n + 1) > trace->slots_n) {
		size_t slots_n = trace->slots_n ? trace->slots_n * 2 : 128;
		uint32_t *slots = calloc(slots_n, sizeof(*slots));

		if (!slots)
			return -ENOMEM;
		free(trace->slots);
		trace->slots = slots;
		trace->slots_n = slots_n;
		for (size_t i = 0; i < trace->n; i++) {
			const char *name = trace->series[i].name;

			*slot_of(trace, name, strlen(name)) = (uint32_t)i + 1;
		}
	}
	return 0;
}

static int find_or_add(struct backtest_trace *trace, const char *name, size_t n)
{
	uint32_t *slot;
	char *copy;

	if (trace->n && is_named(&trace->series[trace->latest], name, n))
		return 0;
	if (grow(trace) < 0)
		return -ENOMEM;
	slot = slot_of(trace, name, n);
	if (*slot) {
		trace->latest = *slot - 1;
		return 0;
	}
	if (trace->n == BACKTEST_FUNCTIONS_MAX)
		return -E2BIG;
	copy = strndup(name, n);
	if (!copy)
		return -ENOMEM;
	trace->latest = trace->n;
	trace->series[trace->n++] = (struct backtest_series){.name = copy, .weight = 1};
	*slot = (uint32_t)trace->n;
	return 0;
}

/* Up to the greatest there is. */
static void add_value(struct backtest_point *point, uint32_t value)
{
	point->value =
	    point->value > UINT32_MAX - value ? UINT32_MAX : point->value + value;
}

int backtest_trace_add(struct backtest_trace *trace, const char *name, size_t n,
    uint32_t minute, uint32_t value)
{
	struct backtest_series *series;
	int err = find_or_add(trace, name, n);

	if (err < 0)
		return err;
	if (!trace->first_minute || minute < trace->first_minute)
		trace->first_minute = minute;
	if (minute > trace->last_minute)
		trace->last_minute = minute;
	if (!value)
		return 0;
	series = &trace->series[trace->latest];
	if (series->n && series->points[series->n - 1].minute == minute) {
		add_value(&series->points[series->n - 1], value);
		return 0;
	}
	if (trace->points == BACKTEST_POINTS_MAX)
		return -E2BIG;
	if (ROOM_FOR_ONE(series->points, series->n, series->room) < 0)
		return -ENOMEM;
	series->points[series->n++] = (struct backtest_point){minute, value};
	trace->points++;
	return 0;
}

int backtest_trace_weigh(
    struct backtest_trace *trace, const char *name, size_t n, double weight)
{
	const uint32_t *slot = trace->n ? slot_of(trace, name, n) : NULL;

	if (!slot || !*slot)
		return -ENOENT;
	trace->series[*slot - 1].weight = weight;
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = ((const struct backtest_point *)a)->minute;
	uint32_t y = ((const struct backtest_point *)b)->minute;

	return (x > y) - (x < y);
}

static bool is_sorted(const struct backtest_series *series)
{
	for (size_t i = 1; i < series->n; i++)
		if (series->points[i - 1].minute >= series->points[i].minute)
			return false;
	return true;
}

static void finish(struct backtest_series *series)
{
	size_t n = 0;

	if (is_sorted(series))
		return;
	qsort(series->points, series->n, sizeof(*series->points), compare);
	for (size_t i = 0; i < series->n; i++) {
		struct backtest_point point = series->points[i];

		if (!n || series->points[n - 1].minute != point.minute)
			series->points[n++] = point;
		else
			add_value(&series->points[n - 1], point.value);
	}
	series->n = n;
}

void backtest_trace_finish(struct backtest_trace *trace)
{
	trace->points = 0;
	for (size_t i = 0; i < trace->n; i++) {
		finish(&trace->series[i]);
		trace->points += trace->series[i].n;
	}
}
