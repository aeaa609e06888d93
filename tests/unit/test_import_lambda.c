/* Lines in the form of AWS's documentation: text, events, and what surrounds them. */
#include <errno.h>
#include <stdio.h>

#include "tests/unit/imported.h"

#define ID "3604209a-e9a3-11e6-939a-754dd98c7be3"
#define ID2 "8f507cfc-9b3c-4e5a-8d6e-0f1a2b3c4d5e"
#define REPORT_OF(id)                                                                    \
	"REPORT RequestId: " id "\tDuration: 12.34 ms\tBilled Duration: 13 ms \t"        \
	"Memory Size: 128 MB\tMax Memory Used: 18 MB\t"
#define WARM REPORT_OF(ID)

static struct imported got;

static void read_log(const char *text)
{
	imported_text(IMPORT_LAMBDA_REPORT, "hello", text, &got);
}

static void test_a_whole_invocation(void **state)
{
	const struct invocation *inv = &got.invocations[0];

	(void)state;
	read_log("2026-11-22T08:00:00.100Z START RequestId: " ID " Version: $LATEST\n"
		 "2026-11-22T08:00:00.120Z [INFO]\t2026-11-22T08:00:00Z\t" ID "\thello\n"
		 "2026-11-22T08:00:00.351Z END RequestId: " ID "\n"
		 "2026-11-22T08:00:00.352Z REPORT RequestId: " ID
		 "\tDuration: 250.06 ms\tBilled Duration: 351 ms\tMemory Size: 512 MB\t"
		 "Max Memory Used: 87 MB\tInit Duration: 100.77 ms\t\n");
	assert_int_equal(got.n, 1);
	assert_int_equal(got.complaints_n, 0);
	assert_string_equal(inv->request_id, ID);
	assert_string_equal(inv->function->name, "hello");
	assert_string_equal(inv->function->version, "$LATEST");
	assert_int_equal(inv->function->platform, PLATFORM_AWS_LAMBDA);
	assert_int_equal(inv->function->memory_limit_mb, 512);
	assert_int_equal(inv->kind, KIND_LAMBDA);
	assert_int_equal(inv->start_ns, at_time("2026-11-22T08:00:00.100Z"));
	assert_int_equal(inv->duration_ns, 250060000);
	assert_int_equal(inv->init_ns, 100770000);
	assert_int_equal(inv->start_type, START_COLD);
	assert_int_equal(inv->peak_memory_bytes, 87 << 20);
	assert_int_equal(inv->has, HAS_DURATION | HAS_INIT | HAS_MEMORY | HAS_BUSY);
	assert_int_equal(inv->quality, QUALITY_MEMORY_SANDBOX | QUALITY_STATUS_ESTIMATE);
	assert_int_equal(got.billed_ms[0], 351);
}

static void test_a_report_alone_is_placed_by_its_time(void **state)
{
	(void)state;
	read_log("2026-11-22T08:00:00.352Z " WARM "\n");
	assert_int_equal(got.n, 1);
	assert_int_equal(got.invocations[0].start_type, START_WARM);
	assert_int_equal(
	    got.invocations[0].start_ns, at_time("2026-11-22T08:00:00.352Z") - 12340000);
	assert_true(got.invocations[0].quality & QUALITY_START_ESTIMATE);
	assert_string_equal(got.functions[0].version, "");
}

static void test_the_time_of_start_or_end_serves_a_report_without(void **state)
{
	(void)state;
	read_log("2026-11-22T08:00:00Z END RequestId: " ID "\n" WARM "\n");
	assert_int_equal(
	    got.invocations[0].start_ns, at_time("2026-11-22T08:00:00Z") - 12340000);
	read_log("1795334400123 START RequestId: " ID " Version: 7\n" WARM);
	assert_int_equal(got.n, 1);
	assert_true(got.invocations[0].start_ns == 1795334400123000000LL);
	assert_string_equal(got.functions[0].version, "7");
}

