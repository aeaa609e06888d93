/* The calculator gives the vendors' own worked examples, priced in the right place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "price/estimate.h"

static struct book *book;

static int open_book(void **state)
{
	(void)state;
	return book_open_embedded(&book);
}

static int close_book(void **state)
{
	(void)state;
	book_free(book);
	return 0;
}

static struct estimate *described(
    const char *json, const struct estimate_options *options)
{
	struct estimate *estimate = estimate_new(options);
	char why[256] = "";

	assert_non_null(estimate);
	if (estimate_add_described(estimate, json, strlen(json), why, sizeof(why)) != 0)
		fail_msg("%s", why);
	return estimate;
}

static struct estimate_bill billed(
    const char *json, const char *plan, const struct estimate_options *options)
{
	struct estimate *estimate = described(json, options);
	const struct estimate_terms terms = {book, plan_find(plan), false};
	struct estimate_bill bill = {0};
	char why[256] = "";

	if (estimate_price(estimate, &terms, &bill, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	estimate_free(estimate);
	return bill;
}

/* A published line: what is billed of an item, in cents, and its quantity where given. */
struct published {
	const char *item;
	const char *quantity; /* billable; NULL: not published */
	const char *amount;
};

struct example {
	const char *source;
	const char *plan;
	const char *input;
	struct published lines[6]; /* ended by a NULL item */
	const char *total;         /* NULL: the vendor's has lines of other plans */
};

#define LAMBDA_PAGE "https://aws.amazon.com/lambda/pricing/, pricing examples, 2026"
#define AZURE_PAGE "https://azure.microsoft.com/en-us/pricing/details/functions/, example"
#define AZURE_COSTS                                                                      \
	"https://learn.microsoft.com/azure/azure-functions/functions-consumption-costs"

#define GCF_PAGE "https://cloud.google.com/functions/pricing, pricing examples"

