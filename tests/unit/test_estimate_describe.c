/* A description means what it says, or is refused with the member's name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "price/plan.h"
#include "tests/unit/described.h"
#include "tests/unit/random.h"

/* AWS Compute Blog on the INIT phase, 2025-04-29; 160 MB from Azure's costs page. */
static void test_init_and_memory_are_rounded_as_published(void **state)
{
	(void)state;
	assert_int_equal(
	    item_of("{\"duration_ms\":\"250.06\",\"init_duration_ms\":\"100.77\","
		    "\"memory_mb\":1024}",
		USAGE_AWS_BILLED_MS),
	    351);
	assert_int_equal(item_of("{\"duration_ms\":250.06,\"init_ms\":100.77,"
				 "\"start\":\"2025-07-31T12:00:00Z\"}",
			     USAGE_AWS_BILLED_MS),
	    251);
	assert_int_equal(
	    item_of("{\"duration_ms\":1000,\"observed_mb\":160}", USAGE_AZURE_MB_MS),
	    256000);
	assert_int_equal(item_of("{\"duration_ms\":260}", USAGE_RUN_BILLED_MS), 300);
}

static void test_only_cold_starts_pay_the_init(void **state)
{
	const char *json = "{\"requests\":1000,\"duration_ms\":10,\"init_ms\":200,"
			   "\"cold_starts\":7}";

	(void)state;
	assert_int_equal(item_of(json, USAGE_AWS_BILLED_MS), 993 * 10 + 7 * 210);
	assert_int_equal(item_of(json, USAGE_RUN_BILLED_MS), 993 * 100 + 7 * 300);
	assert_int_equal(item_of(json, USAGE_AZURE_EXECUTIONS), 1000);
}

static void test_requests_that_share_an_instance_bill_its_time_once(void **state)
{
	const char *json = "{\"requests\":801,\"duration_ms\":100,\"concurrency\":80}";

	(void)state;
	assert_int_equal(item_of(json, USAGE_RUN_BILLED_MS), 11 * 100);
	assert_int_equal(item_of(json, USAGE_RUN_REQUESTS), 801);
	assert_int_equal(item_of(json, USAGE_AWS_BILLED_MS), 801 * 100);
	/* 2 groups, 5 inits: 2 with the busy time, 3 without */
	json = "{\"requests\":8,\"duration_ms\":100,\"concurrency\":4,"
	       "\"init_ms\":300,\"cold_starts\":5}";
	assert_int_equal(item_of(json, USAGE_RUN_BILLED_MS), 2 * 400 + 3 * 300);
	assert_int_equal(item_of(json, USAGE_RUN_REQUESTS), 8);
	assert_int_equal(item_of(json, USAGE_AWS_BILLED_MS), 5 * 400 + 3 * 100);
}

/* Multiplying must be the same as counting one by one. */
static void test_n_alike_are_n_times_one(void **state)
{
	uint64_t seed = 21;

	(void)state;
	for (int n = 0; n < 200; n++) {
		uint64_t requests = 1 + random_below(&seed, 50);
		uint64_t cold = random_below(&seed, requests + 1);
		uint64_t us = random_below(&seed, 3000000);
		struct function function = {
		    .memory_limit_mb = 128 + (uint32_t)random_below(&seed, 9000)};
		struct invocation inv = {.function = &function,
		    .start_ns = 1795305600000000000LL,
		    .duration_ns = us * 1000,
		    .init_ns = us * 500,
		    .peak_memory_bytes = (uint64_t)function.memory_limit_mb << 20,
		    .concurrency = 1};
		struct usage one_by_one = {0};
		char json[256];

		for (uint64_t i = 0; i < requests; i++) {
			inv.start_type = i < cold ? START_COLD : START_WARM;
			inv.has = HAS_DURATION | HAS_MEMORY | (i < cold ? HAS_INIT : 0);
			plan_count_all(&inv, &one_by_one);
		}
		(void)snprintf(json, sizeof(json),
		    "{\"requests\":%ju,\"cold_starts\":%ju,\"duration_ms\":\"%ju.%03ju\","
		    "\"init_ms\":\"%ju.%04ju\",\"memory_mb\":%u}",
		    (uintmax_t)requests, (uintmax_t)cold, (uintmax_t)(us / 1000),
		    (uintmax_t)(us % 1000), (uintmax_t)(us / 2000),
		    (uintmax_t)(us % 2000 * 5), function.memory_limit_mb);
		struct estimate *estimate =
		    described(json, &(struct estimate_options){0});

		assert_memory_equal(
		    &estimate->parts[0].usage, &one_by_one, sizeof(one_by_one));
		estimate_free(estimate);
	}
}