/* The log is cut in front of it, and others of the function tell their version. */
static void test_a_report_without_start_has_the_version_told_before(void **state)
{
	(void)state;
	read_log("2026-11-22T08:00:00Z START RequestId: " ID2 " Version: 7\n"
		 "2026-11-22T08:00:01Z " WARM "\n");
	assert_int_equal(got.n, 1);
	assert_string_equal(got.functions[0].version, "7");
	imported_text(IMPORT_LAMBDA_REPORT, NULL,
	    "/aws/lambda/pay 2026/11/22/[3]0123456789abcdef "
	    "2026-11-22T08:00:00+00:00 START RequestId: " ID2 " Version: 3\n"
	    "/aws/lambda/sell 2026-11-22T08:00:00+00:00 " WARM "\n",
	    &got);
	assert_int_equal(got.n, 1);
	assert_string_equal(got.functions[0].name, "sell");
	assert_string_equal(got.functions[0].version, "");
}

static void test_without_any_time_the_first_line_ends_it(void **state)
{
	const struct import_settings at = {.source = IMPORT_LAMBDA_REPORT,
	    .function.name = "hello",
	    .at_ns = 1000000000};

	(void)state;
	read_log("noise\n" WARM "\n");
	assert_int_equal(got.err, -ENODATA);
	assert_int_equal(got.line, 2);
	assert_non_null(strstr(got.why, "--at TIME"));
	assert_int_equal(got.n, 0);
	imported_bytes(&at, WARM, strlen(WARM), &got);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.invocations[0].start_ns, 1000000000);
}

static void test_without_a_function_the_first_line_ends_it(void **state)
{
	(void)state;
	imported_text(IMPORT_LAMBDA_REPORT, NULL, "2026-11-22T08:00:00Z " WARM, &got);
	assert_int_equal(got.err, -ENODATA);
	assert_non_null(strstr(got.why, "--function"));
}

static void test_group_and_stream_in_front_of_a_line(void **state)
{
	(void)state;
	imported_text(IMPORT_LAMBDA_REPORT, NULL,
	    "/aws/lambda/pay 2026/11/22/[3]0123456789abcdef "
	    "2026-11-22T08:00:00+00:00 " WARM
	    "\n2026-11-22T08:00:00.5+00:00 2026/11/22/[$LATEST]b1946ac9 START "
	    "RequestId: " ID2 " Version: $LATEST\n",
	    &got);
	assert_int_equal(got.n, 1);
	assert_string_equal(got.functions[0].name, "pay");
	assert_string_equal(got.functions[0].version, "3");
	assert_string_equal(got.invocations[0].sandbox, "0123456789abcdef");
}

