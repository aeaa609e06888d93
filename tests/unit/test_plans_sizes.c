/* Plans that bill sizes on offer, restores, or a share of a host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/ran.h"

/* learn.microsoft.com, Flex Consumption plan: at least 1000 ms, then 100 ms steps; the
 * instance is 512, 2048 or 4096 MB. */
static void test_flex_bills_the_instance_for_a_second_at_least(void **state)
{
	struct invocation inv = ran(40);

	(void)state;
	function.memory_limit_mb = 512;
	assert_int_equal(counted("azure-flex", &inv, USAGE_FLEX_MB_MS), 1000 * 512);
	inv.duration_ns = 1001 * MS;
	assert_int_equal(counted("azure-flex", &inv, USAGE_FLEX_MB_MS), 1100 * 512);
	function.memory_limit_mb = 513;
	assert_int_equal(counted("azure-flex", &inv, USAGE_FLEX_MB_MS), 1100 * 2048);
	function.memory_limit_mb = 9999;
	assert_int_equal(counted("azure-flex", &inv, USAGE_FLEX_MB_MS), 1100 * 4096);
	function.memory_limit_mb = 0;
	assert_int_equal(counted("azure-flex", &inv, USAGE_FLEX_MB_MS), 1100 * 2048);
	with_peak(&inv, 512 * MIB);
	assert_int_equal(counted("azure-flex", &inv, USAGE_FLEX_MB_MS), 1100 * 512);
	with_peak(&inv, 512 * MIB + 1);
	assert_int_equal(counted("azure-flex", &inv, USAGE_FLEX_MB_MS), 1100 * 2048);
	with_init(&inv, 5000); /* the start of the host is not billed */
	assert_int_equal(counted("azure-flex", &inv, USAGE_FLEX_MB_MS), 1100 * 2048);
}

/* Two requests at once on an instance: the second adds what it outlives the first by. */
static void test_flex_bills_the_union_of_busy_time(void **state)
{
	struct invocation inv = ran(3000);

	(void)state;
	function.memory_limit_mb = 512;
	inv.concurrency = 2;
	inv.has |= HAS_BUSY;
	inv.busy_ns = 250 * MS;
	assert_int_equal(counted("azure-flex", &inv, USAGE_FLEX_MB_MS), 300 * 512);
	inv.busy_ns = 0;
	assert_int_equal(counted("azure-flex", &inv, USAGE_FLEX_MB_MS), 0);
	inv.has &= ~(uint32_t)HAS_BUSY;
	assert_int_equal(counted("azure-flex", &inv, USAGE_FLEX_MB_MS), 0);
	inv.concurrency = 1;
	assert_int_equal(counted("azure-flex", &inv, USAGE_FLEX_MB_MS), 3000 * 512);
}

/* 260 ms bill as 300, as above; docs.cloud.google.com/functions/1stgendocs: 1 vCPU is 2.4
 * GHz and comes with 2048 MB. */
static void test_functions_1_bill_a_cpu_that_comes_with_the_memory(void **state)
{
	static const uint32_t sizes[][3] = {{1, 128, 200}, {128, 128, 200},
	    {129, 256, 400}, {512, 512, 800}, {1024, 1024, 1400}, {2048, 2048, 2400},
	    {4096, 4096, 4800}, {8192, 8192, 4800}, {9000, 8192, 4800}};
	struct invocation inv = ran(260);

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		function.memory_limit_mb = sizes[i][0];
		assert_int_equal(counted("gcp-functions-1", &inv, USAGE_GCF_MB_MS),
		    300ULL * sizes[i][1]);
		assert_int_equal(counted("gcp-functions-1", &inv, USAGE_GCF_MHZ_MS),
		    300ULL * sizes[i][2]);
	}
	inv = ran(0);
	inv.concurrency = 3; /* an instance has one request at a time there */
	assert_int_equal(counted("gcp-functions-1", &inv, USAGE_GCF_MB_MS), 100 * 256);
	inv.has = HAS_INIT;
	assert_int_equal(counted("gcp-functions-1", &inv, USAGE_GCF_MB_MS), 0);
}

