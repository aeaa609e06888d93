/* What functions used, read back. */
#include "serve/spending.h"
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
	assert_int_equal(store_expire(store, &keep), 0);
	assert_int_equal(asked(store, &window, false), want);
	assert_int_equal(asked(store, &window, true), want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_hours_that_are_forgotten_take_nothing_along, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
