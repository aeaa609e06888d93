#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "alerts/keepwarm/init_cost.h"
#include "alerts/spend.h"
#include "base/clock.h"
#include "base/text.h"

#define MINUTE_NS (60 * CLOCK_NS_PER_S)
#define HOUR 60LL
#define DAY 1440LL
#define NOW_NS (1795000000 * CLOCK_NS_PER_S) /* November 2026 */
#define TODAY (20000LL * DAY)                /* a midnight, in minutes since the epoch */

static const struct budget all = {
    .name = "all", .limit = {1000000000000}, .period = BUDGET_DAY};

static struct book *book;
static struct spend *spend;

static int setup(void **state)
{
	(void)state;
	assert_int_equal(book_open_embedded(&book), 0);
	return spend_new(&spend);
}

static int teardown(void **state)
{
	(void)state;
	spend_free(spend);
	book_free(book);
	return 0;
}

static struct function named(const char *name)
{
	struct function f = {.platform = PLATFORM_AWS_LAMBDA,
	    .arch = ARCH_X86_64,
	    .memory_limit_mb = 128,
	    .region = "us-east-1"};

	(void)text_copy(f.name, sizeof(f.name), name);
	return f;
}

/* n requests and as many GB-s. */
static struct usage usage_of(uint64_t n)
{
	struct usage usage = {0};

	usage.item[USAGE_AWS_REQUESTS] = n;
	usage.item[USAGE_AWS_MB_MS] = n * 1024000;
	return usage;
}

static void spent(const char *name, int64_t minute, uint64_t n)
{
	struct function f = named(name);
	struct usage usage = usage_of(n);

	assert_int_equal(spend_add(spend, &f, minute, &usage), 0);
}

static struct budget_status status_at(const struct budget *budget, int64_t minute)
{
	struct budget_status status;

	spend_status(spend, book, budget, minute * MINUTE_NS, &status);
	return status;
}

static void assert_cost(struct money actual, uint64_t n)
{
	struct function f = named("x");
	struct usage usage = usage_of(n);

	assert_int_equal(money_compare(actual, init_cost_usage(book, &f, &usage)), 0);
}

static void test_a_unit_costs_what_the_book_says(void **state)
{
	struct function f = named("x");
	struct usage usage = usage_of(1);

	(void)state; /* $0.20 per million requests, $0.0000166667 per GB-s */
	assert_true(init_cost_usage(book, &f, &usage).pico == 200000 + 16666700);
	(void)text_copy(f.region, sizeof(f.region),
	    "nowhere-9"); /* then the default region's prices */
	assert_true(init_cost_usage(book, &f, &usage).pico == 200000 + 16666700);
}

static void test_an_init_is_billed_as_duration(void **state)
{
	struct function f = named("x");

	(void)state; /* 800 ms at 128 MB are 0.1 GB-s */
	assert_true(init_cost(book, &f, 800000000, NOW_NS).pico == 1666670);
	assert_true(init_cost(book, &f, 0, NOW_NS).pico == 0);
}

static void test_only_the_period_counts(void **state)
{
	(void)state;
	spend_fold(spend, TODAY * MINUTE_NS);
	spent("a", TODAY - 1, 100);
	spent("a", TODAY, 3);
	spent("a", TODAY + 5, 4);
	spent("b", TODAY + 6, 2);
	assert_cost(status_at(&all, TODAY + 10).spent, 9);
	assert_string_equal(status_at(&all, TODAY + 10).top_function, "a");
	assert_cost(status_at(&all, TODAY + 10).top_spent, 7);
}

/* The collector's clock went back, or an agent's is ahead. */
static void test_what_is_later_than_the_period_is_the_next_ones(void **state)
{
	struct budget hourly = all;
	struct budget_status before;
	struct budget_status status;

	(void)state;
	hourly.period = BUDGET_HOUR;
	spent("a", TODAY + 30, 1);
	before = status_at(&hourly, TODAY + 40);
	spent("b", TODAY + HOUR, 5);
	spent("b", TODAY + HOUR + 30, 5);
	status = status_at(&hourly, TODAY + 40);
	assert_cost(status.spent, 1);
	assert_string_equal(status.top_function, "a");
	assert_int_equal(money_compare(status.per_hour, before.per_hour), 0);
	assert_cost(status_at(&hourly, TODAY + HOUR + 40).spent, 10);
	assert_cost(status_at(&hourly, TODAY + 50).spent, 1);
}

static void test_a_budget_of_one_function_counts_that_one(void **state)
{
	struct budget one = all;

	(void)state;
	(void)text_copy(one.function, sizeof(one.function), "b");
	spend_fold(spend, TODAY * MINUTE_NS);
	spent("a", TODAY + 1, 100);
	spent("b", TODAY + 1, 7);
	assert_cost(status_at(&one, TODAY + 2).spent, 7);
	assert_string_equal(status_at(&one, TODAY + 2).top_function, "b");
}