static const struct example examples[] = {
    {LAMBDA_PAGE ": mobile backend", "aws-lambda",
	"{\"requests\":3000000,\"duration_ms\":120,\"memory_mb\":1536,\"arch\":\"x86_"
	"64\","
	"\"region\":\"us-east-1\",\"free_tier\":true}",
	{{"compute", "140000", "2.33"}, {"requests", "2000000", "0.40"}}, "2.73"},
    {LAMBDA_PAGE ": telemetry", "aws-lambda",
	"{\"requests\":7440000,\"duration_ms\":2000,\"memory_mb\":1024,\"arch\":\"x86_"
	"64\","
	"\"region\":\"us-east-1\",\"free_tier\":false}",
	{{"compute", "14880000", "248.00"}, {"requests", "7440000", "1.49"}}, "249.49"},
    {LAMBDA_PAGE ": inference with /tmp", "aws-lambda",
	"{\"requests\":6000000,\"duration_ms\":280,\"memory_mb\":4096,\"ephemeral_mb\":"
	"2048,"
	"\"arch\":\"x86_64\",\"region\":\"us-east-1\",\"free_tier\":true}",
	{{"compute", "6320000", "105.33"}, {"requests", "5000000", "1.00"},
	    {"ephemeral_extra", "2520000", "0.08"}},
	"106.41"},
    {LAMBDA_PAGE ": provisioned concurrency on a launch day", "aws-lambda-provisioned",
	"{\"pc_units\":100,\"pc_seconds\":28800,\"memory_mb\":1536,\"pc_requests\":"
	"500000,"
	"\"pc_duration_ms\":100,\"other_requests\":2500000,\"other_duration_ms\":120,"
	"\"arch\":\"x86_64\",\"region\":\"us-east-1\","
	"\"free_tier\":\"1M requests over all, 400k GB-s on the non-PC part\"}",
	{{"provisioned", "4320000", "18.00"}, {"requests", "2000000", "0.40"},
	    {"compute_pc", "75000", "0.73"}, {"compute_on_demand", "50000", "0.83"}},
	"19.96"},
    {LAMBDA_PAGE ": provisioned concurrency on Cyber Monday", "aws-lambda-provisioned",
	"{\"provisioned_concurrency\":7,\"pc_hours\":24,\"memory_mb\":4096,"
	"\"requests\":2000000,\"duration_ms\":280}",
	{{"provisioned", "2419200", "10.08"}, {"requests", "2000000", "0.40"},
	    {"compute_pc", "2240000", "21.78"}, {"compute_on_demand", "0", "0.00"}},
	"32.26"},
    {LAMBDA_PAGE ": SnapStart", "aws-lambda-snapstart",
	"{\"requests\":7440000,\"duration_ms\":2000,\"memory_mb\":1024,"
	"\"snapstart_active_s\":2678400,\"restores\":74400,\"arch\":\"x86_64\","
	"\"region\":\"us-east-1\",\"free_tier\":false}",
	{{"requests", "7440000", "1.49"}, {"compute", "14880000", "248.00"},
	    {"snapstart_cache", "2678400", "4.03"},
	    {"snapstart_restore", "74400", "10.40"}},
	"263.92"},
    {LAMBDA_PAGE ": response streaming", "aws-lambda",
	"{\"requests\":3000000,\"duration_ms\":500,\"memory_mb\":1536,"
	"\"streamed\":\"2M x 100 KB + 1M x 7 MB, free 100 GB already used\","
	"\"arch\":\"x86_64\",\"region\":\"us-east-1\",\"free_tier\":true}",
	{{"compute", "1850000", "30.83"}, {"requests", "2000000", "0.40"},
	    {"streaming", "976.5625", "7.81"}},
	"39.04"},
    {LAMBDA_PAGE ": Lambda@Edge", "aws-lambda",
	"{\"requests\":10000000,\"duration_ms\":10,\"memory_mb\":128,"
	"\"product\":\"lambda@edge\"}",
	{{"compute", "12500", "0.63"}, {"requests", "10000000", "6.00"}}, "6.63"},
    /* the page rounds its price of tenants to 0.000167, which makes 33.40 of 33.33 */
    {LAMBDA_PAGE ": tenant isolation", "aws-lambda",
	"{\"requests\":10000000,\"duration_ms\":2000,\"memory_mb\":1024,"
	"\"tenant_environments\":200000}",
	{{"requests", "10000000", "2.00"}, {"compute", "20000000", "333.34"},
	    {"tenant_isolation", "200000", "33.33"}},
	NULL},
    {LAMBDA_PAGE ": ten Kafka pollers in provisioned mode", "aws-lambda",
	"{\"requests\":300000000,\"duration_ms\":200,\"memory_mb\":1024,"
	"\"epu_hours_kafka\":720}",
	{{"compute", "60000000", "1000.00"}, {"requests", "300000000", "60.00"},
	    {"event_pollers_kafka", "720", "133.20"}},
	"1193.20"},
    {LAMBDA_PAGE ": SQS in provisioned mode", "aws-lambda",
	"{\"requests\":30000000,\"duration_ms\":1000,\"memory_mb\":1024,"
	"\"epu_hours_sqs\":8000}",
	{{"compute", "30000000", "500.00"}, {"requests", "30000000", "6.00"},
	    {"event_pollers_sqs", "8000", "74.00"}},
	"580.00"},
    {LAMBDA_PAGE ": durable functions", "aws-lambda",
	"[{\"requests\":1000000,\"duration_ms\":30000,\"memory_mb\":1024,\"arch\":"
	"\"arm64\","
	"\"free_tier\":true},"
	"{\"requests\":1000000,\"duration_ms\":2000,\"memory_mb\":1024,\"arch\":"
	"\"arm64\","
	"\"free_tier\":true,\"durable_operations\":4000000,\"durable_written_gb\":104,"
	"\"durable_retained_gb_months\":\"72.8\"}]",
	{{"compute", "31600000", "421.34"}, {"requests", "1000000", "0.20"},
	    {"durable_operations", "4000000", "32.00"},
	    {"durable_written", "104", "26.00"}, {"durable_retained", "72.8", "10.92"}},
	"490.46"},
    {AZURE_PAGE, "azure-consumption",
	"{\"executions\":3000000,\"duration_ms\":1000,\"memory_mb\":512,"
	"\"plan\":\"consumption\",\"free_grant\":true}",
	{{"execution_time", "1100000", "17.60"}, {"executions", "2000000", "0.40"}},
	"18.00"},
    {AZURE_COSTS ", 2019-09-20: 1083.98 GB-s", "azure-consumption",
	"{\"function_execution_units_mb_ms\":1110000000}",
	{{"execution_time", "1083.984375", "0.02"}}, NULL},
    /* the vendor's examples as its page had them for years; the second with its network
     */
    {GCF_PAGE ": simple event-driven function", "gcp-functions-1",
	"{\"invocations\":10000000,\"duration_ms\":300,\"memory_mb\":128,"
	"\"free_tier\":true}",
	{{"invocations", "8000000", "3.20"}, {"cpu", "400000", "4.00"}}, "7.20"},
    {GCF_PAGE ": moderately complex HTTP function", "gcp-functions-1",
	"{\"invocations\":50000000,\"duration_ms\":500,\"memory_mb\":256,"
	"\"free_tier\":true,\"egress_kb_per_request\":5}",
	{{"invocations", "48000000", "19.20"}, {"memory", "5850000", "14.63"},
	    {"cpu", "9800000", "98.00"}, {"networking", NULL, "28.01"}},
	"159.84"},
};

