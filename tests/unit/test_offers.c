/* Providers' own price lists, in their formats. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "price/offers.h"
#include "price/price_file.h"

#define RATE(from, until, usd)                                                           \
	"{\"unit\":\"x\",\"beginRange\":\"" from "\",\"endRange\":\"" until              \
	"\",\"pricePerUnit\":{\"USD\":\"" usd "\"}}"
#define AWS(group, rates)                                                                \
	"{\"publicationDate\":\"2026-11-01T10:00:00Z\",\"products\":{\"A\":{"            \
	"\"attributes\":{\"group\":\"" group "\",\"usagetype\":\"x\"}}},\"terms\":{"     \
	"\"OnDemand\":{\"A\":{\"A.T\":{\"priceDimensions\":{" rates "}}}}}}"
#define AZURE(more)                                                                      \
	"{\"NextPageLink\":\"https://prices.azure.com:443/api?$skip=100\",\"Items\":[{"  \
	"\"type\":\"Consumption\",\"productName\":\"Functions\",\"currencyCode\":"       \
	"\"USD\",\"meterName\":\"Standard Total Executions\",\"armRegionName\":"         \
	"\"eastus\"," more "}]}"

#define GCP(name, unit, regions, price)                                                  \
	"{\"skus\":[{\"description\":\"" name                                            \
	"\",\"category\":{\"usageType\":\"OnDemand\"},"                                  \
	"\"serviceRegions\":" regions ",\"pricingInfo\":[{\"effectiveTime\":"            \
	"\"2026-01-01T00:00:00Z\",\"pricingExpression\":{\"usageUnit\":\"" unit          \
	"\",\"tieredRates\":[" price "]}}]}],\"nextPageToken\":\"more\"}"
#define GCP_RATE(from, units, nanos)                                                     \
	"{\"startUsageAmount\":" from ",\"unitPrice\":{\"currencyCode\":\"USD\","        \
	"\"units\":" units ",\"nanos\":" nanos "}}"
#define GCP_CPU "Services CPU Tier 2  (Request-based billing)"

static char why[256]; /* what was said last */

static int read_aws(struct offers *offers, const char *json)
{
	const struct check check = {.why = why, .why_size = sizeof(why)};
	char date[11];

	return offers_aws_read(offers, json, strlen(json), "us-east-1", date, &check);
}

static int read_azure(struct offers *offers, const char *json, char **next)
{
	const struct check check = {.why = why, .why_size = sizeof(why)};

	return offers_azure_read(offers, json, strlen(json), next, &check);
}

static int read_gcp(struct offers *offers, const char *json, char **next)
{
	const struct check check = {.why = why, .why_size = sizeof(why)};

	return offers_gcp_read(offers, json, strlen(json), "2026-11-28", next, &check);
}

static void test_offers_read_tiers_of_aws(void **state)
{
	struct offers offers = {0};

	(void)state;
	assert_int_equal(
	    read_aws(&offers,
		AWS("AWS-Lambda-Duration",
		    "\"2\":" RATE("6000000000", "Inf", "0.0000150000") ",\"1\":" RATE("0",
			"6000000000",
			"0.0000166667") ",\"0\":" RATE("0", "1000000", "0.0000000000"))),
	    0);
	assert_int_equal(offers_settle(&offers, why, sizeof(why)), 0);
	assert_int_equal(offers.n, 2);
	assert_string_equal(offers.rows[0].key, "lambda.duration.x86_64");
	assert_true(offers.rows[0].price.pico == 16666700);
	assert_true(offers.rows[0].tier_until == 6000000000);
	assert_true(offers.rows[1].tier_until == UINT64_MAX);
	offers_done(&offers);
}