static void test_figures_that_are_wrong_are_refused(void **state)
{
	static const char number[] =
	    "must be a number of 0 or more with at most 6 decimals";
	static const char count[] = "requests: must be a whole number from 0 to "
				    "1000000000000000";
	char want[256];

	(void)state;
	assert_refused("{}", "duration_ms: is missing");
	assert_refused("[]", "the list is empty");
	assert_refused("[1]", "[0]: must be an object");
	assert_refused("[[]]", "[0]: must be an object");
	assert_refused("{\"requests\":-1,\"duration_ms\":1}", count);
	assert_refused("{\"requests\":1.5,\"duration_ms\":1}", count);
	assert_refused("{\"requests\":\"many\",\"duration_ms\":1}", count);
	assert_refused("{\"requests\":1e300,\"duration_ms\":1}", count);
	assert_refused("{\"requests\":null,\"duration_ms\":1}", count);
	(void)snprintf(want, sizeof(want), "duration_ms: %s", number);
	assert_refused("{\"duration_ms\":-0.1}", want);
	assert_refused("{\"duration_ms\":\"1e3\"}", want);
	assert_refused("{\"duration_ms\":\"0.0000001\"}", want);
	assert_refused("{\"duration_ms\":true}", want);
	(void)snprintf(want, sizeof(want), "[1].duration_ms: %s", number);
	assert_refused("[{\"duration_ms\":1},{\"duration_ms\":[]}]", want);
	assert_refused("{\"duration_ms\":1000000000}",
	    "duration_ms: is above a week (604800000 ms)");
	assert_refused("{\"duration_ms\":1,\"memory_mb\":0}",
	    "memory_mb: must be a whole number from 1 to 32768");
	assert_refused("{\"duration_ms\":1,\"ephemeral_mb\":100}",
	    "ephemeral_mb: must be a whole number from 512 to 10240");
	assert_refused("{\"duration_ms\":1,\"concurrency\":0}",
	    "concurrency: must be a whole number from 1 to 1000");
	assert_refused("{\"requests\":1000000000000000,\"duration_ms\":604800000}",
	    "too much to count in 64 bits");
}

static void test_members_that_contradict_are_refused(void **state)
{
	(void)state;
	assert_refused("{\"requets\":1}", "unknown member \"requets\"");
	assert_refused("{\"requests\":1,\"executions\":1,\"duration_ms\":1}",
	    "executions: says the same as requests: give one of them");
	assert_refused("{\"requests\":2,\"duration_ms\":1,\"init_ms\":1}",
	    "init_ms: needs cold_starts, how many of the 2 requests waited for an init");
	assert_refused(
	    "{\"requests\":2,\"duration_ms\":1,\"init_ms\":1,\"cold_starts\":3}",
	    "cold_starts: must be a whole number from 0 to 2");
	assert_refused("{\"duration_ms\":1,\"cold_starts\":1}",
	    "cold_starts: needs init_ms, what each costs");
	assert_refused("{\"duration_ms\":1,\"gb_s\":1}",
	    "duration_ms: does not go with gb_s, which has it in it");
	assert_refused("{\"vcpu_s\":1,\"duration_ms\":1}", "vcpu_s: goes with gb_s only");
	assert_refused("{\"duration_ms\":1,\"arch\":\"mips\"}",
	    "arch: must be x86_64 or arm64, not \"mips\"");
	assert_refused("{\"duration_ms\":1,\"free_tier\":\"2M requests\"}",
	    "free_tier: must be true or false, or in words such as \"1M requests over "
	    "all, "
	    "400k GB-s on the rest\"");
	assert_refused(
	    "{\"duration_ms\":1,\"free_grant\":1}", "free_grant: must be true or false");
	assert_refused("{\"duration_ms\":1,\"region\":\"\\u001b[31m\"}",
	    "region: holds a control character");
	assert_refused("{\"duration_ms\":1,\"start\":\"today\"}",
	    "start: must be a time such as \"2026-11-22T08:00:00Z\"");
}

