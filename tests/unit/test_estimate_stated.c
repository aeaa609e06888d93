/* What no invocation tells is stated, and turns into what the plans bill. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/described.h"

static void test_provisioned_time_is_rounded_up_to_5_minutes(void **state)
{
	(void)state;
	assert_int_equal(
	    stated_of("{\"pc_units\":3,\"pc_seconds\":301,\"memory_mb\":512}",
		STATED_AWS_PC_MB_MS),
	    3ULL * 600000 * 512);
	assert_int_equal(
	    stated_of("{\"pc_units\":3,\"pc_hours\":\"0.5\",\"memory_mb\":512}",
		STATED_AWS_PC_MB_MS),
	    3ULL * 1800000 * 512);
}

static void test_requests_are_shared_by_what_is_kept_ready_and_the_rest(void **state)
{
#define KEPT "{\"pc_units\":1,\"pc_seconds\":300,\"memory_mb\":1024,"
	(void)state;
	/* all of them run on it, unless others are told apart */
	assert_int_equal(
	    stated_of(KEPT "\"requests\":10,\"duration_ms\":5}", STATED_AWS_PC_RUN_MB_MS),
	    10 * 5 * 1024);
	static const char both[] = KEPT
	    "\"requests\":10,\"pc_requests\":4,\"pc_duration_ms\":3,\"duration_ms\":5}";

	assert_int_equal(stated_of(both, STATED_AWS_PC_RUN_MB_MS), 4 * 3 * 1024);
	assert_int_equal(item_of(both, USAGE_AWS_MB_MS), (4 * 3 + 6 * 5) * 1024);
	assert_int_equal(item_of(both, USAGE_AWS_REQUESTS), 10);
	assert_refused(KEPT "\"requests\":9,\"pc_requests\":4,\"other_requests\":6,"
			    "\"duration_ms\":5}",
	    "requests: are not pc_requests and other_requests together");
	assert_refused(KEPT "\"pc_requests\":4}", "pc_duration_ms: is missing");
	assert_refused("{\"pc_units\":1,\"memory_mb\":128}",
	    "pc_units: needs pc_seconds: for how long");
	assert_refused("{\"pc_units\":1,\"pc_seconds\":1}", "pc_units: needs memory_mb");
	assert_refused("{\"pc_requests\":1}", "pc_requests: needs pc_units");
	assert_refused("{\"other_requests\":1,\"duration_ms\":1}",
	    "other_requests: goes with pc_units or always_ready_instances");
	assert_refused(KEPT "\"always_ready_instances\":1}",
	    "always_ready_instances: does not go with pc_units");
#undef KEPT
}

static void test_always_ready_instances_bill_their_size(void **state)
{
	static const char json[] =
	    "{\"always_ready_instances\":2,\"always_ready_hours\":1,\"memory_mb\":600,"
	    "\"requests\":10,\"duration_ms\":1500,\"other_requests\":1}";

	(void)state;
	assert_int_equal(stated_of(json, STATED_FLEX_READY_MB_MS), 2ULL * 3600000 * 2048);
	assert_int_equal(stated_of(json, STATED_FLEX_READY_EXECUTIONS), 9);
	assert_int_equal(
	    stated_of(json, STATED_FLEX_READY_RUN_MB_MS), 9ULL * 1500 * 2048);
	assert_int_equal(item_of(json, USAGE_FLEX_MB_MS), 10ULL * 1500 * 2048);
}

/* Of four that share an instance one bills its time; each is an execution, and each has
 * an instance of its own where one serves one request at a time. */
static void test_flex_bills_an_instance_once_for_those_that_share_it(void **state)
{
	static const char json[] =
	    "{\"requests\":8,\"duration_ms\":1500,\"concurrency\":4,\"memory_mb\":512}";

	(void)state;
	assert_int_equal(item_of(json, USAGE_FLEX_MB_MS), 2ULL * 1500 * 512);
	assert_int_equal(item_of(json, USAGE_AZURE_EXECUTIONS), 8);
	assert_int_equal(item_of(json, USAGE_GCF_MB_MS), 8ULL * 1500 * 512);
}

