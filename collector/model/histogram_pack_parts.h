/* What the writer and the reader of packed histograms share. */
#ifndef COLDMETER_MODEL_HISTOGRAM_PACK_PARTS_H
#define COLDMETER_MODEL_HISTOGRAM_PACK_PARTS_H

#include <stdbool.h>

#include "model/histogram_pack.h"

#define PAGE_BITS 12
#define RICE_MAX 14 /* bits: in half a byte, and not 15 */
#define DENSE 0xf0U
#define DENSE_WIDTHS 4

enum {
	GIVES_COUNT = 1 << 0,
	GIVES_ZEROS = 1 << 1,
	GIVES_SUM = 1 << 2,
	GIVES_MAX = 1 << 3,
	IS_PAGES = 1 << 4,
	FLAGS_END = 1 << 5
};

static inline uint64_t histogram_sum_of_few(
    uint64_t values, uint64_t zeros, uint64_t min, uint64_t max)
{
	if (values > 2 || zeros > 0)
		return 0;
	return values < 2 ? max : min > UINT64_MAX - max ? UINT64_MAX : min + max;
}

/* The sum to be taken when none is given. */
static inline uint64_t histogram_guessed_sum(
    const struct histogram *head, const struct histogram_guess *guess)
{
	uint64_t values = head->count - head->zero_count;

	if (values == 0)
		return 0;
	return values <= 2 && head->zero_count == 0
		   ? histogram_sum_of_few(values, head->zero_count, head->min, head->max)
		   : guess->sum;
}

/* Whether how many values there are, and the first and the last bucket, tell the rest. */
static inline bool histogram_is_plain(uint64_t values, uint32_t width)
{
	return width == 1 || values <= 2;
}

#endif
