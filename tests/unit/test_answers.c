/* The API's answers about known invocations. */
#include "tests/unit/answers_place.h"

static void test_answers_functions_as_they_were(void **state)
{
	struct place *place = *state;
	json_t *root;
	const json_t *bar;

	fill(place);
	root = ask(place, "/v1/functions?since=15m");
	assert_int_equal(json_array_size(at(root, "functions")), 2);
	bar = json_array_get(at(root, "functions"), 1); /* sorted by name */
	assert_string_equal(text(bar, "function"), "bar");
	assert_string_equal(text(bar, "platform"), "aws-lambda");
	assert_string_equal(text(bar, "kind"), "lambda");
	assert_int_equal(number(bar, "invocations"), 101);
	assert_int_equal(number(bar, "cold"), 1);
	assert_int_equal(number(bar, "errors"), 10);
	assert_int_equal(number(at(bar, "by_status"), "error"), 10);
	assert_int_equal(number(at(bar, "pings"), "count"), 1);
	assert_true(is_near(number(at(bar, "warm_duration_ms"), "p50"), 50, 0.0109));
	assert_true(is_near(number(at(bar, "warm_duration_ms"), "p95"), 95, 0.0109));
	assert_true(is_near(number(at(bar, "duration_ms"), "max"), 100, 1e-6));
	assert_true(is_near(number(at(bar, "cold_duration_ms"), "p50"), 20, 0.0109));
	assert_true(is_near(number(at(bar, "init_ms"), "p95"), 300, 0.0109));
	assert_int_equal(number(at(bar, "memory_mb"), "limit"), 128);
	assert_true(is_near(number(at(bar, "memory_mb"), "max"), 64, 1e-9));
	assert_true(is_near(number(bar, "cpu_ms_mean"), 2, 1e-9));
	assert_int_equal(number(at(bar, "usage"), "aws_requests"), 101);
	assert_int_equal(number(at(bar, "usage"), "aws_billed_ms"), 5050 + 320);
	assert_string_equal(text(bar, "cost_basis"), "configured memory");
	assert_int_equal(json_array_size(at(bar, "trend")), 30);
	json_decref(root);
}

/* 101 requests at $0.20 a million, 5370 ms at 128 MiB and $0.0000166667 a GB-s. */
static void test_answers_prices_by_the_published_rates(void **state)
{
	struct place *place = *state;
	json_t *root;
	const json_t *bar;
	const double want = 101 * 0.2e-6 + 5.370 / 8 * 0.0000166667;

	fill(place);
	root = ask(place, "/v1/functions?since=15m&function=bar");
	assert_int_equal(json_array_size(at(root, "functions")), 1);
	assert_null(json_object_get(root, "agents")); /* as many as there are hosts */
	assert_int_equal(number(root, "function_count"), 1);
	bar = json_array_get(at(root, "functions"), 0);
	assert_true(is_near(strtod(text(bar, "cost_usd"), NULL), want, 1e-6));
	assert_true(strtod(text(bar, "cost_month_usd"), NULL) > 100 * want);
	json_decref(root);
}

static void test_answers_say_that_there_were_functions_before(void **state)
{
	struct place *place = *state;
	json_t *root = ask(place, "/v1/functions?since=15m");

	assert_int_equal(number(root, "known_count"), 0);
	assert_null(json_object_get(root, "known_last_seen"));
	json_decref(root);
	fill(place);
	root = ask(place, "/v1/functions?since=2020-01-01&until=2020-01-02");
	assert_int_equal(json_array_size(at(root, "functions")), 0);
	assert_true(number(root, "known_count") > 0);
	assert_non_null(text(root, "known_last_seen"));
	json_decref(root);
	root = ask(place, "/v1/functions?since=15m");
	assert_null(json_object_get(root, "known_count"));
	json_decref(root);
}

static void test_answers_trends_add_up(void **state)
{
	static const char *const spans[] = {"5m", "7m", "15m", "1h", "7d"};
	struct place *place = *state;

	fill(place);
	for (size_t s = 0; s < sizeof(spans) / sizeof(spans[0]); s++) {
		char target[64];
		double sum = 0;
		json_t *root;
		const json_t *trend;
		const json_t *bar;

		(void)snprintf(target, sizeof(target),
		    "/v1/functions?function=bar&since=%s", spans[s]);
		root = ask(place, target);
		bar = json_array_get(at(root, "functions"), 0);
		trend = at(bar, "trend");
		for (size_t i = 0; i < 30; i++)
			sum += json_number_value(json_array_get(trend, i));
		assert_true(sum == 101);
		json_decref(root);
	}
}

