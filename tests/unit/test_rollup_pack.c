/* Packed rollups: as those of the first coding, in fewer bytes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "model/rollup_pack.h"
#include "price/plan.h"
#include "tests/unit/guard_page.h"
#include "tests/unit/random.h"
#include "tests/unit/rollup_bytes.h"

static const struct function function = {.platform = PLATFORM_AWS_LAMBDA,
    .arch = ARCH_X86_64,
    .memory_limit_mb = 256,
    .name = "f"};

/* An invocation as they are, or (odd) with figures of any size. */
static void add(struct rollup *r, uint64_t *seed, bool odd)
{
	struct invocation inv = {.function = &function,
	    .kind = KIND_LAMBDA,
	    .start_type = random_below(seed, 20) ? START_WARM : START_COLD,
	    .status = (enum invocation_status)(
		random_below(seed, 9) ? STATUS_OK : random_below(seed, STATUS_COUNT)),
	    .has = HAS_DURATION | HAS_CPU | HAS_MEMORY,
	    .start_ns = 1790000000000000000,
	    .duration_ns = (uint64_t)random_log_normal(seed, 50e6, 0.8),
	    .cpu_ns = random_below(seed, 5000000),
	    .peak_memory_bytes = (64U << 20) + random_below(seed, 1000) * 4096,
	    .concurrency = 1};
	struct usage usage = {0};

	if (inv.start_type == START_COLD) {
		inv.has |= HAS_INIT;
		inv.init_ns = 200000000 + random_below(seed, 300000000);
	}
	if (random_below(seed, 3)) {
		inv.has |= HAS_BUSY;
		inv.busy_ns = inv.duration_ns;
	}
	if (odd) {
		inv.duration_ns = random_width(seed) >> 8;
		inv.peak_memory_bytes = random_width(seed) >> 10;
		inv.ping = random_below(seed, 8) == 0;
		inv.concurrency = (uint32_t)random_width(seed);
		inv.request_bytes = random_width(seed) >> 8;
		inv.has |= HAS_BYTES;
		inv.has &= ~(uint32_t)(random_below(seed, 4) ? 0 : HAS_DURATION);
	}
	plan_count_all(&inv, &usage);
	assert_int_equal(rollup_add(r, &inv, &usage), 0);
}

static void pack(const struct rollup *r, struct bytes *b)
{
	assert_int_equal(rollup_pack_counters(r, &b->counters, &b->counters_n), 0);
	assert_int_equal(rollup_pack_histograms(r, &b->histograms, &b->histograms_n), 0);
}

static int decode(const struct bytes *b, struct rollup *r)
{
	return rollup_decode(
	    b->counters, b->counters_n, b->histograms, b->histograms_n, r);
}

static void test_what_is_packed_comes_back(void **state)
{
	uint64_t seed = 2;
	struct rollup sum = {0};
	struct rollup at_once = {0};
	struct rollup counted = {0}; /* without histograms */
	struct rollup back = {0};

	(void)state;
	for (int i = 0; i < 400; i++) {
		struct rollup one = {0};
		uint64_t invocations = ~0ULL;
		struct bytes b;

		for (uint64_t n = random_below(&seed, i % 10 ? 60 : 3); n > 0; n--)
			add(&one, &seed, i % 2);
		if (i % 7 == 0)
			one.lost[LOST_SHED] = random_width(&seed);
		pack(&one, &b);
		assert_int_equal(decode(&b, &back), 0);
		assert_same(&one, &back);
		assert_int_equal(
		    rollup_decode_invocations(b.counters, b.counters_n, &invocations), 0);
		assert_int_equal(invocations, one.invocations);
		assert_int_equal(rollup_merge_encoded(&at_once, b.counters, b.counters_n,
				     b.histograms, b.histograms_n),
		    0);
		assert_int_equal(rollup_merge(&sum, &one), 0);
		assert_same(&sum, &at_once);
		assert_int_equal(
		    rollup_count_encoded(&counted, b.counters, b.counters_n), 0);
		assert_int_equal(counted.invocations, sum.invocations);
		assert_int_equal(counted.duration_ns, sum.duration_ns);
		assert_memory_equal(&counted.usage, &sum.usage, sizeof(sum.usage));
		assert_memory_equal(counted.lost, sum.lost, sizeof(sum.lost));
		bytes_done(&b);
		rollup_done(&one);
	}
	assert_int_equal(counted.warm.count, 0);
	rollup_done(&sum);
	rollup_done(&at_once);
	rollup_done(&back);
}

/* Each counter by itself, of any size up to the largest. */
static void test_each_counter_comes_back(void **state)
{
	static const uint64_t values[] = {1, 99, 1000, 4096, (1ULL << 61) + 5,
	    (1ULL << 62) - 1, 1ULL << 62, UINT64_MAX};
	const size_t counters = offsetof(struct rollup, warm) / sizeof(uint64_t);
	struct rollup back = {0};

	(void)state;
	for (size_t i = 0; i < counters; i++) {
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			struct rollup r = {0};
			struct bytes b;

			((uint64_t *)&r)[i] = values[v];
			r.invocations += i == 0 ? 0 : 10;
			pack(&r, &b);
			assert_int_equal(decode(&b, &back), 0);
			assert_same(&r, &back);
			bytes_done(&b);
		}
	}
	rollup_done(&back);
}

