#include "serve/bill/hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/room.h"

#define READ_MAX 10000000 /* about five seconds */

struct host_cells {
	struct bill_cell *cells; /* one for each host, then one for what has none */
	size_t n;
	size_t room;
};

struct reading {
	struct bill *bill;
	const struct spending *spending;
	struct host_cells *rows; /* beside spending->rows */
	size_t last;             /* the row found last */
};

/* The row of a function; n: none. They are sorted by name. */
static size_t row_of(const struct spending *s, const struct function *f)
{
	size_t low = 0;
	size_t high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(s->rows[middle]->function.name, f->name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < s->n && !strcmp(s->rows[low]->function.name, f->name)) {
		if (function_is_same(&s->rows[low]->function, f))
			return low;
		low++;
	}
	return s->n;
}

static struct bill_cell *cell_of(struct host_cells *row, size_t part)
{
	for (size_t i = row->n; i-- > 0;)
		if (row->cells[i].part == part)
			return &row->cells[i];
	if (ROOM_FOR_ONE(row->cells, row->n, row->room) < 0)
		return NULL;
	row->cells[row->n] = (struct bill_cell){.part = part};
	return &row->cells[row->n++];
}

static int add_invocation(
    void *context, const struct invocation *invocation, const char *host)
{
	struct reading *r = context;
	const struct spending *s = r->spending;
	struct bill_cell *cell;
	size_t part;
	int err;

	if (r->last >= s->n ||
	    !function_is_same(&s->rows[r->last]->function, invocation->function))
		r->last = row_of(s, invocation->function);
	if (r->last >= s->n || !host || !*host)
		return 0;
	err = bill_part_of(r->bill, host, &part);
	if (err)
		return err;
	cell = cell_of(&r->rows[r->last], part);
	if (!cell)
		return -ENOMEM;
	plan_count_all(invocation, &cell->usage);
	count_add(&cell->invocations, 1);
	return 0;
}

/* What the rollups hold and the invocations do not: those are not kept as long. */
static int add_rest(
    struct reading *r, const struct spending_row *row, struct host_cells *cells)
{
	size_t nobody;
	struct usage rest = {0};
	uint64_t invocations = 0;
	struct bill_cell *cell;

	for (size_t i = 0; i < row->days_n; i++) {
		if (!spending_is_asked(r->spending, &row->days[i]))
			continue;
		usage_add(&rest, &row->days[i].usage);
		count_add(&invocations, row->days[i].invocations);
	}
	for (size_t i = 0; i < cells->n; i++) {
		usage_subtract(&rest, &cells->cells[i].usage);
		invocations -= invocations < cells->cells[i].invocations
				   ? invocations
				   : cells->cells[i].invocations;
	}
	if (!invocations)
		return 0;
	if (bill_part_of(r->bill, "", &nobody) < 0)
		return -ENOMEM;
	cell = cell_of(cells, nobody);
	if (!cell)
		return -ENOMEM;
	cell->usage = rest;
	cell->invocations = invocations;
	return 0;
}

static int add_rows(struct reading *r)
{
	const struct spending *s = r->spending;
	int err = 0;

	for (size_t i = 0; !err && i < s->n; i++) {
		err = add_rest(r, s->rows[i], &r->rows[i]);
		if (!err && r->rows[i].n > 0)
			err = bill_add(r->bill, &s->rows[i]->function,
			    spending_active_ms(s, s->rows[i], s->window.since_ns),
			    r->rows[i].cells, r->rows[i].n);
	}
	return err;
}

int bill_fill_hosts(struct bill *bill, const struct spending *spending,
    struct store *store, const char *function)
{
	struct reading r = {.bill = bill,
	    .spending = spending,
	    .rows = calloc(spending->n + 1, sizeof(struct host_cells)),
	    .last = spending->n};
	/* what is not read is nobody's, as what was forgotten is */
	struct store_reading reading = {.since_ns = spending->window.since_ns,
	    .until_ns = spending->window.until_ns,
	    .function = function,
	    .most = READ_MAX};
	int err = r.rows ? 0 : -ENOMEM;

	if (!err)
		err = store_read_invocations(store, &reading, add_invocation, &r);
	if (!err)
		err = add_rows(&r);
	for (size_t i = 0; r.rows && i < spending->n; i++)
		free(r.rows[i].cells);
	free(r.rows);
	return err;
}