static void test_answers_tell_the_ledger_and_hosts(void **state)
{
	struct place *place = *state;
	json_t *root;

	fill(place);
	root = ask(place, "/v1/functions");
	assert_int_equal(number(at(root, "ledger"), "seen"), 103);
	assert_int_equal(number(at(root, "ledger"), "delivered"), 103);
	assert_int_equal(number(at(root, "ledger"), "lost"), 0);
	(void)at(root, "host_count");
	assert_true(json_is_array(at(root, "agents")));
	(void)text(root, "generated");
	json_decref(root);
}

static void test_answers_series_has_a_point_for_each_step(void **state)
{
	struct place *place = *state;
	json_t *root;
	double sum = 0;
	const json_t *points;

	fill(place);
	root = ask(place, "/v1/functions/bar/series?since=10m&step=60s");
	points = at(root, "points");
	assert_true(json_array_size(points) == 10 || json_array_size(points) == 11);
	for (size_t i = 0; i < json_array_size(points); i++)
		sum += number(json_array_get(points, i), "invocations");
	assert_true(sum == 101);
	assert_int_equal(number(json_array_get(points, 0), "invocations"), 0);
	assert_null(json_object_get(json_array_get(points, 0), "duration_ms"));
	json_decref(root);
	root = ask(place, "/v1/functions/nobody/series?since=10m");
	assert_true(json_array_size(at(root, "points")) >= 10);
	json_decref(root);
}

static void test_answers_invocations_newest_first(void **state)
{
	struct place *place = *state;
	json_t *root;
	const json_t *list;

	fill(place);
	root = ask(place, "/v1/invocations?function=bar&limit=50");
	list = at(root, "invocations");
	assert_int_equal(json_array_size(list), 50);
	assert_true(json_is_true(at(root, "truncated")));
	for (size_t i = 1; i < 50; i++)
		assert_true(strcmp(text(json_array_get(list, i - 1), "start"),
				text(json_array_get(list, i), "start")) >= 0);
	json_decref(root);
	root = ask(place, "/v1/invocations?cold=true");
	assert_int_equal(json_array_size(at(root, "invocations")), 1);
	assert_true(json_is_false(at(root, "truncated")));
	json_decref(root);
	root = ask(place, "/v1/invocations?status=error&function=bar");
	assert_int_equal(json_array_size(at(root, "invocations")), 10);
	json_decref(root);
	root = ask(place, "/v1/invocations?ping=true");
	assert_int_equal(json_array_size(at(root, "invocations")), 1);
	json_decref(root);
}

static void test_answers_what_one_event_cost(void **state)
{
	struct place *place = *state;
	const json_t *total;
	json_t *root;

	say(place, "a", place->now_ns - 3 * S,
	    LAMBDA "\"duration_ms\":20,\"trace_id\":\"t1\"");
	say(place, "b", place->now_ns - 2 * S,
	    LAMBDA "\"duration_ms\":10,\"trace_id\":\"t1\"");
	say(place, "a", place->now_ns - S,
	    LAMBDA "\"duration_ms\":40,\"trace_id\":\"t2\"");
	root = ask(place, "/v1/invocations?trace_id=t1");
	assert_int_equal(json_array_size(at(root, "invocations")), 2);
	total = at(root, "total");
	assert_int_equal(number(total, "invocations"), 2);
	assert_int_equal(number(total, "functions"), 2);
	assert_true(number(total, "duration_ms") == 30);
	assert_true(is_near(number(total, "span_ms"), 1010, 0.001));
	assert_non_null(text(total, "cost_usd"));
	json_decref(root);
	root = ask(place, "/v1/invocations?trace_id=t");
	assert_int_equal(json_array_size(at(root, "invocations")), 0);
	assert_int_equal(number(at(root, "total"), "invocations"), 0);
	json_decref(root);
	root = ask(place, "/v1/invocations");
	assert_null(json_object_get(root, "total"));
	json_decref(root);
}