/* Within a cent of the published figure: vendors round half a cent either way. */
static void assert_within_a_cent(struct money got, const char *want, const char *what)
{
	struct money published;
	struct money cent;

	assert_int_equal(money_parse(want, &published), 0);
	assert_int_equal(money_parse("0.01", &cent), 0);
	struct money off = money_subtract(got, published);

	if (off.pico < 0)
		off.pico = -off.pico;
	if (money_compare(off, cent) >= 0)
		fail_msg("%s: not %s", what, want);
}

static void assert_published(
    const struct invoice *invoice, const struct published *line, const char *source)
{
	struct money sum = {0};
	bool found = false;

	for (size_t i = 0; i < invoice->lines_n; i++) {
		const struct invoice_line *got = &invoice->lines[i];

		if (strcmp(got->item, line->item) != 0 || got->free)
			continue;
		found = true;
		sum = money_add(sum, got->amount);
		if (line->quantity)
			assert_string_equal(got->quantity, line->quantity);
	}
	assert_true(found);
	assert_within_a_cent(sum, line->amount, source);
}

static void test_the_vendors_examples_come_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const struct example *e = &examples[i];
		struct estimate_bill bill =
		    billed(e->input, e->plan, &(struct estimate_options){0});

		assert_int_equal(bill.invoices_n, 1);
		for (const struct published *line = e->lines; line->item; line++)
			assert_published(&bill.invoices[0], line, e->source);
		if (e->total)
			assert_within_a_cent(bill.invoices[0].total, e->total, e->source);
		estimate_bill_done(&bill);
	}
}

static void assert_exact_total(const char *json, const char *plan, const char *total)
{
	struct estimate_bill bill = billed(json, plan, &(struct estimate_options){0});
	char text[MONEY_TEXT_BYTES];

	assert_int_equal(bill.invoices_n, 1);
	money_format(bill.invoices[0].total, text);
	assert_string_equal(text, total);
	estimate_bill_done(&bill);
}

/* The same, recomputed by hand without rounding. */
static void test_totals_are_exact(void **state)
{
	(void)state;
	assert_exact_total(examples[0].input, "aws-lambda", "2.733338");
	assert_exact_total(examples[1].input, "aws-lambda", "249.488496");
	assert_exact_total(examples[2].input, "aws-lambda", "106.411412");
	assert_exact_total(
	    "{\"executions\":3000000,\"duration_ms\":1000,\"memory_mb\":512,"
	    "\"free_grant\":true}",
	    "azure-consumption", "18.00");
	assert_exact_total(examples[3].input, "aws-lambda-provisioned", "19.962644");
	/* 300 ms: 0.3 vCPU-s x 0.000024 + 0.15 GiB-s x 0.0000025 + 0.0000004 */
	assert_exact_total(
	    "{\"duration_ms\":260,\"memory_mb\":512}", "gcp-run-request", "0.000007975");
}

