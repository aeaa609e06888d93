/* The API's answers that choose, group and compare. */
#include "tests/unit/answers_burst.h"

/* A minute that is over, some minutes ago. */
static int64_t ago(const struct place *place, int minutes)
{
	return (place->now_ns / (60 * S) - minutes) * 60 * S;
}

static void fill_three(const struct place *place)
{
	int64_t then = ago(place, 5);

	burst(
	    place, &(struct burst){"slow", "1", "aws-lambda", "h1", then, 30, 900, 0, 0});
	burst(
	    place, &(struct burst){"busy", "1", "aws-lambda", "h2", then, 90, 10, 1, 0});
	burst(
	    place, &(struct burst){"busy", "2", "aws-lambda", "h1", then, 10, 10, 0, 10});
	burst(place, &(struct burst){"bad", "", "knative", "h2", then, 20, 50, 20, 0});
}

static const json_t *row(const json_t *root, const char *list, size_t i)
{
	const json_t *found = json_array_get(at(root, list), i);

	assert_non_null(found);
	return found;
}

static void expect_first(const struct place *place, const char *query, const char *want)
{
	char target[128];
	json_t *root;

	(void)snprintf(target, sizeof(target), "/v1/functions?since=15m&%s", query);
	root = ask(place, target);
	if (strcmp(text(row(root, "functions", 0), "function"), want) != 0)
		fail_msg("%s: %s", query, text(row(root, "functions", 0), "function"));
	json_decref(root);
}

static void test_functions_the_first_by_any_key(void **state)
{
	struct place *place = *state;
	json_t *root;

	fill_three(place);
	expect_first(place, "sort=cost", "slow");
	expect_first(place, "sort=p95", "slow");
	expect_first(place, "sort=invocations", "busy");
	expect_first(place, "sort=errors", "bad");
	expect_first(place, "sort=cold", "busy");
	expect_first(place, "sort=init", "busy");
	expect_first(place, "sort=platform", "busy");
	expect_first(place, "sort=platform&reverse=true", "bad");
	expect_first(place, "sort=name", "bad");
	expect_first(place, "sort=name&reverse=true", "slow");
	expect_first(place, "sort=p50&reverse=true", "busy");
	root = ask(place, "/v1/functions?since=15m&sort=errors&limit=2");
	assert_int_equal(json_array_size(at(root, "functions")), 2);
	assert_int_equal(number(root, "function_count"), 4);
	assert_string_equal(text(row(root, "functions", 1), "function"), "busy");
	assert_string_equal(text(row(root, "functions", 1), "version"), "1");
	json_decref(root);
}

/* What nobody measured is neither the largest nor the smallest. */
static void test_functions_without_the_figure_come_last(void **state)
{
	static const char *const queries[] = {
	    "sort=init&limit=3&since=15m", "sort=init&limit=3&since=15m&reverse=true"};
	struct place *place = *state;

	fill_three(place);
	for (size_t i = 0; i < 2; i++) {
		char target[128];
		json_t *root;

		(void)snprintf(target, sizeof(target), "/v1/functions?%s", queries[i]);
		root = ask(place, target);
		assert_string_equal(text(row(root, "functions", 0), "version"), "2");
		assert_string_equal(text(row(root, "functions", 1), "function"), "bad");
		json_decref(root);
	}
}

static void test_groups_add_up_to_the_functions(void **state)
{
	static const char *const by[] = {
	    "function", "host", "platform", "region", "version"};
	static const size_t groups[] = {3, 2, 2, 1, 4};
	struct place *place = *state;
	json_t *all;
	double cost = 0;
	size_t i;
	const json_t *one;

	fill_three(place);
	all = ask(place, "/v1/functions?since=15m");
	json_array_foreach(at(all, "functions"), i, one) cost +=
	    strtod(text(one, "cost_usd"), NULL);
	json_decref(all);
	for (size_t g = 0; g < sizeof(by) / sizeof(by[0]); g++) {
		char target[128];
		double invocations = 0;
		double errors = 0;
		double sum = 0;

		(void)snprintf(
		    target, sizeof(target), "/v1/functions?since=15m&by=%s", by[g]);
		all = ask(place, target);
		assert_int_equal(json_array_size(at(all, "groups")), groups[g]);
		assert_int_equal(number(all, "unattributed"), 0);
		assert_string_equal(text(all, "basis"), g == 1 ? "invocations" : "sums");
		json_array_foreach(at(all, "groups"), i, one)
		{
			(void)text(one, by[g]);
			invocations += number(one, "invocations");
			errors += number(one, "errors");
			sum += strtod(text(one, "cost_usd"), NULL);
		}
		assert_int_equal(invocations, 150);
		assert_int_equal(errors, 21);
		assert_true(is_near(sum, cost, 1e-9));
		json_decref(all);
	}
}

