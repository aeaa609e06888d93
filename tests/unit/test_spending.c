/* What functions used, read back. */
#include "serve/figures/spending.h"
#include "tests/unit/store_place.h"

#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define BEGIN (T0 / DAY * DAY) /* a midnight */
#define HOURS (20 * 24 + 22)
#define CALLS 2 /* an hour */

static uint64_t asked(struct store *store, const struct window *window, bool with_hours)
{
	struct spending spending;
	uint64_t sum = 0;

	assert_int_equal(spending_read(&spending, store, window, with_hours, NULL), 0);
	for (size_t i = 0; i < spending.n; i++)
		for (size_t k = 0; k < spending.rows[i]->days_n; k++)
			if (spending_is_asked(&spending, &spending.rows[i]->days[k]))
				sum += spending.rows[i]->days[k].invocations;
	spending_done(&spending);
	return sum;
}

/* The hours of the window, of which each had as much, and how long the function was
 * there. */
static size_t hours_told(struct store *store, const struct window *window)
{
	static uint64_t weights[SPENDING_HOURS + 1];
	struct spending spending;
	size_t n;

	assert_int_equal(spending_read(&spending, store, window, true, NULL), 0);
	n = spending_by_hour(&spending, weights);
	for (size_t i = 0; i < n; i++)
		assert_true(weights[i] == (i + 24 < HOURS ? weights[0] : 0));
	assert_true(n == 0 || weights[0] > 0);
	/* from the window's begin, for it was called before, to its last call */
	assert_int_equal(spending_active_ms(&spending, spending.rows[0], BEGIN + DAY) /
			     (HOUR / 1000000),
	    HOURS - 1 - 24);
	assert_int_equal(
	    spending_active_ms(&spending, spending.rows[0], window->until_ns), 0);
	spending_done(&spending);
	return n;
}

/* Days whose hours are forgotten, the last one in part, are told all the same when the
 * hours are asked for. */
static void test_hours_that_are_forgotten_take_nothing_along(void **state)
{
	struct place *place = *state;
	struct store *store = place->store;
	const struct window window = {
	    BEGIN + DAY, BEGIN + (int64_t)HOURS * HOUR + 30 * MINUTE};
	const struct store_keep keep = {.minutes_since_ns = BEGIN + 18 * DAY,
	    .hours_since_ns = BEGIN + 15 * DAY + 10 * HOUR};
	const uint64_t want = (uint64_t)(HOURS - 24) * CALLS;

	for (uint64_t i = 0; i < HOURS; i++) {
		const struct plan_of_batch b = {
		    1, i + 1, "f", BEGIN + (int64_t)i * HOUR, 1000, CALLS};

		assert_int_equal(put(store, &b), 1);
	}
	while (store_fold(store, window.until_ns) == 1)
		;
	assert_int_equal(asked(store, &window, false), want);
	assert_int_equal(asked(store, &window, true), want);
	assert_int_equal(hours_told(store, &window), HOURS - 24 + 1);
	assert_int_equal(store_expire(store, &keep), 0);
	assert_int_equal(asked(store, &window, false), want);
	assert_int_equal(asked(store, &window, true), want);
	/* a day keeps when its calls were */
	assert_int_equal(hours_told(store, &window), HOURS - 24 + 1);
}

/* Hours that tell less than the days do say nothing. */
static void test_calls_whose_hour_is_not_known_have_none(void **state)
{
	static uint32_t hours[SPENDING_HOURS + 1];
	static uint64_t weights[SPENDING_HOURS + 1];
	struct spending_day day = {.day = BEGIN / DAY, .invocations = 5, .measured = 3};
	struct spending_row row = {.days = &day, .days_n = 1, .hours = hours};
	struct spending_row *rows[] = {&row};
	struct spending spending = {.window = {BEGIN, BEGIN + DAY},
	    .first_hour = BEGIN / HOUR - SPENDING_HOURS + 24,
	    .with_hours = true,
	    .rows = rows,
	    .n = 1};

	(void)state;
	day.usage.item[USAGE_AWS_MB_MS] = 30;
	hours[SPENDING_HOURS - 5] = 2;
	assert_int_equal(spending_by_hour(&spending, weights), 0);
	hours[SPENDING_HOURS - 4] = 1;
	assert_int_equal(spending_by_hour(&spending, weights), 24);
	assert_int_equal(weights[19], 20);
	assert_int_equal(weights[20], 10);
}

static void test_pings_alone_are_spread_evenly(void **state)
{
	static uint32_t hours[SPENDING_HOURS + 1];
	static uint64_t weights[SPENDING_HOURS + 1];
	struct spending_day day = {.day = BEGIN / DAY, .invocations = 7};
	struct spending_row row = {.days = &day, .days_n = 1, .hours = hours};
	struct spending_row *rows[] = {&row};
	struct spending spending = {.window = {BEGIN, BEGIN + DAY},
	    .first_hour = BEGIN / HOUR - SPENDING_HOURS + 24,
	    .with_hours = true,
	    .rows = rows,
	    .n = 1};

	(void)state;
	day.usage.item[USAGE_AWS_MB_MS] = 240;
	assert_int_equal(spending_by_hour(&spending, weights), 24);
	assert_int_equal(weights[0], 10);
	assert_int_equal(weights[23], 10);
	assert_int_equal(weights[24], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_hours_that_are_forgotten_take_nothing_along, set_up, tear_down),
	    cmocka_unit_test(test_calls_whose_hour_is_not_known_have_none),
	    cmocka_unit_test(test_pings_alone_are_spread_evenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
