#include "tui/backtest/input.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_WEIGHT (-1.0)

struct rows {
	struct backtest_trace *trace;
	uint32_t value_max;
	bool has_header;
};

#define WEIGHT_MIN 1e-9
#define WEIGHT_MAX 1e12

struct weights {
	struct backtest_trace *trace;
	size_t name; /* columns */
	size_t weight;
	bool has_header;
};

/* The counts may be huge, and so is what each character here costs. */
static bool parse_count(const struct csv_field *field, uint32_t max, uint32_t *out)
{
	uint64_t n = 0;

	if (!field->n || field->n > 10)
		return false;
	for (size_t i = 0; i < field->n; i++) {
		if (field->text[i] < '0' || field->text[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(field->text[i] - '0');
	}
	if (n > max)
		return false;
	*out = (uint32_t)n;
	return true;
}

static int take_row(void *context, const struct csv_row *row, char *why)
{
	struct rows *rows = context;
	const struct csv_field *f = row->fields;
	uint32_t minute;
	uint32_t value;
	int err;

	if (row->n != 3) {
		(void)snprintf(
		    why, CSV_WHY_BYTES, "%zu columns, not name,minute,count", row->n);
		return -EINVAL;
	}
	if (!rows->has_header) {
		rows->has_header = true;
		if (strcmp(f[1].text, "minute") == 0)
			return 0;
		(void)snprintf(why, CSV_WHY_BYTES,
		    "the first line is no header like func,minute,count");
		return -EINVAL;
	}
	if (!f[0].n || f[0].n > BACKTEST_NAME_MAX) {
		(void)snprintf(why, CSV_WHY_BYTES,
		    "the name is empty or of more than %d bytes", BACKTEST_NAME_MAX);
		return -EINVAL;
	}
	if (!parse_count(&f[1], BACKTEST_MINUTE_MAX, &minute) || !minute) {
		(void)snprintf(why, CSV_WHY_BYTES,
		    "\"%.40s\" is no minute: they count from 1, to %d", f[1].text,
		    BACKTEST_MINUTE_MAX);
		return -EINVAL;
	}
	if (!parse_count(&f[2], rows->value_max, &value)) {
		(void)snprintf(why, CSV_WHY_BYTES, "\"%.40s\" is no count from 0 to %u",
		    f[2].text, rows->value_max);
		return -EINVAL;
	}
	err = backtest_trace_add(rows->trace, f[0].text, f[0].n, minute, value);
	if (err < 0)
		(void)snprintf(why, CSV_WHY_BYTES, "%s",
		    err == -E2BIG ? "more functions or minutes than a back-test takes"
				  : "out of memory");
	return err;
}

/* Rows of the same minute were added up. */
static int check_values(const struct rows *rows, const char *path, char *why)
{
	for (size_t i = 0; i < rows->trace->n; i++) {
		const struct backtest_series *series = &rows->trace->series[i];

		for (size_t j = 0; j < series->n; j++) {
			if (series->points[j].value <= rows->value_max)
				continue;
			(void)snprintf(why, CSV_WHY_BYTES,
			    "%.200s: \"%.100s\" has more than %u in minute %u", path,
			    series->name, rows->value_max, series->points[j].minute);
			return -EINVAL;
		}
	}
	return 0;
}

int backtest_input_read(
    const char *path, uint32_t value_max, struct backtest_trace *trace, char *why)
{
	struct rows rows = {trace, value_max, false};
	int err = csv_file_read(path, take_row, &rows, why);

	if (err < 0)
		return err;
	backtest_trace_finish(trace);
	if (trace->points)
		return check_values(&rows, csv_file_name(path), why);
	(void)snprintf(
	    why, CSV_WHY_BYTES, "%.200s: nothing was counted", csv_file_name(path));
	return -ENODATA;
}

static int take_header(struct weights *w, const struct csv_row *row, char *why)
{
	static const char *const names[] = {"func", "function", "app"};

	w->name = w->weight = row->n;
	for (size_t i = row->n; i-- > 0;) {
		if (strcmp(row->fields[i].text, "weight") == 0)
			w->weight = i;
		for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++)
			if (strcmp(row->fields[i].text, names[j]) == 0)
				w->name = i;
	}
	w->has_header = true;
	if (w->name < row->n && w->weight < row->n)
		return 0;
	(void)snprintf(
	    why, CSV_WHY_BYTES, "the first line names no columns func and weight");
	return -EINVAL;
}

static int take_weight(void *context, const struct csv_row *row, char *why)
{
	struct weights *w = context;
	const struct csv_field *name;
	const char *text;
	double weight;
	char *end;

	if (!w->has_header)
		return take_header(w, row, why);
	if (row->n <= w->name || row->n <= w->weight) {
		(void)snprintf(
		    why, CSV_WHY_BYTES, "fewer columns than the first line has");
		return -EINVAL;
	}
	name = &row->fields[w->name];
	text = row->fields[w->weight].text;
	weight = strtod(text, &end);
	if (end == text || *end || !isfinite(weight) || weight < 0 ||
	    (weight > 0 && weight < WEIGHT_MIN) || weight > WEIGHT_MAX) {
		(void)snprintf(why, CSV_WHY_BYTES,
		    "\"%.40s\" is no weight: 0, or a number from %g to %g", text,
		    WEIGHT_MIN, WEIGHT_MAX);
		return -EINVAL;
	}
	/* of functions that were never called, nobody asks */
	(void)backtest_trace_weigh(w->trace, name->text, name->n, weight);
	return 0;
}

int backtest_input_weigh(const char *path, struct backtest_trace *trace, char *why)
{
	struct weights weights = {.trace = trace};
	double sum = 0;
	int err;

	for (size_t i = 0; i < trace->n; i++)
		trace->series[i].weight = NO_WEIGHT;
	err = csv_file_read(path, take_weight, &weights, why);
	for (size_t i = 0; i < trace->n && !err; i++) {
		sum += trace->series[i].weight;
		if (trace->series[i].weight >= 0)
			continue;
		(void)snprintf(why, CSV_WHY_BYTES, "%.200s: no weight for \"%.100s\"",
		    csv_file_name(path), trace->series[i].name);
		err = -ENOENT;
	}
	if (!err && !(sum > 0)) {
		(void)snprintf(
		    why, CSV_WHY_BYTES, "%.200s: every weight is 0", csv_file_name(path));
		err = -ENODATA;
	}
	return err;
}
