/* What an answer covers: from when on, and by which sums. */
#include "tests/unit/answers_burst.h"

#define HOUR (3600 * S)
#define DAY (24 * HOUR)

static void expect_invocations(
    const struct place *place, const char *target, const char *list, double want)
{
	json_t *root = ask(place, target);
	double sum = 0;
	size_t i;
	const json_t *one;

	json_array_foreach(at(root, list), i, one) sum += number(one, "invocations");
	if (sum != want)
		fail_msg("%s: %g", target, sum);
	json_decref(root);
}

/* Three days ago there are days only, yesterday there are hours: each question is widened
 * to them, and says so. */
static void test_old_windows_are_told_by_what_is_kept(void **state)
{
	struct place *place = *state;
	const int64_t day = DAY;
	const int64_t today = place->now_ns / day * day;
	const struct store_keep keep = {
	    .minutes_since_ns = today, .hours_since_ns = today - day};
	json_t *root;

	burst(place, &(struct burst){"f", "", "generic", "h", today - 3 * day + 3600 * S,
			 20, 40, 0, 0});
	burst(place, &(struct burst){
			 "f", "", "generic", "h", today - day + 7260 * S, 10, 40, 0, 0});
	assert_int_equal(store_expire(place->store, &keep), 0);
	expect_invocations(place, "/v1/functions?since=5d", "functions", 30);
	expect_invocations(place, "/v1/functions?since=5d&by=version", "groups", 30);
	expect_invocations(
	    place, "/v1/functions/f/series?since=5d&step=1d", "points", 30);
	expect_status(
	    raw_get(place->port, "/v1/functions/f/series?since=5d&step=1h"), 400);
	{
		char since[CLOCK_RFC3339_BYTES];
		char until[CLOCK_RFC3339_BYTES];
		char target[256];

		/* from within the hour to within the next one, of yesterday */
		clock_format_rfc3339(today - day + 7380 * S, since);
		clock_format_rfc3339(today - day + 10860 * S, until);
		(void)snprintf(target, sizeof(target), "/v1/functions?since=%s&until=%s",
		    since, until);
		expect_invocations(place, target, "functions", 10);
		root = ask(place, target);
		clock_format_rfc3339(today - day + 7200 * S, since);
		assert_string_equal(text(at(root, "window"), "since"), since);
		clock_format_rfc3339(today - day + 14400 * S, until);
		assert_string_equal(text(at(root, "window"), "until"), until);
		json_decref(root);
		/* an hour of three days ago */
		clock_format_rfc3339(today - 3 * day + 7200 * S, since);
		clock_format_rfc3339(today - 3 * day + 10800 * S, until);
		(void)snprintf(target, sizeof(target), "/v1/functions?since=%s&until=%s",
		    since, until);
		expect_invocations(place, target, "functions", 20);
	}
}

/* 30 bars of which none lacks an hour's minutes: the first has the first burst, and the
 * second, of a day, all of the last hour before the next one. */
static void test_bars_of_a_day_begin_with_an_hour(void **state)
{
	struct place *place = *state;
	const int64_t hour = place->now_ns / HOUR * HOUR - 31 * DAY;
	const json_t *trend;
	const json_t *row;
	json_t *root;
	char since[CLOCK_RFC3339_BYTES];
	char until[CLOCK_RFC3339_BYTES];
	char target[256];

	burst(place,
	    &(struct burst){"f", "", "generic", "h", hour + 120 * S, 20, 40, 0, 0});
	burst(place, &(struct burst){"f", "", "generic", "h", hour + 47 * HOUR + 3500 * S,
			 10, 40, 0, 0});
	burst(place,
	    &(struct burst){"f", "", "generic", "h", hour + 48 * HOUR, 7, 40, 0, 0});
	clock_format_rfc3339(hour, since);
	clock_format_rfc3339(hour + 30 * DAY + 2220 * S, until);
	(void)snprintf(
	    target, sizeof(target), "/v1/functions?since=%s&until=%s", since, until);
	root = ask(place, target);
	row = json_array_get(at(root, "functions"), 0);
	assert_non_null(row);
	trend = at(row, "trend");
	assert_int_equal(json_integer_value(json_array_get(trend, 0)), 20);
	assert_int_equal(json_integer_value(json_array_get(trend, 1)), 10);
	assert_int_equal(json_integer_value(json_array_get(trend, 2)), 7);
	json_decref(root);
}

/* The minutes before a long window's begin belong to it up to the hour's. */
static void test_a_long_window_begins_with_an_hour(void **state)
{
	static const struct {
		int64_t length_ns;
		bool whole_hour;
	} windows[] = {{7 * DAY, true}, {30 * DAY, true}, {7 * DAY - 60 * S, false}};
	struct place *place = *state;
	const int64_t hour = place->now_ns / HOUR * HOUR - 20 * DAY;

	burst(place,
	    &(struct burst){"f", "", "generic", "h", hour + 120 * S, 20, 40, 0, 0});
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		int64_t from = hour + 600 * S;
		char since[CLOCK_RFC3339_BYTES];
		char until[CLOCK_RFC3339_BYTES];
		char target[256];
		json_t *root;

		clock_format_rfc3339(from, since);
		clock_format_rfc3339(from + windows[i].length_ns, until);
		(void)snprintf(target, sizeof(target), "/v1/functions?since=%s&until=%s",
		    since, until);
		expect_invocations(
		    place, target, "functions", windows[i].whole_hour ? 20 : 0);
		root = ask(place, target);
		clock_format_rfc3339(windows[i].whole_hour ? hour : from, since);
		assert_string_equal(text(at(root, "window"), "since"), since);
		json_decref(root);
		(void)snprintf(target + strlen(target), sizeof(target) - strlen(target),
		    "&by=version");
		expect_invocations(
		    place, target, "groups", windows[i].whole_hour ? 20 : 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_old_windows_are_told_by_what_is_kept),
	    TEST(test_a_long_window_begins_with_an_hour),
	    TEST(test_bars_of_a_day_begin_with_an_hour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