static void test_folding_changes_no_sum(void **state)
{
	struct budget week = all;
	struct money before;

	(void)state;
	week.period = BUDGET_WEEK;
	spend_fold(spend, (TODAY - 3 * DAY) * MINUTE_NS);
	for (int64_t m = TODAY - 2 * DAY; m < TODAY + 500; m += 7)
		spent("a", m, (uint64_t)(m % 13));
	before = status_at(&week, TODAY + 500).spent;
	spend_fold(spend, (TODAY + 500) * MINUTE_NS);
	assert_int_equal(money_compare(status_at(&week, TODAY + 500).spent, before), 0);
}

static void test_spans_grow_with_age(void **state)
{
	int64_t start;
	int64_t length;

	(void)state;
	spend_fold(spend, (TODAY + 10 * HOUR + 30) * MINUTE_NS);
	spend_span(spend, TODAY + 9 * HOUR + 1, &start, &length);
	assert_int_equal(length, 1);
	assert_int_equal(start, TODAY + 9 * HOUR + 1);
	spend_span(spend, TODAY + 7 * HOUR + 59, &start, &length);
	assert_int_equal(length, HOUR);
	assert_int_equal(start, TODAY + 7 * HOUR);
	spend_span(spend, TODAY - 1, &start, &length);
	assert_int_equal(length, DAY);
	assert_int_equal(start, TODAY - DAY);
}

static void test_reading_a_span_again_replaces_it(void **state)
{
	(void)state;
	spend_fold(spend, TODAY * MINUTE_NS);
	spent("a", TODAY + 1, 5);
	spent("a", TODAY + 2, 6);
	spend_forget(spend, TODAY + 1, TODAY + 2);
	spent("a", TODAY + 1, 8);
	assert_cost(status_at(&all, TODAY + 3).spent, 14);
}

static void test_the_rate_is_that_of_the_last_hour(void **state)
{
	struct budget_status status;

	(void)state;
	spend_fold(spend, (TODAY + 10 * HOUR) * MINUTE_NS);
	spent("a", TODAY, 1000);
	spent("a", TODAY + 10 * HOUR - 30, 60);
	status = status_at(&all, TODAY + 10 * HOUR);
	assert_cost(status.per_hour, 60);
	assert_cost(status.forecast, 1060 + 14 * 60ULL);
	assert_true(money_compare(status.forecast_low, status.forecast) <= 0);
	assert_true(money_compare(status.forecast_high, status.forecast) >= 0);
}

static void test_a_young_function_is_not_averaged_over_its_absence(void **state)
{
	(void)state;
	spend_fold(spend, TODAY * MINUTE_NS);
	spent("a", TODAY + 100, 10); /* seen for 5 minutes: 120 an hour */
	assert_cost(status_at(&all, TODAY + 105).per_hour, 120);
	assert_cost(status_at(&all, TODAY + 100).per_hour, 600); /* a minute at least */
}

static void test_an_idle_budget_forecasts_what_is_spent(void **state)
{
	(void)state;
	spend_fold(spend, TODAY * MINUTE_NS);
	assert_cost(status_at(&all, TODAY + 5).forecast, 0);
	spent("a", TODAY + 1, 10);
	assert_cost(status_at(&all, TODAY + 300).forecast, 10);
}

static void test_marks_are_kept_once_and_overflow_aloud(void **state)
{
	struct spend_marks marks = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		spend_mark(&marks, (TODAY + i % SPEND_MARKS) * MINUTE_NS + i);
	assert_int_equal(marks.n, SPEND_MARKS);
	assert_false(marks.overflow);
	spend_mark(&marks, (TODAY + SPEND_MARKS) * MINUTE_NS);
	assert_true(marks.overflow);
}

int main(void)
{
#define SPEND_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    SPEND_TEST(test_a_unit_costs_what_the_book_says),
	    SPEND_TEST(test_an_init_is_billed_as_duration),
	    SPEND_TEST(test_only_the_period_counts),
	    SPEND_TEST(test_what_is_later_than_the_period_is_the_next_ones),
	    SPEND_TEST(test_a_budget_of_one_function_counts_that_one),
	    SPEND_TEST(test_folding_changes_no_sum),
	    SPEND_TEST(test_spans_grow_with_age),
	    SPEND_TEST(test_reading_a_span_again_replaces_it),
	    SPEND_TEST(test_the_rate_is_that_of_the_last_hour),
	    SPEND_TEST(test_a_young_function_is_not_averaged_over_its_absence),
	    SPEND_TEST(test_an_idle_budget_forecasts_what_is_spent),
	    SPEND_TEST(test_marks_are_kept_once_and_overflow_aloud),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
