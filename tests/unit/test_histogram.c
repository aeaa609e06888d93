/* Quantiles against the exact values, merges against direct insertion. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/histogram.h"
#include "tests/unit/random.h"

#define STEPS 32
#define WORST_ERROR 0.010831 /* (2^(1/32) - 1) / (2^(1/32) + 1), rounded up */
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int32_t reference_index(uint64_t value)
{
	return (int32_t)ceill(log2l((long double)value) * STEPS) - 1;
}

static void test_indices_agree_with_logarithms_up_to_two_million(void **state)
{
	(void)state;
	for (uint64_t v = 1; v <= 2000000; v++)
		assert_int_equal(histogram_index(v), reference_index(v));
}

static void test_indices_agree_with_logarithms_for_random_values(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		uint64_t v = random_width(&seed);

		if (v > 0)
			assert_int_equal(histogram_index(v), reference_index(v));
	}
}

static void test_powers_of_two_close_their_bucket(void **state)
{
	(void)state;
	for (int32_t bits = 0; bits < 64; bits++) {
		uint64_t v = UINT64_C(1) << bits;

		assert_int_equal(histogram_index(v), bits * STEPS - 1);
		if (bits < 63)
			assert_int_equal(histogram_index(v + 1),
			    bits < 40 ? reference_index(v + 1) : bits * STEPS);
	}
	assert_int_equal(histogram_index(1), HISTOGRAM_INDEX_MIN);
	assert_int_equal(histogram_index(UINT64_MAX), HISTOGRAM_INDEX_MAX);
}

/* The table's 64-bit bounds, one by one: on either side of 2^(63 + j/32). */
static void test_buckets_change_exactly_at_their_bounds(void **state)
{
	(void)state;
	for (int j = 1; j < STEPS; j++) {
		uint64_t low = UINT64_C(1) << 63;
		uint64_t high = UINT64_MAX;

		/* the last value whose bucket ends at the j-th bound */
		while (low < high) {
			uint64_t middle = low + (high - low) / 2 + 1;

			if (histogram_index(middle) < 63 * STEPS + j)
				low = middle;
			else
				high = middle - 1;
		}
		/* low <= 2^(63+j/32) < low + 1, to the last bit that long double holds */
		assert_true(fabsl(log2l((long double)low) -
				  (63 + (long double)j / STEPS)) < 1e-17L);
		assert_int_equal(histogram_index(low + 1), 63 * STEPS + j);
		assert_true(
		    fabs(histogram_upper(63 * STEPS + j - 1) / (double)low - 1) < 1e-15);
	}
}

static void test_ticks_are_two_to_the_minus_forty_seconds(void **state)
{
	uint64_t seed = 3;

	(void)state;
	assert_int_equal(histogram_ticks(0), 0);
	assert_int_equal(histogram_ticks(1000000000), UINT64_C(1) << 40);
	assert_int_equal(histogram_ticks(1), 1100); /* 1099.51 */
	assert_int_equal(histogram_ticks(UINT64_MAX), UINT64_MAX);
	/* 2^64 ticks are 2^24 s */
	assert_int_equal(histogram_ticks(UINT64_C(16777216000000001)), UINT64_MAX);
	assert_true(histogram_ticks(UINT64_C(16777215999999999)) < UINT64_MAX);
	/* so that the index of a second is what OTLP writes for 1.0 */
	assert_int_equal(
	    histogram_index(histogram_ticks(1000000000)) - HISTOGRAM_SECONDS_INDEX_OFFSET,
	    -1);
	for (int i = 0; i < 100000; i++) {
		uint64_t ns = random_next(&seed) >> 11; /* up to 2^53: 104 days */
		double back = histogram_ticks_to_ns((double)histogram_ticks(ns));

		assert_true(fabs(back - (double)ns) <= 1e-3 + (double)ns * 1e-15);
	}
}

/* --- quantiles ------------------------------------------------------------------------
 */

