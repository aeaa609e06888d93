/* Events and exports in JSON: Lambda's, in all their envelopes; Cloud Run's; Application
 * Insights'; traces. */
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "tests/unit/imported.h"

#define ID "3604209a-e9a3-11e6-939a-754dd98c7be3"
#define REPORT_TEXT                                                                      \
	"REPORT RequestId: " ID "\\tDuration: 12.34 ms\\tBilled Duration: 13 ms\\t"      \
	"Memory Size: 128 MB\\tMax Memory Used: 18 MB\\t\\n"
#define ENVELOPE                                                                         \
	"{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"123456789012\",\"logGroup\":"     \
	"\"/aws/lambda/pay\",\"logStream\":\"2026/11/22/[$LATEST]0123abcd\","            \
	"\"subscriptionFilters\":[\"all\"],\"logEvents\":[{\"id\":\"1\",\"timestamp\":"  \
	"1795334400123,\"message\":\"" REPORT_TEXT "\"},{\"id\":\"2\",\"timestamp\":"    \
	"1795334400124,\"message\":\"END of it\"}]}"
#define EVENTS                                                                           \
	"{\"time\":\"2026-11-22T08:00:00.100Z\",\"type\":\"platform.initStart\","        \
	"\"record\":{\"initializationType\":\"on-demand\",\"phase\":\"init\"}},"         \
	"{\"time\":\"2026-11-22T08:00:00.400Z\",\"type\":\"platform.initReport\","       \
	"\"record\":{\"initializationType\":\"on-demand\",\"status\":\"success\","       \
	"\"phase\":\"init\",\"metrics\":{\"durationMs\":125.33}}},"                      \
	"{\"time\":\"2026-11-22T08:00:00.500Z\",\"type\":\"platform.start\",\"record\":" \
	"{\"requestId\":\"" ID "\",\"version\":\"$LATEST\",\"tracing\":{\"spanId\":"     \
	"\"54565fb41ac79632\",\"type\":\"X-Amzn-Trace-Id\",\"value\":\"Root=1-62e900b2-" \
	"710d76f009d6e7785905449a;Parent=0efbd19962d95b05;Sampled=1\"}}},"               \
	"{\"time\":\"2026-11-22T08:00:01Z\",\"type\":\"function\",\"record\":\"hi\"},"   \
	"{\"time\":\"2026-11-22T08:00:01.100Z\",\"type\":\"platform.runtimeDone\","      \
	"\"record\":{\"requestId\":\"" ID "\",\"status\":\"success\",\"metrics\":{"      \
	"\"durationMs\":140.1,\"producedBytes\":16}}},"                                  \
	"{\"time\":\"2026-11-22T08:00:01.200Z\",\"type\":\"platform.report\","           \
	"\"record\":{\"requestId\":\"" ID "\",\"metrics\":{\"durationMs\":220.33,"       \
	"\"billedDurationMs\":346,\"memorySizeMB\":128,\"maxMemoryUsedMB\":90,"          \
	"\"initDurationMs\":125.33},\"status\":\"success\"}}"

static struct imported got;

static void assert_pay(void)
{
	assert_int_equal(got.err, 0);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.complaints_n, 0);
	assert_string_equal(got.functions[0].name, "pay");
	assert_string_equal(got.functions[0].version, "$LATEST");
	assert_string_equal(got.invocations[0].sandbox, "0123abcd");
	assert_int_equal(got.invocations[0].duration_ns, 12340000);
	assert_true(got.invocations[0].start_ns == 1795334400123000000LL - 12340000);
}

static void test_a_subscription_names_the_function(void **state)
{
	(void)state;
	imported_text(IMPORT_LAMBDA_REPORT, NULL, ENVELOPE, &got);
	assert_pay();
	imported_text(IMPORT_LAMBDA_REPORT, NULL, "[" ENVELOPE "]", &got);
	assert_pay();
	/* Firehose: one behind the other on a line */
	imported_text(IMPORT_LAMBDA_REPORT, NULL, ENVELOPE ENVELOPE "\n" ENVELOPE, &got);
	assert_int_equal(got.n, 3);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): zlib writes there */
static size_t gzipped(const char *text, uint8_t *out, size_t room)
{
	z_stream z = {.next_in = (z_const Bytef *)text,
	    .avail_in = (uInt)strlen(text),
	    .next_out = out,
	    .avail_out = (uInt)room};

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, 0), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	(void)deflateEnd(&z);
	return room - z.avail_out;
}

