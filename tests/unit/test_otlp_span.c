/* What attributes of spans and resources mean; told in JSON, which is easier to read. */
#include "tests/unit/otlp_taken.h"

static struct taken taken;

/* The one invocation of a request. */
static const struct invocation *one(const char *text)
{
	int err = taken_json(&taken, text);

	if (err || taken.n != 1)
		fail_msg("error %d (%s at %zu), %zu taken, %zu rejected (%s): %s", err,
		    taken.tally.why ? taken.tally.why : "", taken.tally.offset, taken.n,
		    taken.tally.rejected, taken.tally.reasons[0].why, text);
	return &taken.inv[0];
}

static void ignored(const char *text)
{
	assert_int_equal(taken_json(&taken, text), 0);
	assert_int_equal(taken.n, 0);
	assert_int_equal(taken.tally.ignored, 1);
	assert_int_equal(taken.tally.rejected, 0);
}

static void rejected(const char *text, const char *why)
{
	assert_int_equal(taken_json(&taken, text), 0);
	assert_int_equal(taken.n, 0);
	assert_int_equal(taken.tally.ignored, 0);
	assert_int_equal(taken.tally.rejected, 1);
	assert_int_equal(taken.tally.reasons_n, 1);
	assert_string_equal(taken.tally.reasons[0].why, why);
}

#define WITH(attributes) OTLP_REQUEST(OTLP_NAME, OTLP_SPAN(attributes, ""))
#define MORE(more) OTLP_REQUEST(OTLP_NAME, OTLP_SPAN("", more))
#define FROM(resource) OTLP_REQUEST(OTLP_NAME "," resource, OTLP_SPAN("", ""))

static void test_otlp_a_lambda_span_is_an_invocation(void **state)
{
	const struct invocation *inv = one(OTLP_REQUEST(
	    OTLP_TEXT_OF("cloud.provider", "aws") "," OTLP_TEXT_OF(
		"cloud.platform", "aws_lambda") "," OTLP_TEXT_OF("cloud.region",
		"us-east-1") "," OTLP_NAME "," OTLP_TEXT_OF("faas.version",
		"$LATEST") "," OTLP_TEXT_OF("faas.instance",
		"2021/06/28/[$LATEST]2f39") "," OTLP_INT_OF("faas.max_memory",
		"\"134217728\"") "," OTLP_TEXT_OF("host.arch",
		"arm64") "," OTLP_TEXT_OF("host.name", "h1"),
	    OTLP_SPAN(OTLP_TEXT_OF("faas.invocation_id", "af9d5aa4") "," OTLP_TEXT_OF(
			  "faas.trigger", "http") "," OTLP_BOOL_OF("faas.coldstart",
			  "true") "," OTLP_INT_OF("http.response.status_code", "201"),
		"")));

	(void)state;
	assert_string_equal(inv->function->name, "f");
	assert_string_equal(inv->function->version, "$LATEST");
	assert_string_equal(inv->function->region, "us-east-1");
	assert_int_equal(inv->function->platform, PLATFORM_AWS_LAMBDA);
	assert_int_equal(inv->function->arch, ARCH_ARM64);
	assert_int_equal(inv->function->memory_limit_mb, 128);
	assert_string_equal(taken.host[0], "h1");
	assert_string_equal(inv->request_id, "af9d5aa4");
	assert_string_equal(inv->sandbox, "2021/06/28/[$LATEST]2f39");
	assert_string_equal(inv->trace_id, OTLP_TRACE);
	assert_int_equal(inv->kind, KIND_LAMBDA);
	assert_int_equal(inv->status, STATUS_OK);
	assert_int_equal(inv->start_type, START_COLD);
	assert_int_equal(inv->has, HAS_DURATION | HAS_HTTP_STATUS);
	assert_int_equal(inv->http_status, 201);
	assert_int_equal(inv->start_ns, 1544712660000000000);
	assert_int_equal(inv->duration_ns, 123456789);
	assert_int_equal(inv->concurrency, 1);
	assert_int_equal(inv->quality, 0);
	assert_false(inv->ping);
}

