/* What a rollup counts, that order does not matter, and that its bytes come back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/varint.h"
#include "model/rollup.h"
#include "tests/unit/guard_page.h"
#include "tests/unit/rollup_bytes.h"
#include "tests/unit/sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct function function = {.platform = PLATFORM_GENERIC, .name = "f"};
static const struct usage one_request = {.item = {[USAGE_AWS_REQUESTS] = 1}};

static void add(struct rollup *r, struct invocation inv)
{
	inv.function = &function;
	assert_int_equal(rollup_add(r, &inv, &one_request), 0);
}

static void test_each_start_type_is_counted_in_its_place(void **state)
{
	struct rollup r = {0};

	(void)state;
	add(&r, (struct invocation){.start_type = START_COLD,
		    .has = HAS_DURATION | HAS_INIT,
		    .duration_ns = 100,
		    .init_ns = 1000});
	add(&r, (struct invocation){
		    .start_type = START_WARM, .has = HAS_DURATION, .duration_ns = 20});
	add(&r, (struct invocation){.start_type = START_PREWARMED,
		    .has = HAS_DURATION | HAS_INIT,
		    .duration_ns = 30,
		    .init_ns = 500});
	add(&r, (struct invocation){.has = HAS_DURATION, .duration_ns = 40});
	assert_int_equal(r.invocations, 4);
	assert_int_equal(r.cold, 1);
	assert_int_equal(r.prewarmed, 1);
	assert_int_equal(r.cold_duration.count, 1);
	assert_int_equal(r.warm.count, 3);
	assert_int_equal(r.init.count, 2);
	assert_int_equal(r.duration_ns, 190);
	assert_int_equal(r.init_ns, 1500);
	assert_int_equal(r.usage.item[USAGE_AWS_REQUESTS], 4);
	rollup_done(&r);
}

static void test_figures_that_are_not_known_are_not_counted(void **state)
{
	struct rollup r = {0};

	(void)state;
	/* figures without their bit: whatever stands there is not a figure */
	add(&r, (struct invocation){.status = STATUS_INIT_ERROR,
		    .duration_ns = 1,
		    .init_ns = 1,
		    .cpu_ns = 1,
		    .busy_ns = 1,
		    .peak_memory_bytes = 1,
		    .request_bytes = 1,
		    .response_bytes = 1});
	assert_int_equal(r.invocations, 1);
	assert_int_equal(r.warm.count + r.cold_duration.count, 0);
	assert_int_equal(r.init.count + r.memory.count, 0);
	assert_int_equal(r.duration_ns + r.init_ns + r.cpu_ns + r.busy_ns, 0);
	assert_int_equal(r.request_bytes + r.response_bytes + r.memory_max_bytes, 0);
	rollup_done(&r);
}

static void test_figures_are_added_up_and_peaks_are_kept(void **state)
{
	struct rollup r = {0};

	(void)state;
	for (uint64_t i = 1; i <= 3; i++)
		add(&r, (struct invocation){
			    .has = HAS_CPU | HAS_BUSY | HAS_MEMORY | HAS_BYTES,
			    .cpu_ns = i,
			    .busy_ns = 10 * i,
			    .peak_memory_bytes = 100 * (i == 2 ? 9 : i),
			    .request_bytes = 5,
			    .response_bytes = 7,
			    .concurrency = (uint32_t)(i == 2 ? 8 : 1)});
	assert_int_equal(r.cpu_ns, 6);
	assert_int_equal(r.busy_ns, 60);
	assert_int_equal(r.memory_max_bytes, 900);
	assert_int_equal(r.memory.count, 3);
	assert_int_equal(r.request_bytes, 15);
	assert_int_equal(r.response_bytes, 21);
	assert_int_equal(r.concurrency_max, 8);
	rollup_done(&r);
}

static void test_errors_are_every_status_but_ok(void **state)
{
	struct rollup r = {0};

	(void)state;
	for (unsigned int status = 0; status < STATUS_COUNT; status++)
		add(&r, (struct invocation){.status = status});
	assert_int_equal(r.invocations, STATUS_COUNT);
	for (unsigned int status = 0; status < STATUS_COUNT; status++)
		assert_int_equal(r.by_status[status], 1);
	assert_int_equal(rollup_errors(&r), STATUS_COUNT - 1);
	rollup_done(&r);
}

static void test_pings_are_counted_apart_and_nowhere_else(void **state)
{
	struct rollup r = {0};
	struct rollup expected = {.pings = 2, .cold_pings = 1};
	struct invocation ping = {.ping = true,
	    .has = SAMPLE_HAS_ALL,
	    .start_type = START_COLD,
	    .status = STATUS_ERROR,
	    .duration_ns = 5,
	    .init_ns = 5,
	    .concurrency = 9};

	(void)state;
	expected.ping_usage.item[USAGE_AWS_REQUESTS] = 2;
	add(&r, ping);
	ping.start_type = START_WARM;
	add(&r, ping);
	assert_same(&r, &expected);
	rollup_done(&r);
}

