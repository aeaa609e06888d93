/* Invoices of the API: compared, shared out, forecast. */
#include "tests/unit/answers_place.h"

#include <stdlib.h>
#include <unistd.h>

#include "model/money.h"
#include "serve/figures/cost_rules.h"

static struct money money(const json_t *object, const char *key)
{
	struct money out;

	assert_int_equal(money_parse(text(object, key), &out), 0);
	return out;
}

static struct cost_rules *rules_of(const char *yaml)
{
	char path[] = "/tmp/test_answers_invoice.XXXXXX";
	struct cost_rules *rules = NULL;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, yaml, strlen(yaml)), (ssize_t)strlen(yaml));
	(void)close(fd);
	assert_int_equal(cost_rules_load(path, &rules), 0);
	(void)unlink(path);
	return rules;
}

/* Some functions on two hosts, under two platforms. */
static void fill_more(const struct place *place)
{
	static const char *const knative =
	    ",\"platform\":\"knative\",\"kind\":\"http\",\"host\":\"h2\","
	    "\"region\":\"europe-west1\",\"memory_limit_mb\":512,\"peak_memory_mb\":60,"
	    "\"duration_ms\":33";

	fill(place);
	for (int i = 0; i < 7; i++)
		say(place, "checkout", place->now_ns - (30 + i) * S, knative);
	for (int i = 0; i < 3; i++)
		say(place, "checkout-arm", place->now_ns - (30 + i) * S,
		    ",\"platform\":\"aws-lambda\",\"arch\":\"arm64\",\"host\":\"h2\","
		    "\"memory_limit_mb\":1024,\"duration_ms\":17.5");
}

static void test_invoice_compares_plans_cheapest_first(void **state)
{
	struct place *place = *state;
	json_t *root;
	const json_t *rows;
	struct money last = {0};

	fill_more(place);
	root = ask(place, "/v1/invoice?plan=all");
	rows = at(at(root, "comparison"), "plans");
	assert_true(json_array_size(rows) >= 3);
	assert_true(money(json_array_get(rows, 0), "difference_usd").pico == 0);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		struct money sum = {0};

		assert_true(money_compare(last, money(row, "total_usd")) <= 0);
		last = money(row, "total_usd");
		for (size_t k = 0; k < json_array_size(at(root, "plans")); k++) {
			const json_t *plan = json_array_get(at(root, "plans"), k);

			if (!strcmp(text(plan, "plan"), text(row, "plan")))
				sum = money_add(sum, money(plan, "total_usd"));
		}
		assert_int_equal(money_compare(sum, last), 0);
		assert_null(json_object_get(row, "companions_usd"));
	}
	assert_null(json_object_get(root, "total_usd"));
	json_decref(root);
}

/* Twice as fast halves what is billed by time, and no request. */
static void test_invoice_takes_speeds(void **state)
{
	static const char *const targets[] = {"/v1/invoice?plan=azure-consumption",
	    "/v1/invoice?plan=azure-consumption&speed=2",
	    "/v1/invoice?plan=azure-consumption&speed=azure-consumption%3D2,3"};
	struct place *place = *state;
	double compute[3];

	fill_more(place);
	for (size_t i = 0; i < 3; i++) {
		json_t *root = ask(place, targets[i]);
		const json_t *lines = at(json_array_get(at(root, "plans"), 0), "lines");

		assert_string_equal(text(json_array_get(lines, 0), "quantity"), "113");
		compute[i] = strtod(text(json_array_get(lines, 1), "quantity"), NULL);
		json_decref(root);
	}
	assert_true(is_near(compute[1], compute[0] / 2, 0.001));
	assert_true(is_near(compute[2], compute[0] / 2, 0.001));
}

