/* What memory knows of a function's rate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "serve/ingest/rates.h"

#define NOW_S 1790000000LL

static const struct function hello = {.platform = PLATFORM_GENERIC, .name = "hello"};

/* n invocations that end in that second. */
static void count_in(struct rates *rates, int64_t second, int64_t now_s, size_t n)
{
	struct invocation inv = {
	    .function = &hello, .has = HAS_DURATION, .start_ns = second * CLOCK_NS_PER_S};
	struct batch batch = {.invocations = &inv, .invocations_n = 1};
	struct store_batch stored = {.batch = &batch};

	for (size_t i = 0; i < n; i++)
		rates_count(rates, &stored, now_s * CLOCK_NS_PER_S);
}

/* n invocations that end in the second before now. */
static void count(struct rates *rates, int64_t now_s, size_t n)
{
	count_in(rates, now_s - 1, now_s, n);
}

static void expect(struct rates *rates, int64_t now_s, double rate)
{
	double is = rates_of(rates, &hello, now_s * CLOCK_NS_PER_S);

	assert_true(is > rate - 0.01 && is < rate + 0.01);
}

static void test_rate_is_of_the_last_seconds(void **state)
{
	struct rates *rates;

	(void)state;
	assert_int_equal(rates_new(&rates), 0);
	for (int s = 0; s < 40; s++)
		count(rates, NOW_S + s, 5);
	expect(rates, NOW_S + 39, 5);
	expect(rates, NOW_S + 39 + RATES_WINDOW_S, 0);
	rates_free(rates);
}

static void test_rate_is_right_after_the_clock_went_forth_and_back(void **state)
{
	static const int64_t hour_s[] = {0, 3600, 0, -3600, 0};
	struct rates *rates;

	(void)state;
	assert_int_equal(rates_new(&rates), 0);
	for (size_t i = 0; i < sizeof(hour_s) / sizeof(hour_s[0]); i++) {
		for (int s = 0; s < 20; s++)
			count(rates, NOW_S + hour_s[i] + s, 5);
		expect(rates, NOW_S + hour_s[i] + 19, 5);
	}
	rates_free(rates);
}

static void test_rate_is_right_beside_a_host_whose_clock_is_wrong(void **state)
{
	struct rates *rates;

	(void)state;
	assert_int_equal(rates_new(&rates), 0);
	for (int s = 0; s < 20; s++) {
		count(rates, NOW_S + s, 5);
		count_in(rates, NOW_S + s + 3600, NOW_S + s, 7);
		count_in(rates, NOW_S + s - 3600, NOW_S + s, 7);
	}
	expect(rates, NOW_S + 19, 5);
	rates_free(rates);
}

static void test_rate_of_late_and_of_silent_seconds(void **state)
{
	struct rates *rates;

	(void)state;
	assert_int_equal(rates_new(&rates), 0);
	count_in(rates, NOW_S, NOW_S + 1, 10);
	count_in(rates, NOW_S + 8, NOW_S + 9, 10); /* nothing between */
	expect(rates, NOW_S + 9, 2);
	expect(rates, NOW_S + 11, 1); /* the first is older than the window */
	count_in(rates, NOW_S + 4, NOW_S + 11, 10);
	expect(rates, NOW_S + 11, 2);
	count_in(rates, NOW_S + 17, NOW_S + 18, 10); /* where the first was counted */
	expect(rates, NOW_S + 18, 2);
	rates_free(rates);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rate_is_of_the_last_seconds),
	    cmocka_unit_test(test_rate_is_right_after_the_clock_went_forth_and_back),
	    cmocka_unit_test(test_rate_is_right_beside_a_host_whose_clock_is_wrong),
	    cmocka_unit_test(test_rate_of_late_and_of_silent_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