static void test_offers_refuse_a_strange_list_of_aws(void **state)
{
	static const struct {
		const char *json;
		const char *why;
	} cases[] = {{"[]", "must be an object"}, {"{", "line 1, column 1: "},
	    {"{}", "publicationDate: is missing"},
	    {"{\"publicationDate\":\"soon\"}", "publicationDate: \"soon\" is no date"},
	    {"{\"publicationDate\":\"2026-11-01\",\"products\":[]}",
		"must have objects products and terms.OnDemand"},
	    {AWS("AmazonEC2", ""), "holds no price of Lambda"},
	    {AWS("AWS-Lambda-Requests", "\"0\":7"),
		"terms.OnDemand.A: must be an object"},
	    {AWS("AWS-Lambda-Requests", "\"0\":" RATE("0", "Inf", "1e-7")),
		"terms.OnDemand.A.pricePerUnit.USD: \"1e-7\" is not a decimal number"},
	    {AWS("AWS-Lambda-Requests", "\"0\":" RATE("5", "5", "1")),
		"terms.OnDemand.A: the range \"5\" to \"5\" is none"},
	    {AWS("AWS-Lambda-Requests", "\"0\":" RATE("-1", "Inf", "1")),
		"terms.OnDemand.A: the range \"-1\""}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct offers offers = {0};

		assert_int_equal(read_aws(&offers, cases[i].json), -EBADMSG);
		if (strncmp(why, cases[i].why, strlen(cases[i].why)) != 0)
			fail_msg("%s: %s", cases[i].json, why);
		offers_done(&offers);
	}
}

static void test_offers_find_the_file_of_a_region(void **state)
{
	static const char json[] =
	    "{\"regions\":{\"a\":{\"currentVersionUrl\":\"/offers/v1.0/a.json\"},"
	    "\"b\":{\"currentVersionUrl\":\"//evil.example/offers/\"},"
	    "\"c\":{\"currentVersionUrl\":\"/offers/../../etc\"},"
	    "\"d\":{\"currentVersionUrl\":\"/offers/x?y\"},\"e\":7}}";
	static const char *const bad[] = {"b", "c", "d", "e"};
	struct aws_region region;
	const struct check check = {why, sizeof(why)};

	(void)state;
	assert_int_equal(offers_aws_region(json, strlen(json), "a", &region, &check), 0);
	assert_string_equal(region.path, "/offers/v1.0/a.json");
	assert_int_equal(
	    offers_aws_region(json, strlen(json), "z", &region, &check), -ENOENT);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
		    offers_aws_region(json, strlen(json), bad[i], &region, &check),
		    -EBADMSG);
}

static void test_offers_read_a_page_of_azure(void **state)
{
	struct offers offers = {0};
	char *next = NULL;

	(void)state;
	assert_int_equal(
	    read_azure(
		&offers, AZURE("\"unitOfMeasure\":\"10\",\"retailPrice\":2e-06"), &next),
	    0);
	assert_int_equal(offers.n, 1);
	assert_string_equal(offers.rows[0].key, "consumption.executions");
	assert_true(offers.rows[0].price.pico == 200000); /* $0.0000002 for one */
	assert_string_equal(next, "https://prices.azure.com:443/api?$skip=100");
	free(next);
	offers_done(&offers);
}

static void test_offers_refuse_a_strange_page_of_azure(void **state)
{
	static const struct {
		const char *json;
		const char *why;
	} cases[] = {{"{}", "Items: must be a list"}, {"[", "line 1, column 1: "},
	    {"{\"Items\":[7]}", "Items[0]: must be an object"},
	    {"{\"Items\":[],\"NextPageLink\":7}", "NextPageLink: must be a string"},
	    {AZURE("\"unitOfMeasure\":\"1K\",\"retailPrice\":1"),
		"Items[0].unitOfMeasure: must be \"10\""},
	    {AZURE("\"unitOfMeasure\":\"10\",\"retailPrice\":-1"),
		"Items[0].retailPrice: must be a number"},
	    {AZURE("\"unitOfMeasure\":\"10\",\"retailPrice\":\"1\""),
		"Items[0].retailPrice: must be a number"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct offers offers = {0};
		char *next = NULL;

		assert_int_equal(read_azure(&offers, cases[i].json, &next), -EBADMSG);
		if (strncmp(why, cases[i].why, strlen(cases[i].why)) != 0)
			fail_msg("%s: %s", cases[i].json, why);
		assert_null(next);
		offers_done(&offers);
	}
}

static void test_offers_read_a_page_of_google(void **state)
{
	static const char json[] =
	    GCP("Cloud Run Functions (1st Gen) Invocations", "count", "[\"global\"]",
		GCP_RATE("0", "\"0\"", "0") "," GCP_RATE(
		    "2e6", "\"3\"", "400") "," GCP_RATE("5e6", "\"2\"", "1"));
	struct offers offers = {0};
	char *next = NULL;

	(void)state;
	assert_int_equal(read_gcp(&offers, json, &next), 0);
	assert_string_equal(next, "more");
	assert_int_equal(offers_settle(&offers, why, sizeof(why)), 0);
	assert_int_equal(offers.n, 2); /* the free quantity is none */
	assert_string_equal(offers.rows[0].key, "functions1.invocations");
	assert_string_equal(offers.rows[0].region, "*");
	assert_true(
	    offers.rows[0].tier_from == 0 && offers.rows[0].tier_until == 5000000);
	assert_true(offers.rows[0].price.pico == 3000000400000);
	assert_true(offers.rows[1].price.pico == 2000000001000);
	free(next);
	offers_done(&offers);
}

static void test_offers_read_the_price_of_google_that_holds_today(void **state)
{
	static const char *const since[] = {"2026-11-28", "2026-11-29"};
	char json[1024];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct offers offers = {0};
		char *next = NULL;

		(void)snprintf(json, sizeof(json),
		    "{\"skus\":[{\"description\":\"Requests\",\"serviceRegions\":["
		    "\"r1\"],\"category\":{\"usageType\":\"OnDemand\"},\"pricingInfo\":["
		    "{\"effectiveTime\":\"2020-01-01T00:00:00Z\",\"pricingExpression\":{"
		    "\"usageUnit\":\"count\",\"tieredRates\":[" GCP_RATE("0", "\"0\"",
			"7") "]}},{\"effectiveTime\":\"%sT00:00:00Z\","
			     "\"pricingExpression\":{\"usageUnit\":\"count\","
			     "\"tieredRates\":[" GCP_RATE("0", "\"0\"", "8") "]}}]}]}",
		    since[i]);
		assert_int_equal(read_gcp(&offers, json, &next), 0);
		assert_null(next);
		assert_int_equal(offers.n, 1);
		assert_true(offers.rows[0].price.pico == (i == 0 ? 8000 : 7000));
		offers_done(&offers);
	}
}