static void test_answers_an_invoice_with_its_sources(void **state)
{
	struct place *place = *state;
	json_t *root;
	json_t *plan;
	size_t i;

	fill(place);
	root = ask(place, "/v1/invoice?plan=aws-lambda&function=bar");
	assert_int_equal(json_array_size(at(root, "plans")), 1);
	plan = json_array_get(at(root, "plans"), 0);
	assert_string_equal(text(plan, "region"), "us-east-1");
	assert_string_equal(text(plan, "total_usd"), text(root, "total_usd"));
	assert_true(json_array_size(at(plan, "lines")) >= 2);
	(void)text(json_array_get(at(plan, "lines"), 0), "source");
	assert_true(strtod(text(plan, "total_usd"), NULL) > 0);
	json_decref(root);
	root = ask(place, "/v1/invoice?plan=aws-lambda&free_tier=true");
	assert_true(strtod(text(root, "total_usd"), NULL) == 0);
	json_decref(root);
	root = ask(place, "/v1/invoice?plan=all");
	assert_true(json_array_size(at(root, "plans")) >= 3);
	json_decref(root);
	/* to compare plans in a region of one is no error to the others */
	root = ask(place, "/v1/invoice?plan=all&region=eu-west-1");
	json_array_foreach(at(root, "plans"), i, plan)
	{
		const char *note =
		    json_string_value(json_array_get(at(plan, "assumptions"), 0));

		if (strcmp(text(plan, "plan"), "aws-lambda") == 0)
			assert_string_equal(text(plan, "region"), "eu-west-1");
		else
			assert_non_null(strstr(note, "The region asked for is none of"));
	}
	json_decref(root);
	root = ask(place, "/v1/invoice?month=2026-01");
	assert_null(json_object_get(
	    root, "not_priced")); /* of the functions' own plans none is */
	assert_true(strtod(text(root, "total_usd"), NULL) == 0);
	json_decref(root);
}

static const json_t *row_of(const json_t *list, const char *plan)
{
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
	{
		if (strcmp(text(row, "plan"), plan) == 0)
			return row;
	}
	return NULL;
}

/* What no invocation tells is left out with the reason, never guessed. */
static void test_answers_an_invoice_without_the_plans_that_lack_a_figure(void **state)
{
	static const char *const without[] = {"aws-lambda-provisioned",
	    "aws-lambda-managed", "azure-premium", "gcp-run-instance", "own-host"};
	struct place *place = *state;
	json_t *root;

	fill(place);
	root = ask(place, "/v1/invoice?plan=all");
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
		assert_null(row_of(at(root, "plans"), without[i]));
		assert_non_null(row_of(at(root, "not_priced"), without[i]));
	}
	assert_int_equal(json_array_size(at(root, "not_priced")), 5);
	assert_non_null(
	    strstr(text(row_of(at(root, "not_priced"), "azure-premium"), "reason"),
		"needs instances and instance_seconds"));
	/* snapshots of the functions that there are, for as long as the month is */
	const json_t *snapstart = row_of(at(root, "plans"), "aws-lambda-snapstart");
	const json_t *cache = json_array_get(json_object_get(snapstart, "lines"), 2);

	assert_string_equal(text(cache, "item"), "snapstart_cache");
	assert_true(strtod(text(cache, "quantity"), NULL) >= 3 * 3600 * 0.125);
	json_decref(root);

	struct got got = raw_get(place->port, "/v1/invoice?plan=azure-premium");

	assert_int_equal(got.status, 400);
	assert_non_null(strstr(got.body, "azure-premium needs instances"));
	free(got.text);
}

static void test_answers_metrics_escape_labels(void **state)
{
	struct place *place = *state;
	struct got got;

	fill(place);
	got = raw_get(place->port, "/metrics");
	assert_int_equal(got.status, 200);
	assert_non_null(strstr(got.text, "application/openmetrics-text"));
	assert_non_null(strstr(got.body, "coldmeter_invocations_total{function=\"bar\""
					 ",platform=\"aws-lambda\",version=\"\"} 101\n"));
	assert_non_null(strstr(got.body, "function=\"a \\\"quoted\\\\ name\""));
	assert_non_null(
	    strstr(got.body, "coldmeter_ledger_lost{reason=\"ring_full\"} 0\n"));
	assert_string_equal(got.body + strlen(got.body) - 6, "# EOF\n");
	free(got.text);
}

