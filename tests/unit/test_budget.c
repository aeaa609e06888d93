#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/budget.h"
#include "alerts/channel.h"
#include "base/clock.h"

#define HOUR_NS (3600 * CLOCK_NS_PER_S)
#define DOLLAR ((__int128)1000000000000)

static struct money dollars(int64_t cents)
{
	return (struct money){DOLLAR / 100 * cents};
}

static int64_t moment(const char *text)
{
	int64_t ns = 0;

	assert_int_equal(clock_parse_rfc3339(text, &ns), 0);
	return ns;
}

static void assert_period(
    enum budget_period period, const char *now, const char *start, const char *end)
{
	int64_t start_ns;
	int64_t end_ns;

	budget_period_bounds(period, moment(now), &start_ns, &end_ns);
	assert_int_equal(start_ns, moment(start));
	assert_int_equal(end_ns, moment(end));
}

static void test_periods_follow_the_calendar_in_utc(void **state)
{
	(void)state;
	assert_period(BUDGET_HOUR, "2026-11-24T08:59:59.9Z", "2026-11-24T08:00:00Z",
	    "2026-11-24T09:00:00Z");
	assert_period(BUDGET_DAY, "2026-11-24T00:00:00Z", "2026-11-24T00:00:00Z",
	    "2026-11-25T00:00:00Z");
	assert_period(BUDGET_MONTH, "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z",
	    "2027-01-01T00:00:00Z");
	assert_period(BUDGET_MONTH, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z",
	    "2028-03-01T00:00:00Z");
}

static void test_weeks_begin_on_monday(void **state)
{
	(void)state; /* 2026-11-24 is a Tuesday */
	assert_period(BUDGET_WEEK, "2026-11-24T08:00:00Z", "2026-11-23T00:00:00Z",
	    "2026-11-30T00:00:00Z");
	assert_period(BUDGET_WEEK, "2026-11-29T23:59:59Z", "2026-11-23T00:00:00Z",
	    "2026-11-30T00:00:00Z");
	assert_period(BUDGET_WEEK, "2026-11-30T00:00:00Z", "2026-11-30T00:00:00Z",
	    "2026-12-07T00:00:00Z");
}

static int parse(const char *name, const char *body, struct budget *budget, char *why)
{
	return budget_parse(name, body, strlen(body), budget, why);
}

static void test_thresholds_default_to_80_and_100(void **state)
{
	struct budget b;
	char why[BUDGET_WHY_BYTES];

	(void)state;
	assert_int_equal(
	    parse("bar", "{\"limit_usd\":\"5.00\",\"period\":\"day\"}", &b, why), 0);
	assert_int_equal(b.thresholds_n, 2);
	assert_int_equal(b.thresholds[0], 80);
	assert_int_equal(b.thresholds[1], 100);
	assert_string_equal(b.function, "");
	assert_int_equal(b.period, BUDGET_DAY);
	assert_true(money_compare(b.limit, dollars(500)) == 0);
	budget_done(&b);
}

static void test_a_budget_survives_format_and_parse(void **state)
{
	static const char body[] =
	    "{\"limit_usd\":\"0.000001\",\"period\":\"month\",\"function\":\"b\\u00e4r\","
	    "\"thresholds\":[100,50,1000],\"notify\":[{\"type\":\"slack\",\"url\":"
	    "\"https://hooks.slack.com/services/T/B/x\"},{\"type\":\"webhook\",\"url\":"
	    "\"http://127.0.0.1:9/a?b=c\"}]}";
	struct budget a;
	struct budget b;
	char why[BUDGET_WHY_BYTES];
	char *text;

	(void)state;
	assert_int_equal(parse("a.b_C-9", body, &a, why), 0);
	text = budget_format(&a);
	assert_non_null(text);
	assert_int_equal(parse("a.b_C-9", text, &b, why), 0);
	free(text);
	assert_string_equal(b.function, "b\xc3\xa4r");
	assert_int_equal(b.thresholds_n, 3);
	assert_int_equal(b.thresholds[0], 50);
	assert_int_equal(b.thresholds[2], 1000);
	assert_int_equal(b.notify_n, 2);
	assert_ptr_equal(b.notify[0].channel, &channel_slack);
	assert_string_equal(b.notify[1].url, "http://127.0.0.1:9/a?b=c");
	assert_true(money_compare(a.limit, b.limit) == 0);
	budget_done(&a);
	budget_done(&b);
}