/* What the page says is not in the sentence. */
static void test_offers_refuse_a_strange_page_of_google(void **state)
{
	static const struct {
		const char *json;
		const char *why;
	} cases[] = {{"[]", "must be an object"},
	    {"{secret", "line 1, column 7: is no JSON"},
	    {"{\"skus\":7}", "skus: must be a list"},
	    {"{\"skus\":[7]}", "skus[0]: must be an object"},
	    {"{\"nextPageToken\":7}", "nextPageToken: must be a string"},
	    {GCP(GCP_CPU, "secret", "[\"r\"]", GCP_RATE("0", "\"0\"", "1")),
		"skus[0].pricingInfo.pricingExpression.usageUnit: must be \"s\""},
	    {GCP(GCP_CPU, "s", "[]", GCP_RATE("0", "\"0\"", "1")),
		"skus[0].serviceRegions: must be a list of regions"},
	    {GCP(GCP_CPU, "s", "[\"a secret\"]", GCP_RATE("0", "\"0\"", "1")),
		"skus[0].serviceRegions: has what is no region"},
	    {GCP(GCP_CPU, "s", "[\"r\"]", ""),
		"skus[0].pricingInfo.pricingExpression.tieredRates: must be a list"},
	    {GCP(GCP_CPU, "s", "[\"r\"]", "7"),
		"skus[0].pricingInfo.tieredRates[0]: must be an object"},
	    {GCP(GCP_CPU, "s", "[\"r\"]", GCP_RATE("0", "\"-1\"", "1")),
		"skus[0].pricingInfo.tieredRates[0].unitPrice.units: must be a string"},
	    {GCP(GCP_CPU, "s", "[\"r\"]", GCP_RATE("0", "\"0\"", "1.5")),
		"skus[0].pricingInfo.tieredRates[0].unitPrice.nanos: must be a whole"},
	    {GCP(GCP_CPU, "s", "[\"r\"]", GCP_RATE("0", "\"0\"", "1000000000")),
		"skus[0].pricingInfo.tieredRates[0].unitPrice.nanos: must be a whole"},
	    {GCP(GCP_CPU, "s", "[\"r\"]", GCP_RATE("0.5", "\"0\"", "1")),
		"skus[0].pricingInfo.tieredRates[0].startUsageAmount: must be a whole"},
	    {GCP(GCP_CPU, "s", "[\"r\"]",
		 GCP_RATE("0", "\"0\"", "1") "," GCP_RATE("0", "\"0\"", "2")),
		"skus[0].pricingInfo.tieredRates[1].startUsageAmount: must be more"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct offers offers = {0};
		char *next = NULL;

		assert_int_equal(read_gcp(&offers, cases[i].json, &next), -EBADMSG);
		if (strncmp(why, cases[i].why, strlen(cases[i].why)) != 0 ||
		    strstr(why, "secret"))
			fail_msg("%s: %s", cases[i].json, why);
		assert_null(next);
		offers_done(&offers);
	}
}

static void test_offers_leave_out_what_has_two_prices(void **state)
{
	struct offer one = {.key = "run.cpu", .tier_until = UINT64_MAX, .price = {5}};
	struct offers offers = {0};
	struct offer first = {.key = NULL};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(one.region, sizeof(one.region), "r%zu", i);
		assert_int_equal(offers_add(&offers, &one), 0);
		assert_int_equal(offers_add(&offers, &one), 0);
	}
	(void)snprintf(one.region, sizeof(one.region), "r1");
	one.price.pico = 6;
	assert_int_equal(offers_add(&offers, &one), 0);
	assert_int_equal(offers_leave_out(&offers, &first), 1);
	assert_string_equal(first.region, "r1");
	assert_int_equal(offers.n, 2);
	assert_string_equal(offers.rows[1].region, "r2");
	assert_int_equal(offers_settle(&offers, why, sizeof(why)), 0);
	offers_done(&offers);
}