/* By any key the parts add up to the whole, to the last pico-dollar. */
static void test_invoice_parts_add_up_to_the_whole(void **state)
{
	static const char *const keys[] = {
	    "function", "day", "host", "region", "platform", "tag:team"};
	static const size_t counts[] = {4, 0, 3, 3, 3, 2};
	struct place *place = *state;
	struct cost_rules *rules = rules_of("companions: {api: http-api, s3-puts: 0.37}\n"
					    "tags: {checkout*: {team: shop}}\n");

	fill_more(place);
	place->answers.rules =
	    &(struct cost_rules_slot){.lock = PTHREAD_MUTEX_INITIALIZER, .rules = rules};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char target[128];
		struct money sum = {0};
		double invocations = 0;
		const json_t *parts;
		json_t *root;

		(void)snprintf(target, sizeof(target), "/v1/invoice?by=%s%s", keys[i],
		    i % 2 ? "&free_tier=true" : "");
		root = ask(place, target);
		parts = at(at(root, "by"), "parts");
		if (counts[i])
			assert_int_equal(json_array_size(parts), counts[i]);
		for (size_t k = 0; k < json_array_size(parts); k++) {
			const json_t *part = json_array_get(parts, k);

			sum = money_add(sum, money(part, "total_usd"));
			invocations += number(part, "invocations");
		}
		assert_int_equal(
		    money_compare(sum, money(root, "with_companions_usd")), 0);
		assert_true(invocations == 113);
		json_decref(root);
	}
	place->answers.rules = NULL;
	cost_rules_free(rules);
}

static void test_invoice_tells_companions_apart(void **state)
{
	struct place *place = *state;
	struct cost_rules *rules = rules_of("companions: {bar: {dynamodb-reads: 2}}\n");
	const json_t *plan;
	json_t *root;

	fill_more(place);
	place->answers.rules =
	    &(struct cost_rules_slot){.lock = PTHREAD_MUTEX_INITIALIZER, .rules = rules};
	root = ask(place, "/v1/invoice?plan=aws-lambda&region=us-east-1&function=bar");
	plan = json_array_get(at(root, "plans"), 0);
	assert_string_equal(
	    text(at(plan, "companions"), "total_usd"), "0.0000255"); /* 102 x 2 reads */
	assert_int_equal(money_compare(money(plan, "with_companions_usd"),
			     money_add(money(plan, "total_usd"),
				 money(at(plan, "companions"), "total_usd"))),
	    0);
	json_decref(root);
	root = ask(place, "/v1/invoice?plan=all&function=bar");
	assert_non_null(json_object_get(
	    json_array_get(at(at(root, "comparison"), "plans"), 0), "companions_usd"));
	json_decref(root);
	place->answers.rules = NULL;
	cost_rules_free(rules);
}

/* Ten days, each hour the same: the month comes to what its hours do. */
static void test_invoice_forecasts_the_month(void **state)
{
	struct place *place = *state;
	json_t *root;
	const json_t *forecast;
	const int hours = 240;

	for (int i = 0; i < hours; i++)
		say(place, "steady", place->now_ns - (int64_t)i * 3600 * S,
		    LAMBDA "\"duration_ms\":100");
	root = ask(place, "/v1/invoice?plan=aws-lambda");
	forecast = at(root, "forecast");
	assert_string_equal(text(forecast, "method"), "hour-of-week");
	assert_true(
	    money_compare(money(forecast, "total_usd"), money(root, "total_usd")) >= 0);
	assert_true(
	    money_compare(money(forecast, "low_usd"), money(forecast, "total_usd")) <= 0);
	assert_true(money_compare(
			money(forecast, "high_usd"), money(forecast, "total_usd")) >= 0);
	json_decref(root);
	/* what is billed for being there goes on, too */
	root = ask(place, "/v1/invoice?plan=aws-lambda-snapstart");
	assert_true(money_compare(money(at(root, "forecast"), "total_usd"),
			money(root, "total_usd")) > 0);
	json_decref(root);
	root = ask(place, "/v1/invoice?plan=all");
	assert_null(json_object_get(root, "forecast"));
	json_decref(root);
	root = ask(place, "/v1/invoice?month=2026-01");
	assert_null(json_object_get(root, "forecast"));
	json_decref(root);
}

