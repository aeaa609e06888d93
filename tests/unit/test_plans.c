/* Each plan rounds and counts an invocation as its vendor says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "price/keys.h"
#include "tests/unit/ran.h"

/* 2025-07-31 23:59:59.999, 2025-08-01, 2020-11-30 */
#define BEFORE_INIT 1754006399999000000LL
#define SINCE_INIT 1754006400000000000LL
#define BEFORE_MS 1606694400000000000LL

static uint64_t aws_ms(const struct invocation *inv)
{
	return counted("aws-lambda", inv, USAGE_AWS_BILLED_MS);
}

/* AWS Compute Blog, "AWS Lambda standardizes billing for INIT Phase", 2025-04-29:
 * Duration 250.06 ms, Init Duration 100.77 ms, Billed Duration 351 ms from 2025-08-01,
 * 251 before. */
static void test_lambda_bills_the_rounded_sum_of_duration_and_init(void **state)
{
	struct invocation inv = ran(250.06);

	(void)state;
	with_init(&inv, 100.77);
	assert_int_equal(aws_ms(&inv), 351);
	inv.start_ns = SINCE_INIT;
	assert_int_equal(aws_ms(&inv), 351);
	inv.start_ns = BEFORE_INIT;
	assert_int_equal(aws_ms(&inv), 251);
}

/* lucvandonkersgoed.com, "When is the Lambda Init Phase free, and when is it billed?",
 * 2022-04-09: an image of 1049.63 ms with an init of 1293.83 ms billed 2344 ms. */
static void test_lambda_rounds_once(void **state)
{
	struct invocation inv = ran(1049.63);

	(void)state;
	with_init(&inv, 1293.83);
	assert_int_equal(aws_ms(&inv), 2344); /* 1050 + 1294 is 2344, too; */
	inv = ran(0.4);
	with_init(&inv, 0.4);
	assert_int_equal(aws_ms(&inv), 1); /* 1 + 1 is not */
}

static void test_lambda_steps_were_100_ms_before_december_2020(void **state)
{
	struct invocation inv = ran(100.01);

	(void)state;
	inv.start_ns = BEFORE_MS;
	assert_int_equal(aws_ms(&inv), 200);
	inv.start_ns = TODAY;
	assert_int_equal(aws_ms(&inv), 101);
}

static void test_lambda_does_not_bill_a_prewarmed_init_on_demand(void **state)
{
	struct invocation inv = ran(10);

	(void)state;
	with_init(&inv, 100);
	inv.start_type = START_PREWARMED;
	assert_int_equal(aws_ms(&inv), 10);
	inv.start_type = START_COLD;
	inv.has &= ~HAS_INIT;
	assert_int_equal(aws_ms(&inv), 10);
}

static void test_lambda_bills_a_failed_init(void **state)
{
	struct invocation inv = ran(0);

	(void)state;
	with_init(&inv, 1500.5);
	inv.has = HAS_INIT;
	inv.status = STATUS_INIT_ERROR;
	inv.start_type = START_UNKNOWN;
	assert_int_equal(aws_ms(&inv), 1501);
	assert_int_equal(counted("aws-lambda", &inv, USAGE_AWS_REQUESTS), 1);
}

static void test_an_exact_millisecond_is_not_rounded(void **state)
{
	struct invocation inv = ran(120);

	(void)state;
	assert_int_equal(aws_ms(&inv), 120);
	inv.duration_ns++;
	assert_int_equal(aws_ms(&inv), 121);
	inv.duration_ns = 0;
	assert_int_equal(aws_ms(&inv), 0);
}

