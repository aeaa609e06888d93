/* Price files against the list: discounts, savings plans, other currencies. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "price/book.h"
#include "price/invoice.h"

#define SOURCES                                                                          \
	"\"sources\":{\"s\":{\"title\":\"T\",\"url\":\"https://example.org/\","          \
	"\"date\":\"2026-01-02\"}},"
#define HEAD "{\"schema\":1,\"provider\":\"aws\",\"currency\":\"USD\"," SOURCES
#define EURO "{\"schema\":1,\"provider\":\"aws\",\"currency\":\"EUR\"," SOURCES
#define END "\"source\":\"s\",\"as_of\":\"2026-01\"}"
#define DISCOUNT(text) HEAD "\"discounts\":[{" text "," END "]}"
#define RATE(text) EURO "\"rate\":{" text "," END "," PRICE "}"
#define PRICE                                                                            \
	"\"prices\":[{\"key\":\"lambda.requests\",\"unit\":\"request\",\"region\":"      \
	"\"r\","                                                                         \
	"\"price\":\"0.5\",\"confidence\":\"verified\"," END "]"

static struct book *laid_over(const char *json)
{
	struct book *base = NULL;
	struct book *over = NULL;
	char why[256] = "";

	assert_int_equal(book_open_embedded(&base), 0);
	if (book_parse(json, strlen(json), &over, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	assert_int_equal(book_overlay(base, over), 0);
	return base;
}

static void assert_refused(const char *json, const char *sentence)
{
	struct book *book = NULL;
	char why[256] = "";

	assert_int_equal(
	    book_parse(json, strlen(json), &book, why, sizeof(why)), -EBADMSG);
	assert_string_equal(why, sentence);
}

static const struct price *find(
    const struct book *book, const char *key, const char *region)
{
	const struct price *tiers;

	assert_true(book_find(book, "aws", key, region, &tiers) > 0);
	return &tiers[0];
}

static void assert_money(struct money money, const char *want)
{
	char text[MONEY_TEXT_BYTES];

	money_format(money, text);
	assert_string_equal(text, want);
}

static void test_a_discount_comes_off_the_prices_it_names(void **state)
{
	struct book *book = laid_over(HEAD
	    "\"discounts\":["
	    "{\"key\":\"lambda.requests\",\"region\":\"us-east-1\",\"percent\":\"50\","
	    "\"kind\":\"savings-plan\"," END ","
	    "{\"key\":\"lambda.*\",\"percent\":\"12.5\"," END "]}");
	const struct price *price = find(book, "lambda.requests", "us-east-1");

	(void)state;
	assert_money(price->amount, "0.0000001"); /* the first that matches, alone */
	assert_money(price->list, "0.0000002");
	assert_string_equal(price->discount->kind, "savings-plan");
	price = find(book, "lambda.requests", "eu-west-1");
	assert_money(price->amount, "0.000000175");
	assert_string_equal(price->discount->percent, "12.5");
	assert_string_equal(price->discount->kind, "negotiated");
	assert_null(find(book, "s3.puts", "us-east-1")->discount);
	assert_null(find(book, "lambda.free.requests", "*")->discount);
	book_free(book);
}

static void test_a_price_of_the_file_itself_is_what_is_paid(void **state)
{
	struct book *book = laid_over(
	    HEAD "\"discounts\":[{\"key\":\"*\",\"percent\":\"10\"," END "]," PRICE "}");
	const struct price *price = find(book, "lambda.requests", "r");

	(void)state;
	assert_money(price->amount, "0.50");
	assert_null(price->discount);
	assert_money(find(book, "s3.puts", "us-east-1")->amount, "0.0000045");
	book_free(book);
}

/* What `coldmeter prices update` writes beside a contract is the list, not the contract.
 */
static void test_a_list_price_of_the_file_has_its_discount(void **state)
{
	struct book *book = laid_over(
	    HEAD "\"discounts\":[{\"key\":\"*\",\"percent\":\"10\"," END "],"
		 "\"prices\":[{\"key\":\"lambda.requests\",\"region\":\"us-east-1\","
		 "\"unit\":\"request\",\"price\":\"0.5\",\"list\":true,"
		 "\"confidence\":\"verified\"," END "]}");
	const struct price *price = find(book, "lambda.requests", "us-east-1");

	(void)state;
	assert_money(price->list, "0.50");
	assert_money(price->amount, "0.45");
	assert_string_equal(price->discount->percent, "10");
	book_free(book);
	assert_refused(HEAD
	    "\"prices\":[{\"key\":\"lambda.requests\",\"region\":\"us-east-1\","
	    "\"unit\":\"request\",\"price\":\"0.5\",\"list\":1,"
	    "\"confidence\":\"verified\"," END "]}",
	    "prices[0].list: must be true or false");
}

