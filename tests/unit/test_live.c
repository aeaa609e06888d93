/* What memory knows of a function's rate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "serve/ingest/live.h"

#define NOW_S 1790000000LL

static const struct function hello = {.platform = PLATFORM_GENERIC, .name = "hello"};

/* n invocations that end in the second before now. */
static void count(struct live *live, int64_t now_s, size_t n)
{
	struct invocation inv = {.function = &hello,
	    .has = HAS_DURATION,
	    .start_ns = (now_s - 1) * CLOCK_NS_PER_S};
	struct batch batch = {.invocations = &inv, .invocations_n = 1};
	struct store_batch stored = {.batch = &batch};

	for (size_t i = 0; i < n; i++)
		live_count(live, &stored, now_s * CLOCK_NS_PER_S);
}

static void expect(struct live *live, int64_t now_s, double rate)
{
	double is = live_rate(live, &hello, now_s * CLOCK_NS_PER_S);

	assert_true(is > rate - 0.01 && is < rate + 0.01);
}

static void test_rate_is_of_the_last_seconds(void **state)
{
	struct live *live;

	(void)state;
	assert_int_equal(live_new(&live), 0);
	for (int s = 0; s < 40; s++)
		count(live, NOW_S + s, 5);
	expect(live, NOW_S + 39, 5);
	expect(live, NOW_S + 39 + LIVE_RATE_S, 0);
	live_free(live);
}

static void test_rate_is_right_after_the_clock_went_forth_and_back(void **state)
{
	static const int64_t hour_s[] = {0, 3600, 0, -3600, 0};
	struct live *live;

	(void)state;
	assert_int_equal(live_new(&live), 0);
	for (size_t i = 0; i < sizeof(hour_s) / sizeof(hour_s[0]); i++) {
		for (int s = 0; s < 20; s++)
			count(live, NOW_S + hour_s[i] + s, 5);
		expect(live, NOW_S + hour_s[i] + 19, 5);
	}
	live_free(live);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rate_is_of_the_last_seconds),
	    cmocka_unit_test(test_rate_is_right_after_the_clock_went_forth_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