static int compare_values(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void add_all(struct histogram *h, const uint64_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(histogram_add(h, values[i]), 0);
}

static void check_quantiles(uint64_t *values, size_t n)
{
	static const double quantiles[] = {
	    0, 0.001, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1};
	struct histogram h = {0};

	add_all(&h, values, n);
	qsort(values, n, sizeof(*values), compare_values);
	for (size_t i = 0; i < COUNT_OF(quantiles); i++) {
		double rank = ceil(quantiles[i] * (double)n);
		double exact = (double)values[rank < 1 ? 0 : (size_t)rank - 1];
		double got = histogram_quantile(&h, quantiles[i]);

		assert_true(fabs(got - exact) <= exact * WORST_ERROR);
	}
	assert_true(histogram_quantile(&h, 0) == (double)values[0]);
	assert_true(histogram_quantile(&h, 1) == (double)values[n - 1]);
	assert_int_equal(h.min, values[0]);
	assert_int_equal(h.max, values[n - 1]);
	assert_int_equal(h.count, n);
	histogram_done(&h);
}

enum shape { LOG_NORMAL, BIMODAL, UNIFORM, CONSTANT, WIDE, SHAPES };

/* What functions do, in ns; WIDE is what they never do. */
static uint64_t draw(uint64_t *seed, enum shape shape)
{
	switch (shape) {
	case LOG_NORMAL:
		return (uint64_t)random_log_normal(seed, 50e6, 1);
	case BIMODAL:
		return random_below(seed, 50) == 0
			   ? (uint64_t)random_log_normal(seed, 800e6, 0.4)
			   : (uint64_t)random_log_normal(seed, 20e6, 0.5);
	case UNIFORM:
		return random_below(seed, 200000000);
	case CONSTANT:
		return 123456789;
	case WIDE:
		return random_width(seed);
	case SHAPES:
		break;
	}
	return 0;
}

static void test_quantiles_of_any_shape_and_size_are_within_the_bound(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 5, 10, 99, 100, 101, 1000, 50000};
	static uint64_t values[50000];
	uint64_t seed = 11;

	(void)state;
	for (unsigned int shape = 0; shape < SHAPES; shape++) {
		for (size_t i = 0; i < COUNT_OF(sizes); i++) {
			for (size_t k = 0; k < sizes[i]; k++)
				values[k] = draw(&seed, shape);
			check_quantiles(values, sizes[i]);
		}
	}
}

static void test_an_empty_histogram_has_quantile_zero(void **state)
{
	struct histogram h = {0};

	(void)state;
	assert_true(histogram_quantile(&h, 0.5) == 0);
	assert_true(histogram_quantile_ns(&h, 0.99) == 0);
	histogram_done(&h);
	histogram_done(NULL);
}

static void test_zeros_are_values_too(void **state)
{
	struct histogram h = {0};

	(void)state;
	for (int i = 0; i < 99; i++)
		assert_int_equal(histogram_add(&h, 0), 0);
	assert_int_equal(histogram_add(&h, 1000), 0);
	assert_int_equal(h.zero_count, 99);
	assert_true(histogram_quantile(&h, 0.5) == 0);
	assert_true(histogram_quantile(&h, 0.99) == 0);
	assert_true(histogram_quantile(&h, 0.991) == 1000);
	assert_int_equal(h.min, 0);
	histogram_done(&h);
}

static void test_odd_quantiles_stay_within_the_values(void **state)
{
	struct histogram h = {0};

	(void)state;
	for (uint64_t v = 10; v <= 1000; v += 10)
		assert_int_equal(histogram_add(&h, v), 0);
	assert_true(histogram_quantile(&h, -1) == 10);
	assert_true(histogram_quantile(&h, NAN) == 10);
	assert_true(histogram_quantile(&h, 2) == 1000);
	assert_true(histogram_quantile(&h, INFINITY) == 1000);
	histogram_done(&h);
}

static void test_durations_come_back_in_ns(void **state)
{
	struct histogram h = {0};

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(histogram_add_ns(&h, 51234000), 0);
	assert_true(fabs(histogram_quantile_ns(&h, 0.5) - 51234000) < 1e-3);
	histogram_done(&h);
}

static void test_the_sum_saturates(void **state)
{
	struct histogram h = {0};

	(void)state;
	assert_int_equal(histogram_add(&h, UINT64_MAX), 0);
	assert_int_equal(histogram_add(&h, 5), 0);
	assert_true(h.sum == UINT64_MAX);
	histogram_done(&h);
}

/* --- merging --------------------------------------------------------------------------
 */

static void assert_same(const struct histogram *a, const struct histogram *b)
{
	assert_true(a->count == b->count);
	assert_true(a->zero_count == b->zero_count);
	assert_true(a->sum == b->sum);
	assert_true(a->min == b->min);
	assert_true(a->max == b->max);
	assert_int_equal(a->buckets_used, b->buckets_used);
	if (a->buckets_used == 0)
		return;
	assert_int_equal(a->first, b->first);
	assert_memory_equal(
	    a->buckets, b->buckets, a->buckets_used * sizeof(*a->buckets));
}