static void test_every_prefix_is_refused_and_no_mutation_does_harm(void **state)
{
	struct guard_page guard;
	struct rollup r = {0};
	struct rollup back = {0};
	uint64_t seed = 4;
	struct bytes b;

	(void)state;
	guard_page_init(&guard, 65536);
	for (int i = 0; i < 100; i++)
		add(&r, &seed, false);
	pack(&r, &b);
	for (size_t cut = 0; cut < b.counters_n; cut++) {
		const struct bytes part = {guard_page_copy(&guard, b.counters, cut), cut,
		    b.histograms, b.histograms_n};

		assert_int_equal(decode(&part, &back), -EBADMSG);
	}
	for (size_t cut = 0; cut < b.histograms_n; cut++) {
		const struct bytes part = {b.counters, b.counters_n,
		    guard_page_copy(&guard, b.histograms, cut), cut};

		assert_int_equal(decode(&part, &back), -EBADMSG);
		assert_int_equal(back.warm.count, 0);
	}
	for (size_t bit = 0; bit < (b.counters_n + b.histograms_n) * 8; bit++) {
		uint8_t *byte = bit / 8 < b.counters_n
				    ? &b.counters[bit / 8]
				    : &b.histograms[bit / 8 - b.counters_n];

		*byte ^= (uint8_t)(1U << bit % 8);
		(void)decode(&b, &back);
		*byte ^= (uint8_t)(1U << bit % 8);
	}
	bytes_done(&b);
	rollup_done(&r);
	rollup_done(&back);
	guard_page_done(&guard);
}

/* Figures that the next version may append are passed over. */
static void test_what_a_newer_writer_adds_is_skipped(void **state)
{
	struct rollup r = {0};
	struct rollup back = {0};
	uint8_t longer[320];
	struct bytes b;
	uint64_t seed = 4;
	size_t bits;

	(void)state;
	for (int i = 0; i < 10; i++)
		add(&r, &seed, false);
	pack(&r, &b);
	bits = b.counters[1];
	memset(longer, 0, sizeof(longer));
	memcpy(longer, b.counters, 2 + bits);
	longer[1] = 9;         /* bytes of bits */
	longer[2 + 8] = 1 | 4; /* two of them set */
	memcpy(longer + 11, b.counters + 2 + bits, b.counters_n - 2 - bits);
	longer[11 + b.counters_n - 2 - bits] = 7;
	longer[12 + b.counters_n - 2 - bits] = 8;
	assert_int_equal(rollup_decode(longer, 13 + b.counters_n - 2 - bits, b.histograms,
			     b.histograms_n, &back),
	    0);
	assert_same(&r, &back);
	assert_int_equal(rollup_decode(longer, 12 + b.counters_n - 2 - bits, b.histograms,
			     b.histograms_n, &back),
	    -EBADMSG);
	bytes_done(&b);
	rollup_done(&r);
	rollup_done(&back);
}

/* Counters of version 2 had none of the plans that came after; they are not guessed. */
static void test_what_version_2_lacked_is_0(void **state)
{
	static const enum usage_item later[] = {USAGE_FLEX_MB_MS, USAGE_GCF_MB_MS,
	    USAGE_GCF_MHZ_MS, USAGE_HOST_CPU_US, USAGE_HOST_MB_MS, USAGE_AWS_INIT_MB_MS,
	    USAGE_AWS_RESTORE_MB};
	struct rollup r = {0};
	struct rollup back = {0};
	struct bytes b;
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 50; i++)
		add(&r, &seed, false);
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		r.usage.item[later[i]] = 0;
	pack(&r, &b);
	/* as it was: without the bits and the codes of what came after the 48th */
	size_t codes = 2 + b.counters[1];
	size_t after = 0;

	for (size_t i = 48; i < 8 * (size_t)b.counters[1]; i++)
		after += b.counters[2 + i / 8] >> i % 8 & 1;
	assert_true(b.counters[1] > 6 && after > 0);
	memmove(b.counters + 8, b.counters + codes, b.counters_n - codes);
	b.counters_n -= codes - 8 + after; /* each of them says 0, in a byte */
	b.counters[0] = 2;
	b.counters[1] = 6;
	assert_int_equal(decode(&b, &back), 0);
	assert_same(&r, &back);
	bytes_done(&b);
	rollup_done(&r);
	rollup_done(&back);
}

/* What it is for: 100 invocations of a function in a minute. */
static void test_a_minute_is_half_of_what_it_was(void **state)
{
	uint64_t seed = 6;
	size_t packed = 0;
	size_t plain = 0;

	(void)state;
	for (int i = 0; i < 50; i++) {
		struct rollup r = {0};
		struct bytes a;
		struct bytes b;

		for (int n = 0; n < 100; n++)
			add(&r, &seed, false);
		encode(&r, &a);
		pack(&r, &b);
		plain += a.counters_n + a.histograms_n;
		packed += b.counters_n + b.histograms_n;
		bytes_done(&a);
		bytes_done(&b);
		rollup_done(&r);
	}
	assert_in_range(packed / 50, 80, 160);
	assert_in_range(packed * 100 / plain, 30, 60);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_packed_comes_back),
	    cmocka_unit_test(test_each_counter_comes_back),
	    cmocka_unit_test(test_every_prefix_is_refused_and_no_mutation_does_harm),
	    cmocka_unit_test(test_what_a_newer_writer_adds_is_skipped),
	    cmocka_unit_test(test_what_version_2_lacked_is_0),
	    cmocka_unit_test(test_a_minute_is_half_of_what_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