static void test_otlp_what_is_not_said_is_not_known(void **state)
{
	const struct invocation *inv = one(WITH(""));

	(void)state;
	assert_int_equal(inv->function->platform, PLATFORM_GENERIC);
	assert_int_equal(inv->function->arch, ARCH_UNKNOWN);
	assert_int_equal(inv->function->memory_limit_mb, 0);
	assert_string_equal(inv->function->version, "");
	assert_string_equal(inv->request_id, "");
	assert_int_equal(inv->quality, QUALITY_REQUEST_ID_UNKNOWN);
	assert_string_equal(inv->sandbox, "");
	assert_string_equal(taken.host[0], "");
	assert_int_equal(inv->kind, KIND_UNKNOWN);
	assert_int_equal(inv->start_type, START_UNKNOWN);
	assert_int_equal(inv->has, HAS_DURATION);
}

static void test_otlp_only_entries_of_functions_are_taken(void **state)
{
	static const char service[] =
	    OTLP_REQUEST(OTLP_TEXT_OF("service.name", "s"), OTLP_SPAN("", ""));

	(void)state;
	ignored(service);
	ignored(MORE(",\"kind\":3")); /* a call of another function */
	ignored(MORE(",\"kind\":1"));
	ignored(MORE(",\"kind\":0"));
	(void)one(MORE(",\"kind\":5"));
	/* a server's span inside an invocation, and the same whose parent called it */
	ignored(MORE(",\"parentSpanId\":\"eee19b7ec3c1b173\",\"flags\":257"));
	(void)one(MORE(",\"parentSpanId\":\"eee19b7ec3c1b173\",\"flags\":769"));
	(void)one(MORE(",\"parentSpanId\":\"eee19b7ec3c1b173\",\"flags\":1"));
	(void)one(MORE(",\"parentSpanId\":\"\",\"flags\":257"));
	(void)one(OTLP_REQUEST(
	    OTLP_NAME, OTLP_SPAN(OTLP_TEXT_OF("faas.trigger", "timer"),
			   ",\"parentSpanId\":\"eee19b7ec3c1b173\",\"flags\":257")));
}

static void test_otlp_names_fall_back(void **state)
{
	(void)state;
	assert_string_equal(
	    one(WITH(OTLP_TEXT_OF("faas.name", "g")))->function->name, "g");
	assert_string_equal(one(OTLP_REQUEST(OTLP_TEXT_OF("service.name", "s"),
				    OTLP_SPAN(OTLP_TEXT_OF("faas.trigger", "http"), "")))
				->function->name,
	    "s");
	assert_string_equal(
	    one(OTLP_REQUEST(OTLP_TEXT_OF("service.name", "s"),
		    OTLP_SPAN(OTLP_TEXT_OF("faas.invoked_name", "i"), "")))
		->function->name,
	    "i");
	assert_string_equal(
	    one(WITH(OTLP_TEXT_OF("faas.execution", "e")))->request_id, "e");
	assert_string_equal(
	    one(FROM(OTLP_TEXT_OF("service.instance.id", "627cc493")))->sandbox,
	    "627cc493");
	assert_int_equal(
	    one(WITH(OTLP_INT_OF("http.status_code", "404")))->http_status, 404);
	rejected(OTLP_REQUEST("", OTLP_SPAN(OTLP_TEXT_OF("faas.trigger", "http"), "")),
	    "there is no faas.name");
	rejected(OTLP_REQUEST(OTLP_TEXT_OF("faas.name", ""), OTLP_SPAN("", "")),
	    "there is no faas.name");
}