static void test_an_invoice_line_knows_its_list_price(void **state)
{
	struct book *book =
	    laid_over(DISCOUNT("\"key\":\"lambda.*\",\"percent\":\"25\""));
	const struct usage usage = {.item = {[USAGE_AWS_REQUESTS] = 1000000}};
	const struct invoice_options options = {.region = "us-east-1"};
	struct invoice invoice;

	(void)state;
	assert_int_equal(
	    invoice_make(book, plan_find("aws-lambda"), &usage, &options, &invoice, NULL),
	    0);
	assert_money(invoice.lines[0].amount, "0.15");
	assert_money(invoice.lines[0].list, "0.20");
	assert_money(invoice.total, "0.15");
	book_free(book);
}

static void test_another_currency_has_its_rate(void **state)
{
	struct book *book = laid_over(RATE("\"usd\":\"1.0834\""));

	(void)state;
	assert_money(find(book, "lambda.requests", "r")->amount, "0.5417");
	book_free(book);
	assert_refused(
	    EURO PRICE "}", "rate: is missing: say what one EUR is in dollars");
	assert_refused(HEAD "\"rate\":{\"usd\":\"1\"," END "," PRICE "}",
	    "rate: must not be there: prices are in USD");
	assert_refused(RATE("\"usd\":\"0\""),
	    "rate.usd: must be a decimal above 0 and at most 1000000, not \"0\"");
	assert_refused(RATE("\"usd\":1"), "rate.usd: must be a string");
	assert_refused("{\"schema\":1,\"provider\":\"aws\",\"currency\":\"euro\"," SOURCES
		       "\"prices\":[]}",
	    "currency: must be a code of three letters such as EUR, not \"euro\"");
}

static void test_a_discount_that_is_wrong_is_refused(void **state)
{
	(void)state;
	assert_refused(
	    HEAD "\"discounts\":[]}", "discounts: must be a list of 1 to 500 discounts");
	assert_refused(HEAD "\"discounts\":[7]}", "discounts[0]: must be an object");
	assert_refused(DISCOUNT("\"percent\":\"1\""), "discounts[0].key: is missing");
	assert_refused(DISCOUNT("\"key\":\"run.*\",\"percent\":\"1\""),
	    "discounts[0].key: aws has no price \"run.*\"");
	assert_refused(DISCOUNT("\"key\":\"*\",\"percent\":\"100.1\""),
	    "discounts[0].percent: must be a decimal above 0 and at most 100 with at "
	    "most 4 decimals, not \"100.1\"");
	assert_refused(DISCOUNT("\"key\":\"*\",\"percent\":\"0.00001\""),
	    "discounts[0].percent: must be a decimal above 0 and at most 100 with at "
	    "most 4 decimals, not \"0.00001\"");
	assert_refused(DISCOUNT("\"key\":\"*\",\"percent\":\"1\",\"kind\":\"gift\""),
	    "discounts[0].kind: must be negotiated or savings-plan, not \"gift\"");
	assert_refused(HEAD "\"discounts\":[{\"key\":\"*\",\"percent\":\"1\","
			    "\"source\":\"x\",\"as_of\":\"2026\"}]}",
	    "discounts[0].source: \"x\" is not among the sources");
	assert_refused(DISCOUNT("\"key\":\"*\",\"percent\":\"1\",\"off\":1"),
	    "discounts[0]: unknown member \"off\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_discount_comes_off_the_prices_it_names),
	    cmocka_unit_test(test_a_price_of_the_file_itself_is_what_is_paid),
	    cmocka_unit_test(test_a_list_price_of_the_file_has_its_discount),
	    cmocka_unit_test(test_an_invoice_line_knows_its_list_price),
	    cmocka_unit_test(test_another_currency_has_its_rate),
	    cmocka_unit_test(test_a_discount_that_is_wrong_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
