/* A price book is complete or refused, with the place of what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "price/book.h"
#include "price/keys.h"
#include "price/plan.h"
#include "price/rates.h"
#include "tests/unit/random.h"

#define HEAD                                                                             \
	"{\"schema\":1,\"provider\":\"aws\",\"currency\":\"USD\",\"sources\":{\"s\":{"   \
	"\"title\":\"T\",\"url\":\"https://example.org/\",\"date\":\"2026-01-02\"}},"
#define REST "\"source\":\"s\",\"as_of\":\"2026-01\",\"confidence\":\"verified\""
#define REQUESTS "\"key\":\"lambda.requests\",\"unit\":\"request\""
#define ONE(entry) HEAD "\"prices\":[{" entry "}]}"
#define TWO(a, b) HEAD "\"prices\":[{" a "},{" b "}]}"
#define AT_R "\"region\":\"r\","

static struct book *embedded(void)
{
	struct book *book = NULL;

	assert_int_equal(book_open_embedded(&book), 0);
	return book;
}

static struct book *parsed(const char *json)
{
	struct book *book = NULL;
	char why[256] = "";

	if (book_parse(json, strlen(json), &book, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	return book;
}

static void assert_refused(const char *json, const char *sentence)
{
	struct book *book = NULL;
	char why[256] = "";

	assert_int_equal(
	    book_parse(json, strlen(json), &book, why, sizeof(why)), -EBADMSG);
	assert_string_equal(why, sentence);
	assert_null(book);
}

static void assert_price(const struct book *book, const char *provider, const char *key,
    const char *region, const char *amount)
{
	const struct price *tiers = NULL;
	char text[MONEY_TEXT_BYTES];

	assert_true(book_find(book, provider, key, region, &tiers) >= 1);
	money_format(tiers[0].amount, text);
	assert_string_equal(text, amount);
}

static void test_the_embedded_book_is_well_formed(void **state)
{
	struct book *book = embedded();

	(void)state;
	assert_true(book_count(book) > 400);
	for (size_t i = 0; i < book_count(book); i++) {
		const struct price *p = book_at(book, i);

		assert_non_null(price_key_unit(p->provider, p->key));
		assert_true(strlen(p->source_title) > 0 && strlen(p->as_of) >= 4);
		assert_memory_equal(p->source_url, "https://", 8);
	}
	book_free(book);
}

/* The 24 regions of the AWS calculator's Lambda feed. */
static void test_lambda_is_priced_in_24_regions_and_both_architectures(void **state)
{
	static const char *const regions[] = {"us-east-1", "us-east-2", "us-west-1",
	    "us-west-2", "ca-central-1", "eu-west-1", "eu-west-2", "eu-west-3",
	    "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "ap-south-1",
	    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1",
	    "ap-southeast-2", "ap-southeast-4", "ap-southeast-5", "ap-east-1",
	    "af-south-1", "me-south-1", "sa-east-1"};
	struct book *book = embedded();
	struct lambda_rates rates;

	(void)state;
	for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
		assert_int_equal(rates_lambda(book, regions[i], ARCH_X86_64, &rates), 0);
		assert_true(rates.has_pc && rates.pc_idle_gb_s.pico > 0);
		assert_int_equal(rates_lambda(book, regions[i], ARCH_ARM64, &rates), 0);
		assert_true(rates.gb_s.pico > 0);
	}
	book_free(book);
}

/* Spot checks by hand: AWS Price List of 2026-09-19, Azure Retail Prices of 2026-10-02,
 * Cloud Run's page of 2026-09-28. */