static void test_the_duration_quantile_takes_warm_and_cold_together(void **state)
{
	struct rollup r = {0};

	(void)state;
	assert_true(rollup_duration_quantile_ns(&r, 0.5) == 0);
	for (int i = 0; i < 98; i++)
		add(&r, (struct invocation){.start_type = START_WARM,
			    .has = HAS_DURATION,
			    .duration_ns = 20000000});
	for (int i = 0; i < 2; i++)
		add(&r, (struct invocation){.start_type = START_COLD,
			    .has = HAS_DURATION,
			    .duration_ns = 800000000});
	assert_in_range(rollup_duration_quantile_ns(&r, 0.5), 19780000, 20220000);
	assert_in_range(rollup_duration_quantile_ns(&r, 0.98), 19780000, 20220000);
	assert_in_range(rollup_duration_quantile_ns(&r, 0.99), 791300000, 808700000);
	rollup_done(&r);
}

/* --- merging --------------------------------------------------------------------------
 */

static void add_samples(struct rollup *r, uint64_t *seed, size_t n, struct rollup *also)
{
	struct invocation inv;
	struct usage usage;

	for (size_t i = 0; i < n; i++) {
		sample_invocation(seed, &function, &inv, false);
		for (size_t k = 0; k < USAGE_ITEMS; k++)
			usage.item[k] = random_width(seed);
		assert_int_equal(rollup_add(r, &inv, &usage), 0);
		assert_int_equal(rollup_add(also, &inv, &usage), 0);
	}
}

static void test_any_order_of_merging_gives_the_same(void **state)
{
	uint64_t seed = 21;

	(void)state;
	for (int round = 0; round < 60; round++) {
		struct rollup direct = {0};
		struct rollup merged = {0};
		struct rollup part[8] = {{0}};

		for (size_t i = 0; i < COUNT_OF(part); i++)
			add_samples(&part[i], &seed, random_below(&seed, 40), &direct);
		for (size_t left = COUNT_OF(part); left > 0; left--) {
			size_t pick = random_below(&seed, left);

			assert_int_equal(rollup_merge(&merged, &part[pick]), 0);
			rollup_done(&part[pick]);
			part[pick] = part[left - 1];
			part[left - 1] = (struct rollup){0};
		}
		assert_same(&merged, &direct);
		rollup_done(&merged);
		rollup_done(&direct);
	}
}

static void test_a_cleared_rollup_is_empty(void **state)
{
	struct rollup r = {0};
	struct rollup scratch = {0};
	const struct rollup empty = {0};
	uint64_t seed = 2;

	(void)state;
	add_samples(&r, &seed, 50, &scratch);
	rollup_clear(&r);
	assert_same(&r, &empty);
	rollup_done(&r);
	rollup_done(&scratch);
	rollup_done(NULL);
}

/* --- coding ---------------------------------------------------------------------------
 */

static void test_what_is_encoded_is_decoded(void **state)
{
	struct rollup back = {0};
	uint64_t seed = 12;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct rollup r = {0};
		struct rollup scratch = {0};
		struct bytes b;

		add_samples(&r, &seed, random_below(&seed, 60), &scratch);
		encode(&r, &b);
		assert_int_equal(rollup_decode(b.counters, b.counters_n, b.histograms,
				     b.histograms_n, &back),
		    0);
		assert_same(&r, &back);
		assert_int_equal(back.concurrency_max, r.concurrency_max);
		assert_int_equal(
		    back.by_status[STATUS_ABORTED], r.by_status[STATUS_ABORTED]);
		bytes_done(&b);
		rollup_done(&r);
		rollup_done(&scratch);
	}
	rollup_done(&back);
}

static void sample_bytes(struct bytes *b)
{
	struct rollup r = {0};
	struct rollup scratch = {0};
	uint64_t seed = 31;

	add_samples(&r, &seed, 60, &scratch);
	encode(&r, b);
	rollup_done(&r);
	rollup_done(&scratch);
}

static void test_every_prefix_is_refused_and_leaves_it_empty(void **state)
{
	struct guard_page guard;
	struct rollup r = {0};
	const struct rollup empty = {0};
	struct bytes b;

	(void)state;
	guard_page_init(&guard, 65536);
	sample_bytes(&b);
	for (size_t cut = 0; cut < b.counters_n; cut++)
		assert_int_equal(rollup_decode(guard_page_copy(&guard, b.counters, cut),
				     cut, b.histograms, b.histograms_n, &r),
		    -EBADMSG);
	for (size_t cut = 0; cut < b.histograms_n; cut++)
		assert_int_equal(rollup_decode(b.counters, b.counters_n,
				     guard_page_copy(&guard, b.histograms, cut), cut, &r),
		    -EBADMSG);
	assert_same(&r, &empty);
	bytes_done(&b);
	rollup_done(&r);
	guard_page_done(&guard);
}