#define PING ",\"trace_id\":\"c01dc01dc01dc01d0123456789abcdef\",\"duration_ms\":1"

/* Seven days alike, and one of four times the memory. Pings are billed, but no calls
 * whose duration is told. */
static void test_invoice_names_what_left_its_band(void **state)
{
	struct place *place = *state;
	const json_t *list;
	json_t *root;
	static const char *const was[] = {
	    ",\"platform\":\"aws-lambda\",\"memory_limit_mb\":128,\"duration_ms\":100",
	    ",\"platform\":\"aws-lambda\",\"memory_limit_mb\":128" PING};
	static const char *const is[] = {
	    ",\"platform\":\"aws-lambda\",\"memory_limit_mb\":512,\"duration_ms\":100",
	    ",\"platform\":\"aws-lambda\",\"memory_limit_mb\":512" PING};
	int64_t today = place->now_ns / (86400 * S) * (86400 * S);

	for (int day = 2; day <= 8; day++)
		for (int i = 0; i < 30; i++)
			say(place, "steady", today - (int64_t)day * 86400 * S + i * S,
			    was[i / 25]);
	for (int i = 0; i < 30; i++)
		say(place, "steady", today - 86400 * S + i * S, is[i / 25]);
	root = ask(place, "/v1/invoice?anomalies=true");
	list = at(root, "anomalies");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(text(json_array_get(list, 0), "what"), "cost_per_invocation");
	assert_string_equal(text(json_array_get(list, 0), "cause"), "more memory");
	assert_int_equal(number(at(json_array_get(list, 0), "memory_mb"), "now"), 512);
	assert_int_equal(
	    number(at(json_array_get(list, 0), "duration_ms"), "usual"), 100);
	assert_int_equal(number(at(json_array_get(list, 0), "duration_ms"), "now"), 100);
	json_decref(root);
	root = ask(place, "/v1/invoice");
	assert_null(json_object_get(root, "anomalies"));
	json_decref(root);
}

/* A plan that knows no architecture is not said to lack one. */
static void test_invoice_says_what_a_plan_lacks(void **state)
{
	struct place *place = *state;
	const json_t *left_out;
	json_t *root;
	const char *reason = NULL;

	say(place, "asia", place->now_ns,
	    ",\"platform\":\"knative\",\"region\":\"asia-south2\",\"duration_ms\":9");
	root = ask(place, "/v1/invoice?plan=all");
	left_out = at(root, "not_priced");
	for (size_t i = 0; i < json_array_size(left_out); i++)
		if (!strcmp(text(json_array_get(left_out, i), "plan"), "gcp-functions-1"))
			reason = text(json_array_get(left_out, i), "reason");
	assert_string_equal(
	    reason, "the price book has no functions1.invocations in asia-south2");
	json_decref(root);
}

/* A snapshot is kept from a version's first to its last call, in the month that is asked
 * for: of one that was called in December and on 2 January at 0:00 that is a day, and of
 * one that was called once the 3 hours of the least. */
static void test_invoice_bills_snapshots_while_versions_are_called(void **state)
{
	static const int64_t december_s = 1767182400; /* 2025-12-31 12:00 */
	static const int64_t january_s = 1767312000;  /* 2026-01-02 00:00 */
	static const char lambda[] =
	    ",\"platform\":\"aws-lambda\",\"memory_limit_mb\":1024,\"duration_ms\":1";
	struct place *place = *state;
	json_t *root;
	const json_t *cache;

	say(place, "twice", december_s * S, lambda);
	say(place, "twice", january_s * S, lambda);
	say(place, "once", (january_s + 86400) * S, lambda);
	say(place, "once-later", place->now_ns, lambda);
	root = ask(place, "/v1/invoice?month=2026-01&plan=aws-lambda-snapstart&by=day");
	cache = json_array_get(at(json_array_get(at(root, "plans"), 0), "lines"), 2);
	assert_string_equal(text(cache, "item"), "snapstart_cache");
	assert_string_equal(text(cache, "quantity"), "97200"); /* 27 h of 1 GB */
	json_decref(root);
}