static void put_base64(const uint8_t *in, size_t n, char *out)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		uint32_t bits = (uint32_t)in[i] << 16;

		bits |= i + 1 < n ? (uint32_t)in[i + 1] << 8 : 0;
		bits |= i + 2 < n ? (uint32_t)in[i + 2] : 0;
		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = (char)(i + 1 < n ? digits[bits >> 6 & 63] : '=');
		*out++ = (char)(i + 2 < n ? digits[bits & 63] : '=');
	}
	*out = '\0';
}

static void test_the_data_that_lambda_hands_a_subscriber(void **state)
{
	uint8_t zipped[2048];
	char data[4096];
	char text[8192];
	size_t n = gzipped(ENVELOPE, zipped, sizeof(zipped));

	(void)state;
	put_base64(zipped, n, data);
	(void)snprintf(text, sizeof(text), "{\"awslogs\":{\"data\":\"%s\"}}", data);
	imported_text(IMPORT_LAMBDA_REPORT, NULL, text, &got);
	assert_pay();
	put_base64(zipped, n - 9, data); /* cut off */
	(void)snprintf(text, sizeof(text), "{\"awslogs\":{\"data\":\"%s\"}}", data);
	imported_text(IMPORT_LAMBDA_REPORT, NULL, text, &got);
	assert_true(got.complaints_n > 0);
	imported_text(
	    IMPORT_LAMBDA_REPORT, NULL, "{\"awslogs\":{\"data\":\"a-b\"}}", &got);
	assert_string_equal(got.whys[0], "awslogs.data is no base64");
}

static void test_gzip_may_be_cut_or_joined(void **state)
{
	const struct import_settings settings = {.source = IMPORT_LAMBDA_REPORT};
	uint8_t zipped[4096];
	size_t n = gzipped(ENVELOPE "\n", zipped, 2048);

	(void)state;
	imported_bytes(&settings, zipped, n, &got);
	assert_pay();
	memcpy(zipped + n, zipped, n);
	imported_bytes(&settings, zipped, 2 * n, &got);
	assert_int_equal(got.n, 2);
	imported_bytes(&settings, zipped, n - 1, &got);
	assert_int_equal(got.err, -EBADMSG);
	assert_string_equal(got.why, "the gzip data is cut off");
	zipped[n / 2] ^= 0xff;
	imported_read(&settings, zipped, n, n, &got);
	assert_int_equal(got.err, -EBADMSG);
}

static void test_what_filter_log_events_prints(void **state)
{
	(void)state;
	imported_text(IMPORT_LAMBDA_REPORT, "pay",
	    "{\n    \"events\": [\n        {\n            \"logStreamName\": "
	    "\"2026/11/22/[$LATEST]0123abcd\",\n            \"timestamp\": 1795334400123,"
	    "\n            \"message\": \"" REPORT_TEXT
	    "\",\n            \"eventId\": \"3\"\n        }\n    ],\n"
	    "    \"searchedLogStreams\": []\n}\n",
	    &got);
	assert_pay();
}

static void test_events_of_the_platform(void **state)
{
	static const char *const forms[] = {
	    "[" EVENTS "]", EVENTS, "  [\n" EVENTS "\n]\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct invocation *inv = &got.invocations[0];

		imported_text(IMPORT_TELEMETRY, "hello", forms[i], &got);
		assert_int_equal(got.n, 1);
		assert_int_equal(got.complaints_n, 0);
		assert_int_equal(inv->start_ns, at_time("2026-11-22T08:00:00.5Z"));
		assert_int_equal(inv->duration_ns, 220330000);
		assert_int_equal(inv->init_ns, 125330000);
		assert_int_equal(inv->start_type, START_COLD);
		assert_int_equal(inv->status, STATUS_OK);
		assert_int_equal(inv->quality, QUALITY_MEMORY_SANDBOX);
		assert_int_equal(got.billed_ms[0], 346);
		assert_string_equal(got.functions[0].version, "$LATEST");
	}
}

static void test_an_init_ahead_of_events_makes_no_cold_start(void **state)
{
	char text[sizeof(EVENTS)];
	char *at;

	(void)state;
	memcpy(text, EVENTS, sizeof(text));
	at = strstr(strstr(text, "initReport"), "\"on-demand\"");
	/* the longer word goes where the status was */
	memcpy(at, "\"provisioned-concurrency\" ", 26);
	memset(at + 26, ' ', strlen("\"on-demand\",\"status\":\"success\"") - 26);
	imported_text(IMPORT_TELEMETRY, "hello", text, &got);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.invocations[0].start_type, START_PREWARMED);
}