static void test_objects_of_one_place_are_added_up(void **state)
{
	struct estimate *estimate = described("[{\"duration_ms\":1},{\"duration_ms\":2},{"
					      "\"duration_ms\":3,\"arch\":\"arm64\"}]",
	    &(struct estimate_options){0});

	(void)state;
	assert_int_equal(estimate->parts_n, 2);
	assert_int_equal(estimate->parts[0].usage.item[USAGE_AWS_BILLED_MS], 3);
	assert_int_equal(estimate->parts[1].usage.item[USAGE_AWS_BILLED_MS], 3);
	estimate_free(estimate);
}

static void test_architectures_have_an_invoice_each_where_prices_differ(void **state)
{
	static const char json[] = "[{\"gb_s\":10,\"vcpu_s\":1,\"arch\":\"arm64\"},"
				   "{\"gb_s\":20,\"vcpu_s\":1,\"arch\":\"x86_64\"}]";
	struct estimate_bill bill =
	    billed(json, "aws-lambda", &(struct estimate_options){0});

	(void)state;
	assert_int_equal(bill.invoices_n, 2);
	assert_int_equal(bill.invoices[0].arch, ARCH_X86_64);
	assert_string_equal(bill.invoices[0].lines[1].quantity, "20");
	assert_int_equal(bill.invoices[1].arch, ARCH_ARM64);
	assert_string_equal(bill.invoices[1].lines[1].quantity, "10");
	estimate_bill_done(&bill);
	bill = billed(json, "gcp-run-request", &(struct estimate_options){0});
	assert_int_equal(bill.invoices_n, 1);
	assert_string_equal(bill.invoices[0].lines[2].quantity, "30");
	estimate_bill_done(&bill);
}

static void test_an_option_goes_before_what_the_input_says(void **state)
{
	struct estimate_bill bill =
	    billed("[{\"duration_ms\":1,\"region\":\"us-east-1\"},{\"duration_ms\":1,"
		   "\"region\":\"eu-west-1\",\"arch\":\"x86_64\"}]",
		"aws-lambda",
		&(struct estimate_options){
		    .region = "eu-central-1", .arch = ARCH_ARM64, .free_tier = true});

	(void)state;
	assert_int_equal(bill.invoices_n, 1);
	assert_string_equal(bill.invoices[0].region, "eu-central-1");
	assert_int_equal(bill.invoices[0].arch, ARCH_ARM64);
	assert_true(bill.invoices[0].lines[0].free);
	estimate_bill_done(&bill);
}

/* 400000 GB-s are free once: 300000 + 300000 leave 200000. */
static void test_the_free_tier_is_granted_once_to_all_places(void **state)
{
	struct estimate_bill bill =
	    billed("[{\"gb_s\":300000,\"region\":\"us-east-1\",\"arch\":\"arm64\"},"
		   "{\"gb_s\":\"300000\",\"region\":\"eu-west-1\"}]",
		"aws-lambda", &(struct estimate_options){.free_tier = true});
	struct money total = money_add(bill.invoices[0].total, bill.invoices[1].total);
	char text[MONEY_TEXT_BYTES];

	(void)state;
	assert_int_equal(bill.invoices_n, 2);
	assert_string_equal(bill.invoices[0].region, "eu-west-1"); /* sorted */
	money_format(total, text);
	assert_string_equal(text, "2.66668"); /* 200000 x 0.0000133334 */
	estimate_bill_done(&bill);
}

