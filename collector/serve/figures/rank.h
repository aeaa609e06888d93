/* Which rows lead a list: the order that is asked for, by whole numbers. */
#ifndef COLDMETER_SERVE_FIGURES_RANK_H
#define COLDMETER_SERVE_FIGURES_RANK_H

#include <stdbool.h>

#include "model/money.h"
#include "model/rollup.h"

enum rank {
	RANK_NAME,
	RANK_PLATFORM,
	RANK_RATE,
	RANK_INVOCATIONS,
	RANK_COLD, /* of a hundred invocations, as rows tell it */
	RANK_INIT, /* P95 */
	RANK_P50,
	RANK_P95,
	RANK_P99,
	RANK_MEMORY, /* P95 */
	RANK_ERRORS,
	RANK_COST,
	RANK_COUNT
};

enum rank rank_find(const char *name); /* RANK_COUNT: no such */

/* "name, platform, rate, ...": for a message. Returns out. */
#define RANK_LIST_BYTES 128
const char *rank_list(char out[RANK_LIST_BYTES]);

/* What a row is sorted by; texts are borrowed. */
struct rank_row {
	void *item; /* whose row it is */
	const struct rollup *rollup;
	const char *name;
	const char *platform;
	double rate;
	bool has_rate;
	struct money cost;
	bool has_cost;
	/* rank_measure() sets these: */
	__int128 figure;
	bool known;
	size_t place; /* rank_rows(): before */
};

/* Sets the figure that a row is sorted by. */
void rank_measure(struct rank_row *row, enum rank rank);

/* Below 0 when a leads b, 0 when neither does, by figures that were measured. */
int rank_compare(
    const struct rank_row *a, const struct rank_row *b, enum rank rank, bool reverse);

/* Sorts: text from A, figures from the largest; reverse turns it around. A figure that is
 * not known comes last either way, and the order the rows had decides between equals. */
void rank_rows(struct rank_row *rows, size_t n, enum rank rank, bool reverse);

#endif
