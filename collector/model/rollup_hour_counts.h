/* The counts of a histogram's buckets in about as many bits as they hold: by prefix codes
 * that rest on what lies in the buckets before.
 *
 * How much lies near is a sum, in 256ths of a value a bucket, that loses an eighth from
 * bucket to bucket and gains an eighth of what the bucket holds. The first bucket, and
 * each one where two values or more lie near, has its count written. Where less does, a
 * symbol tells how many empty buckets come (15: and no count yet) and the count of the
 * one behind them (4: or more, and how many more follows); its code is that of what lay
 * near before the last symbol or count, so that a reader need not wait for that. The last
 * bucket has what is left, so that nothing is written once one value is. */
#ifndef COLDMETER_MODEL_ROLLUP_HOUR_COUNTS_H
#define COLDMETER_MODEL_ROLLUP_HOUR_COUNTS_H

#include "model/bits.h"

#define COUNTS_CLASSES 14 /* half octaves of what lies near, below two values */
#define COUNTS_NEAR 512
#define COUNTS_GAPS 15
#define COUNTS_EACH 4
#define COUNTS_SYMBOLS (COUNTS_GAPS * COUNTS_EACH + 2)
#define COUNTS_SKIP (COUNTS_GAPS * COUNTS_EACH) /* the gap alone */
#define COUNTS_RARE (COUNTS_SKIP + 1)           /* the symbol follows in 6 bits */
#define COUNTS_CODE_BITS 9

/* How long each symbol's code is, by class; 0: it has none, and comes as a rare one. */
extern const uint8_t hour_counts_lengths[COUNTS_CLASSES][COUNTS_SYMBOLS];

/* What a value in a bucket adds to the guesses: its middle; and where it is a duration,
 * how many ticks it is below 100 ms, how many 256ths of steps of 100 ms it begins beyond
 * one, and beyond ten. */
struct hour_row {
	uint64_t mid;
	uint64_t below;
	uint32_t steps;
	uint32_t long_steps;
};

/* The sums of these, and what the first and the last bucket hold. */
struct hour_weights {
	uint64_t mids;
	uint64_t below;
	uint64_t steps;
	uint64_t long_steps;
	uint64_t first;
	uint64_t last;
};

struct hour_counts {
	uint16_t codes[COUNTS_CLASSES][COUNTS_SYMBOLS];        /* the first bit lowest */
	uint16_t found[COUNTS_CLASSES][1 << COUNTS_CODE_BITS]; /* by the next bits */
	uint8_t classes[COUNTS_NEAR]; /* of what lies near; of more, the last one */
};

void hour_counts_fill(struct hour_counts *counts);

/* width buckets, at least 2, that hold so many values together, 3 at least, some of them
 * the first and the last. */
void hour_counts_put(const struct hour_counts *counts, struct bits_out *out,
    const uint64_t *buckets, size_t width, uint64_t values);

/* Adds them to the buckets, and what they weigh by their rows to the weights. False when
 * they cannot be. */
struct hour_window {
	uint64_t *buckets;
	const struct hour_row *rows;
	size_t width;
	uint64_t values;
};
bool hour_counts_get(const struct hour_counts *counts, struct bits_in *in,
    const struct hour_window *window, struct hour_weights *weights);

/* What so many values in one bucket weigh. */
static inline void hour_weigh(
    struct hour_weights *weights, const struct hour_row *row, uint64_t count)
{
	weights->mids += count * row->mid;
	if (row->below)
		weights->below += count * row->below;
	if (!row->steps)
		return;
	weights->steps += count * row->steps;
	if (row->long_steps)
		weights->long_steps += count * row->long_steps;
}

#endif
