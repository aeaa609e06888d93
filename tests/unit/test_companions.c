/* Calls beside an invocation: the words for them, and their prices in each cloud. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "price/companions.h"

static int open_book(void **state)
{
	struct book *book;

	assert_int_equal(book_open_embedded(&book), 0);
	*state = book;
	return 0;
}

static int close_book(void **state)
{
	book_free(*state);
	return 0;
}

static void assert_total(const struct companion_bill *bill, const char *want)
{
	char text[MONEY_TEXT_BYTES];
	struct money sum = {0};

	for (size_t i = 0; i < bill->lines_n; i++)
		sum = money_add(sum, bill->lines[i].amount);
	assert_int_equal(money_compare(sum, bill->total), 0);
	money_format(bill->total, text);
	assert_string_equal(text, want);
}

static struct companion_bill price(const struct book *book, const char *plan,
    const char *region, const struct companions *calls, bool free_tier)
{
	struct companion_grants grants = {0};
	const struct companion_terms terms = {
	    book, plan_find(plan), region, &grants, free_tier};
	struct companion_bill bill;

	assert_int_equal(companions_price(&terms, calls, &bill), 0);
	return bill;
}

static void test_companions_have_one_kind_for_the_words_of_all_clouds(void **state)
{
	(void)state;
	assert_int_equal(
	    companion_find("dynamodb-reads"), companion_find("firestore-reads"));
	assert_int_equal(companion_find("s3-puts"), companion_find("blob-writes"));
	assert_int_equal(companion_find("http-api"), COMPANION_HTTP_API);
	assert_int_equal(companion_find("api"), COMPANIONS);
}

static void test_companions_read_calls_exactly(void **state)
{
	static const char *const wrong[] = {
	    "", "-1", "1000.000001", "1e3", "0.0000001", "two", "99999999999999999999"};
	uint64_t micro = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(companion_parse_calls(wrong[i], &micro), -EINVAL);
	assert_int_equal(micro, 7);
	assert_int_equal(companion_parse_calls("0.1", &micro), 0);
	assert_int_equal(micro, 100000);
	assert_int_equal(companion_parse_calls("1000", &micro), 0);
	assert_int_equal(micro, 1000000000);
}

/* Ten million invocations, each one HTTP API request ($1.00 a million), two strongly
 * consistent reads ($0.125 a million) and a tenth of a put ($5.00 a million): 10 + 2.50 +
 * 5. */
static void test_companions_cost_what_the_price_list_says(void **state)
{
	const struct companions each = {.micro = {[COMPANION_HTTP_API] = 1000000,
					    [COMPANION_DOCUMENT_READS] = 2000000,
					    [COMPANION_OBJECT_PUTS] = 100000}};
	struct companions calls = {0};
	struct companion_bill bill;

	companions_add(&calls, &each, 10000000);
	bill = price(*state, "aws-lambda", "us-east-1", &calls, false);
	assert_total(&bill, "17.50");
	assert_int_equal(bill.lines_n, 3);
	assert_string_equal(bill.lines[1].quantity, "20000000");
	assert_false(bill.moved);
	/* API Management $3.50 a million, 10M x 2 request units at $0.25, 1M writes at $5
	 */
	bill = price(*state, "azure-consumption", "eastus", &calls, false);
	assert_total(&bill, "45.00");
	/* API Gateway $3, Firestore 20M reads at $0.30, 1M class A operations at $5 */
	bill = price(*state, "gcp-run-request", "us-central1", &calls, false);
	assert_total(&bill, "41.00");
}

/* 4 * 10^12 writes of 5 request units: more units than 64 bits hold millionths of. */
static void test_companions_are_counted_in_calls_however_many_units_they_take(
    void **state)
{
	const struct companions calls = {
	    .micro = {[COMPANION_DOCUMENT_WRITES] = 4000000000000000000}};
	struct companion_bill bill =
	    price(*state, "azure-consumption", "eastus", &calls, false);

	assert_string_equal(bill.lines[0].quantity, "20000000000000");
	assert_total(&bill, "5000000.00"); /* at $0.25 a million */
}

/* $1.00 for the first 300 million, then $0.90. */
static void test_companions_follow_tiers_and_free_quantities(void **state)
{
	struct companions calls = {.micro = {[COMPANION_HTTP_API] = 310000000000000}};
	struct companion_bill bill =
	    price(*state, "aws-lambda", "us-east-1", &calls, false);

	assert_total(&bill, "309.00");
	calls = (struct companions){.micro = {[COMPANION_QUEUE_REQUESTS] = 3000000000000,
					[COMPANION_TOPIC_PUBLISHES] = 1000000}};
	bill = price(*state, "aws-lambda", "us-east-1", &calls, true);
	assert_total(
	    &bill, "0.80"); /* 2M of 3M requests; one publish of a free million */
	bill = price(*state, "gcp-run-request", "us-central1", &calls, true);
	assert_total(&bill, "0.00"); /* 5.7 GiB of 10 */
}

static void test_companions_share_one_free_quantity(void **state)
{
	struct companions calls = {.micro = {[COMPANION_QUEUE_REQUESTS] = 600000000000}};
	struct companion_grants grants = {0};
	struct companion_terms terms = {
	    *state, plan_find("aws-lambda"), "us-east-1", &grants, true};
	struct companion_bill bill;

	assert_int_equal(companions_price(&terms, &calls, &bill), 0);
	assert_total(&bill, "0.00");
	terms.region = "eu-west-2";
	assert_int_equal(companions_price(&terms, &calls, &bill), 0);
	assert_total(&bill, "0.08"); /* 200,000 beyond the million of both regions */
}

static void test_companions_say_what_is_not_priced(void **state)
{
	const struct companions calls = {.micro = {[COMPANION_WEBSOCKET_API] = 1000000,
					     [COMPANION_NEON_CU_S] = 3600000000,
					     [COMPANION_PLANETSCALE] = 1000000}};
	struct companion_bill bill =
	    price(*state, "gcp-run-request", "us-central1", &calls, false);

	assert_int_equal(bill.absent_n, 2);
	assert_total(&bill, "0.106"); /* an hour of a Neon compute unit */
	bill = price(*state, "aws-lambda", "us-east-1", &calls, false);
	assert_int_equal(bill.absent_n, 1);
	assert_non_null(strstr(bill.absent[0], "PlanetScale"));
}

static void test_companions_of_a_region_without_prices_are_those_of_the_first(
    void **state)
{
	const struct companions calls = {
	    .micro = {[COMPANION_DOCUMENT_READS] = 1000000000000}};
	struct companion_bill bill =
	    price(*state, "aws-lambda", "sa-east-1", &calls, false);

	assert_true(bill.moved);
	assert_total(&bill, "0.125");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_companions_have_one_kind_for_the_words_of_all_clouds),
	    cmocka_unit_test(test_companions_read_calls_exactly),
	    cmocka_unit_test(test_companions_cost_what_the_price_list_says),
	    cmocka_unit_test(
		test_companions_are_counted_in_calls_however_many_units_they_take),
	    cmocka_unit_test(test_companions_follow_tiers_and_free_quantities),
	    cmocka_unit_test(test_companions_share_one_free_quantity),
	    cmocka_unit_test(test_companions_say_what_is_not_priced),
	    cmocka_unit_test(
		test_companions_of_a_region_without_prices_are_those_of_the_first),
	};

	return cmocka_run_group_tests(tests, open_book, close_book);
}
