/* An invoice is exact: tiers, free tier and sums, in whatever order usage came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "price/invoice.h"
#include "price/invoice_json.h"
#include "price/own_host.h"
#include "tests/unit/random.h"

#define GB_S 1024000ULL

static struct book *book;

static int open_book(void **state)
{
	const struct own_host host = {.is_there = true,
	    .hour = {.pico = 100000000000LL},
	    .vcpus_micro = 4000000,
	    .memory_micro = 16000000};
	int err = book_open_embedded(&book);

	(void)state;
	return err ? err : own_host_price(&host, book);
}

static int close_book(void **state)
{
	(void)state;
	book_free(book);
	return 0;
}

static struct invoice made(
    const char *plan, const struct usage *usage, const struct invoice_options *options)
{
	struct invoice invoice;

	assert_int_equal(
	    invoice_make(book, plan_find(plan), usage, options, &invoice, NULL), 0);
	return invoice;
}

static void assert_line(const struct invoice *invoice, size_t i, const char *item,
    const char *quantity, const char *amount)
{
	char text[MONEY_TEXT_BYTES];

	assert_true(i < invoice->lines_n);
	assert_string_equal(invoice->lines[i].item, item);
	assert_string_equal(invoice->lines[i].quantity, quantity);
	money_format(invoice->lines[i].amount, text);
	assert_string_equal(text, amount);
}

static void assert_total(const struct invoice *invoice, const char *total)
{
	char text[MONEY_TEXT_BYTES];

	money_format(invoice->total, text);
	assert_string_equal(text, total);
}

static void test_quantities_are_exact_decimals(void **state)
{
	const struct usage usage = {
	    .item = {[USAGE_AWS_REQUESTS] = 3, [USAGE_AWS_MB_MS] = 1}};
	struct invoice invoice = made("aws-lambda", &usage, &(struct invoice_options){0});

	(void)state;
	assert_int_equal(invoice.lines_n, 2); /* no line for a /tmp that nobody has */
	assert_line(&invoice, 0, "requests", "3", "0.0000006");
	/* 1 / 1024000; x 16666700 pico = 16.276..., 16 to the pico */
	assert_line(&invoice, 1, "compute", "0.0000009765625", "0.000000000016");
	assert_string_equal(invoice.region, "us-east-1");
	assert_int_equal(invoice.arch, ARCH_X86_64);
}

static void test_no_usage_makes_lines_of_0(void **state)
{
	const struct usage usage = {0};
	struct invoice invoice =
	    made("gcp-run-request", &usage, &(struct invoice_options){.free_tier = true});

	(void)state;
	assert_int_equal(invoice.lines_n, 3);
	assert_line(&invoice, 0, "requests", "0", "0.00");
	assert_false(invoice.lines[0].free);
	assert_total(&invoice, "0.00");
}

/* 6 x 10^9 GB-s at the first price, 9 x 10^9 at the second, the rest at the third. By
 * hand: 100000.20 + 135000.00 + 13333.40. */
static void test_tiers_are_cut_to_the_unit(void **state)
{
	struct usage usage = {.item = {[USAGE_AWS_MB_MS] = 16000000000 * GB_S}};
	struct invoice invoice = made("aws-lambda", &usage, &(struct invoice_options){0});

	(void)state;
	assert_int_equal(invoice.lines_n, 4);
	assert_line(&invoice, 1, "compute", "6000000000", "100000.20");
	assert_line(&invoice, 2, "compute", "9000000000", "135000.00");
	assert_line(&invoice, 3, "compute", "1000000000", "13333.40");
	assert_total(&invoice, "248333.60");

	usage.item[USAGE_AWS_MB_MS] = 6000000000 * GB_S;
	invoice = made("aws-lambda", &usage, &(struct invoice_options){0});
	assert_int_equal(invoice.lines_n, 2);
	usage.item[USAGE_AWS_MB_MS]++;
	invoice = made("aws-lambda", &usage, &(struct invoice_options){0});
	assert_int_equal(invoice.lines_n, 3);
	assert_line(&invoice, 2, "compute", "0.0000009765625", "0.000000000015");
}