/* The same pages: before 2025-08-01 a ZIP package on a managed runtime had its init free,
 * an image had not (lucvandonkersgoed.com, 2022-04-09: 1049.63 + 1293.83 bill 2344). */
static void test_the_package_decides_who_pays_the_init_before_august_2025(void **state)
{
	(void)state;
	assert_int_equal(
	    item_of("{\"duration_ms\":\"250.06\",\"init_duration_ms\":\"100.77\","
		    "\"package\":\"zip\",\"runtime\":\"managed\","
		    "\"as_of\":\"until 2025-07-31\"}",
		USAGE_AWS_BILLED_MS),
	    251);
	static const char image[] =
	    "{\"init_duration_ms\":\"1293.83\",\"duration_ms\":\"1049.63\","
	    "\"package\":\"image\",\"date\":\"2022-04-09\"}";

	assert_int_equal(item_of(image, USAGE_AWS_BILLED_MS), 2344);
	assert_int_equal(item_of(image, USAGE_AWS_INIT_MB_MS), (2344 - 1050) * 128);
	assert_int_equal(
	    item_of("{\"duration_ms\":100,\"init_ms\":50,\"start\":\"2019-01\","
		    "\"runtime\":\"provided\"}",
		USAGE_AWS_BILLED_MS),
	    200); /* in 100 ms steps */
}

static void test_broken_json_is_refused_with_line_and_column(void **state)
{
	struct estimate *estimate = estimate_new(&(struct estimate_options){0});
	const char *json = "{\n \"duration_ms\" 1\n}";
	char why[256];

	(void)state;
	assert_int_equal(
	    estimate_add_described(estimate, json, strlen(json), why, sizeof(why)),
	    -EBADMSG);
	assert_memory_equal(why, "line 2, column ", 15);
	assert_int_equal(estimate->parts_n, 0);
	estimate_free(estimate);
}

static void test_damaged_input_is_read_or_refused_with_a_sentence(void **state)
{
	static const char good[] =
	    "[{\"requests\":12,\"duration_ms\":\"3.5\",\"init_ms\":1,\"cold_starts\":2,"
	    "\"memory_mb\":256},{\"gb_s\":1.5,\"vcpu_s\":\"2\",\"arch\":\"arm64\"},"
	    "{\"pc_units\":1,\"pc_seconds\":9,\"memory_mb\":128,\"duration_ms\":1,"
	    "\"streamed\":\"2M x 100 KB + 1M x 7 MB, free 100 GB already used\","
	    "\"event_kb\":300,\"host_vcpus\":1,\"host_memory_gb\":1,"
	    "\"host_usd_per_hour\":\"0.1\"}]";
	uint64_t seed = 31;
	char json[sizeof(good)];
	char why[80];

	(void)state;
	for (int n = 0; n < 20000; n++) {
		struct estimate *estimate = estimate_new(&(struct estimate_options){0});
		size_t len = n % 4 ? sizeof(good) - 1 : random_below(&seed, sizeof(good));

		memcpy(json, good, sizeof(good));
		for (int i = 0; i < n % 4; i++)
			json[random_below(&seed, sizeof(good) - 1)] =
			    "{}[]\",:0159eE-.\\u\x01\xff"[random_below(&seed, 20)];
		why[0] = '\0';
		if (estimate_add_described(estimate, json, len, why, sizeof(why)) < 0)
			assert_true(why[0] != '\0');
		estimate_free(estimate);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_init_and_memory_are_rounded_as_published),
	    cmocka_unit_test(test_only_cold_starts_pay_the_init),
	    cmocka_unit_test(test_requests_that_share_an_instance_bill_its_time_once),
	    cmocka_unit_test(test_n_alike_are_n_times_one),
	    cmocka_unit_test(test_figures_that_are_wrong_are_refused),
	    cmocka_unit_test(test_members_that_contradict_are_refused),
	    cmocka_unit_test(
		test_the_package_decides_who_pays_the_init_before_august_2025),
	    cmocka_unit_test(test_broken_json_is_refused_with_line_and_column),
	    cmocka_unit_test(test_damaged_input_is_read_or_refused_with_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
