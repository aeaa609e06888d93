#include "serve/figures/rank.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS 1000000 /* what is no whole number is compared to this part of one */

static const char *const names[RANK_COUNT] = {"name", "platform", "rate", "invocations",
    "cold", "init", "p50", "p95", "p99", "memory", "errors", "cost"};

struct wish {
	enum rank rank;
	bool reverse;
};

enum rank rank_find(const char *name)
{
	unsigned int i = 0;

	while (i < RANK_COUNT && strcmp(names[i], name) != 0)
		i++;
	return (enum rank)i;
}

const char *rank_list(char out[RANK_LIST_BYTES])
{
	size_t at = 0;

	for (unsigned int i = 0; i < RANK_COUNT && at < RANK_LIST_BYTES; i++)
		at += (size_t)snprintf(
		    out + at, RANK_LIST_BYTES - at, "%s%s", i ? ", " : "", names[i]);
	return out;
}

static void set(struct rank_row *row, bool known, __int128 figure)
{
	row->known = known;
	row->figure = figure;
}

static void set_duration(struct rank_row *row, double q)
{
	const struct rollup *r = row->rollup;

	set(row, r->warm.count + r->cold_duration.count > 0,
	    (__int128)(rollup_duration_quantile_ns(r, q) * PARTS));
}

static void set_p95(struct rank_row *row, const struct histogram *h)
{
	set(row, h->count > 0, (__int128)(histogram_quantile(h, 0.95) * PARTS));
}

void rank_measure(struct rank_row *row, enum rank rank)
{
	const struct rollup *r = row->rollup;
	uint64_t n = r->invocations;

	switch (rank) {
	case RANK_RATE:
		set(row, row->has_rate, (__int128)(row->rate * PARTS));
		return;
	case RANK_INVOCATIONS:
		set(row, true, n);
		return;
	case RANK_COLD:
		set(row, true, n ? (__int128)r->cold * PARTS * PARTS / n : 0);
		return;
	case RANK_INIT:
		set_p95(row, &r->init);
		return;
	case RANK_P50:
		set_duration(row, 0.5);
		return;
	case RANK_P95:
		set_duration(row, 0.95);
		return;
	case RANK_P99:
		set_duration(row, 0.99);
		return;
	case RANK_MEMORY:
		set_p95(row, &r->memory);
		return;
	case RANK_ERRORS:
		set(row, true, rollup_errors(r));
		return;
	case RANK_COST:
		set(row, row->has_cost, row->cost.pico);
		return;
	case RANK_NAME:
	case RANK_PLATFORM:
	case RANK_COUNT:
		return;
	}
}

static int compare_texts(const char *a, const char *b, bool reverse)
{
	return reverse ? strcmp(b, a) : strcmp(a, b);
}

int rank_compare(
    const struct rank_row *a, const struct rank_row *b, enum rank rank, bool reverse)
{
	int sign = reverse ? -1 : 1;

	if (rank == RANK_NAME)
		return compare_texts(a->name, b->name, reverse);
	if (rank == RANK_PLATFORM)
		return compare_texts(a->platform, b->platform, reverse);
	if (a->known != b->known)
		return a->known ? -1 : 1;
	if (a->known && a->figure != b->figure)
		return a->figure > b->figure ? -sign : sign;
	return 0;
}

static int compare(const void *a, const void *b, void *context)
{
	const struct rank_row *left = a;
	const struct rank_row *right = b;
	const struct wish *wish = context;
	int order = rank_compare(left, right, wish->rank, wish->reverse);

	return order ? order
		     : (left->place > right->place) - (left->place < right->place);
}

void rank_rows(struct rank_row *rows, size_t n, enum rank rank, bool reverse)
{
	struct wish wish = {rank, reverse};

	for (size_t i = 0; i < n; i++) {
		rows[i].place = i;
		rank_measure(&rows[i], rank);
	}
	if (n)
		qsort_r(rows, n, sizeof(*rows), compare, &wish);
}