static void test_an_extension_is_told_the_function(void **state)
{
	(void)state;
	imported_text(IMPORT_TELEMETRY, NULL,
	    "{\"eventType\":\"INVOKE\",\"deadlineMs\":676051,\"requestId\":\"" ID
	    "\",\"invokedFunctionArn\":\"arn:aws:lambda:us-east-1:123456789012:function:"
	    "pay:live\"}\n" EVENTS,
	    &got);
	assert_int_equal(got.n, 1);
	assert_string_equal(got.functions[0].name, "pay");
}

static void test_an_event_is_told_when_it_is_malformed(void **state)
{
	(void)state;
	imported_text(IMPORT_TELEMETRY, "hello",
	    "{\"type\":\"platform.report\",\"record\":{\"requestId\":\"x\"}}\n"
	    "{\"type\":\"platform.report\",\"time\":\"2026-11-22T08:00:00Z\",\"record\":{"
	    "}}\n"
	    "{\"type\":\"platform.report\",\"time\":\"2026-11-22T08:00:00Z\",\"record\":"
	    "{\"requestId\":\"x\",\"metrics\":{\"durationMs\":-1}}}\n"
	    "{\"type\":\"platform.report\",\"time\":\"2026-11-22T08:00:00Z\",\"record\":"
	    "{\"requestId\":\"x\",\"metrics\":{\"durationMs\":1}}\n",
	    &got);
	assert_int_equal(got.n, 0);
	assert_int_equal(got.complaints_n, 4);
	assert_int_equal(got.lines[3], 4);
}

#define RUN                                                                              \
	"{\"insertId\":\"64b0\",\"httpRequest\":{\"requestMethod\":\"GET\","             \
	"\"requestSize"                                                                  \
	"\":\"312\",\"status\":503,\"responseSize\":\"1204\",\"latency\":"               \
	"\"1.250125500s\"},\"resource\":{\"type\":\"cloud_run_revision\",\"labels\":{"   \
	"\"service_name\":\"hello\",\"revision_name\":\"hello-00001\",\"location\":"     \
	"\"europe-west1\"}},\"timestamp\":\"2026-11-22T08:00:00.123456Z\",\"labels\":{"  \
	"\"instanceId\":\"00c6\"},\"trace\":\"projects/p/traces/0679686673a\"}"

static void test_requests_of_cloud_run(void **state)
{
	const struct invocation *inv = &got.invocations[0];

	(void)state;
	imported_text(IMPORT_GCP_RUN, NULL,
	    "[" RUN ",\n{\"textPayload\":\"hi\",\"resource\":{\"type\":"
	    "\"cloud_run_revision\"}}]",
	    &got);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.complaints_n, 0);
	assert_string_equal(inv->request_id, "64b0");
	assert_string_equal(inv->trace_id, "0679686673a");
	assert_string_equal(inv->sandbox, "00c6");
	assert_string_equal(inv->function->name, "hello");
	assert_string_equal(inv->function->version, "hello-00001");
	assert_string_equal(inv->function->region, "europe-west1");
	assert_int_equal(inv->duration_ns, 1250126000); /* to a microsecond */
	assert_int_equal(inv->http_status, 503);
	assert_int_equal(inv->status, STATUS_ERROR);
	assert_int_equal(inv->request_bytes, 312);
	assert_int_equal(inv->quality, QUALITY_DURATION_ESTIMATE);
	assert_int_equal(inv->start_type, START_UNKNOWN);
	imported_text(IMPORT_GCP_RUN, "mine",
	    RUN "\n{\"httpRequest\":{\"latency\":\"x\"},\"resource\":{\"type\":"
		"\"cloud_run_revision\"}}\n{\"broken\":\n{oh\n",
	    &got);
	assert_string_equal(got.functions[0].name, "mine");
	assert_int_equal(got.n, 1);
	assert_int_equal(got.complaints_n, 3);
}