static void test_groups_of_hosts_tell_their_own(void **state)
{
	struct place *place = *state;
	const json_t *h1;
	json_t *root;

	fill_three(place);
	root = ask(place, "/v1/functions?since=15m&by=host&sort=cost&limit=1");
	assert_int_equal(number(root, "group_count"), 2);
	h1 = row(root, "groups", 0);
	assert_string_equal(text(h1, "host"), "h1");
	assert_int_equal(number(h1, "functions"), 2);
	assert_int_equal(number(h1, "invocations"), 40);
	assert_int_equal(number(h1, "cold"), 10);
	assert_true(is_near(number(at(h1, "duration_ms"), "p50"), 901, 0.012));
	json_decref(root);
	root = ask(place, "/v1/functions?since=15m&by=version&function=busy");
	assert_int_equal(json_array_size(at(root, "groups")), 2);
	assert_string_equal(text(row(root, "groups", 1), "version"), "2");
	json_decref(root);
}

static void test_series_has_concurrency(void **state)
{
	struct place *place = *state;
	const int64_t then = ago(place, 5);
	double most = 0;
	json_t *root;
	size_t i;
	const json_t *point;

	/* 60 of 900 to 909 ms in a minute */
	burst(place, &(struct burst){"slow", "", "generic", "h1", then, 60, 900, 0, 0});
	root = ask(place, "/v1/functions/slow/series?since=10m&step=60s");
	json_array_foreach(at(root, "points"), i, point)
	{
		const json_t *c = at(point, "concurrency");

		if (number(point, "invocations") == 0)
			assert_true(number(c, "mean") == 0 && number(c, "max") == 0);
		else
			most = number(c, "mean");
		if (number(point, "invocations") > 0)
			assert_int_equal(number(c, "max"), 3);
	}
	assert_true(is_near(most, 60 * 904.5 / 60000, 0.001));
	json_decref(root);
}

static void test_a_trace_by_its_functions(void **state)
{
	struct place *place = *state;
	const json_t *second;
	const json_t *total;
	json_t *root;

	say(place, "first", place->now_ns - 3 * S,
	    LAMBDA "\"duration_ms\":20,\"trace_id\":\"e1\"");
	say(place, "second", place->now_ns - 2 * S,
	    LAMBDA
	    "\"duration_ms\":10,\"cold\":true,\"init_ms\":100,\"trace_id\":\"e1\"");
	say(place, "second", place->now_ns - S,
	    LAMBDA "\"duration_ms\":30,\"status\":\"error\",\"trace_id\":\"e1\"");
	say(place, "second", place->now_ns - S,
	    LAMBDA "\"duration_ms\":30,\"trace_id\":\"e2\"");
	root = ask(place, "/v1/traces/e1");
	assert_int_equal(json_array_size(at(root, "functions")), 2);
	assert_string_equal(text(row(root, "functions", 0), "function"), "first");
	second = row(root, "functions", 1);
	assert_int_equal(number(second, "invocations"), 2);
	assert_int_equal(number(second, "cold"), 1);
	assert_int_equal(number(second, "errors"), 1);
	assert_true(number(second, "duration_ms") == 40);
	assert_true(number(second, "init_ms") == 100);
	assert_true(is_near(number(second, "after_ms"), 1000, 0.001));
	total = at(root, "total");
	assert_true(is_near(strtod(text(total, "cost_usd"), NULL),
	    strtod(text(second, "cost_usd"), NULL) +
		strtod(text(row(root, "functions", 0), "cost_usd"), NULL),
	    1e-9));
	json_decref(root);
	expect_status(raw_get(place->port, "/v1/traces/nobody"), 404);
	expect_status(raw_get(place->port, "/v1/traces/e1?since=soon"), 400);
}

static const char *verdict(const json_t *pair)
{
	return text(pair, "verdict");
}