static void test_how_it_ended(void **state)
{
	static const struct {
		const char *text;
		enum invocation_status status;
		bool is_sure;
	} cases[] = {
	    {"1795334400123 " WARM "Status: timeout\n", STATUS_TIMEOUT, true},
	    {"1795334400123 " WARM "Status: error\tError Type: Runtime.Unknown\n",
		STATUS_ERROR, true},
	    {"1795334400123 " WARM "Status: error\tError Type: Runtime.ExitError\n",
		STATUS_CRASH, true},
	    {"1795334400123 " WARM "Status: success\n", STATUS_OK, true},
	    {"1795334400123 " WARM "\n2026-11-22T08:00:03.000Z " ID
	     " Task timed out after 3.00 seconds\n\n",
		STATUS_TIMEOUT, true},
	    {"RequestId: " ID
	     " Error: Runtime exited with error: exit status 3\n1795334400123 " WARM "\n",
		STATUS_CRASH, true},
	    {"RequestId: " ID " Error: Runtime exited with error: signal: killed\n"
	     "Runtime.ExitError\n1795334400123 REPORT RequestId: " ID
	     "\tDuration: 1.00 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\t"
	     "Max Memory Used: 129 MB\n",
		STATUS_OOM, true},
	    {"1795334400123 REPORT RequestId: " ID
	     "\tDuration: 1.00 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\t"
	     "Status: error\tError Type: Runtime.ExitError\n",
		STATUS_OOM, false},
	    {"1795334400123 " WARM "\n", STATUS_OK, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_log(cases[i].text);
		assert_int_equal(got.n, 1);
		assert_int_equal(got.invocations[0].status, cases[i].status);
		assert_int_equal(!(got.invocations[0].quality & QUALITY_STATUS_ESTIMATE),
		    cases[i].is_sure);
	}
}

static void test_a_snapshot_is_restored(void **state)
{
	(void)state;
	read_log("RESTORE_REPORT Restore Duration: 615.95 ms\n1795334400123 " WARM
		 "Restore Duration: 616.54 ms\tBilled Restore Duration: 235 ms \n");
	assert_int_equal(got.n, 1);
	assert_int_equal(got.complaints_n, 0);
	assert_int_equal(got.invocations[0].start_type, START_COLD);
	assert_int_equal(got.invocations[0].init_ns, 616540000);
	assert_int_equal(got.billed_ms[0], 0); /* of another kind */
	assert_int_equal(got.failed_inits, 0);
}

static void test_inits_that_failed_are_counted(void **state)
{
	(void)state;
	read_log(
	    "INIT_REPORT Init Duration: 9999.50 ms\tPhase: init\tStatus: timeout\n"
	    "INIT_REPORT Init Duration: 3.50 ms\tPhase: init\tStatus: error\tError Type: "
	    "Runtime.ExitError\n1795334400123 " WARM "\n");
	assert_int_equal(got.failed_inits, 2);
	assert_int_equal(got.n, 1);
}

static void test_xray_behind_a_report(void **state)
{
	(void)state;
	imported_text(IMPORT_LAMBDA_REPORT, "hello",
	    "{\"events\":[{\"timestamp\":1795334400123,\"message\":\"REPORT "
	    "RequestId: " ID "\\tDuration: 1 ms\\tMemory Size: 128 MB\\t\\nXRAY TraceId: "
	    "1-5e41a79d-e6a0db584029dba86a594b7e\\tSegmentId: 8c34f5ad8f92d510\\t"
	    "Sampled: true\\t\\n\"}]}",
	    &got);
	assert_int_equal(got.n, 1);
	assert_string_equal(
	    got.invocations[0].trace_id, "1-5e41a79d-e6a0db584029dba86a594b7e");
	read_log("1795334400123 " WARM
		 "\nXRAY TraceId: 1-5e41a79d-e6a0db584029dba86a594b7e\n");
	assert_int_equal(got.n, 1);
	assert_int_equal(got.complaints_n, 0);
}

static void test_bad_lines_are_told_and_passed_over(void **state)
{
	(void)state;
	read_log("1795334400123 REPORT RequestId: \tDuration: 1 ms\n"
		 "1795334400123 REPORT RequestId: " ID "\tDuration: one ms\n"
		 "1795334400123 REPORT RequestId: " ID "\tMemory Size: 128 MB\n"
		 "1795334400123 REPORT RequestId: " ID2 "\tDuration: 99999999999999 ms\n"
		 "1795334400123 " WARM "\n");
	assert_int_equal(got.n, 1);
	assert_int_equal(got.complaints_n, 4);
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(got.lines[i], i + 1);
	assert_string_equal(got.whys[2], "a REPORT line without a duration");
}

/* However far behind its start an event says what it is. */
static void test_a_bad_event_is_told_with_its_reason(void **state)
{
	char text[512];

	(void)state;
	(void)snprintf(text, sizeof(text),
	    "{\"pad\":\"%0200d\",\"time\":\"2026-11-22T08:00:00Z\",\"type\":"
	    "\"platform.report\",\"record\":{\"requestId\":\"" ID "\"}}\n",
	    0);
	read_log(text);
	assert_int_equal(got.n, 0);
	assert_int_equal(got.complaints_n, 1);
	assert_true(strlen(got.whys[0]) > 0);
}

static void test_what_is_not_the_platforms_is_passed_over(void **state)
{
	(void)state;
	read_log(
	    "\n\r\n[INFO] " WARM "\n{ a: 1,\n  b: 2 }\n[1,2,\nthat\n{\"type\":\"x\"}\n"
	    "{\"message\":5}\n{\"message\":\"REPORT\"}\nREPORTs\n\xff\xfe\n"
	    "user said: REPORT RequestId: " ID "\tDuration: 1 ms\n");
	assert_int_equal(got.n, 0);
	assert_int_equal(got.err, 0);
	assert_int_equal(got.complaints_n, 0);
}

static void test_the_same_id_again_is_another_try(void **state)
{
	(void)state;
	read_log("1795334400000 START RequestId: " ID " Version: 1\n1795334401000 " WARM
		 "\n1795334460000 START RequestId: " ID " Version: 1\n1795334461000 " WARM
		 "\n");
	assert_int_equal(got.n, 2);
	assert_true(got.invocations[0].start_ns == 1795334400000000000LL);
	assert_true(got.invocations[1].start_ns == 1795334460000000000LL);
}

static void test_a_time_that_no_ledger_takes_is_told(void **state)
{
	(void)state;
	read_log("9999999999999 " WARM "\n1970-01-01T00:00:00Z " REPORT_OF(ID2) "\n");
	assert_int_equal(got.n, 0);
	assert_int_equal(got.complaints_n, 2);
	assert_string_equal(got.whys[0], "a start before 1970 or after 2200");
}

#define FIELD(name, value) "{\"field\":\"" name "\",\"value\":\"" value "\"}"
#define AT(time) FIELD("@timestamp", "2026-11-22 08:00:0" time)
#define PTR "," FIELD("@ptr", "CmEKJgoiNjIyMzcwMzk3NjQzOi9hd3M")
#define RESULTS(rows)                                                                    \
	"{\n \"queryLanguage\": \"CWLI\",\n \"results\": [\n" rows                       \
	"\n ],\n \"statistics\": {\"recordsMatched\": 2.0},\n \"status\": "              \
	"\"Complete\"\n}\n"

/* Of Logs Insights: the lines as they were logged, the newest first. */
static void test_messages_of_a_query_are_lines(void **state)
{
	static const char where[] =
	    FIELD("@log", "622370397643:/aws/lambda/cart") "," FIELD(
		"@logStream", "2026/11/22/[7]0123abcd");
	char text[2048];

	(void)state;
	(void)snprintf(text, sizeof(text),
	    RESULTS("[" AT("1.352") "," FIELD("@message",
		"REPORT RequestId: " ID
		"\\tDuration: 12.34 ms\\tBilled Duration: 13 ms\\tMemory Size: 128 MB\\t"
		"Max Memory Used: 18 MB\\t\\n") ",%s" PTR
						"], [" AT("1.340") "," FIELD("@message",
						    "START RequestId: " ID
						    " Version: 7\\n") ",%s]"),
	    where, where);
	imported_text(IMPORT_LAMBDA_REPORT, "", text, &got);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.complaints_n, 0);
	assert_string_equal(got.functions[0].name, "cart");
	assert_string_equal(got.functions[0].version, "7");
	assert_string_equal(got.invocations[0].sandbox, "0123abcd");
	assert_int_equal(
	    got.invocations[0].start_ns, at_time("2026-11-22T08:00:01.352Z") - 12340000);
}

