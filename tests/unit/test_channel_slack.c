#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/channel.h"
#include "base/clock.h"
#include "base/text.h"

#define DOLLAR ((__int128)1000000000000)

static struct alert bar(void)
{
	struct alert alert = {.id = "bar-day-20261124T00-80",
	    .budget = "bar",
	    .function = "resize",
	    .period = BUDGET_DAY,
	    .threshold = 80,
	    .limit = {5 * DOLLAR},
	    .status = {.spent = {DOLLAR * 412 / 100},
		.per_hour = {DOLLAR / 2},
		.forecast = {DOLLAR * 79 / 10},
		.forecast_low = {DOLLAR * 6},
		.forecast_high = {DOLLAR * 10},
		.top_function = "resize",
		.top_spent = {DOLLAR * 4}}};

	(void)clock_parse_rfc3339("2026-11-24T08:15:00Z", &alert.since_ns);
	(void)clock_parse_rfc3339("2026-11-24T00:00:00Z", &alert.status.period_start_ns);
	(void)clock_parse_rfc3339("2026-11-25T00:00:00Z", &alert.status.period_end_ns);
	return alert;
}

static json_t *rendered(enum message_event event, const struct alert *alert, char **text)
{
	struct message message = {.event = event, .key = "k", .alert = alert};
	json_t *root;

	*text = channel_slack.render(&message);
	assert_non_null(*text);
	root = json_loads(*text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	return root;
}

static const char *text_of(json_t *object)
{
	return json_string_value(json_object_get(object, "text"));
}

static void test_a_message_says_what_how_much_since_when_and_who(void **state)
{
	struct alert alert = bar();
	char *text;
	json_t *root = rendered(MESSAGE_FIRED, &alert, &text);
	json_t *blocks = json_object_get(root, "blocks");

	(void)state;
	assert_string_equal(text_of(json_object_get(json_array_get(blocks, 0), "text")),
	    "Budget bar at 82 % of its daily limit");
	assert_non_null(strstr(text, "$4.12 of $5.00"));
	assert_non_null(strstr(text, "2026-11-24 08:15 UTC"));
	assert_non_null(strstr(text, "$7.90 ($6.00 to $10.00)"));
	assert_non_null(strstr(text, "`resize`: $4.00, 97 % of it"));
	assert_non_null(strstr(text, "$0.50 an hour"));
	assert_string_equal(text_of(root),
	    "Budget bar of resize: $4.12 spent of $5.00 today (82.4 %, threshold 80 "
	    "%); at this rate $7.90 by 2026-11-25 00:00 UTC.");
	json_decref(root);
	free(text);
}

static void test_a_forecast_without_spread_is_one_figure(void **state)
{
	struct alert alert = bar();
	char *text;

	(void)state;
	alert.period = BUDGET_MONTH;
	alert.status.forecast_low = alert.status.forecast_high = alert.status.forecast;
	json_decref(rendered(MESSAGE_FIRED, &alert, &text));
	assert_non_null(strstr(text, "UTC*\\n$7.90\""));
	assert_non_null(strstr(text, "Spent this month"));
	assert_non_null(strstr(text, "of its monthly limit"));
	free(text);
}

static void check_text(const json_t *object, size_t max)
{
	size_t n = json_string_length(json_object_get(object, "text"));

	assert_true(n >= 1 && n <= max);
}

/* Every text object within Slack's limits, whatever the names. */
static void check_limits(const json_t *root)
{
	const json_t *blocks = json_object_get(root, "blocks");
	const json_t *fields = json_object_get(json_array_get(blocks, 2), "fields");

	check_text(json_object_get(json_array_get(blocks, 0), "text"), 150);
	check_text(json_object_get(json_array_get(blocks, 1), "text"), 3000);
	assert_int_equal(json_array_size(fields), 5);
	for (size_t i = 0; i < json_array_size(fields); i++)
		check_text(json_array_get(fields, i), 2000);
	check_text(
	    json_array_get(json_object_get(json_array_get(blocks, 3), "elements"), 0),
	    2000);
}

static void test_hostile_names_are_escaped_and_bounded(void **state)
{
	struct alert alert = bar();
	char *text;
	json_t *root;

	(void)state;
	memset(alert.function, '&', sizeof(alert.function) - 1);
	strcpy(
	    alert.status.top_function, "<!channel> `x` <http://evil|ok> \x1b[2J\xff*b*");
	memset(alert.budget, 'b', sizeof(alert.budget) - 1);
	root = rendered(MESSAGE_FIRED, &alert, &text);
	assert_null(strstr(text, "<!channel>"));
	assert_null(strstr(text, "<http"));
	assert_null(strstr(text, "`x`"));
	assert_null(strstr(text, "u001b"));
	assert_non_null(strstr(text, "&lt;!channel&gt; 'x'"));
	assert_non_null(strstr(text, "&amp;&amp;&amp;"));
	assert_non_null(strstr(text, "\"verbatim\":true"));
	check_limits(root);
	json_decref(root);
	free(text);
}

static void test_each_event_is_told_apart(void **state)
{
	struct alert alert = bar();
	char *text;

	(void)state;
	json_decref(rendered(MESSAGE_TEST, &alert, &text));
	assert_non_null(strstr(text, "Test: budget bar"));
	assert_non_null(strstr(text, "This is a test"));
	free(text);
	json_decref(rendered(MESSAGE_REMINDER, &alert, &text));
	assert_non_null(strstr(text, "Still over: budget bar"));
	free(text);
	alert.until_ns = alert.status.period_end_ns;
	json_decref(rendered(MESSAGE_RESOLVED, &alert, &text));
	assert_non_null(strstr(text, "Resolved: budget bar"));
	assert_non_null(strstr(text, "a new period has begun"));
	free(text);
}

static void test_small_sums_keep_the_digits_that_matter(void **state)
{
	char text[MESSAGE_MONEY_BYTES];

	(void)state;
	message_money((struct money){DOLLAR * 25 / 2}, text);
	assert_string_equal(text, "$12.50");
	message_money((struct money){123456789}, text);
	assert_string_equal(text, "$0.00012");
	message_money((struct money){0}, text);
	assert_string_equal(text, "$0.00");
	message_money((struct money){-DOLLAR / 4}, text);
	assert_string_equal(text, "-$0.25");
	message_money((struct money){7}, text);
	assert_string_equal(text, "$0.000000000007");
}

static void test_an_anomaly_says_what_it_makes_and_why(void **state)
{
	struct alert alert = {.id = "anomaly-re_size-20261124",
	    .kind = ALERT_ANOMALY,
	    .function = "re<size>`",
	    .anomaly = {.what = ANOMALY_UNIT_COST,
		.cause = ANOMALY_MEMORY,
		.up = true,
		.day = 20781,
		.value = 4000000,
		.usual = 1000000,
		.low = 750000,
		.high = 1250000,
		.memory_mb = {128, 512},
		.extra = {DOLLAR * 1240 / 100}}};
	struct message message = {.event = MESSAGE_FIRED,
	    .key = "k",
	    .alert = &alert,
	    .others = {.n = 4, .names = "a, b<c>, d", .extra = {DOLLAR * 3}}};
	char *text = channel_slack.render(&message);
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	json_t *blocks = json_object_get(root, "blocks");

	(void)state;
	assert_non_null(root);
	assert_non_null(strstr(
	    text_of(root), "$0.0000040 an invocation on 2026-11-24, usually $0.0000010"));
	assert_non_null(strstr(text_of(root), "$12.40 more than usual"));
	assert_non_null(strstr(text_of(root), "more memory (512 MiB, usually 128)"));
	assert_non_null(strstr(text_of(root), "So are 4 more, $3.00 in all"));
	assert_null(strstr(text, "<size>"));
	assert_null(strstr(text, "<c>"));
	assert_int_equal(json_array_size(blocks), 4);
	assert_int_equal(
	    json_array_size(json_object_get(json_array_get(blocks, 1), "fields")), 4);
	json_decref(root);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_message_says_what_how_much_since_when_and_who),
	    cmocka_unit_test(test_a_forecast_without_spread_is_one_figure),
	    cmocka_unit_test(test_hostile_names_are_escaped_and_bounded),
	    cmocka_unit_test(test_each_event_is_told_apart),
	    cmocka_unit_test(test_small_sums_keep_the_digits_that_matter),
	    cmocka_unit_test(test_an_anomaly_says_what_it_makes_and_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