static void test_prices_are_those_of_the_sources(void **state)
{
	struct book *book = embedded();
	const struct price *tiers = NULL;

	(void)state;
	assert_price(book, "aws", "lambda.requests", "us-east-1", "0.0000002");
	assert_price(book, "aws", "lambda.duration.x86_64", "eu-south-1", "0.0000195172");
	assert_price(book, "aws", "lambda.duration.arm64", "ap-east-1", "0.0000183");
	assert_price(book, "aws", "lambda.duration.x86_64", "me-south-1", "0.0000206667");
	assert_price(book, "aws", "lambda.ephemeral", "sa-east-1", "0.0000000586");
	assert_price(
	    book, "aws", "lambda.provisioned.idle.x86_64", "eu-west-1", "0.000004646");
	assert_price(book, "aws", "lambda.provisioned.duration.arm64", "us-east-1",
	    "0.0000077778");
	assert_price(book, "azure", "consumption.duration", "eastus", "0.000016");
	assert_price(book, "gcp", "run.cpu", "us-central1", "0.000024");
	assert_price(book, "gcp", "run.memory", "asia-northeast3", "0.0000035");
	assert_int_equal(
	    book_find(book, "aws", "lambda.duration.x86_64", "us-east-1", &tiers), 3);
	assert_true(
	    tiers[0].tier_until == 6000000000 && tiers[1].tier_until == 15000000000);
	assert_int_equal(
	    book_find(book, "aws", "lambda.duration.x86_64", "af-south-1", &tiers), 1);
	book_free(book);
}

static void test_what_holds_everywhere_is_found_in_any_region(void **state)
{
	struct book *book = embedded();
	const struct price *tiers = NULL;

	(void)state;
	assert_int_equal(
	    book_find(book, "aws", "lambda.free.duration", "eu-west-1", &tiers), 1);
	assert_int_equal(tiers[0].tier_until, 400000);
	assert_int_equal(book_find(book, "aws", "lambda.requests", "mars-1", &tiers), 0);
	assert_int_equal(
	    book_find(book, "aws", "lambda.nothing", "us-east-1", &tiers), 0);
	assert_true(book_has_region(book, "gcp", "europe-west3"));
	assert_false(book_has_region(book, "gcp", "us-east-2"));
	assert_false(book_has_region(book, "aws", "europe-west3"));
	assert_false(book_has_region(book, "aws", "*"));
	book_free(book);
}

static void test_rates_say_what_the_book_has_not(void **state)
{
	struct book *book = embedded();
	struct lambda_rates rates = {.request = {42}};

	(void)state;
	assert_int_equal(rates_lambda(book, "mars-1", ARCH_X86_64, &rates), -ENOENT);
	assert_true(rates.request.pico == 42);
	assert_int_equal(rates_lambda(book, "eu-west-1", ARCH_ARM64, &rates), 0);
	assert_false(rates.has_pc); /* no source for arm64 outside us-east-1 */
	assert_true(rates.pc_idle_gb_s.pico == 0);
	assert_int_equal(rates_lambda(book, NULL, ARCH_UNKNOWN, &rates), 0);
	assert_true(rates.has_pc);
	assert_true(rates.gb_s.pico == 16666700 && rates.pc_idle_gb_s.pico == 4166700);
	assert_true(
	    rates.request.pico == 200000 && rates.pc_duration_gb_s.pico == 9722200);
	book_free(book);
}

static void test_a_later_book_replaces_all_tiers_of_a_price(void **state)
{
	struct book *book = embedded();
	size_t before = book_count(book);
	const struct price *tiers = NULL;
	struct book *over =
	    parsed(ONE("\"key\":\"lambda.duration.x86_64\",\"unit\":\"GB-s\","
		       "\"regions\":[\"us-east-1\",\"moon-1\"],"
		       "\"price\":\"0.00001\"," REST));

	(void)state;
	assert_int_equal(book_overlay(book, over), 0);
	assert_int_equal(book_count(book), before - 3 + 2);
	assert_int_equal(
	    book_find(book, "aws", "lambda.duration.x86_64", "us-east-1", &tiers), 1);
	assert_string_equal(tiers[0].as_of, "2026-01");
	assert_true(tiers[0].amount.pico == 10000000);
	assert_price(book, "aws", "lambda.duration.x86_64", "moon-1", "0.00001");
	assert_price(book, "aws", "lambda.duration.arm64", "us-east-1", "0.0000133334");
	book_free(book);
}

static void test_broken_json_is_refused_with_its_line(void **state)
{
	struct book *book = NULL;
	const char *json = "{\n \"schema\": 1,\n \"provider\" \"aws\"\n}";
	char why[256];

	(void)state;
	assert_int_equal(
	    book_parse(json, strlen(json), &book, why, sizeof(why)), -EBADMSG);
	assert_memory_equal(why, "line 3, column ", 15);
	assert_int_equal(book_parse("", 0, &book, why, sizeof(why)), -EBADMSG);
	assert_int_equal(book_parse("{}\0{}", 5, &book, why, sizeof(why)), -EBADMSG);
	assert_int_equal(book_parse("{\"a\":1,\"a\":2}", 13, &book, why, sizeof(why)),
	    -EBADMSG); /* a member twice */
}

