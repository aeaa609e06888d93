/* Hours of rollups in few bytes: each minute comes back as it was. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "model/rollup_hour.h"
#include "model/rollup_parts.h"
#include "price/plan.h"
#include "tests/unit/guard_page.h"
#include "tests/unit/random.h"
#include "tests/unit/rollup_bytes.h"

static const struct function function = {.platform = PLATFORM_AWS_LAMBDA,
    .arch = ARCH_X86_64,
    .memory_limit_mb = 256,
    .name = "f"};

struct hour {
	struct rollup minutes[ROLLUP_HOUR_MINUTES];
	const struct rollup *at[ROLLUP_HOUR_MINUTES];
	size_t n;
	uint8_t *bytes;
	size_t size;
};

static struct hour_tables *tables;
static struct rollup_hour *coder;

static int set_up(void **state)
{
	(void)state;
	return hour_tables_new(&tables) || rollup_hour_new(tables, &coder);
}

static int tear_down(void **state)
{
	(void)state;
	rollup_hour_free(coder);
	hour_tables_free(tables);
	return 0;
}

static void hour_done(struct hour *hour)
{
	for (size_t i = 0; i < hour->n; i++)
		rollup_done(&hour->minutes[i]);
	free(hour->bytes);
}

/* An invocation as they are, or (odd) with figures of any size. */
static void add(struct rollup *r, uint64_t *seed, bool odd)
{
	struct invocation inv = {.function = &function,
	    .kind = KIND_LAMBDA,
	    .start_type = random_below(seed, 50) ? START_WARM : START_COLD,
	    .has = HAS_DURATION | HAS_CPU | HAS_MEMORY,
	    .start_ns = 1790000000000000000,
	    .duration_ns = (uint64_t)random_log_normal(seed, 50e6, 0.8),
	    .cpu_ns = 1000000 + random_below(seed, 5000000),
	    .peak_memory_bytes = (64U << 20) + random_below(seed, 1000) * 4096,
	    .concurrency = 1};
	struct usage usage = {0};

	if (inv.start_type == START_COLD) {
		inv.has |= HAS_INIT;
		inv.init_ns = 200000000 + random_below(seed, 300000000);
	}
	if (odd) {
		inv.start_type = random_below(seed, 3) ? START_WARM : START_COLD;
		inv.status = (enum invocation_status)random_below(seed, STATUS_COUNT);
		inv.duration_ns = random_below(seed, 5) ? random_width(seed) >> 8 : 0;
		inv.busy_ns = random_width(seed) >> 9;
		inv.peak_memory_bytes = random_width(seed) >> 10;
		inv.ping = random_below(seed, 8) == 0;
		inv.concurrency = (uint32_t)random_width(seed);
		inv.request_bytes = random_width(seed) >> 8;
		inv.has = (uint32_t)random_next(seed);
	}
	plan_count_all(&inv, &usage);
	assert_int_equal(rollup_add(r, &inv, &usage), 0);
}

static void pack(struct hour *hour)
{
	size_t room;
	ssize_t size;

	for (size_t i = 0; i < hour->n; i++)
		hour->at[i] = &hour->minutes[i];
	room = rollup_hour_packed_max(hour->at, hour->n);
	hour->bytes = malloc(room);
	assert_non_null(hour->bytes);
	size = rollup_hour_pack(coder, hour->at, hour->n, hour->bytes, room);
	assert_true(size > 0);
	hour->size = (size_t)size;
}

/* Each minute, alone and added to others, and its counters. */
static void assert_comes_back(struct hour *hour)
{
	struct rollup back = {0};
	struct rollup counters = {0};
	struct rollup sum = {0};
	struct rollup sum_back = {0};

	pack(hour);
	assert_int_equal(rollup_hour_open(coder, hour->bytes, hour->size, hour->n), 0);
	for (size_t k = hour->n; k-- > 0;) { /* in any order */
		uint8_t *expected;
		uint8_t *got;
		size_t expected_n;
		size_t got_n;

		rollup_clear(&back);
		rollup_clear(&counters);
		assert_int_equal(rollup_hour_add(coder, k, &back), 0);
		assert_same(&hour->minutes[k], &back);
		assert_int_equal(
		    rollup_hour_invocations(coder, k), hour->minutes[k].invocations);
		assert_int_equal(rollup_hour_count(coder, k, &counters), 0);
		assert_int_equal(counters.warm.count, 0);
		assert_int_equal(
		    rollup_encode_counters(&back, &expected, &expected_n), 0);
		assert_int_equal(rollup_encode_counters(&counters, &got, &got_n), 0);
		assert_int_equal(got_n, expected_n);
		assert_memory_equal(got, expected, got_n);
		free(expected);
		free(got);
		if (rollup_merge(&sum, &hour->minutes[k]) == -EOVERFLOW) {
			assert_int_equal(
			    rollup_hour_add(coder, k, &sum_back), -EOVERFLOW);
			rollup_clear(&sum);
			rollup_clear(&sum_back);
			continue;
		}
		assert_int_equal(rollup_hour_add(coder, k, &sum_back), 0);
		assert_same(&sum, &sum_back);
	}
	rollup_done(&back);
	rollup_done(&counters);
	rollup_done(&sum);
	rollup_done(&sum_back);
}