static void test_lambda_bills_the_configured_size_else_the_observed(void **state)
{
	struct invocation inv = ran(1);

	(void)state;
	assert_int_equal(counted("aws-lambda", &inv, USAGE_AWS_MB_MS), 128); /* unknown */
	with_peak(&inv, 128 * MIB);
	assert_int_equal(counted("aws-lambda", &inv, USAGE_AWS_MB_MS), 128);
	with_peak(&inv, 128 * MIB + 1);
	assert_int_equal(counted("aws-lambda", &inv, USAGE_AWS_MB_MS), 256);
	function.memory_limit_mb = 1769;
	assert_int_equal(counted("aws-lambda", &inv, USAGE_AWS_MB_MS), 1769);
	function.memory_limit_mb = 64;
	assert_int_equal(counted("aws-lambda", &inv, USAGE_AWS_MB_MS), 128);
	function.memory_limit_mb = UINT32_MAX;
	assert_int_equal(counted("aws-lambda", &inv, USAGE_AWS_MB_MS), 10240);
}

/* learn.microsoft.com, "Estimating Consumption plan costs", 2019-09-20: 160 MB in use
 * bill as 256 MB. */
static void test_azure_bills_observed_memory_in_128_mb_steps(void **state)
{
	struct invocation inv = ran(1000);

	(void)state;
	function.memory_limit_mb = 1536; /* does not matter */
	with_peak(&inv, 160 * MIB);
	assert_int_equal(counted("azure-consumption", &inv, USAGE_AZURE_MB_MS), 256000);
	with_peak(&inv, 1);
	assert_int_equal(counted("azure-consumption", &inv, USAGE_AZURE_MB_MS), 128000);
	with_peak(&inv, 4096 * MIB);
	assert_int_equal(counted("azure-consumption", &inv, USAGE_AZURE_MB_MS), 1536000);
	inv.has &= ~HAS_MEMORY;
	assert_int_equal(counted("azure-consumption", &inv, USAGE_AZURE_MB_MS), 128000);
}

static void test_azure_bills_at_least_100_ms_in_1_ms_steps(void **state)
{
	struct invocation inv = ran(3);

	(void)state;
	assert_int_equal(counted("azure-consumption", &inv, USAGE_AZURE_MB_MS), 12800);
	inv.duration_ns = 100 * MS + 1;
	assert_int_equal(counted("azure-consumption", &inv, USAGE_AZURE_MB_MS), 12928);
}

static void test_azure_does_not_bill_the_start_of_the_host(void **state)
{
	struct invocation inv = ran(200);

	(void)state;
	with_init(&inv, 5000);
	assert_int_equal(counted("azure-consumption", &inv, USAGE_AZURE_MB_MS), 25600);
	inv.has = HAS_INIT;
	inv.status = STATUS_INIT_ERROR;
	assert_int_equal(counted("azure-consumption", &inv, USAGE_AZURE_EXECUTIONS), 0);
	assert_int_equal(counted("azure-consumption", &inv, USAGE_AZURE_MB_MS), 0);
}

/* cloud.google.com/functions/pricing of 2021-01-10: 260 ms bill as 300 ms. */
static void test_cloud_run_bills_100_ms_steps(void **state)
{
	struct invocation inv = ran(260);

	(void)state;
	assert_int_equal(counted("gcp-run-request", &inv, USAGE_RUN_BILLED_MS), 300);
	assert_int_equal(counted("gcp-run-request", &inv, USAGE_RUN_MCPU_MS), 300000);
	assert_int_equal(counted("gcp-run-request", &inv, USAGE_RUN_MB_MS), 300 * 512);
	assert_int_equal(counted("gcp-run-request", &inv, USAGE_RUN_REQUESTS), 1);
	inv.duration_ns = 300 * MS;
	assert_int_equal(counted("gcp-run-request", &inv, USAGE_RUN_BILLED_MS), 300);
}

static void test_cloud_run_bills_the_start_of_the_container(void **state)
{
	struct invocation inv = ran(50);

	(void)state;
	with_init(&inv, 420);
	assert_int_equal(counted("gcp-run-request", &inv, USAGE_RUN_BILLED_MS), 500);
	inv.has = HAS_INIT;
	inv.start_type = START_UNKNOWN;
	inv.status = STATUS_INIT_ERROR;
	assert_int_equal(counted("gcp-run-request", &inv, USAGE_RUN_BILLED_MS), 500);
}