static void test_a_diff_tells_change_from_noise(void **state)
{
	struct place *place = *state;
	const json_t *one;
	json_t *root;

	burst(place,
	    &(struct burst){"f", "1", "aws-lambda", "h", ago(place, 120), 590, 40, 5, 5});
	burst(place,
	    &(struct burst){"f", "1", "aws-lambda", "h", ago(place, 20), 590, 80, 5, 60});
	burst(place,
	    &(struct burst){"gone", "", "knative", "h", ago(place, 120), 3, 1, 0, 0});
	root = ask(place, "/v1/diff?since=1h&against=1h");
	assert_int_equal(json_array_size(at(root, "functions")), 2);
	one = row(root, "functions", 0);
	assert_int_equal(number(at(one, "invocations"), "now"), 590);
	assert_int_equal(number(at(one, "invocations"), "before"), 590);
	assert_string_equal(verdict(at(one, "invocations")), "same");
	assert_string_equal(verdict(at(one, "errors_pct")), "same");
	assert_string_equal(verdict(at(one, "cold_pct")), "up");
	assert_string_equal(verdict(at(at(one, "duration_ms"), "p50")), "up");
	assert_true(
	    is_near(number(at(at(one, "duration_ms"), "p50"), "change_pct"), 90, 0.1));
	assert_string_equal(verdict(at(at(one, "duration_ms"), "p99")), "too_few");
	assert_string_equal(verdict(at(at(one, "memory_mb"), "p95")), "same");
	assert_string_equal(verdict(at(one, "cost_per_invocation_usd")), "up");
	one = row(root, "functions", 1);
	assert_string_equal(text(one, "function"), "gone");
	assert_int_equal(number(at(one, "invocations"), "now"), 0);
	assert_null(json_object_get(at(one, "cold_pct"), "now"));
	json_decref(root);
	/* the same the other way around, by times */
	root = ask(place, "/v1/diff?since=3h&until=1h&against_since=1h&function=f");
	one = row(root, "functions", 0);
	assert_string_equal(verdict(at(one, "cold_pct")), "down");
	assert_string_equal(verdict(at(at(one, "duration_ms"), "p50")), "down");
	json_decref(root);
}

static void test_a_diff_of_versions(void **state)
{
	struct place *place = *state;
	const json_t *one;
	json_t *root;

	burst(place,
	    &(struct burst){"f", "1", "aws-lambda", "h", ago(place, 20), 400, 40, 4, 0});
	burst(place,
	    &(struct burst){"f", "2", "aws-lambda", "h", ago(place, 20), 400, 20, 80, 0});
	root = ask(place, "/v1/diff?since=1h&version=2&against_version=1");
	assert_int_equal(json_array_size(at(root, "functions")), 1);
	one = row(root, "functions", 0);
	assert_string_equal(text(one, "version"), "2");
	assert_string_equal(text(one, "against_version"), "1");
	assert_string_equal(verdict(at(one, "errors_pct")), "up");
	assert_string_equal(verdict(at(at(one, "duration_ms"), "p50")), "down");
	assert_string_equal(verdict(at(one, "cold_pct")), "same");
	json_decref(root);
}

static void test_bad_questions_are_refused(void **state)
{
	static const char *const bad[] = {"/v1/functions?sort=x", "/v1/functions?limit=0",
	    "/v1/functions?limit=x", "/v1/functions?reverse=x", "/v1/functions?by=moon",
	    "/v1/functions?by=host&sort=rate", "/v1/functions?by=host&since=x",
	    "/v1/diff?since=x", "/v1/diff?against=never",
	    "/v1/diff?since=2026-01-01T00:00:10Z&until=2026-01-01T00:00:20Z",
	    "/v1/diff?against=1h&against_since=1h", "/v1/diff?against_until=1h",
	    "/v1/diff?against_version=1", "/v1/diff?version=1", "/v1/diff?limit=0",
	    "/v1/diff?against_since=1h&against_until=2h"};
	struct place *place = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct got got = raw_get(place->port, bad[i]);

		if (got.status != 400 || !strstr(got.body, "{\"error\":{\"code\":"))
			fail_msg("%s: %s", bad[i], got.text);
		free(got.text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_functions_the_first_by_any_key),
	    TEST(test_functions_without_the_figure_come_last),
	    TEST(test_groups_add_up_to_the_functions),
	    TEST(test_groups_of_hosts_tell_their_own),
	    TEST(test_series_has_concurrency),
	    TEST(test_a_trace_by_its_functions),
	    TEST(test_a_diff_tells_change_from_noise),
	    TEST(test_a_diff_of_versions),
	    TEST(test_bad_questions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
