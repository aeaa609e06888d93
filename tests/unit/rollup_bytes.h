/* Rollups as bytes, for tests that compare them. cmocka.h comes before. */
#ifndef COLDMETER_TESTS_UNIT_ROLLUP_BYTES_H
#define COLDMETER_TESTS_UNIT_ROLLUP_BYTES_H

#include <stdlib.h>

#include "model/rollup.h"

/* Both byte strings of a rollup. */
struct bytes {
	uint8_t *counters;
	size_t counters_n;
	uint8_t *histograms;
	size_t histograms_n;
};

static inline void encode(const struct rollup *r, struct bytes *b)
{
	assert_int_equal(rollup_encode_counters(r, &b->counters, &b->counters_n), 0);
	assert_int_equal(
	    rollup_encode_histograms(r, &b->histograms, &b->histograms_n), 0);
}

static inline void bytes_done(struct bytes *b)
{
	free(b->counters);
	free(b->histograms);
}

/* Codings are unique, so equal bytes mean equal rollups. */
static inline void assert_same(const struct rollup *a, const struct rollup *b)
{
	struct bytes x;
	struct bytes y;

	encode(a, &x);
	encode(b, &y);
	assert_int_equal(x.counters_n, y.counters_n);
	assert_int_equal(x.histograms_n, y.histograms_n);
	assert_memory_equal(x.counters, y.counters, x.counters_n);
	assert_memory_equal(x.histograms, y.histograms, x.histograms_n);
	bytes_done(&x);
	bytes_done(&y);
}

#endif