static void test_a_snapshot_bills_3_hours_at_least_and_none_for_java(void **state)
{
	(void)state;
	assert_int_equal(
	    stated_of("{\"snapstart_active_s\":60,\"versions\":2,\"memory_mb\":512}",
		STATED_AWS_SNAP_CACHE_MB_MS),
	    2ULL * 10800000 * 512);
	static const char java[] =
	    "{\"snapstart_active_s\":60,\"restores\":5,\"runtime\":\"java21\"}";

	assert_int_equal(stated_of(java, STATED_AWS_SNAP_CACHE_MB_MS), 0);
	assert_int_equal(item_of(java, USAGE_AWS_RESTORE_MB), 0);
	assert_int_equal(item_of("{\"requests\":9,\"duration_ms\":1,\"init_ms\":1,"
				 "\"cold_starts\":2,\"memory_mb\":256}",
			     USAGE_AWS_RESTORE_MB),
	    512);
}

static void test_large_events_count_as_several_requests(void **state)
{
	(void)state;
	assert_int_equal(item_of("{\"requests\":10,\"duration_ms\":1,\"event_kb\":256}",
			     USAGE_AWS_REQUESTS),
	    10);
	assert_int_equal(
	    item_of("{\"requests\":10,\"duration_ms\":1,\"event_kb\":\"256.1\"}",
		USAGE_AWS_REQUESTS),
	    20);
	assert_int_equal(item_of("{\"requests\":10,\"duration_ms\":1,\"event_kb\":1024}",
			     USAGE_AWS_REQUESTS),
	    130);
	assert_int_equal(item_of("{\"requests\":10,\"duration_ms\":1,\"event_kb\":1024}",
			     USAGE_RUN_REQUESTS),
	    10);
	assert_refused("{\"duration_ms\":1,\"event_kb\":1025}",
	    "event_kb: is more than an event may have (1024)");
}

#define MIB (1ULL << 20)

static void test_streams_are_free_to_6_mb_of_each_request(void **state)
{
	static const char words[] = "streamed: must be such as \"2M x 100 KB + 1M x 7 "
				    "MB\", to which may be added "
				    "\", free 100 GB already used\"";

	(void)state;
	assert_int_equal(stated_of("{\"requests\":3,\"duration_ms\":1,"
				   "\"streamed_bytes\":6291457}",
			     STATED_AWS_STREAM_BYTES),
	    3);
	assert_int_equal(stated_of("{\"duration_ms\":1,\"streamed\":"
				   "\"2k x 100 KB + 1.5k x 6.5 MB\"}",
			     STATED_AWS_STREAM_BYTES),
	    1500 * MIB / 2);
	assert_int_equal(stated_of("{\"duration_ms\":1,\"streamed\":[{\"requests\":2,"
				   "\"bytes\":7340032}],\"streaming_free_used\":true}",
			     STATED_AWS_STREAM_PAID_BYTES),
	    2 * MIB);
	assert_int_equal(stated_of("{\"duration_ms\":1,\"streamed\":"
				   "\"1 x 7 MB, free 100 GB already used\"}",
			     STATED_AWS_STREAM_PAID_BYTES),
	    MIB);
	assert_refused("{\"duration_ms\":1,\"streamed\":\"7 MB\"}", words);
	assert_refused("{\"duration_ms\":1,\"streamed\":\"1 x 7 TB\"}", words);
	assert_refused("{\"duration_ms\":1,\"streamed\":\"1 x 7 MB,\"}", words);
	assert_refused(
	    "{\"duration_ms\":1,\"streamed\":\"1 x 7 MB, free 1 GB already used\"}",
	    words);
	assert_refused(
	    "{\"duration_ms\":1,\"streamed\":\"9999999999999999999 x 1 B\"}", words);
	assert_refused("{\"duration_ms\":1,\"streamed\":\"1 x 0.1 B\"}", words);
	assert_refused("{\"duration_ms\":1,\"streamed\":[{\"requests\":1}]}",
	    "streamed[0]: needs requests and bytes, within reason");
}

static void test_managed_instances_bill_by_their_type(void **state)
{
	static const char json[] = "{\"instances\":3,\"instance_seconds\":\"1.25\","
				   "\"instance_type\":\"c7i.xlarge\"}";

	(void)state;
	assert_int_equal(stated_of(json, STATED_MANAGED_C7I_XLARGE_MS), 3 * 2000);
	assert_int_equal(stated_of(json, STATED_MANAGED_C7G_XLARGE_MS), 0);
	/* they are none of the others' */
	assert_int_equal(stated_of(json, STATED_PREMIUM_MCPU_MS), 0);
	assert_int_equal(stated_of(json, STATED_RUN_INSTANCE_MCPU_MS), 0);
}

