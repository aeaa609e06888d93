/* The minutes of one function's hour: those of its block, and rows not in it yet. */
#ifndef COLDMETER_STORE_SQLITE_SUMS_JOIN_H
#define COLDMETER_STORE_SQLITE_SUMS_JOIN_H

#include "model/rollup.h"
#include "store/sqlite/sums/slice.h"

/* Zero-initialised is empty; used again it keeps its memory. */
struct join {
	struct block_minute minutes[BLOCK_MINUTES]; /* rising */
	size_t n;
	uint8_t *made[2 * BLOCK_MINUTES]; /* bytes of minutes that both had */
	size_t made_n;
	struct rollup one;
};

void join_done(struct join *join);

/* Borrows the bytes of both. A minute that both have is the sum of the two. 0, -ENOMEM or
 * -EUCLEAN. */
int join_make(struct join *join, const struct block_minute *block, size_t block_n,
    const struct slice_row *rows, size_t rows_n);

#endif