static void test_a_head_that_is_wrong_is_refused(void **state)
{
	(void)state;
	assert_refused("[]", "must be an object");
	assert_refused("{}", "schema: must be 1, the only one known");
	assert_refused("{\"schema\":2}", "schema: must be 1, the only one known");
	assert_refused("{\"scheme\":1}", "unknown member \"scheme\"");
	assert_refused("{\"schema\":1}", "provider: is missing");
	assert_refused("{\"schema\":1,\"provider\":7}", "provider: must be a string");
	assert_refused("{\"schema\":1,\"provider\":\"ibm\",\"currency\":\"USD\"}",
	    "provider: must be one of aws, azure, gcp, neon, own, planetscale, not "
	    "\"ibm\"");
	assert_refused("{\"schema\":1,\"provider\":\"aws\",\"currency\":\"USD\"}",
	    "sources: must be an object of {title, url, date}");
	assert_refused("{\"schema\":1,\"provider\":\"aws\",\"currency\":\"USD\","
		       "\"sources\":{\"s\":{\"title\":\"T\",\"url\":\"ftp://x\","
		       "\"date\":\"2026\"}}}",
	    "sources.s.url: must begin with https://");
	assert_refused("{\"schema\":1,\"provider\":\"aws\",\"currency\":\"USD\","
		       "\"sources\":{\"s\":{\"title\":\"T\",\"url\":\"https://x\","
		       "\"date\":\"2026-13\"}}}",
	    "sources.s.date: must be a date YYYY-MM-DD, or its beginning YYYY-MM or "
	    "YYYY, not "
	    "\"2026-13\"");
	assert_refused(HEAD "\"prices\":[]}", "prices: must be a list of prices");
	assert_refused(HEAD "\"prices\":[7]}", "prices[0]: must be an object");
}

static void test_an_entry_that_is_wrong_is_refused(void **state)
{
	(void)state;
	assert_refused(ONE("\"cost\":1"), "prices[0]: unknown member \"cost\"");
	assert_refused(ONE(AT_R "\"unit\":\"request\""), "prices[0].key: is missing");
	assert_refused(ONE(AT_R "\"key\":\"lambda.request\",\"unit\":\"request\""),
	    "prices[0].key: aws has no price \"lambda.request\"");
	assert_refused(ONE(AT_R "\"key\":\"lambda.requests\",\"unit\":\"1M requests\""),
	    "prices[0].unit: lambda.requests is priced per request, not per 1M requests");
	assert_refused(ONE(AT_R REQUESTS "," REST), "prices[0].price: is missing");
	assert_refused(ONE(AT_R REQUESTS ",\"price\":0.1," REST),
	    "prices[0].price: must be a string");
	assert_refused(ONE(AT_R REQUESTS ",\"price\":\"1e-7\"," REST),
	    "prices[0].price: \"1e-7\" is not a decimal number of at most 12 decimals");
	assert_refused(ONE(AT_R REQUESTS ",\"price\":\"-1\"," REST),
	    "prices[0].price: must be 0 to 1000000 dollars, not -1");
	assert_refused(ONE(AT_R REQUESTS ",\"price\":\"1000001\"," REST),
	    "prices[0].price: must be 0 to 1000000 dollars, not 1000001");
	assert_refused(
	    ONE(AT_R REQUESTS ",\"price\":\"1\",\"source\":\"t\","
			      "\"as_of\":\"2026\",\"confidence\":\"verified\""),
	    "prices[0].source: \"t\" is not among the sources");
	assert_refused(
	    ONE(AT_R REQUESTS ",\"price\":\"1\",\"source\":\"s\","
			      "\"as_of\":\"soon\",\"confidence\":\"verified\""),
	    "prices[0].as_of: must be a date YYYY-MM-DD, or its beginning YYYY-MM or "
	    "YYYY, not "
	    "\"soon\"");
	assert_refused(ONE(AT_R REQUESTS ",\"price\":\"1\",\"source\":\"s\","
					 "\"as_of\":\"2026\",\"confidence\":\"sure\""),
	    "prices[0].confidence: must be verified, secondary or unverified, not "
	    "\"sure\"");
	assert_refused(ONE(AT_R REQUESTS ",\"price\":\"1\",\"note\":\"a\\u0007\"," REST),
	    "prices[0].note: holds a control character");
}