static void test_requests_of_application_insights(void **state)
{
	const struct invocation *inv = &got.invocations[0];

	(void)state;
	imported_text(IMPORT_AZURE_INSIGHTS, NULL,
	    "{\"timestamp\":\"2026-11-22T08:00:00.123Z\",\"id\":\"7f\",\"name\":\"Pay\","
	    "\"success\":\"False\",\"resultCode\":\"500\",\"duration\":12.5,"
	    "\"operation_Id\":\"af\",\"cloud_RoleName\":\"shop\",\"itemType\":"
	    "\"request\","
	    "\"itemCount\":4}\n"
	    "{\"TimeGenerated\":\"2026-11-22T08:00:01Z\",\"Id\":\"80\",\"Name\":"
	    "\"GET /api/x\",\"Success\":true,\"ResultCode\":\"200\",\"DurationMs\":1,"
	    "\"AppRoleName\":\"shop\",\"Type\":\"AppRequests\"}\n"
	    "{\"itemType\":\"dependency\",\"name\":\"sql\"}\n",
	    &got);
	assert_int_equal(got.n, 2);
	assert_int_equal(got.sampled, 3);
	assert_int_equal(got.complaints_n, 0);
	assert_string_equal(inv->function->name, "shop:Pay");
	assert_int_equal(inv->function->platform, PLATFORM_AZURE_FUNCTIONS);
	assert_int_equal(inv->duration_ns, 12500000);
	assert_int_equal(inv->status, STATUS_ERROR);
	assert_int_equal(inv->http_status, 500);
	assert_string_equal(inv->trace_id, "af");
	assert_string_equal(got.functions[1].name, "shop");
	assert_int_equal(got.invocations[1].status, STATUS_OK);
}

static void test_the_answer_to_a_query_has_tables(void **state)
{
	static const char columns[] =
	    "{\"tables\":[{\"name\":\"PrimaryResult\",\"columns\":[{\"name\":"
	    "\"timestamp\","
	    "\"type\":\"datetime\"},{\"name\":\"name\",\"type\":\"string\"},{\"name\":"
	    "\"success\",\"type\":\"string\"},{\"name\":\"duration\",\"type\":\"real\"},"
	    "{\"name\":\"customDimensions\"}],\n\"rows\":[";
	char text[1024];

	(void)state;
	(void)snprintf(text, sizeof(text),
	    "%s[\"2026-11-22T08:00:00.1Z\",\"Pay\",\"True\",2.5,{\"a\":[1,2]}],\n"
	    "[\"2026-11-22T08:00:01Z\",\"Ship\",\"False\",7,null],\n[\"short\"],7]}]}",
	    columns);
	imported_text(IMPORT_AZURE_INSIGHTS, NULL, text, &got);
	assert_int_equal(got.n, 2);
	assert_string_equal(got.functions[0].name, "Pay");
	assert_int_equal(got.invocations[0].duration_ns, 2500000);
	assert_int_equal(got.invocations[1].status, STATUS_ERROR);
	assert_int_equal(got.complaints_n, 1);
	assert_int_equal(got.lines[0], 4);
}

static void test_time_spans(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns; /* 0: none */
	} cases[] = {{"\"00:00:01.234\"", 1234000000}, {"\"00:01:00\"", 60000000000},
	    {"\"1.02:03:04.5000000\"", 93784500000000},
	    {"\"01:00:00.0000100\"", 3600000010000}, {"\"12.25\"", 12250000},
	    {"\"00:60:00\"", 0}, {"\"24:00:00\"", 0}, {"\"00:00\"", 0}, {"\"soon\"", 0},
	    {"-1", 0}, {"[]", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];

		(void)snprintf(text, sizeof(text),
		    "{\"itemType\":\"request\",\"timestamp\":\"2026-11-22T08:00:00Z\","
		    "\"name\":\"f\",\"success\":true,\"duration\":%s}",
		    cases[i].text);
		imported_text(IMPORT_AZURE_INSIGHTS, NULL, text, &got);
		assert_int_equal(got.n, cases[i].ns > 0);
		assert_int_equal(got.complaints_n, cases[i].ns == 0);
		if (got.n)
			assert_int_equal(got.invocations[0].duration_ns, cases[i].ns);
	}
}

#define SPANS(name, id)                                                                  \
	"{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"faas.name\","     \
	"\"value\":{\"stringValue\":\"" name                                             \
	"\"}}]},\"scopeSpans\":[{\"spans\":[{\"traceId\":"                               \
	"\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"" id                          \
	"\",\"kind\":2,\"startTimeUnixNano\":\"1795334400000000000\","                   \
	"\"endTimeUnixNano\":\"1795334400250000000\"}]}]}]}"

static void test_traces_in_json(void **state)
{
	(void)state;
	imported_text(IMPORT_OTLP, NULL,
	    SPANS("a", "eee19b7ec3c1b174") "\n" SPANS("b", "eee19b7ec3c1b175") "\n",
	    &got);
	assert_int_equal(got.n, 2);
	assert_string_equal(got.functions[1].name, "b");
	assert_int_equal(got.invocations[1].duration_ns, 250000000);
	imported_text(IMPORT_OTLP, "c",
	    SPANS("a", "eee19b7ec3c1b174") "\nno\n{\"resourceSpans\":7}", &got);
	assert_int_equal(got.n, 1);
	assert_string_equal(got.functions[0].name, "c");
	assert_int_equal(got.complaints_n, 2);
	assert_int_equal(got.lines[1], 3);
}