/* And the fields that it finds in them: MB are 10^6 bytes there. Pages may be
 * elements of an array. */
static void test_fields_of_a_query_are_a_report(void **state)
{
	static const char page[] = RESULTS("[" AT("1.000") "," FIELD(
	    "@type", "START") "," FIELD("@requestId",
	    ID) "],\n"
		"[" AT("1.352") "," FIELD("@type", "REPORT") "," FIELD("@requestId",
		    ID) "," FIELD("@duration", "250.06") "," FIELD("@billedDuration",
		    "351.0") "," FIELD("@initDuration", "100.77") "," FIELD("@memorySize",
		    "5.12E8") "," FIELD("@maxMemoryUsed", "87000000") PTR "]");
	char text[2048];

	(void)state;
	for (int i = 0; i < 2; i++) {
		(void)snprintf(text, sizeof(text), i ? "[%s]" : "%s", page);
		read_log(text);
		assert_int_equal(got.n, 1);
		assert_int_equal(got.complaints_n, 0);
		assert_int_equal(
		    got.invocations[0].start_ns, at_time("2026-11-22T08:00:01.000Z"));
		assert_int_equal(got.invocations[0].duration_ns, 250060000);
		assert_int_equal(got.invocations[0].init_ns, 100770000);
		assert_int_equal(got.invocations[0].start_type, START_COLD);
		assert_int_equal(got.invocations[0].peak_memory_bytes, 87 << 20);
		assert_int_equal(got.functions[0].memory_limit_mb, 512);
		assert_int_equal(got.billed_ms[0], 351);
	}
}