static void test_a_region_that_is_wrong_is_refused(void **state)
{
	static const char either[] = "prices[0]: needs region or regions, and not both";
	static const char name[] =
	    "prices[0]: a region must be a name such as \"us-east-1\", or \"*\" for all";

	(void)state;
	assert_refused(ONE(REQUESTS ",\"price\":\"1\"," REST), either);
	assert_refused(
	    ONE(AT_R "\"regions\":[\"r\"]," REQUESTS ",\"price\":\"1\"," REST), either);
	assert_refused(ONE("\"regions\":[]," REQUESTS ",\"price\":\"1\"," REST),
	    "prices[0].regions: must be a list of names");
	assert_refused(ONE("\"region\":7," REQUESTS ",\"price\":\"1\"," REST), name);
	assert_refused(ONE("\"region\":\"\"," REQUESTS ",\"price\":\"1\"," REST), name);
	assert_refused(ONE("\"region\":\"US\"," REQUESTS ",\"price\":\"1\"," REST), name);
	assert_refused(
	    ONE("\"region\":\"r\\u001b[2J\"," REQUESTS ",\"price\":\"1\"," REST), name);
}

static void test_tiers_that_do_not_follow_each_other_are_refused(void **state)
{
	(void)state;
	assert_refused(ONE(AT_R REQUESTS ",\"price\":\"1\",\"tier_from\":-1," REST),
	    "prices[0].tier_from: must be a whole number, 0 or more");
	assert_refused(ONE(AT_R REQUESTS ",\"price\":\"1\",\"tier_until\":1.5," REST),
	    "prices[0].tier_until: must be a whole number, 0 or more");
	assert_refused(
	    ONE(AT_R REQUESTS ",\"price\":\"1\",\"tier_from\":5,\"tier_until\":5," REST),
	    "prices[0].tier_until: must be above tier_from");
	assert_refused(ONE(AT_R REQUESTS ",\"price\":\"1\",\"tier_from\":5," REST),
	    "prices[0].tier_from: leaves no price from 0 to 5 in r");
	assert_refused(ONE(AT_R REQUESTS ",\"price\":\"1\",\"tier_until\":5," REST),
	    "prices[0].tier_until: the last tier must have no end, in r");
	assert_refused(TWO(AT_R REQUESTS ",\"price\":\"1\",\"tier_until\":5," REST,
			   AT_R REQUESTS ",\"price\":\"2\",\"tier_from\":4," REST),
	    "prices[1].tier_from: overlaps prices[0] in r");
	assert_refused(TWO(AT_R REQUESTS ",\"price\":\"1\",\"tier_until\":5," REST,
			   AT_R REQUESTS ",\"price\":\"2\",\"tier_from\":6," REST),
	    "prices[1].tier_from: leaves no price from 5 to 6 in r");
	assert_refused(
	    ONE("\"regions\":[\"r\",\"r\"]," REQUESTS ",\"price\":\"1\"," REST),
	    "prices[0].tier_from: overlaps prices[0] in r");
}

static void test_a_free_quantity_that_is_wrong_is_refused(void **state)
{
	(void)state;
	assert_refused(ONE(AT_R "\"key\":\"lambda.free.requests\",\"unit\":\"request\","
				"\"price\":\"1\",\"tier_until\":5," REST),
	    "prices[0].price: must be 0, for it is a free quantity");
	assert_refused(ONE(AT_R "\"key\":\"lambda.free.requests\",\"unit\":\"request\","
				"\"price\":\"0\"," REST),
	    "prices[0].tier_until: must be there: it is the free quantity");
}

/* Whatever bytes are changed, the book is read or refused with a sentence; never worse.
 */