static void test_arm64_has_its_own_tiers(void **state)
{
	const struct usage usage = {.item = {[USAGE_AWS_MB_MS] = 7600000000 * GB_S}};
	const struct invoice_options options = {
	    .region = "eu-west-1", .arch = ARCH_ARM64};
	struct invoice invoice = made("aws-lambda", &usage, &options);

	(void)state;
	assert_line(&invoice, 1, "compute", "7500000000", "100000.50");
	assert_line(&invoice, 2, "compute", "100000000", "1200.01");
}

static void test_the_free_tier_is_a_line_of_its_own(void **state)
{
	const struct usage usage = {
	    .item = {
		[USAGE_AWS_REQUESTS] = 1500000, [USAGE_AWS_MB_MS] = 400000 * GB_S - 1}};
	struct invoice invoice =
	    made("aws-lambda", &usage, &(struct invoice_options){.free_tier = true});

	(void)state;
	assert_int_equal(invoice.lines_n, 3);
	assert_line(&invoice, 0, "requests", "1000000", "0.00");
	assert_true(invoice.lines[0].free);
	assert_int_equal(invoice.lines[0].price->amount.pico, 0);
	assert_line(&invoice, 1, "requests", "500000", "0.10");
	assert_line(&invoice, 2, "compute", "399999.9999990234375", "0.00");
	assert_true(invoice.lines[2].free);
	assert_total(&invoice, "0.10");
}

static void test_one_grant_is_shared_by_architectures_and_regions(void **state)
{
	const struct usage usage = {.item = {[USAGE_AWS_MB_MS] = 300000 * GB_S}};
	struct invoice_grant grant = {0};
	struct invoice_options options = {.free_tier = true, .grant = &grant};
	struct invoice x86 = made("aws-lambda", &usage, &options);

	(void)state;
	options.arch = ARCH_ARM64;
	options.region = "eu-west-1";
	struct invoice arm = made("aws-lambda", &usage, &options);
	struct invoice third = made("aws-lambda", &usage, &options);

	assert_total(&x86, "0.00");
	assert_line(&arm, 1, "compute", "100000", "0.00");
	assert_line(&arm, 2, "compute", "200000", "2.66668");
	assert_total(&third, "4.00002");
}

/* Tier 2: 180000 vCPU-s at 0.000024 are worth 4.32 dollars, 128571.428571 vCPU-s at
 * 0.0000336; what is left of 200000 is 71428.571429. */
static void test_cloud_run_grants_a_credit_at_tier_1_prices(void **state)
{
	const struct usage usage = {.item = {[USAGE_RUN_MCPU_MS] = 200000 * 1000000ULL}};
	struct invoice_options options = {.region = "europe-west3", .free_tier = true};
	struct invoice invoice = made("gcp-run-request", &usage, &options);

	(void)state;
	assert_line(&invoice, 1, "cpu", "128571.428571", "0.00");
	assert_line(&invoice, 2, "cpu", "71428.571429", "2.400000000014");
	options.region = "us-central1";
	invoice = made("gcp-run-request", &usage, &options);
	assert_line(&invoice, 1, "cpu", "180000", "0.00");
	assert_line(&invoice, 2, "cpu", "20000", "0.48");
}

static void test_a_credit_is_spent_once(void **state)
{
	const struct usage usage = {.item = {[USAGE_RUN_MCPU_MS] = 90000 * 1000000ULL}};
	struct invoice_grant grant = {0};
	struct invoice_options options = {.free_tier = true, .grant = &grant};

	(void)state;
	made("gcp-run-request", &usage, &options); /* half of it, in Tier 1 */
	options.region = "europe-west3";
	struct invoice invoice = made("gcp-run-request", &usage, &options);

	assert_line(&invoice, 1, "cpu", "64285.714285", "0.00");
	assert_line(&invoice, 2, "cpu", "25714.285715", "0.864000000024");
}