static void test_an_hour_comes_back(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct hour hour = {.n = 1 + random_below(&seed, ROLLUP_HOUR_MINUTES)};
		size_t most = 1U << random_below(&seed, 9);

		for (size_t i = 0; i < hour.n; i++)
			for (size_t k = random_below(&seed, most); k > 0; k--)
				add(&hour.minutes[i], &seed,
				    round % 3 == 1 || (round % 3 == 2 && k % 16 == 0));
		assert_comes_back(&hour);
		hour_done(&hour);
	}
}

/* Nothing, pings alone, losses alone, and figures as large as there are. */
static void test_an_hour_of_extremes_comes_back(void **state)
{
	struct hour hour = {.n = 6};
	uint64_t seed = 2;

	(void)state;
	hour.minutes[1].pings = 3;
	hour.minutes[1].cold_pings = 1;
	hour.minutes[1].ping_usage.item[USAGE_AWS_MB_MS] = 1234567;
	hour.minutes[2].lost[LOST_RING_FULL] = 17;
	for (size_t i = 0; i < ROLLUP_COUNTERS; i++) {
		*rollup_counter(&hour.minutes[3], i) = UINT64_MAX;
		*rollup_counter(&hour.minutes[4], i) = UINT64_MAX - random_width(&seed);
	}
	for (size_t i = 0; i < USAGE_ITEMS; i++) {
		hour.minutes[3].usage.item[i] = UINT64_MAX;
		hour.minutes[4].ping_usage.item[i] = UINT64_MAX - i;
	}
	for (size_t i = 0; i < STATUS_COUNT; i++)
		hour.minutes[3].by_status[i] = UINT64_MAX;
	for (size_t i = 0; i < ROLLUP_HISTOGRAMS; i++) {
		static const uint64_t values[] = {1, 2, 1ULL << 40, UINT64_MAX};
		struct histogram *h = rollup_histogram(&hour.minutes[3], i);

		for (size_t k = 0; k < 4; k++) {
			assert_int_equal(histogram_add(h, values[k]), 0);
			assert_int_equal(
			    histogram_add(rollup_histogram(&hour.minutes[5], i),
				values[k] / (i + 1)),
			    0);
		}
		h->buckets[40] += UINT64_MAX - h->count;
		h->count = UINT64_MAX;
		h->sum = UINT64_MAX;
	}
	assert_comes_back(&hour);
	hour_done(&hour);
}

/* Each counter alone, in one minute of several. */
static void test_each_counter_comes_back(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (size_t i = 0; i < ROLLUP_COUNTERS + USAGE_ITEMS; i++) {
		struct hour hour = {.n = 4};

		for (size_t k = 0; k < hour.n; k++)
			for (int n = 0; n < 5; n++)
				add(&hour.minutes[k], &seed, false);
		if (i < ROLLUP_COUNTERS)
			*rollup_counter(&hour.minutes[2], i) = 1 + random_width(&seed);
		else
			hour.minutes[2].ping_usage.item[i - ROLLUP_COUNTERS] =
			    1 + random_width(&seed);
		assert_comes_back(&hour);
		hour_done(&hour);
	}
}

static void read_all(struct rollup *into, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		rollup_clear(into);
		(void)rollup_hour_add(coder, i, into);
	}
}

static void test_every_prefix_is_refused_and_no_mutation_does_harm(void **state)
{
	struct hour hour = {.n = 10};
	struct rollup into = {0};
	struct guard_page guard;
	uint64_t seed = 4;

	(void)state;
	for (size_t i = 0; i < hour.n; i++)
		for (int k = 0; k < 60; k++)
			add(&hour.minutes[i], &seed, k == 7);
	pack(&hour);
	guard_page_init(&guard, hour.size);
	for (size_t cut = 0; cut < hour.size; cut++) {
		const uint8_t *part = guard_page_copy(&guard, hour.bytes, cut);

		assert_int_equal(rollup_hour_open(coder, part, cut, hour.n), -EBADMSG);
	}
	for (size_t bit = 0; bit < hour.size * 8; bit++) {
		uint8_t *bytes = guard_page_copy(&guard, hour.bytes, hour.size);

		bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (rollup_hour_open(coder, bytes, hour.size, hour.n) == 0)
			read_all(&into, hour.n);
	}
	rollup_done(&into);
	hour_done(&hour);
	guard_page_done(&guard);
}

/* What a function-minute of 100 invocations was to take in blocks: 80 bytes with its
 * page. Entropy alone is some 60. */
static void test_a_minute_of_a_hundred_takes_seventy_bytes(void **state)
{
	struct hour hour = {.n = ROLLUP_HOUR_MINUTES};
	uint64_t seed = 5;

	(void)state;
	for (size_t i = 0; i < hour.n; i++)
		for (int k = 0; k < 100; k++)
			add(&hour.minutes[i], &seed, false);
	pack(&hour);
	assert_in_range(hour.size, 60 * 60, 70 * 60);
	hour_done(&hour);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_hour_comes_back),
	    cmocka_unit_test(test_an_hour_of_extremes_comes_back),
	    cmocka_unit_test(test_each_counter_comes_back),
	    cmocka_unit_test(test_every_prefix_is_refused_and_no_mutation_does_harm),
	    cmocka_unit_test(test_a_minute_of_a_hundred_takes_seventy_bytes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