/* Stores one invocation of that function as an agent ships it. */
static void ship(const struct place *place, const struct function *function)
{
	const struct invocation inv = {.function = function,
	    .kind = KIND_HTTP,
	    .has = HAS_DURATION,
	    .start_ns = place->now_ns - 60 * S,
	    .duration_ns = 5000000,
	    .concurrency = 1,
	    .request_id = "r\xfe",
	    .trace_id = "t\x9b"};
	const struct batch_head head = {.id = {.sequence = 1}, .host = "h\xc3"};
	struct batch_writer *w;
	uint8_t *bytes;
	size_t n;

	assert_int_equal(batch_writer_new(&w), 0);
	assert_int_equal(batch_writer_add(w, &inv), 0);
	assert_int_equal(batch_writer_seal(w, &head, &bytes, &n), 0);
	expect_status(raw_send(place->port, "POST", "/v1/batches",
			  "Content-Type: " BATCH_CONTENT_TYPE "\r\n", bytes, n),
	    200);
	free(bytes);
	batch_writer_free(w);
}

/* A stranger's batch may hold any bytes; each answer is JSON all the same. */
static void test_answers_show_names_of_any_bytes_as_text(void **state)
{
	const struct function odd = {
	    .name = "a\xff\x1b[2J", .version = "\xed\xa0\x80", .region = "\xc3"};
	struct place *place = *state;
	const json_t *one;
	struct got got;
	json_t *root;

	ship(place, &odd);
	root = ask(place, "/v1/functions?since=15m");
	one = json_array_get(at(root, "functions"), 0);
	assert_string_equal(text(one, "function"), "a??[2J");
	assert_string_equal(text(one, "version"), "???");
	assert_string_equal(text(one, "region"), "?");
	json_decref(root);
	root = ask(place, "/v1/functions/a%3f%3f%5b2J/series?since=15m");
	assert_string_equal(text(root, "function"), "a??[2J");
	json_decref(root);
	root = ask(place, "/v1/invocations?since=15m&function=a%3f%3f%5b2J");
	one = json_array_get(at(root, "invocations"), 0);
	assert_string_equal(text(one, "request_id"), "r?");
	assert_string_equal(text(one, "trace_id"), "t?");
	assert_string_equal(text(one, "host"), "h?");
	json_decref(root);
	got = raw_get(place->port, "/metrics");
	assert_non_null(strstr(got.body, "function=\"a??[2J\""));
	free(got.text);
}

static void test_answers_refuse_bad_parameters(void **state)
{
	static const char *const bad[] = {"/v1/functions?since=soon",
	    "/v1/functions?until=x", "/v1/functions?since=1h&until=2h",
	    "/v1/functions?since=-1h", "/v1/functions/bar/series?step=1s",
	    "/v1/functions/bar/series?step=0",
	    "/v1/functions/bar/series?since=365d&step=60s", "/v1/invocations?limit=0",
	    "/v1/invocations?limit=x", "/v1/invocations?limit=99999999999999999999",
	    "/v1/invocations?cold=maybe", "/v1/invocations?status=fine",
	    "/v1/invoice?month=2026", "/v1/invoice?month=2026-13",
	    "/v1/invoice?month=2190-01", "/v1/invoice?month=1h", "/v1/invoice?plan=none",
	    "/v1/invoice?free_tier=x", "/v1/invoice?plan=aws-lambda&region=mars-north-1",
	    "/v1/invoice?region=mars-north-1", "/v1/functions?function=%ff",
	    "/v1/invocations?function=a%c3", "/v1/invocations?trace=%ed%a0%80"};
	struct place *place = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct got got = raw_get(place->port, bad[i]);

		if (got.status != 400 || !strstr(got.body, "{\"error\":{\"code\":"))
			fail_msg("%s: %s", bad[i], got.text);
		free(got.text);
	}
	expect_status(raw_get(place->port, "/v1/functions/a%ff/series"), 404);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_answers_functions_as_they_were),
	    TEST(test_answers_prices_by_the_published_rates),
	    TEST(test_answers_trends_add_up),
	    TEST(test_answers_say_that_there_were_functions_before),
	    TEST(test_answers_tell_the_ledger_and_hosts),
	    TEST(test_answers_series_has_a_point_for_each_step),
	    TEST(test_answers_invocations_newest_first),
	    TEST(test_answers_what_one_event_cost),
	    TEST(test_answers_an_invoice_with_its_sources),
	    TEST(test_answers_an_invoice_without_the_plans_that_lack_a_figure),
	    TEST(test_answers_metrics_escape_labels),
	    TEST(test_answers_show_names_of_any_bytes_as_text),
	    TEST(test_answers_refuse_bad_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
