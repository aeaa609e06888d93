/* The histogram's coding: round trips, its size, and what hostile bytes come to. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/varint.h"
#include "model/histogram.h"
#include "tests/unit/guard_page.h"
#include "tests/unit/random.h"

#define ENCODED_MAX 32768
#define PAIR(gap, count) ((gap) << 3 | ((count)-1)) /* counts of 1 to 8 */
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void fill(struct histogram *h, uint64_t *seed, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(
		    histogram_add_ns(h, (uint64_t)random_log_normal(seed, 50e6, 1)), 0);
}

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

static void assert_empty(const struct histogram *h)
{
	const struct histogram empty = {0};

	assert_same(h, &empty);
}

static void test_what_is_encoded_is_decoded(void **state)
{
	uint8_t bytes[ENCODED_MAX];
	struct histogram back = {0};
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 500; round++) {
		struct histogram h = {0};
		ssize_t n;

		for (uint64_t i = random_below(&seed, 300); i > 0; i--)
			assert_int_equal(histogram_add(&h, random_width(&seed)), 0);
		n = histogram_encode(&h, bytes, sizeof(bytes));
		assert_in_range(n, 6, histogram_encoded_max(&h));
		/* back keeps what it held before, and loses it */
		assert_int_equal(histogram_decode(bytes, (size_t)n, &back), n);
		assert_same(&h, &back);
		histogram_done(&h);
	}
	histogram_done(&back);
}

static void test_bytes_behind_the_end_are_the_callers(void **state)
{
	uint8_t bytes[ENCODED_MAX];
	struct histogram h = {0};
	struct histogram back = {0};
	uint64_t seed = 4;
	ssize_t n;

	(void)state;
	fill(&h, &seed, 50);
	n = histogram_encode(&h, bytes, sizeof(bytes));
	bytes[n] = 0xff;
	assert_int_equal(histogram_decode(bytes, (size_t)n + 1, &back), n);
	assert_same(&h, &back);
	histogram_done(&h);
	histogram_done(&back);
}

/* The sizes that storage was planned with: 145 bytes at 100 values, 350 at 1000. */
static void test_a_minute_takes_no_more_bytes_than_planned(void **state)
{
	uint8_t bytes[ENCODED_MAX];
	uint64_t seed = 9;
	ssize_t hundred = 0;
	ssize_t thousand = 0;

	(void)state;
	for (int round = 0; round < 20; round++) {
		struct histogram h = {0};

		fill(&h, &seed, 100);
		hundred += histogram_encode(&h, bytes, sizeof(bytes));
		fill(&h, &seed, 900);
		thousand += histogram_encode(&h, bytes, sizeof(bytes));
		histogram_done(&h);
	}
	assert_in_range(hundred / 20, 1, 145);
	assert_in_range(thousand / 20, 1, 350);
}

static void test_a_buffer_that_is_too_small_is_said(void **state)
{
	uint8_t bytes[ENCODED_MAX];
	struct guard_page guard;
	struct histogram h = {0};
	uint64_t seed = 6;
	ssize_t n;

	(void)state;
	guard_page_init(&guard, sizeof(bytes));
	fill(&h, &seed, 100);
	n = histogram_encode(&h, bytes, sizeof(bytes));
	for (ssize_t size = 0; size < n; size++)
		assert_int_equal(histogram_encode(&h, guard.pages + guard.readable - size,
				     (size_t)size),
		    -ENOSPC);
	assert_int_equal(
	    histogram_encode(&h, guard.pages + guard.readable - n, (size_t)n), n);
	histogram_done(&h);
	guard_page_done(&guard);
}

static void test_every_prefix_is_refused_without_reading_past_it(void **state)
{
	uint8_t bytes[ENCODED_MAX];
	struct guard_page guard;
	struct histogram h = {0};
	uint64_t seed = 8;
	ssize_t n;

	(void)state;
	guard_page_init(&guard, sizeof(bytes));
	fill(&h, &seed, 200);
	n = histogram_encode(&h, bytes, sizeof(bytes));
	for (size_t cut = 0; cut < (size_t)n; cut++) {
		assert_int_equal(
		    histogram_decode(guard_page_copy(&guard, bytes, cut), cut, &h),
		    -EBADMSG);
		assert_empty(&h);
	}
	assert_int_equal(
	    histogram_decode(guard_page_copy(&guard, bytes, (size_t)n), (size_t)n, &h),
	    n);
	histogram_done(&h);
	guard_page_done(&guard);
}

/* Decodes what a mutation made: it is refused, or a histogram with that very coding. */
static void check_mutated(const uint8_t *bytes, size_t n, struct histogram *h)
{
	uint8_t again[ENCODED_MAX];
	ssize_t took = histogram_decode(bytes, n, h);

	assert_in_range(h->buckets_room, 0, HISTOGRAM_BUCKETS_MAX);
	if (took < 0) {
		assert_int_equal(took, -EBADMSG);
		assert_empty(h);
		return;
	}
	assert_int_equal(histogram_encode(h, again, sizeof(again)), took);
	assert_memory_equal(bytes, again, (size_t)took);
}

static void test_every_mutated_byte_is_refused_or_means_something(void **state)
{
	uint8_t bytes[ENCODED_MAX];
	struct histogram h = {0};
	uint64_t seed = 10;
	ssize_t n;

	(void)state;
	fill(&h, &seed, 100);
	assert_int_equal(histogram_add(&h, 0), 0);
	n = histogram_encode(&h, bytes, sizeof(bytes));
	for (size_t at = 0; at < (size_t)n; at++) {
		for (unsigned int flip = 1; flip < 256; flip++) {
			bytes[at] ^= (uint8_t)flip;
			check_mutated(bytes, (size_t)n, &h);
			bytes[at] ^= (uint8_t)flip;
		}
	}
	histogram_done(&h);
}