static void test_otlp_platforms(void **state)
{
	static const struct {
		const char *provider;
		const char *platform;
		enum platform is;
		enum invocation_kind kind;
	} rows[] = {
	    {"aws", "aws_lambda", PLATFORM_AWS_LAMBDA, KIND_LAMBDA},
	    {"aws", "", PLATFORM_AWS_LAMBDA, KIND_LAMBDA},
	    {"aws", "aws_ecs", PLATFORM_GENERIC, KIND_UNKNOWN},
	    {"gcp", "gcp_cloud_functions", PLATFORM_GCP_FUNCTIONS, KIND_HTTP},
	    {"gcp", "gcp.cloud_run", PLATFORM_KNATIVE, KIND_HTTP},
	    {"gcp", "", PLATFORM_GCP_FUNCTIONS, KIND_HTTP},
	    {"azure", "azure_functions", PLATFORM_AZURE_FUNCTIONS, KIND_UNKNOWN},
	    {"", "azure.functions", PLATFORM_AZURE_FUNCTIONS, KIND_UNKNOWN},
	    {"alibaba_cloud", "alibaba_cloud_fc", PLATFORM_GENERIC, KIND_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024];

		(void)snprintf(text, sizeof(text),
		    FROM(OTLP_TEXT_OF("cloud.provider", "%s") "," OTLP_TEXT_OF(
			"cloud.platform", "%s")),
		    rows[i].provider, rows[i].platform);
		assert_int_equal(one(text)->function->platform, rows[i].is);
		assert_int_equal(taken.inv[0].kind, rows[i].kind);
	}
	assert_int_equal(
	    one(WITH(OTLP_TEXT_OF("faas.trigger", "http")))->kind, KIND_HTTP);
	assert_int_equal(
	    one(WITH(OTLP_TEXT_OF("faas.trigger", "timer")))->kind, KIND_UNKNOWN);
}

static void test_otlp_status_and_start(void **state)
{
	(void)state;
	assert_int_equal(one(MORE(",\"status\":{\"code\":2}"))->status, STATUS_ERROR);
	assert_int_equal(one(MORE(",\"status\":{\"code\":1}"))->status, STATUS_OK);
	assert_int_equal(one(MORE(",\"status\":{}"))->status, STATUS_OK);
	assert_int_equal(
	    one(WITH(OTLP_INT_OF("http.response.status_code", "503")))->status,
	    STATUS_ERROR);
	assert_int_equal(
	    one(WITH(OTLP_INT_OF("http.response.status_code", "404")))->status,
	    STATUS_OK);
	assert_int_equal(
	    one(OTLP_REQUEST(
		    OTLP_NAME, OTLP_SPAN(OTLP_INT_OF("http.response.status_code", "503"),
				   ",\"status\":{\"code\":1}")))
		->status,
	    STATUS_OK);
	assert_int_equal(
	    one(WITH(OTLP_BOOL_OF("faas.coldstart", "false")))->start_type, START_WARM);
	assert_int_equal(
	    one(WITH(OTLP_TEXT_OF("faas.coldstart", "true")))->start_type, START_UNKNOWN);
	assert_int_equal(
	    one(WITH(OTLP_INT_OF("http.response.status_code", "70000")))->has,
	    HAS_DURATION);
	assert_int_equal(
	    one(WITH(OTLP_INT_OF("http.response.status_code", "-1")))->has, HAS_DURATION);
}

static void test_otlp_memory_is_bytes_or_formerly_mib(void **state)
{
	static const struct {
		const char *value;
		uint32_t mb;
	} rows[] = {{"134217728", 128}, {"128", 128}, {"1048576", 1}, {"0", 0}, {"-5", 0},
	    {"9223372036854775807", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024];

		(void)snprintf(text, sizeof(text),
		    FROM(OTLP_INT_OF("faas.max_memory", "%s")), rows[i].value);
		assert_int_equal(one(text)->function->memory_limit_mb, rows[i].mb);
	}
}

static void test_otlp_a_ping_is_known_by_its_trace(void **state)
{
	(void)state;
	assert_true(
	    one(MORE(",\"traceId\":\"" PING_TRACE_MARK "00000000000000f1\""))->ping);
}