static void test_bad_results_are_told_and_others_passed_over(void **state)
{
	(void)state;
	read_log(RESULTS("[" AT("1.000") "," FIELD("@duration",
	    "1") "],\n"
		 "[" AT("1.000") "," FIELD("@requestId", ID) "," FIELD("@duration",
		     "one") "],\n"
			    "[" FIELD("bin(5m)", "2026-11-22 08:00:00.000") "," FIELD(
				"count()", "7") "],\n"
						"[], [1, 2], [{\"field\": 7}], 8, [" AT(
						    "2") "," FIELD("@message",
						    "hello") "]"));
	assert_int_equal(got.n, 0);
	assert_int_equal(got.err, 0);
	assert_int_equal(got.complaints_n, 2);
	assert_int_equal(got.lines[0], 4);
	assert_string_equal(got.whys[0], "a result of an invocation without @requestId");
	assert_string_equal(got.whys[1], "a result with a figure that is none");
	/* the same word in what a function logs by itself is nothing special */
	read_log("{\"level\":\"INFO\",\"results\":[[1,2],[3]]}\n"
		 "2026-11-22T08:00:00Z " REPORT_OF(ID));
	assert_int_equal(got.n, 1);
	assert_int_equal(got.complaints_n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_whole_invocation),
	    cmocka_unit_test(test_a_report_alone_is_placed_by_its_time),
	    cmocka_unit_test(test_the_time_of_start_or_end_serves_a_report_without),
	    cmocka_unit_test(test_a_report_without_start_has_the_version_told_before),
	    cmocka_unit_test(test_without_any_time_the_first_line_ends_it),
	    cmocka_unit_test(test_without_a_function_the_first_line_ends_it),
	    cmocka_unit_test(test_group_and_stream_in_front_of_a_line),
	    cmocka_unit_test(test_how_it_ended),
	    cmocka_unit_test(test_a_snapshot_is_restored),
	    cmocka_unit_test(test_inits_that_failed_are_counted),
	    cmocka_unit_test(test_xray_behind_a_report),
	    cmocka_unit_test(test_bad_lines_are_told_and_passed_over),
	    cmocka_unit_test(test_a_bad_event_is_told_with_its_reason),
	    cmocka_unit_test(test_what_is_not_the_platforms_is_passed_over),
	    cmocka_unit_test(test_the_same_id_again_is_another_try),
	    cmocka_unit_test(test_a_time_that_no_ledger_takes_is_told),
	    cmocka_unit_test(test_messages_of_a_query_are_lines),
	    cmocka_unit_test(test_fields_of_a_query_are_a_report),
	    cmocka_unit_test(test_bad_results_are_told_and_others_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