static void test_offers_must_agree(void **state)
{
	struct offer one = {.key = "lambda.requests",
	    .region = "r",
	    .tier_until = UINT64_MAX,
	    .price = {.pico = 5}};
	struct offers offers = {0};

	(void)state;
	assert_int_equal(offers_add(&offers, &one), 0);
	assert_int_equal(offers_add(&offers, &one), 0);
	assert_int_equal(offers_settle(&offers, why, sizeof(why)), 0);
	assert_int_equal(offers.n, 1);
	one.price.pico = 6;
	assert_int_equal(offers_add(&offers, &one), 0);
	assert_int_equal(offers_settle(&offers, why, sizeof(why)), -EBADMSG);
	offers_done(&offers);
	one.tier_from = 10; /* nothing is before it */
	assert_int_equal(offers_add(&offers, &one), 0);
	assert_int_equal(offers_settle(&offers, why, sizeof(why)), -EBADMSG);
	offers_done(&offers);
}

/* What is written is a price file, tiers and all. */
static void test_a_new_price_file_is_a_sound_one(void **state)
{
	const struct price_file_source source = {
	    "aws", "list-2026-11-01", "T", "https://example.org/", "2026-11-01"};
	const struct offer tiers[2] = {
	    {.key = "lambda.requests", .region = "r", .tier_until = 10, .price = {7}},
	    {.key = "lambda.requests",
		.region = "r",
		.tier_from = 10,
		.tier_until = UINT64_MAX,
		.price = {5}}};
	struct offers offers = {0};
	const struct price *found;
	struct book *book;
	char *text = NULL;
	char *again = NULL;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(offers_add(&offers, &tiers[i]), 0);
	assert_int_equal(
	    price_file_with(NULL, &offers, &source, &text, why, sizeof(why)), 0);
	assert_int_equal(book_parse(text, strlen(text), &book, why, sizeof(why)), 0);
	assert_int_equal(book_find(book, "aws", "lambda.requests", "r", &found), 2);
	assert_true(found[1].tier_from == 10 && found[1].amount.pico == 5);
	assert_true(offers_are_known(book, "aws", offers.rows, 2));
	assert_false(offers_are_known(book, "aws", offers.rows, 1));
	assert_int_equal(
	    price_file_with(text, &offers, &source, &again, why, sizeof(why)), 0);
	assert_string_equal(text, again);
	book_free(book);
	free(text);
	free(again);
	offers_done(&offers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_offers_read_tiers_of_aws),
	    cmocka_unit_test(test_offers_refuse_a_strange_list_of_aws),
	    cmocka_unit_test(test_offers_find_the_file_of_a_region),
	    cmocka_unit_test(test_offers_read_a_page_of_azure),
	    cmocka_unit_test(test_offers_refuse_a_strange_page_of_azure),
	    cmocka_unit_test(test_offers_read_a_page_of_google),
	    cmocka_unit_test(test_offers_read_the_price_of_google_that_holds_today),
	    cmocka_unit_test(test_offers_refuse_a_strange_page_of_google),
	    cmocka_unit_test(test_offers_leave_out_what_has_two_prices),
	    cmocka_unit_test(test_offers_must_agree),
	    cmocka_unit_test(test_a_new_price_file_is_a_sound_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
