/* Packed histograms: round trips for any guess, their size, and what hostile bytes come
 * to. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "model/histogram_pack.h"
#include "tests/unit/guard_page.h"
#include "tests/unit/random.h"

#define PACKED_MAX 65536

static const struct histogram_guess no_guess;

static void assert_same(const struct histogram *a, const struct histogram *b)
{
	assert_true(a->count == b->count && a->zero_count == b->zero_count);
	assert_true(a->sum == b->sum && a->min == b->min && a->max == b->max);
	assert_int_equal(a->buckets_used, b->buckets_used);
	if (a->buckets_used == 0)
		return;
	assert_int_equal(a->first, b->first);
	assert_memory_equal(
	    a->buckets, b->buckets, a->buckets_used * sizeof(*a->buckets));
}

/* Packs, reads what ends at an unmapped page, compares. Returns the bytes. */
static size_t round_trip(const struct histogram *h, const struct histogram_guess *guess)
{
	static struct guard_page guard;
	static uint8_t bytes[PACKED_MAX];
	struct histogram back = {0};
	struct histogram head;
	ssize_t n;

	if (!guard.pages)
		guard_page_init(&guard, PACKED_MAX);
	n = histogram_pack(h, guess, bytes, sizeof(bytes));
	assert_in_range(n, 1, histogram_packed_max(h));
	assert_int_equal(histogram_merge_packed(&back, guess,
			     guard_page_copy(&guard, bytes, (size_t)n), (size_t)n, &head),
	    n);
	assert_same(h, &back);
	assert_true(head.sum == h->sum && head.count == h->count);
	for (ssize_t cut = 0; cut < n; cut++) {
		assert_int_equal(histogram_pack(h, guess, bytes, (size_t)cut), -ENOSPC);
		histogram_clear(&back);
		assert_int_equal(
		    histogram_merge_packed(&back, guess,
			guard_page_copy(&guard, bytes, (size_t)cut), (size_t)cut, &head),
		    -EBADMSG);
	}
	histogram_done(&back);
	return (size_t)n;
}

/* Of any width, wide apart or close, few or many, zeros among them. */
static void fill(struct histogram *h, uint64_t *seed)
{
	uint64_t kind = random_below(seed, 6);
	uint64_t n = random_below(seed, kind == 5 ? 4 : 200);
	uint64_t base = random_width(seed) >> 1;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t value = random_width(seed);

		if (kind == 1) /* in a few buckets */
			value = base + value % (base / 4 + 1);
		else if (kind == 2) /* pages */
			value = (value % 100000) << 12;
		else if (kind == 3)
			value = (uint64_t)random_log_normal(seed, 50e9, 1);
		else if (kind == 4 && random_below(seed, 3))
			value = 0;
		assert_int_equal(histogram_add(h, value), 0);
	}
}

static void test_what_is_packed_comes_back_for_any_guess(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (int round = 0; round < 600; round++) {
		struct histogram h = {0};
		struct histogram_guess guess = {0};

		fill(&h, &seed);
		if (round % 3 == 1)
			guess = (struct histogram_guess){h.count, h.sum, h.max};
		else if (round % 3 == 2)
			guess = (struct histogram_guess){random_width(&seed),
			    random_width(&seed), random_width(&seed)};
		(void)round_trip(&h, &guess);
		histogram_done(&h);
	}
}

/* Counts of every size: each body's form, and the escape of a Rice code. */
static void test_any_counts_come_back(void **state)
{
	uint64_t seed = 6;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct histogram h = {0};
		unsigned int most = (unsigned int)random_below(&seed, 50);

		fill(&h, &seed);
		for (uint32_t i = 0; i < h.buckets_used; i++) {
			uint64_t more = random_next(&seed) >> (63 - most);

			if (!h.buckets[i] || random_below(&seed, 4) == 0)
				continue;
			h.buckets[i] += more;
			h.count += more;
		}
		h.sum = UINT64_MAX; /* as it would be of as many */
		if (h.count > h.zero_count)
			(void)round_trip(&h, &no_guess);
		histogram_done(&h);
	}
}

static void test_a_merge_adds_to_what_is_there(void **state)
{
	uint64_t seed = 8;
	struct histogram sum = {0};
	struct histogram at_once = {0};
	uint8_t bytes[PACKED_MAX];

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct histogram h = {0};
		struct histogram head;
		ssize_t n;

		fill(&h, &seed);
		n = histogram_pack(&h, &no_guess, bytes, sizeof(bytes));
		assert_int_equal(histogram_merge_packed(
				     &at_once, &no_guess, bytes, sizeof(bytes), &head),
		    n);
		assert_int_equal(histogram_merge(&sum, &h), 0);
		assert_same(&sum, &at_once);
		histogram_done(&h);
	}
	histogram_done(&sum);
	histogram_done(&at_once);
}

/* What it is for: a minute of 100 values beside their sum, and a day of many. */
static void test_sizes_are_as_planned(void **state)
{
	uint64_t seed = 9;
	size_t minute = 0;
	struct histogram day = {0};

	(void)state;
	for (int round = 0; round < 50; round++) {
		struct histogram h = {0};

		for (int i = 0; i < 100; i++)
			assert_int_equal(histogram_add_ns(&h, (uint64_t)random_log_normal(
								  &seed, 50e6, 0.8)),
			    0);
		minute += round_trip(&h, &(struct histogram_guess){h.count, h.sum, 0});
		assert_int_equal(histogram_merge(&day, &h), 0);
		histogram_done(&h);
	}
	assert_in_range(minute / 50, 30, 52);
	assert_in_range(round_trip(&day, &no_guess), 100, 500);
	histogram_done(&day);
}

static void read_mutated(const uint8_t *bytes, size_t n)
{
	struct histogram back = {0};
	struct histogram head;

	if (histogram_merge_packed(&back, &no_guess, bytes, n, &head) >= 0) {
		double p50 = histogram_quantile(&back, 0.5);

		assert_true(p50 >= (double)back.min && p50 <= (double)back.max);
	}
	histogram_done(&back);
}

static void test_no_mutation_does_harm(void **state)
{
	uint64_t seed = 10;
	uint8_t bytes[PACKED_MAX];

	(void)state;
	for (int round = 0; round < 60; round++) {
		struct histogram h = {0};
		ssize_t n;

		fill(&h, &seed);
		n = histogram_pack(&h, &no_guess, bytes, sizeof(bytes));
		for (ssize_t bit = 0; bit < n * 8; bit++) {
			bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
			read_mutated(bytes, (size_t)n);
			bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
		histogram_done(&h);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_packed_comes_back_for_any_guess),
	    cmocka_unit_test(test_any_counts_come_back),
	    cmocka_unit_test(test_a_merge_adds_to_what_is_there),
	    cmocka_unit_test(test_sizes_are_as_planned),
	    cmocka_unit_test(test_no_mutation_does_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