static void test_invocations_are_counted_one_by_one(void **state)
{
	struct estimate *estimate = estimate_new(&(struct estimate_options){0});
	struct function function = {
	    .arch = ARCH_ARM64, .region = "eu-west-1", .memory_limit_mb = 256};
	struct invocation inv = {.function = &function,
	    .has = HAS_DURATION,
	    .duration_ns = 1500000,
	    .start_ns = 1795305600000000000LL,
	    .concurrency = 1};

	(void)state;
	assert_int_equal(estimate_add_invocation(estimate, &inv), 0);
	assert_int_equal(estimate_add_invocation(estimate, &inv), 0);
	assert_int_equal(estimate->parts_n, 1);
	assert_int_equal(estimate->parts[0].usage.item[USAGE_AWS_BILLED_MS], 4);
	assert_int_equal(estimate->parts[0].usage.item[USAGE_AWS_MB_MS], 1024);
	inv.duration_ns = UINT64_MAX;
	function.memory_limit_mb = 10240;
	for (int i = 0; i < 200000; i++) {
		if (estimate_add_invocation(estimate, &inv) == -ERANGE)
			break;
	}
	assert_int_equal(estimate_add_invocation(estimate, &inv), -ERANGE);
	estimate_free(estimate);
}

static void assert_no_price(const char *json, const char *plan, const char *sentence)
{
	struct estimate *estimate = described(json, &(struct estimate_options){0});
	const struct estimate_terms terms = {book, plan_find(plan), false};
	struct estimate_bill bill = {0};
	char why[256] = "";

	assert_int_equal(
	    estimate_price(estimate, &terms, &bill, why, sizeof(why)), -EINVAL);
	assert_string_equal(why, sentence);
	estimate_free(estimate);
}

static void test_what_a_plan_cannot_bill_is_refused(void **state)
{
	(void)state;
	assert_no_price("{\"duration_ms\":1,\"region\":\"mars-1\"}", "aws-lambda",
	    "no price of aws-lambda in region \"mars-1\" (see `coldmeter prices show "
	    "--provider aws`)");
	assert_no_price("{\"duration_ms\":1,\"region\":\"*\"}", "aws-lambda",
	    "no price of aws-lambda in region \"*\" (see `coldmeter prices show "
	    "--provider aws`)");
	assert_no_price("{\"duration_ms\":1,\"memory_mb\":10241}", "aws-lambda",
	    "memory_mb 10241 is more than aws-lambda offers (10240)");
	assert_no_price("[{\"duration_ms\":1,\"memory_mb\":128},"
			"{\"duration_ms\":1,\"memory_mb\":10241}]",
	    "aws-lambda", "memory_mb 10241 is more than aws-lambda offers (10240)");
	assert_no_price("{\"gb_s\":1}", "gcp-run-request",
	    "gcp-run-request cannot bill this input: give requests, duration_ms and "
	    "memory_mb, or vcpu_s beside gb_s");
	assert_no_price("{\"function_execution_units_mb_ms\":1}", "aws-lambda",
	    "aws-lambda cannot bill this input: give requests, duration_ms and "
	    "memory_mb");
}

static void test_a_region_can_be_moved_to_the_plans_own(void **state)
{
	struct estimate *estimate =
	    described("{\"duration_ms\":1,\"region\":\"us-east-1\"}",
		&(struct estimate_options){0});
	const struct estimate_terms terms = {book, plan_find("azure-consumption"), true};
	struct estimate_bill bill = {0};
	char why[256];

	(void)state;
	assert_int_equal(estimate_price(estimate, &terms, &bill, why, sizeof(why)), 0);
	assert_true(bill.moved);
	assert_string_equal(bill.invoices[0].region, "eastus");
	estimate_bill_done(&bill);
	estimate_free(estimate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_vendors_examples_come_out),
	    cmocka_unit_test(test_totals_are_exact),
	    cmocka_unit_test(test_objects_of_one_place_are_added_up),
	    cmocka_unit_test(test_architectures_have_an_invoice_each_where_prices_differ),
	    cmocka_unit_test(test_an_option_goes_before_what_the_input_says),
	    cmocka_unit_test(test_the_free_tier_is_granted_once_to_all_places),
	    cmocka_unit_test(test_invocations_are_counted_one_by_one),
	    cmocka_unit_test(test_what_a_plan_cannot_bill_is_refused),
	    cmocka_unit_test(test_a_region_can_be_moved_to_the_plans_own),
	};

	return cmocka_run_group_tests(tests, open_book, close_book);
}