static const struct {
	const char *body;
	const char *reason;
} bad[] = {
    {"", "not JSON: there is nothing"},
    {"[]", "not a JSON object"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\"", "not JSON"},
    {"{\"limit_usd\":\"5\",\"limit_usd\":\"6\",\"period\":\"day\"}", "duplicate"},
    {"{\"period\":\"day\"}", "limit_usd is missing"},
    {"{\"limit_usd\":5.5,\"period\":\"day\"}", "decimal string"},
    {"{\"limit_usd\":\"5,00\",\"period\":\"day\"}", "not an amount"},
    {"{\"limit_usd\":\"1e3\",\"period\":\"day\"}", "not an amount"},
    {"{\"limit_usd\":\"-1\",\"period\":\"day\"}", "above 0"},
    {"{\"limit_usd\":\"0\",\"period\":\"day\"}", "above 0"},
    {"{\"limit_usd\":\"5\"}", "period is missing"},
    {"{\"limit_usd\":\"5\",\"period\":\"year\"}", "hour, day, week or month"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"limt\":1}", "unknown key \"limt\""},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"function\":\"\"}", "function"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"function\":3}", "function"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"thresholds\":[]}", "1 to 10"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"thresholds\":[0]}", "thresholds[0]"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"thresholds\":[80,1001]}",
	"thresholds[1]"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"thresholds\":[80.5]}", "thresholds[0]"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"thresholds\":[80,80]}", "twice"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"thresholds\":80}", "a list"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"notify\":{}}", "a list"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"notify\":[{\"type\":\"fax\","
     "\"url\":\"http://a/\"}]}",
	"slack, webhook"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"notify\":[{\"type\":\"slack\"}]}",
	"notify[0].url is missing"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"notify\":[{\"type\":\"slack\","
     "\"url\":\"ftp://a/\"}]}",
	"must begin with http"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"notify\":[{\"type\":\"slack\","
     "\"url\":\"http:///x\"}]}",
	"malformed"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"notify\":[{\"type\":\"slack\","
     "\"url\":\"http://a/ b\"}]}",
	"a space"},
    {"{\"limit_usd\":\"5\",\"period\":\"day\",\"notify\":[{\"type\":\"slack\","
     "\"url\":\"http://a/\",\"x\":1}]}",
	"unknown key \"x\""},
};

static void test_each_bad_budget_has_its_reason(void **state)
{
	char why[BUDGET_WHY_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct budget b = {.thresholds_n = 77};

		why[0] = '\0';
		assert_int_equal(parse("bar", bad[i].body, &b, why), -EINVAL);
		if (!strstr(why, bad[i].reason))
			fail_msg("%s: \"%s\"", bad[i].body, why);
		assert_int_equal(b.thresholds_n, 77);
	}
}

static void test_bad_names_are_refused(void **state)
{
	char longest[BUDGET_NAME_BYTES + 1];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[BUDGET_NAME_BYTES - 1] = '\0';
	assert_true(budget_name_is_valid(longest));
	longest[BUDGET_NAME_BYTES - 1] = 'a';
	longest[BUDGET_NAME_BYTES] = '\0';
	assert_false(budget_name_is_valid(longest));
	assert_false(budget_name_is_valid(""));
	assert_false(budget_name_is_valid("a b"));
	assert_false(budget_name_is_valid("a/b"));
	assert_false(budget_name_is_valid("b\xc3\xa4r"));
	assert_true(budget_name_is_valid("A-z.0_9"));
}

static void test_a_threshold_is_reached_exactly(void **state)
{
	struct money limit = dollars(500);
	struct money spent = {DOLLAR * 4};

	(void)state;
	assert_true(budget_is_reached(spent, limit, 80));
	spent.pico--;
	assert_false(budget_is_reached(spent, limit, 80));
	assert_int_equal(budget_permille(spent, limit), 799);
	assert_int_equal(budget_permille((struct money){0}, limit), 0);
	assert_int_equal(
	    budget_permille((struct money){DOLLAR * 1000000000}, (struct money){1}),
	    UINT32_MAX);
}

static void test_the_forecast_is_linear_with_a_band(void **state)
{
	struct budget_status status = {
	    .period_start_ns = 0, .period_end_ns = 10 * HOUR_NS, .spent = dollars(1200)};
	/* $2 in the last hour, $1 in the last 10 minutes, $12 in the 6 hours so far */
	struct budget_burn burns[] = {
	    {dollars(200), 3600}, {dollars(100), 600}, {dollars(1200), 6LL * 3600}};

	(void)state;
	budget_forecast(&status, 6 * HOUR_NS, burns, 3);
	assert_true(money_compare(status.per_hour, dollars(200)) == 0);
	assert_true(money_compare(status.forecast, dollars(2000)) == 0);
	assert_true(money_compare(status.forecast_low, dollars(2000)) == 0);
	assert_true(money_compare(status.forecast_high, dollars(3600)) == 0);
	/* beyond the end nothing is left to spend */
	budget_forecast(&status, 11 * HOUR_NS, burns, 3);
	assert_true(money_compare(status.forecast, dollars(1200)) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_periods_follow_the_calendar_in_utc),
	    cmocka_unit_test(test_weeks_begin_on_monday),
	    cmocka_unit_test(test_thresholds_default_to_80_and_100),
	    cmocka_unit_test(test_a_budget_survives_format_and_parse),
	    cmocka_unit_test(test_each_bad_budget_has_its_reason),
	    cmocka_unit_test(test_bad_names_are_refused),
	    cmocka_unit_test(test_a_threshold_is_reached_exactly),
	    cmocka_unit_test(test_the_forecast_is_linear_with_a_band),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