static void test_a_damaged_book_never_passes_without_a_word(void **state)
{
	static const char good[] =
	    TWO(AT_R REQUESTS ",\"price\":\"0.1\",\"tier_from\":0,\"tier_until\":5," REST,
		AT_R REQUESTS ",\"price\":\"0.05\",\"tier_from\":5," REST);
	uint64_t seed = 7;
	char json[sizeof(good)];
	char why[64]; /* short on purpose: it is cut to fit */

	(void)state;
	for (int n = 0; n < 20000; n++) {
		struct book *book = NULL;
		size_t len = n % 4 ? sizeof(good) - 1 : random_below(&seed, sizeof(good));

		memcpy(json, good, sizeof(good));
		for (int i = 0; i < n % 3; i++)
			json[random_below(&seed, sizeof(good) - 1)] =
			    "{}[]\",:0159eE-.\\u\x01\xff"[random_below(&seed, 20)];
		why[0] = '\0';
		int err = book_parse(json, len, &book, why, sizeof(why));
		if (err < 0)
			assert_true(why[0] != '\0' && strlen(why) < sizeof(why));
		else
			assert_int_equal(book_count(book), 2);
		book_free(book);
	}
}

static void test_a_file_that_cannot_be_read_is_named(void **state)
{
	struct book *book = NULL;
	char why[256] = "";

	(void)state;
	assert_int_equal(
	    book_load("/nonexistent/prices.json", &book, why, sizeof(why)), -ENOENT);
	assert_string_equal(why, "/nonexistent/prices.json: No such file or directory");
	assert_true(book_load("/", &book, why, sizeof(why)) < 0);
	assert_string_equal(why, "/: cannot be read");
}

static void test_a_file_with_a_mistake_is_named_with_its_place(void **state)
{
	char path[] = "/tmp/test_book.XXXXXX";
	static const char json[] = "{\"schema\":3}";
	struct book *book = NULL;
	char why[256] = "";
	char want[256];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, json, sizeof(json) - 1), sizeof(json) - 1);
	(void)close(fd);
	assert_int_equal(book_load(path, &book, why, sizeof(why)), -EBADMSG);
	(void)snprintf(
	    want, sizeof(want), "%s: schema: must be 1, the only one known", path);
	assert_string_equal(why, want);
	(void)unlink(path);
}

static void test_a_date_may_be_cut_to_its_month_or_year(void **state)
{
	int64_t whole = 0, month = 0, year = 0;

	(void)state;
	assert_int_equal(price_date_parse("2026-02-01", &whole), 0);
	assert_int_equal(price_date_parse("2026-02", &month), 0);
	assert_int_equal(price_date_parse("2026", &year), 0);
	assert_int_equal(whole, month);
	assert_int_equal(month - year, 31LL * 86400 * 1000000000);
	assert_int_equal(price_date_parse("2026-02-30", &whole), -EINVAL);
	assert_int_equal(price_date_parse("2026-2", &whole), -EINVAL);
	assert_int_equal(price_date_parse("", &whole), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_embedded_book_is_well_formed),
	    cmocka_unit_test(test_lambda_is_priced_in_24_regions_and_both_architectures),
	    cmocka_unit_test(test_prices_are_those_of_the_sources),
	    cmocka_unit_test(test_what_holds_everywhere_is_found_in_any_region),
	    cmocka_unit_test(test_rates_say_what_the_book_has_not),
	    cmocka_unit_test(test_a_later_book_replaces_all_tiers_of_a_price),
	    cmocka_unit_test(test_broken_json_is_refused_with_its_line),
	    cmocka_unit_test(test_a_head_that_is_wrong_is_refused),
	    cmocka_unit_test(test_an_entry_that_is_wrong_is_refused),
	    cmocka_unit_test(test_a_region_that_is_wrong_is_refused),
	    cmocka_unit_test(test_tiers_that_do_not_follow_each_other_are_refused),
	    cmocka_unit_test(test_a_free_quantity_that_is_wrong_is_refused),
	    cmocka_unit_test(test_a_damaged_book_never_passes_without_a_word),
	    cmocka_unit_test(test_a_file_that_cannot_be_read_is_named),
	    cmocka_unit_test(test_a_file_with_a_mistake_is_named_with_its_place),
	    cmocka_unit_test(test_a_date_may_be_cut_to_its_month_or_year),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