static size_t put_all(const uint64_t *numbers, size_t n, uint8_t *out, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		at += (size_t)varint_encode(numbers[i], out + at, size - at);
	return at;
}

static void test_figures_that_cannot_be_are_refused(void **state)
{
	/* count, zeros, sum, min, max - min, pairs, then the pairs */
	static const struct {
		uint64_t n[12];
		size_t len;
		int err;
	} cases[] = {
	    {{1, 0, 5, 5, 0, 1, PAIR(75, 1)}, 7, 0}, /* the value 5, of bucket 74 */
	    {{1, 0, 5, 5, 0, 1, PAIR(76, 1)}, 7, -EBADMSG}, /* not its bucket */
	    {{2, 0, 5, 5, 0, 1, PAIR(75, 1)}, 7, -EBADMSG}, /* one is missing */
	    {{1, 0, 5, 5, 0, 1, PAIR(75, 2)}, 7, -EBADMSG}, /* one too many */
	    {{1, 0, 4, 5, 0, 1, PAIR(75, 1)}, 7, -EBADMSG}, /* sum below max */
	    {{1, 2, 5, 5, 0, 1, PAIR(75, 1)}, 7, -EBADMSG}, /* more zeros than values */
	    {{2, 1, 5, 5, 0, 1, PAIR(75, 1)}, 7, -EBADMSG}, /* zeros, but the min is 5 */
	    {{2, 1, 5, 0, 5, 1, PAIR(75, 1)}, 7, 0},
	    {{7, 0, 35, 5, 0, 1, PAIR(75, 7)}, 7, 0},
	    {{8, 0, 40, 5, 0, 1, PAIR(75, 8), 0}, 8, 0}, /* from 8 on, a count apart */
	    {{9, 0, 45, 5, 0, 1, PAIR(75, 8), 1}, 8, 0},
	    {{1, 1, 0, 0, 0, 0}, 6, 0},
	    {{1, 1, 1, 0, 0, 0}, 6, -EBADMSG}, /* zeros have no sum */
	    {{1, 1, 0, 0, 1, 0}, 6, -EBADMSG}, /* and no max */
	    {{2, 1, 0, 0, 0, 1, PAIR(0, 1)}, 7,
		-EBADMSG}, /* found by fuzzing: a max of 0 */
	    {{0, 0, 0, 0, 0, 0}, 6, 0},
	    {{0, 0, 0, 0, 0, 1, PAIR(0, 1)}, 7, -EBADMSG},
	    {{1, 0, 5, UINT64_MAX, 1, 1, PAIR(75, 1)}, 7, -EBADMSG}, /* max wraps */
	    {{1, 0, 5, 5, 0, UINT64_MAX, PAIR(75, 1)}, 7, -EBADMSG},
	    {{1, 0, 5, 5, 0, 1, PAIR(2049, 1)}, 7, -EBADMSG}, /* beyond the last */
	    {{1, 0, UINT64_MAX, UINT64_MAX, 0, 1, PAIR(2048, 1)}, 7, 0}, /* the last */
	    {{2, 0, UINT64_MAX, UINT64_MAX, 0, 2, PAIR(2048, 1), PAIR(0, 1)}, 8,
		-EBADMSG},
	    {{1, 0, 1, 1, 0, 1, PAIR(0, 1)}, 7, 0}, /* the first */
	    {{1, 0, 5, 5, 0, 1, UINT64_MAX - 7}, 7, -EBADMSG},
	    /* counts that wrap to what was announced */
	    {{2, 0, 10, 5, 0, 2, PAIR(75, 8), UINT64_MAX - 8, PAIR(0, 3)}, 9, -EBADMSG},
	    {{1, 0, 5, 5, 0, 1, PAIR(75, 8), UINT64_MAX - 6}, 8, -EBADMSG},
	};
	uint8_t bytes[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct histogram h = {0};
		size_t n = put_all(cases[i].n, cases[i].len, bytes, sizeof(bytes));
		ssize_t took = histogram_decode(bytes, n, &h);

		assert_int_equal(took, cases[i].err ? cases[i].err : (ssize_t)n);
		histogram_done(&h);
	}
}

static void test_a_merge_that_would_overflow_is_refused_and_changes_nothing(void **state)
{
	static const uint64_t numbers[] = {
	    UINT64_MAX - 1, 0, UINT64_MAX, 5, 0, 1, PAIR(75, 8), UINT64_MAX - 1 - 8};
	uint8_t bytes[128];
	struct histogram huge = {0};
	struct histogram two = {0};
	size_t n = put_all(numbers, COUNT_OF(numbers), bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(histogram_decode(bytes, n, &huge), n);
	assert_int_equal(histogram_add(&two, 1), 0);
	assert_int_equal(histogram_add(&two, 1), 0);
	assert_int_equal(histogram_merge(&two, &huge), -EOVERFLOW);
	assert_int_equal(two.count, 2);
	assert_int_equal(two.buckets_used, 1);
	assert_true(histogram_quantile(&huge, 0.5) == 5);
	histogram_done(&huge);
	histogram_done(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_encoded_is_decoded),
	    cmocka_unit_test(test_bytes_behind_the_end_are_the_callers),
	    cmocka_unit_test(test_a_minute_takes_no_more_bytes_than_planned),
	    cmocka_unit_test(test_a_buffer_that_is_too_small_is_said),
	    cmocka_unit_test(test_every_prefix_is_refused_without_reading_past_it),
	    cmocka_unit_test(test_every_mutated_byte_is_refused_or_means_something),
	    cmocka_unit_test(test_figures_that_cannot_be_are_refused),
	    cmocka_unit_test(
		test_a_merge_that_would_overflow_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