/* ExportTraceServiceRequest { resource_spans { resource, scope_spans { spans } } } */
static const uint8_t proto[] = {0x0a, 0x48, 0x0a, 0x12, 0x0a, 0x10, 0x0a, 0x09, 'f', 'a',
    'a', 's', '.', 'n', 'a', 'm', 'e', 0x12, 0x03, 0x0a, 0x01, 'p', 0x12, 0x32, 0x12,
    0x30, 0x0a, 0x10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0x12, 0x08,
    1, 2, 3, 4, 5, 6, 7, 8, 0x30, 0x02, 0x39, 0x00, 0x00, 0x64, 0xa7, 0xb3, 0xb6, 0xe0,
    0x18, 0x41, 0x80, 0x9d, 0x64, 0xa7, 0xb3, 0xb6, 0xe0, 0x18};

static void test_traces_in_protobuf(void **state)
{
	const struct import_settings settings = {.source = IMPORT_OTLP};
	uint8_t framed[2 * (sizeof(proto) + 4)] = {0};

	(void)state;
	imported_bytes(&settings, proto, sizeof(proto), &got);
	assert_int_equal(got.complaints_n, 0);
	assert_int_equal(got.n, 1);
	assert_string_equal(got.functions[0].name, "p");
	for (size_t i = 0; i < 2; i++) {
		framed[i * (sizeof(proto) + 4) + 3] = sizeof(proto);
		memcpy(framed + i * (sizeof(proto) + 4) + 4, proto, sizeof(proto));
	}
	imported_bytes(&settings, framed, sizeof(framed), &got);
	assert_int_equal(got.n, 2);
	imported_bytes(&settings, framed, sizeof(framed) - 1, &got);
	assert_int_equal(got.n, 1);
	assert_string_equal(got.whys[0], "the last request is cut off");
}

/* A line, a value and a record that never end are dropped, and what follows is read. */
static void test_what_is_endless_takes_no_memory(void **state)
{
	static const char *const starts[] = {
	    "x", "{\"a\":\"", "[{\"a\":\"b\"},{\"a\":\"", "{\"events\":[{\"message\":\""};
	static const char *const ends[] = {"\n", "\"}\n", "\"}]\n", "\"}]}\n"};
	const struct import_settings settings = {
	    .source = IMPORT_LAMBDA_REPORT, .function.name = "hello"};
	const struct import_sink sink = {imported_take, imported_complain, &got};
	static uint8_t much[1 << 20];

	(void)state;
	memset(much, 'y', sizeof(much));
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct import *import;

		memset(&got, 0, sizeof(got));
		assert_int_equal(import_new(&settings, &sink, &import), 0);
		assert_int_equal(
		    import_push(import, (const uint8_t *)starts[i], strlen(starts[i])),
		    0);
		for (int n = 0; n < 40; n++)
			assert_int_equal(import_push(import, much, sizeof(much)), 0);
		assert_int_equal(
		    import_push(import, (const uint8_t *)ends[i], strlen(ends[i])), 0);
		assert_int_equal(
		    import_push(import, (const uint8_t *)ENVELOPE, strlen(ENVELOPE)), 0);
		assert_int_equal(import_end(import), 0);
		import_free(import);
		assert_int_equal(got.n, 1);
		assert_int_equal(got.complaints_n, 1);
		assert_int_equal(got.lines[0], 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_subscription_names_the_function),
	    cmocka_unit_test(test_the_data_that_lambda_hands_a_subscriber),
	    cmocka_unit_test(test_gzip_may_be_cut_or_joined),
	    cmocka_unit_test(test_what_filter_log_events_prints),
	    cmocka_unit_test(test_events_of_the_platform),
	    cmocka_unit_test(test_an_init_ahead_of_events_makes_no_cold_start),
	    cmocka_unit_test(test_an_extension_is_told_the_function),
	    cmocka_unit_test(test_an_event_is_told_when_it_is_malformed),
	    cmocka_unit_test(test_requests_of_cloud_run),
	    cmocka_unit_test(test_requests_of_application_insights),
	    cmocka_unit_test(test_the_answer_to_a_query_has_tables),
	    cmocka_unit_test(test_time_spans),
	    cmocka_unit_test(test_traces_in_json),
	    cmocka_unit_test(test_traces_in_protobuf),
	    cmocka_unit_test(test_what_is_endless_takes_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