static void test_a_price_that_is_missing_is_named(void **state)
{
	const struct usage usage = {0};
	const struct invoice_options options = {.region = "mars-1"};
	struct invoice invoice = {.lines_n = 42};
	const char *missing = NULL;

	(void)state;
	assert_int_equal(invoice_make(book, plan_find("aws-lambda"), &usage, &options,
			     &invoice, &missing),
	    -ENOENT);
	assert_string_equal(missing, "lambda.requests");
	assert_int_equal(invoice.lines_n, 42);
}

/* The reference takes one unit of usage after another, as a bill that grows would. */
static void test_a_grown_bill_is_that_of_the_sum(void **state)
{
	uint64_t seed = 13;

	(void)state;
	for (int n = 0; n < 300; n++) {
		struct invoice_grant grant = {0};
		struct invoice_options options = {.free_tier = true, .grant = &grant};
		struct usage sum = {0};
		struct money grown = {0};

		for (int i = 0; i < 8; i++) { /* stays in the first tier */
			struct usage one = {
			    .item = {[USAGE_AWS_REQUESTS] = random_below(&seed, 400000),
				[USAGE_AWS_MB_MS] = random_below(&seed, 100000) * GB_S}};

			grown =
			    money_add(grown, made("aws-lambda", &one, &options).total);
			usage_add(&sum, &one);
		}
		struct invoice whole = made(
		    "aws-lambda", &sum, &(struct invoice_options){.free_tier = true});
		assert_true(whole.total.pico == grown.pico);
	}
}

static void test_the_largest_usage_is_priced(void **state)
{
	struct usage usage;
	struct stated stated;

	(void)state;
	memset(&usage, 0xff, sizeof(usage));
	memset(&stated, 0xff, sizeof(stated));
	usage.item[USAGE_AWS_INIT_MB_MS] = 0;
	for (const struct plan *const *p = plans; *p; p++)
		assert_true(
		    made((*p)->name, &usage,
			&(struct invoice_options){.free_tier = true, .stated = &stated})
			.total.pico > 0);
}

static void test_as_json_it_has_the_documented_members(void **state)
{
	const struct usage usage = {
	    .item = {[USAGE_AWS_REQUESTS] = 3000000, [USAGE_AWS_MB_MS] = 540000 * GB_S}};
	struct invoice invoice = made("aws-lambda", &usage,
	    &(struct invoice_options){.region = "us-east-1", .free_tier = true});
	json_t *root = invoice_to_json(&invoice);
	const json_t *line = json_array_get(json_object_get(root, "lines"), 3);
	static const char *const members[] = {"item", "quantity", "unit", "price",
	    "amount_usd", "source", "as_of", "confidence"};

	(void)state;
	assert_string_equal(
	    json_string_value(json_object_get(root, "total_usd")), "2.733338");
	assert_string_equal(json_string_value(json_object_get(root, "arch")), "x86_64");
	assert_true(json_array_size(json_object_get(root, "assumptions")) > 0);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		assert_non_null(json_string_value(json_object_get(line, members[i])));
	assert_string_equal(
	    json_string_value(json_object_get(line, "amount_usd")), "2.333338");
	assert_true(json_is_false(json_object_get(line, "free")));
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_quantities_are_exact_decimals),
	    cmocka_unit_test(test_no_usage_makes_lines_of_0),
	    cmocka_unit_test(test_tiers_are_cut_to_the_unit),
	    cmocka_unit_test(test_arm64_has_its_own_tiers),
	    cmocka_unit_test(test_the_free_tier_is_a_line_of_its_own),
	    cmocka_unit_test(test_one_grant_is_shared_by_architectures_and_regions),
	    cmocka_unit_test(test_cloud_run_grants_a_credit_at_tier_1_prices),
	    cmocka_unit_test(test_a_credit_is_spent_once),
	    cmocka_unit_test(test_a_price_that_is_missing_is_named),
	    cmocka_unit_test(test_a_grown_bill_is_that_of_the_sum),
	    cmocka_unit_test(test_the_largest_usage_is_priced),
	    cmocka_unit_test(test_as_json_it_has_the_documented_members),
	};

	return cmocka_run_group_tests(tests, open_book, close_book);
}
