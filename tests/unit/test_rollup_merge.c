/* Adding a rollup's bytes to another: as if it had been decoded and merged. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "model/rollup.h"
#include "tests/unit/random.h"
#include "tests/unit/rollup_bytes.h"

static void add_random(struct rollup *r, uint64_t *random)
{
	static const struct function f = {.platform = PLATFORM_GENERIC, .name = "f"};
	const struct usage usage = {.item = {random_below(random, 90)}};
	struct invocation inv = {.function = &f,
	    .has = HAS_DURATION | (random_below(random, 2) ? HAS_MEMORY | HAS_INIT : 0),
	    .start_type = random_below(random, 3) ? START_WARM : START_COLD,
	    .duration_ns = random_width(random) >> 8,
	    .init_ns = random_width(random) >> 20,
	    .peak_memory_bytes = random_width(random) >> 10,
	    .ping = random_below(random, 8) == 0};

	assert_int_equal(rollup_add(r, &inv, &usage), 0);
}

static void test_bytes_are_merged_as_rollups_are(void **state)
{
	struct rollup at_once = {0};
	struct rollup apart = {0};
	uint64_t random = 3;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct rollup one = {0};
		uint64_t invocations = ~0ULL;
		struct bytes b;

		for (uint64_t n = random_below(&random, 50); n > 0; n--)
			add_random(&one, &random);
		encode(&one, &b);
		assert_int_equal(rollup_merge_encoded(&at_once, b.counters, b.counters_n,
				     b.histograms, b.histograms_n),
		    0);
		assert_int_equal(rollup_merge(&apart, &one), 0);
		assert_same(&at_once, &apart);
		assert_int_equal(
		    rollup_decode_invocations(b.counters, b.counters_n, &invocations), 0);
		assert_int_equal(invocations, one.invocations);
		assert_int_equal(
		    rollup_decode_invocations(b.counters, 2, &invocations), -EBADMSG);
		assert_int_equal(rollup_merge_encoded(&one, b.counters, b.counters_n,
				     b.histograms, b.histograms_n - 1),
		    -EBADMSG);
		bytes_done(&b);
		rollup_done(&one);
	}
	rollup_done(&at_once);
	rollup_done(&apart);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes_are_merged_as_rollups_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