static void test_cloud_run_bills_busy_time_not_the_sum_of_requests(void **state)
{
	struct invocation inv = ran(1000);

	(void)state;
	inv.has |= HAS_BUSY;
	inv.busy_ns = 130 * MS;
	inv.concurrency = 8;
	assert_int_equal(counted("gcp-run-request", &inv, USAGE_RUN_BILLED_MS), 200);
	inv.busy_ns = 0;
	assert_int_equal(counted("gcp-run-request", &inv, USAGE_RUN_BILLED_MS), 0);
	inv.has &= ~HAS_BUSY;
	assert_int_equal(counted("gcp-run-request", &inv, USAGE_RUN_BILLED_MS), 0);
	inv.concurrency = 1;
	assert_int_equal(counted("gcp-run-request", &inv, USAGE_RUN_BILLED_MS), 1000);
}

static void test_cloud_run_bills_the_configured_size_else_at_least_512_mib(void **state)
{
	struct invocation inv = ran(100);

	(void)state;
	with_peak(&inv, 100 * MIB);
	assert_int_equal(counted("gcp-run-request", &inv, USAGE_RUN_MB_MS), 51200);
	with_peak(&inv, 600 * MIB);
	assert_int_equal(counted("gcp-run-request", &inv, USAGE_RUN_MB_MS), 64000);
	function.memory_limit_mb = 256;
	assert_int_equal(counted("gcp-run-request", &inv, USAGE_RUN_MB_MS), 25600);
}

/* What a plan says that it needs is what one of its lines bills. */
static void test_a_plan_that_needs_a_figure_says_which(void **state)
{
	(void)state;
	for (const struct plan *const *p = plans; *p; p++) {
		bool is_billed = false;

		assert_int_equal((*p)->needs != 0, (*p)->needs_words != NULL);
		for (size_t i = 0; i < (*p)->lines_n; i++)
			is_billed |= (*p)->lines[i].quantity == (*p)->needs;
		assert_true(is_billed || !(*p)->needs);
		assert_true((*p)->count || (*p)->needs);
	}
}

static void test_absurd_figures_saturate(void **state)
{
	struct invocation inv = ran(1);

	(void)state;
	inv.duration_ns = inv.init_ns = UINT64_MAX;
	with_init(&inv, 1);
	inv.init_ns = UINT64_MAX;
	with_peak(&inv, UINT64_MAX);
	struct usage usage = {0};
	plan_count_all(&inv, &usage);
	assert_int_equal(usage.item[USAGE_AWS_BILLED_MS], UINT64_MAX / MS + 1);
	assert_true(usage.item[USAGE_AZURE_MB_MS] / 1536 == UINT64_MAX / MS + 1);
}

static void test_all_plans_together_count_what_each_counts(void **state)
{
	struct invocation inv = ran(77);
	struct usage all = {0};
	struct usage one_by_one = {0};

	(void)state;
	with_init(&inv, 33);
	plan_count_all(&inv, &all);
	for (const struct plan *const *p = plans; *p; p++) {
		struct usage one = {0};

		if ((*p)->count)
			(*p)->count(&inv, &one);
		for (int i = 0; i < USAGE_ITEMS; i++) /* plans share what they count */
			if (one.item[i] > one_by_one.item[i])
				one_by_one.item[i] = one.item[i];
	}
	assert_memory_equal(&all, &one_by_one, sizeof(all));
	assert_int_equal(all.item[USAGE_AWS_TMP_MB_MS], 0);
}