static void test_instances_bill_as_long_as_they_exist(void **state)
{
	static const char json[] = "{\"instances\":2,\"instance_seconds\":\"1.25\","
				   "\"instance_size\":\"EP2\",\"vcpus\":\"0.5\","
				   "\"memory_mb\":1024}";

	(void)state;
	assert_int_equal(stated_of(json, STATED_PREMIUM_MCPU_MS), 2 * 2000 * 2000);
	assert_int_equal(stated_of(json, STATED_PREMIUM_MB_MS), 2 * 2000 * 7168);
	/* at least a minute */
	assert_int_equal(stated_of(json, STATED_RUN_INSTANCE_MCPU_MS), 2 * 60000 * 500);
	assert_int_equal(stated_of(json, STATED_RUN_INSTANCE_MB_MS), 2 * 60000 * 1024);
	assert_refused(
	    "{\"instances\":2}", "instances: needs instance_seconds: for how long");
	assert_refused("{\"instances\":2,\"instance_hours\":1,\"instance_size\":\"EP4\"}",
	    "instance_size: must be EP1, EP2 or EP3, c7i.xlarge or c7g.xlarge");
	assert_refused("{\"instances\":2,\"instance_hours\":1,\"instance_type\":7}",
	    "instance_type: must be EP1, EP2 or EP3, c7i.xlarge or c7g.xlarge");
	assert_refused("{\"instances\":2,\"instance_hours\":1,\"instance_seconds\":1}",
	    "instance_hours: says the same as instance_seconds: give one of them");
}

static void test_minimum_instances_idle_when_nothing_runs(void **state)
{
	static const char json[] =
	    "{\"min_instances\":2,\"min_instance_seconds\":10,\"requests\":5,"
	    "\"duration_ms\":1000,\"memory_mb\":512,\"vcpus\":2}";

	(void)state;
	assert_int_equal(stated_of(json, STATED_RUN_IDLE_MCPU_MS), 15000 * 2000);
	assert_int_equal(stated_of(json, STATED_RUN_IDLE_MB_MS), 15000 * 512);
	assert_int_equal(stated_of(json, STATED_GCF_IDLE_MHZ_MS), 15000 * 800);
	assert_int_equal(item_of(json, USAGE_RUN_MCPU_MS), 5000 * 2000);
	assert_int_equal(stated_of("{\"min_instances\":1,\"min_instance_seconds\":1,"
				   "\"requests\":5,\"duration_ms\":1000}",
			     STATED_RUN_IDLE_MCPU_MS),
	    0);
}

static void test_a_machine_is_told_whole_and_once(void **state)
{
	(void)state;
	assert_refused("{\"duration_ms\":1,\"host_vcpus\":4}",
	    "host_usd_per_hour: is missing: a machine is its price, its CPUs and its "
	    "memory");
	assert_refused("{\"duration_ms\":1,\"host_vcpus\":0,\"host_memory_gb\":1,"
		       "\"host_usd_per_hour\":1}",
	    "host_vcpus: must be above 0, to a million");
	assert_refused("[{\"duration_ms\":1,\"host_vcpus\":1,\"host_memory_gb\":1,"
		       "\"host_usd_per_hour\":1},{\"duration_ms\":1,\"host_vcpus\":1,"
		       "\"host_memory_gb\":1,\"host_usd_per_hour\":\"1.1\"}]",
	    "[1].host_usd_per_hour: is of another machine than the one before");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_provisioned_time_is_rounded_up_to_5_minutes),
	    cmocka_unit_test(test_requests_are_shared_by_what_is_kept_ready_and_the_rest),
	    cmocka_unit_test(test_always_ready_instances_bill_their_size),
	    cmocka_unit_test(test_flex_bills_an_instance_once_for_those_that_share_it),
	    cmocka_unit_test(test_a_snapshot_bills_3_hours_at_least_and_none_for_java),
	    cmocka_unit_test(test_large_events_count_as_several_requests),
	    cmocka_unit_test(test_streams_are_free_to_6_mb_of_each_request),
	    cmocka_unit_test(test_managed_instances_bill_by_their_type),
	    cmocka_unit_test(test_instances_bill_as_long_as_they_exist),
	    cmocka_unit_test(test_minimum_instances_idle_when_nothing_runs),
	    cmocka_unit_test(test_a_machine_is_told_whole_and_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