static void test_otlp_bad_spans_are_rejected_with_the_reason(void **state)
{
	char longest[1400];
	char name[200];

	(void)state;
	rejected(MORE(",\"traceId\":\"\""), "its trace id is not 16 bytes, or zero");
	rejected(MORE(",\"traceId\":\"5b8efff798038103\""),
	    "its trace id is not 16 bytes, or zero");
	rejected(MORE(",\"traceId\":\"5g8efff798038103d269b633813fc60c\""),
	    "its trace id is not 16 bytes, or zero");
	rejected(MORE(",\"traceId\":\"00000000000000000000000000000000\""),
	    "its trace id is not 16 bytes, or zero");
	rejected(MORE(",\"spanId\":\"00\""), "its span id is not 8 bytes, or zero");
	rejected(MORE(",\"startTimeUnixNano\":0"),
	    "it has no start time, or one after the year 2262");
	rejected(MORE(",\"startTimeUnixNano\":\"9223372036854775808\""),
	    "it has no start time, or one after the year 2262");
	rejected(
	    MORE(",\"endTimeUnixNano\":1544712659999999999"), "it ends before it starts");
	rejected(FROM(OTLP_TEXT_OF("cloud.region", "a-region-of-more-than-31-bytes-00")),
	    "cloud.region is longer than 31 bytes, or not UTF-8");
	memset(name, 'n', sizeof(name));
	name[160] = '\0';
	(void)snprintf(
	    longest, sizeof(longest), WITH(OTLP_TEXT_OF("faas.name", "%s")), name);
	rejected(longest, "faas.name is longer than 159 bytes, or not UTF-8");
	(void)snprintf(
	    longest, sizeof(longest), WITH(OTLP_TEXT_OF("faas.name", "%s")), name + 1);
	assert_string_equal(one(longest)->function->name, name + 1);
}

/* An instance of Cloud Run has about 200 digits; two of them stay two. */
static void test_otlp_long_instances_stay_apart(void **state)
{
	char text[1400];
	char id[201];
	char first[INVOCATION_ID_BYTES];

	(void)state;
	memset(id, 'a', sizeof(id));
	id[200] = '\0';
	(void)snprintf(text, sizeof(text), FROM(OTLP_TEXT_OF("faas.instance", "%s")), id);
	memcpy(first, one(text)->sandbox, sizeof(first));
	assert_int_equal(strlen(first), 71);
	assert_string_equal(one(text)->sandbox, first);
	id[199] = 'b';
	(void)snprintf(text, sizeof(text), FROM(OTLP_TEXT_OF("faas.instance", "%s")), id);
	assert_string_not_equal(one(text)->sandbox, first);
	assert_memory_equal(taken.inv[0].sandbox, first, 54);
	id[71] = '\0';
	(void)snprintf(text, sizeof(text), FROM(OTLP_TEXT_OF("faas.instance", "%s")), id);
	assert_string_equal(one(text)->sandbox, id);
}

/* Its own goes before that of its resource, however it names it. */
static void test_otlp_a_span_may_name_its_own_sandbox(void **state)
{
	(void)state;
#define BOTH(key, own)                                                                   \
	OTLP_REQUEST(OTLP_NAME "," OTLP_TEXT_OF("faas.instance", "theirs"),              \
	    OTLP_SPAN(OTLP_TEXT_OF(key, own), ""))
	assert_string_equal(one(BOTH("faas.instance", "its own"))->sandbox, "its own");
	assert_string_equal(one(BOTH("faas.instance", ""))->sandbox, "");
	assert_string_equal(
	    one(BOTH("service.instance.id", "its own"))->sandbox, "theirs");
	assert_string_equal(one(BOTH("faas.trigger", "http"))->sandbox, "theirs");
	assert_string_equal(
	    one(OTLP_REQUEST(OTLP_NAME "," OTLP_TEXT_OF("service.instance.id", "theirs"),
		    OTLP_SPAN(OTLP_TEXT_OF("faas.instance", "its own"), "")))
		->sandbox,
	    "its own");
#undef BOTH
}