/* Values dealt out to some histograms, which are merged two by two in any order. */
static void check_merge_tree(
    uint64_t *seed, enum shape shape, size_t values, size_t parts)
{
	struct histogram direct = {0};
	struct histogram part[16] = {{0}};
	const struct histogram *together[16];

	for (size_t i = 0; i < values; i++) {
		uint64_t v = draw(seed, shape);

		assert_int_equal(histogram_add(&direct, v), 0);
		assert_int_equal(histogram_add(&part[random_below(seed, parts)], v), 0);
	}
	for (size_t i = 0; i < parts; i++)
		together[i] = &part[i];
	for (int i = 0; i <= 8; i++)
		assert_true(histogram_quantile_of(together, parts, i / 8.0) ==
			    histogram_quantile(&direct, i / 8.0));
	for (size_t left = parts; left > 1; left--) {
		size_t from = random_below(seed, left);
		size_t into = (from + 1 + random_below(seed, left - 1)) % left;
		struct histogram merged;

		assert_int_equal(histogram_merge(&part[into], &part[from]), 0);
		histogram_done(&part[from]);
		merged = part[left - 1];
		part[left - 1] = (struct histogram){0};
		if (from != left - 1)
			part[from] = merged;
	}
	assert_same(&part[0], &direct);
	histogram_done(&part[0]);
	histogram_done(&direct);
}

static void test_any_merge_tree_gives_what_direct_insertion_gives(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (int round = 0; round < 400; round++)
		check_merge_tree(&seed, (enum shape)random_below(&seed, SHAPES),
		    random_below(&seed, 500), 1 + random_below(&seed, 16));
}

static void test_merging_an_empty_one_changes_nothing(void **state)
{
	struct histogram h = {0};
	struct histogram same = {0};
	struct histogram empty = {0};

	(void)state;
	assert_int_equal(histogram_add(&h, 77), 0);
	assert_int_equal(histogram_merge(&h, &empty), 0);
	assert_int_equal(histogram_merge(&same, &h), 0);
	assert_same(&h, &same);
	histogram_done(&h);
	histogram_done(&same);
}

static void test_a_cleared_histogram_is_as_good_as_new(void **state)
{
	struct histogram used = {0};
	struct histogram fresh = {0};
	const uint64_t values[] = {9, 1, 0, 1000000};

	(void)state;
	add_all(&used, (const uint64_t[]){UINT64_MAX, 3, 3, 0}, 4);
	histogram_clear(&used);
	assert_non_null(used.buckets); /* keeps its memory */
	add_all(&used, values, COUNT_OF(values));
	add_all(&fresh, values, COUNT_OF(values));
	assert_same(&used, &fresh);
	histogram_done(&used);
	histogram_done(&fresh);
}

static void test_the_window_never_outgrows_all_buckets(void **state)
{
	struct histogram h = {0};
	uint64_t seed = 2;

	(void)state;
	for (int i = 0; i < 20000; i++)
		assert_int_equal(histogram_add(&h, random_width(&seed)), 0);
	assert_int_equal(histogram_add(&h, UINT64_MAX), 0);
	assert_int_equal(histogram_add(&h, 1), 0);
	assert_int_equal(h.buckets_used, HISTOGRAM_BUCKETS_MAX);
	assert_int_equal(h.buckets_room, HISTOGRAM_BUCKETS_MAX);
	histogram_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_indices_agree_with_logarithms_up_to_two_million),
	    cmocka_unit_test(test_indices_agree_with_logarithms_for_random_values),
	    cmocka_unit_test(test_powers_of_two_close_their_bucket),
	    cmocka_unit_test(test_buckets_change_exactly_at_their_bounds),
	    cmocka_unit_test(test_ticks_are_two_to_the_minus_forty_seconds),
	    cmocka_unit_test(test_quantiles_of_any_shape_and_size_are_within_the_bound),
	    cmocka_unit_test(test_an_empty_histogram_has_quantile_zero),
	    cmocka_unit_test(test_zeros_are_values_too),
	    cmocka_unit_test(test_odd_quantiles_stay_within_the_values),
	    cmocka_unit_test(test_durations_come_back_in_ns),
	    cmocka_unit_test(test_the_sum_saturates),
	    cmocka_unit_test(test_any_merge_tree_gives_what_direct_insertion_gives),
	    cmocka_unit_test(test_merging_an_empty_one_changes_nothing),
	    cmocka_unit_test(test_a_cleared_histogram_is_as_good_as_new),
	    cmocka_unit_test(test_the_window_never_outgrows_all_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