static void mutate_all(const struct bytes *b, uint8_t *mutated, size_t n)
{
	struct rollup r = {0};

	for (size_t at = 0; at < n; at++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			int err;

			mutated[at] ^= (uint8_t)(1U << bit);
			err = rollup_decode(b->counters, b->counters_n, b->histograms,
			    b->histograms_n, &r);
			assert_true(err == 0 || err == -EBADMSG);
			mutated[at] ^= (uint8_t)(1U << bit);
		}
	}
	rollup_done(&r);
}

static void test_no_mutation_does_harm(void **state)
{
	struct bytes b;

	(void)state;
	sample_bytes(&b);
	mutate_all(&b, b.counters, b.counters_n);
	mutate_all(&b, b.histograms, b.histograms_n);
	bytes_done(&b);
}

static size_t put(uint8_t *out, uint64_t value)
{
	return (size_t)varint_encode(value, out, VARINT_MAX_BYTES);
}

/* version, 15 counters where 13 are known, 9 statuses where 7 are, both usages, more. */
static size_t newer_counters(uint8_t *out)
{
	size_t n = put(out, 1);

	n += put(out + n, 15);
	for (uint64_t i = 1; i <= 15; i++)
		n += put(out + n, i);
	n += put(out + n, STATUS_COUNT + 2);
	for (uint64_t i = 0; i < STATUS_COUNT + 2; i++)
		n += put(out + n, 100 + i);
	for (int usage = 0; usage < 2; usage++) {
		n += put(out + n, USAGE_ITEMS + 1);
		for (uint64_t i = 0; i < USAGE_ITEMS + 1; i++)
			n += put(out + n, 200 + i);
	}
	return n + put(out + n, 77);
}

static void test_what_a_newer_writer_adds_is_skipped(void **state)
{
	static const uint8_t histograms[] = {1, 5, 6, 0, 0, 0, 0, 0, 0, /* warm */
	    6, 1, 1, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0,
	    0,           /* the others */
	    3, 9, 9, 9}; /* a fifth */
	uint8_t counters[256];
	struct rollup r = {0};

	(void)state;
	assert_int_equal(rollup_decode(counters, newer_counters(counters), histograms,
			     sizeof(histograms), &r),
	    0);
	assert_int_equal(r.invocations, 1);
	assert_int_equal(r.concurrency_max, 13);
	assert_int_equal(r.by_status[STATUS_ABORTED], 100 + STATUS_ABORTED);
	assert_int_equal(r.usage.item[0], 200);
	assert_int_equal(r.ping_usage.item[USAGE_ITEMS - 1], 200 + USAGE_ITEMS - 1);
	assert_int_equal(r.cold_duration.count, 1);
	rollup_done(&r);
}

static void test_what_an_older_writer_lacks_is_zero(void **state)
{
	static const uint8_t counters[] = {1, 2, 9, 4, 1, 9, 0, 0};
	static const uint8_t histograms[] = {1, 0};
	struct rollup r = {0};

	(void)state;
	assert_int_equal(
	    rollup_decode(counters, sizeof(counters), histograms, sizeof(histograms), &r),
	    0);
	assert_int_equal(r.invocations, 9);
	assert_int_equal(r.cold, 4);
	assert_int_equal(r.by_status[STATUS_OK], 9);
	assert_int_equal(r.prewarmed + r.concurrency_max, 0);
	rollup_done(&r);
}

static void test_another_version_is_refused(void **state)
{
	struct rollup r = {0};
	struct bytes b;

	(void)state;
	sample_bytes(&b);
	b.counters[0] = 4; /* 2 and 3: rollup_pack.h */
	assert_int_equal(
	    rollup_decode(b.counters, b.counters_n, b.histograms, b.histograms_n, &r),
	    -EBADMSG);
	b.counters[0] = 1;
	b.histograms[0] = 0;
	assert_int_equal(
	    rollup_decode(b.counters, b.counters_n, b.histograms, b.histograms_n, &r),
	    -EBADMSG);
	bytes_done(&b);
	rollup_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_start_type_is_counted_in_its_place),
	    cmocka_unit_test(test_figures_that_are_not_known_are_not_counted),
	    cmocka_unit_test(test_figures_are_added_up_and_peaks_are_kept),
	    cmocka_unit_test(test_errors_are_every_status_but_ok),
	    cmocka_unit_test(test_pings_are_counted_apart_and_nowhere_else),
	    cmocka_unit_test(test_the_duration_quantile_takes_warm_and_cold_together),
	    cmocka_unit_test(test_any_order_of_merging_gives_the_same),
	    cmocka_unit_test(test_a_cleared_rollup_is_empty),
	    cmocka_unit_test(test_what_is_encoded_is_decoded),
	    cmocka_unit_test(test_every_prefix_is_refused_and_leaves_it_empty),
	    cmocka_unit_test(test_no_mutation_does_harm),
	    cmocka_unit_test(test_what_a_newer_writer_adds_is_skipped),
	    cmocka_unit_test(test_what_an_older_writer_lacks_is_zero),
	    cmocka_unit_test(test_another_version_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