static void test_plans_are_found_by_name_and_platform(void **state)
{
	char names[PLAN_LIST_BYTES];

	(void)state;
	for (const struct plan *const *p = plans; *p; p++)
		assert_ptr_equal(plan_find((*p)->name), *p);
	assert_null(plan_find("aws"));
	assert_non_null(strstr(plan_list(names), "aws-lambda, aws-lambda-provisioned"));
	assert_non_null(strstr(names, ", own-host")); /* all of it fits */
	assert_null(plan_find(""));
	assert_string_equal(plan_of_platform(PLATFORM_AWS_LAMBDA)->name, "aws-lambda");
	assert_string_equal(plan_of_platform(PLATFORM_KNATIVE)->name, "gcp-run-request");
	assert_string_equal(
	    plan_of_platform(PLATFORM_GCP_FUNCTIONS)->name, "gcp-run-request");
	assert_string_equal(
	    plan_of_platform(PLATFORM_AZURE_FUNCTIONS)->name, "azure-consumption");
	assert_string_equal(plan_of_platform(PLATFORM_GENERIC)->name, "aws-lambda");
}

static void test_the_basis_of_a_cost_is_named(void **state)
{
	(void)state;
	assert_string_equal(
	    plan_cost_basis(plan_find("aws-lambda"), 256), "configured memory");
	assert_string_equal(
	    plan_cost_basis(plan_find("aws-lambda"), 0), "observed memory");
	assert_string_equal(
	    plan_cost_basis(plan_find("azure-consumption"), 256), "observed memory");
}

/* The unit of a line is that of its prices, or amounts would be off by its size. */
static void test_lines_and_price_keys_agree_on_units(void **state)
{
	(void)state;
	for (const struct plan *const *p = plans; *p; p++) {
		assert_true((*p)->lines_n <= PLAN_MAX_LINES);
		for (size_t i = 0; i < (*p)->lines_n; i++) {
			const struct plan_line *line = &(*p)->lines[i];
			const char *hole = strstr(line->price_key, "{arch}");
			char key[64];

			(void)snprintf(key, sizeof(key), "%s", line->price_key);
			if (hole)
				(void)snprintf(
				    key + (hole - line->price_key), 8, "arm64");
			assert_string_equal(
			    price_key_unit((*p)->provider, key), line->unit);
			if (line->free_tier_key)
				assert_string_equal(
				    price_key_unit((*p)->provider, line->free_tier_key),
				    line->unit);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lambda_bills_the_rounded_sum_of_duration_and_init),
	    cmocka_unit_test(test_lambda_rounds_once),
	    cmocka_unit_test(test_lambda_steps_were_100_ms_before_december_2020),
	    cmocka_unit_test(test_lambda_does_not_bill_a_prewarmed_init_on_demand),
	    cmocka_unit_test(test_lambda_bills_a_failed_init),
	    cmocka_unit_test(test_an_exact_millisecond_is_not_rounded),
	    cmocka_unit_test(test_lambda_bills_the_configured_size_else_the_observed),
	    cmocka_unit_test(test_azure_bills_observed_memory_in_128_mb_steps),
	    cmocka_unit_test(test_azure_bills_at_least_100_ms_in_1_ms_steps),
	    cmocka_unit_test(test_azure_does_not_bill_the_start_of_the_host),
	    cmocka_unit_test(test_cloud_run_bills_100_ms_steps),
	    cmocka_unit_test(test_cloud_run_bills_the_start_of_the_container),
	    cmocka_unit_test(test_cloud_run_bills_busy_time_not_the_sum_of_requests),
	    cmocka_unit_test(
		test_cloud_run_bills_the_configured_size_else_at_least_512_mib),
	    cmocka_unit_test(test_a_plan_that_needs_a_figure_says_which),
	    cmocka_unit_test(test_absurd_figures_saturate),
	    cmocka_unit_test(test_all_plans_together_count_what_each_counts),
	    cmocka_unit_test(test_plans_are_found_by_name_and_platform),
	    cmocka_unit_test(test_the_basis_of_a_cost_is_named),
	    cmocka_unit_test(test_lines_and_price_keys_agree_on_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