static void test_a_host_shares_the_cpu_and_memory_in_use(void **state)
{
	struct invocation inv = ran(200.5);

	(void)state;
	function.memory_limit_mb = 1024;
	assert_int_equal(counted("own-host", &inv, USAGE_HOST_CPU_US), 200500);
	assert_int_equal(counted("own-host", &inv, USAGE_HOST_MB_MS), 205312);
	inv.has |= HAS_CPU;
	inv.cpu_ns = 7 * MS;
	with_peak(&inv, 64 * MIB);
	assert_int_equal(counted("own-host", &inv, USAGE_HOST_CPU_US), 7000);
	assert_int_equal(counted("own-host", &inv, USAGE_HOST_MB_MS), 12832);
	with_init(&inv, 100); /* memory is held while it starts */
	assert_int_equal(counted("own-host", &inv, USAGE_HOST_MB_MS), 19232);
	inv.has |= HAS_BUSY;
	inv.busy_ns = 0;
	inv.has &= ~(uint32_t)HAS_INIT;
	assert_int_equal(counted("own-host", &inv, USAGE_HOST_MB_MS), 0);
}

static void test_snapstart_restores_instead_of_an_init(void **state)
{
	struct invocation inv = ran(250.06);

	(void)state;
	function.memory_limit_mb = 512;
	assert_int_equal(counted("aws-lambda-snapstart", &inv, USAGE_AWS_RESTORE_MB), 0);
	with_init(&inv, 100.77);
	assert_int_equal(
	    counted("aws-lambda-snapstart", &inv, USAGE_AWS_RESTORE_MB), 512);
	assert_int_equal(counted("aws-lambda-snapstart", &inv, USAGE_AWS_INIT_MB_MS),
	    (351 - 251) * 512);
	inv.has &= ~(uint32_t)HAS_INIT; /* cold, as far as is known */
	assert_int_equal(
	    counted("aws-lambda-snapstart", &inv, USAGE_AWS_RESTORE_MB), 512);
	assert_int_equal(counted("aws-lambda-snapstart", &inv, USAGE_AWS_INIT_MB_MS), 0);
}

/* A version that stays a minute is billed three hours of its snapshot. */
static void test_snapstart_bills_a_function_for_being_there(void **state)
{
	const struct function small = {.memory_limit_mb = 256};
	const struct plan *plan = plan_find("aws-lambda-snapstart");

	(void)state;
	assert_int_equal(plan->stand(&small, 60000), 10800000ULL * 256);
	assert_int_equal(plan->stand(&small, 20000000), 20000000ULL * 256);
	assert_int_equal(plan->needs, STATED_AWS_SNAP_CACHE_MB_MS);
}

/* 0 that is stated is not the same as nothing. */
static void test_what_is_stated_is_given(void **state)
{
	struct stated stated = {0};
	struct stated more = {0};

	(void)state;
	assert_false(stated_is_given(NULL, STATED_AWS_PC_MB_MS));
	assert_true(stated_add(&stated, STATED_AWS_PC_MB_MS, 0));
	assert_true(stated_is_given(&stated, STATED_AWS_PC_MB_MS));
	assert_false(stated_is_given(&stated, STATED_AWS_PC_RUN_MB_MS));
	assert_true(stated_add(&stated, STATED_AWS_PC_MB_MS, 5));
	assert_false(stated_add(&stated, STATED_AWS_PC_MB_MS, UINT64_MAX));
	assert_true(stated_merge(&more, &stated));
	assert_int_equal(stated_quantity(NULL, &more, STATED_AWS_PC_MB_MS), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_flex_bills_the_instance_for_a_second_at_least),
	    cmocka_unit_test(test_flex_bills_the_union_of_busy_time),
	    cmocka_unit_test(test_functions_1_bill_a_cpu_that_comes_with_the_memory),
	    cmocka_unit_test(test_a_host_shares_the_cpu_and_memory_in_use),
	    cmocka_unit_test(test_snapstart_restores_instead_of_an_init),
	    cmocka_unit_test(test_snapstart_bills_a_function_for_being_there),
	    cmocka_unit_test(test_what_is_stated_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