static void commit(struct book *book)
{
	static const char json[] =
	    "{\"schema\":1,\"provider\":\"aws\",\"currency\":\"USD\",\"sources\":{\"s\":{"
	    "\"title\":\"T\",\"url\":\"https://example.org/\",\"date\":\"2026\"}},"
	    "\"commitments\":[{\"name\":\"c\",\"usd_per_hour\":\"0.1\",\"source\":\"s\","
	    "\"as_of\":\"2026\"}],\"discounts\":[{\"key\":\"lambda.duration.*\","
	    "\"percent\":\"12\",\"kind\":\"savings-plan\",\"commitment\":\"c\","
	    "\"source\":\"s\",\"as_of\":\"2026\"}]}";
	struct book *over;
	char why[256];

	assert_int_equal(book_parse(json, sizeof(json) - 1, &over, why, sizeof(why)), 0);
	assert_int_equal(book_overlay(book, over), 0);
}

/* Two calls of 9000 GB-s, 13.2 cents each with the discount, in two hours of which each
 * pays 10 cents for; the other 742 of January pay for nothing. */
static void test_invoice_settles_a_commitment_hour_by_hour(void **state)
{
	static const char lambda[] = ",\"platform\":\"aws-lambda\","
				     "\"memory_limit_mb\":10240,\"duration_ms\":900000";
	static const int64_t january_s = 1767312000; /* 2026-01-02 00:00 */
	struct place *place = *state;
	json_t *root;
	const json_t *lines;

	commit(place->book);
	say(place, "large", january_s * S, lambda);
	say(place, "large", (january_s + 7200) * S, lambda);
	root = ask(place, "/v1/invoice?month=2026-01&plan=aws-lambda");
	lines = at(json_array_get(at(root, "plans"), 0), "lines");
	assert_int_equal(json_array_size(lines), 4);
	assert_true(is_near(
	    strtod(text(json_array_get(lines, 1), "amount_usd"), NULL), 0.2, 0.0001));
	assert_true(is_near(strtod(text(json_array_get(lines, 2), "amount_usd"), NULL),
	    2 * (9000 * 0.0000166667 - 0.1 / 0.88), 0.0001));
	assert_string_equal(text(json_array_get(lines, 3), "item"), "unused_commitment");
	assert_string_equal(text(json_array_get(lines, 3), "amount_usd"), "74.20");
	json_decref(root);
}

/* Regions come from strangers, who may call one as the book calls all of them. */
static void test_invoice_takes_any_region_of_a_function(void **state)
{
	struct place *place = *state;
	json_t *root;

	say(place, "star", place->now_ns,
	    ",\"platform\":\"aws-lambda\",\"region\":\"*\",\"duration_ms\":100");
	root = ask(place, "/v1/invoice");
	assert_string_equal(
	    text(json_array_get(at(root, "plans"), 0), "region"), "us-east-1");
	json_decref(root);
}

static void test_invoice_refuses_bad_questions(void **state)
{
	static const char *const targets[] = {"/v1/invoice?by=colour",
	    "/v1/invoice?by=tag:", "/v1/invoice?speed=0", "/v1/invoice?speed=none%3D1",
	    "/v1/invoice?speed=1,1", "/v1/invoice?anomalies=some"};
	struct place *place = *state;

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		expect_status(raw_get(place->port, targets[i]), 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_invoice_compares_plans_cheapest_first),
	    TEST(test_invoice_takes_speeds),
	    TEST(test_invoice_parts_add_up_to_the_whole),
	    TEST(test_invoice_tells_companions_apart),
	    TEST(test_invoice_forecasts_the_month),
	    TEST(test_invoice_names_what_left_its_band),
	    TEST(test_invoice_says_what_a_plan_lacks),
	    TEST(test_invoice_bills_snapshots_while_versions_are_called),
	    TEST(test_invoice_settles_a_commitment_hour_by_hour),
	    TEST(test_invoice_takes_any_region_of_a_function),
	    TEST(test_invoice_refuses_bad_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