/* The next resource knows nothing of the one before it. */
static void test_otlp_resources_are_apart(void **state)
{
	(void)state;
	assert_int_equal(
	    taken_json(&taken,
		"{\"resourceSpans\":[{\"resource\":{\"attributes\":[" OTLP_NAME
		"," OTLP_TEXT_OF("host.name",
		    "h1") "]},\"scopeSpans\":[{\"spans\":[" OTLP_SPAN(OTLP_TEXT_OF("faas."
										   "versi"
										   "on",
									  "7"),
		    "") "," OTLP_SPAN("",
		    "") "]}]},"
			"{\"resource\":{\"attributes\":[" OTLP_TEXT_OF("faas.name",
			    "g") "]},\"scopeSpans\":[{\"spans\":[" OTLP_SPAN("",
			    "") "]}]},"
				"{\"scopeSpans\":[{\"spans\":[" OTLP_SPAN(
				    "", "") "]}]}]}"),
	    0);
	assert_int_equal(taken.n, 3);
	assert_int_equal(taken.tally.ignored, 1);
	assert_string_equal(taken.function[0].version, "7");
	assert_string_equal(taken.function[1].version, "");
	assert_string_equal(taken.host[1], "h1");
	assert_string_equal(taken.function[2].name, "g");
	assert_string_equal(taken.host[2], "");
}

static void test_otlp_answers_say_what_was_rejected(void **state)
{
	static const char bad[] = OTLP_REQUEST(OTLP_NAME,
	    OTLP_SPAN("", "") "," OTLP_SPAN("", ",\"spanId\":\"\"") "," OTLP_SPAN(
		"", ",\"endTimeUnixNano\":0") "," OTLP_SPAN("", ",\"spanId\":\"\""));
	static const char message[] =
	    "span 2: its span id is not 8 bytes, or zero (2 of these); "
	    "span 3: it ends before it starts (1 of these)";
	char out[OTLP_ANSWER_BYTES];
	char wanted[OTLP_ANSWER_BYTES];
	size_t n;

	(void)state;
	(void)one(WITH(""));
	assert_int_equal(otlp_answer(&taken.tally, false, out), 0);
	n = otlp_answer(&taken.tally, true, out);
	assert_int_equal(n, 2);
	assert_memory_equal(out, "{}", 2);
	(void)one(bad);
	assert_int_equal(taken.tally.rejected, 3);
	n = otlp_answer(&taken.tally, true, out);
	(void)snprintf(wanted, sizeof(wanted),
	    "{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"%s\"}}",
	    message);
	assert_int_equal(n, strlen(wanted));
	assert_memory_equal(out, wanted, n);
	/* partial_success = 1 { rejected_spans = 1: 3, error_message = 2 } */
	n = otlp_answer(&taken.tally, false, out);
	assert_int_equal(n, 2 + 2 + 2 + strlen(message));
	assert_memory_equal(out, "\x0a\x6b\x08\x03\x12\x67", 6);
	assert_memory_equal(out + 6, message, strlen(message));
	/* code = 1: 3, message = 2 */
	n = otlp_answer_status(3, "no", out);
	assert_int_equal(n, 6);
	assert_memory_equal(out, "\x08\x03\x12\x02no", 6);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_otlp_a_lambda_span_is_an_invocation),
	    cmocka_unit_test(test_otlp_what_is_not_said_is_not_known),
	    cmocka_unit_test(test_otlp_only_entries_of_functions_are_taken),
	    cmocka_unit_test(test_otlp_names_fall_back),
	    cmocka_unit_test(test_otlp_platforms),
	    cmocka_unit_test(test_otlp_status_and_start),
	    cmocka_unit_test(test_otlp_memory_is_bytes_or_formerly_mib),
	    cmocka_unit_test(test_otlp_a_ping_is_known_by_its_trace),
	    cmocka_unit_test(test_otlp_bad_spans_are_rejected_with_the_reason),
	    cmocka_unit_test(test_otlp_long_instances_stay_apart),
	    cmocka_unit_test(test_otlp_a_span_may_name_its_own_sandbox),
	    cmocka_unit_test(test_otlp_resources_are_apart),
	    cmocka_unit_test(test_otlp_answers_say_what_was_rejected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
