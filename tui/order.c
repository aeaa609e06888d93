#include "tui/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[ORDER_COUNT] = {"name", "platform", "rate", "invocations",
    "cold", "init", "p50", "p95", "p99", "memory", "errors", "cost"};

struct wish {
	enum order order;
	bool reverse;
};

const char *order_name(enum order order)
{
	return names[order];
}

enum order order_find(const char *name)
{
	unsigned int i = 0;

	while (i < ORDER_COUNT && strcmp(names[i], name) != 0)
		i++;
	return (enum order)i;
}

void order_list(char *out, size_t size)
{
	size_t at = 0;

	for (unsigned int i = 0; i < ORDER_COUNT && at < size; i++)
		at += (size_t)snprintf(
		    out + at, size - at, "%s%s", i ? ", " : "", names[i]);
}

static double figure(const struct function_row *row, enum order order)
{
	switch (order) {
	case ORDER_RATE:
		return row->rate;
	case ORDER_INVOCATIONS:
		return (double)row->invocations;
	case ORDER_COLD:
		return row->cold_pct;
	case ORDER_INIT:
		return row->init.p95;
	case ORDER_P50:
		return row->duration.p50;
	case ORDER_P95:
		return row->duration.p95;
	case ORDER_P99:
		return row->duration.p99;
	case ORDER_MEMORY:
		return row->memory_p95_mb;
	case ORDER_ERRORS:
		return (double)row->errors;
	case ORDER_COST:
		return row->has_cost ? (double)row->cost.pico : NAN;
	case ORDER_NAME:
	case ORDER_PLATFORM:
	case ORDER_COUNT:
		break;
	}
	return NAN;
}

static int compare_figures(double a, double b, bool reverse)
{
	int larger_first;

	if (isnan(a) || isnan(b))
		return (isnan(a) ? 1 : 0) - (isnan(b) ? 1 : 0);
	larger_first = (a < b) - (a > b);
	return reverse ? -larger_first : larger_first;
}

static int compare(const void *a, const void *b, void *ctx)
{
	const struct function_row *left = *(const struct function_row *const *)a;
	const struct function_row *right = *(const struct function_row *const *)b;
	const struct wish *wish = ctx;
	int by_name = strcmp(left->name, right->name);
	int result = 0;

	if (wish->order == ORDER_NAME)
		return wish->reverse ? -by_name : by_name;
	if (wish->order == ORDER_PLATFORM)
		result = wish->reverse ? strcmp(right->platform, left->platform)
				       : strcmp(left->platform, right->platform);
	else
		result = compare_figures(
		    figure(left, wish->order), figure(right, wish->order), wish->reverse);
	return result    ? result
	       : by_name ? by_name
			 : strcmp(left->version, right->version);
}

void order_rows(
    const struct function_row **rows, size_t rows_n, enum order order, bool reverse)
{
	struct wish wish = {order, reverse};

	qsort_r(rows, rows_n, sizeof(*rows), compare, &wish);
}
