/* One figure of several minutes as bits: numbers that lie close to each other, or to 0.
 */
#ifndef COLDMETER_MODEL_COLUMN_H
#define COLDMETER_MODEL_COLUMN_H

#include "model/bits.h"

#define COLUMN_MAX 60 /* numbers */

/* How a column is written: a bit that is 0 when all numbers are, else 1 and
 *
 *     mode    2 bits: numbers are counted from what
 *     sparse  1 bit: a bit ahead of each says whether it is anything but 0
 *     low     6 bits: of the Rice code; 63: none follow, all are 0
 *     base    7 bits for its length, then that: zigzag
 *
 * and a Rice code of each, less one where the column is sparse: 24 ones and 64 bits where
 * it would have 24 ones or more. Numbers are taken modulo 2^64, as signed ones. */
enum column_mode {
	COLUMN_AROUND, /* zigzag from the base, the middle one or 0 */
	COLUMN_ABOVE,  /* from the base, the least */
	COLUMN_BELOW,  /* from the base, the greatest, downwards */
	COLUMN_BEHIND  /* zigzag from the number before it, of the first from the base */
};

struct column_plan {
	uint64_t bits; /* what it takes */
	uint64_t base;
	enum column_mode mode;
	bool sparse;
	bool zero;
	unsigned int low;
};

/* The shortest way to write n numbers, at most COLUMN_MAX. */
struct column_plan column_plan(const uint64_t *numbers, size_t n);
void column_put(struct bits_out *out, const struct column_plan *plan,
    const uint64_t *numbers, size_t n);

/* Whether the next column says with one bit that all of its numbers are 0. */
bool column_is_zero(const struct bits_in *in);

/* False when they end too early or are none that column_put() writes. */
bool column_get(struct bits_in *in, uint64_t *numbers, size_t n);

#endif
