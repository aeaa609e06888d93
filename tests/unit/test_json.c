/* Invocation objects: written so that another reader (jansson) agrees, read back whole.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/guard_page.h"
#include "tests/unit/sample.h"
#include "wire/json.h"
#include "wire/json/coldstart.h"

#define YEAR_2200_NS UINT64_C(7258118400000000000)

static const struct function hello = {.platform = PLATFORM_AWS_LAMBDA,
    .arch = ARCH_X86_64,
    .memory_limit_mb = 256,
    .name = "hello",
    .version = "$LATEST",
    .region = "us-east-1"};

static const struct coldstart hello_start = {
    .phases = {{.name = "cgroup", .start_ns = -1500000, .wall_ns = 1500000},
	{.name = "exec node",
	    .wall_ns = 40000000,
	    .has_counters = true,
	    .cpu_ns = 38000000,
	    .run_queue_ns = 250000,
	    .disk_bytes = 4096,
	    .major_faults = 1}},
    .phases_n = 2,
    .peers = {{.peer = "10.0.0.5:5432", .wait_ns = 12500000, .waits = 3}},
    .peers_n = 1,
    .others = 2,
    .others_wait_ns = 1000000,
    .helpers = 4};

static const struct invocation cold_hello = {.function = &hello,
    .kind = KIND_LAMBDA,
    .start_type = START_COLD,
    .cause = CAUSE_FIRST,
    .certainty = CERTAINTY_LIKELY,
    .coldstart = &hello_start,
    .has = SAMPLE_HAS_ALL,
    .quality = QUALITY_MEMORY_BOUND | QUALITY_CLOCK_STEPPED,
    .start_ns = INT64_C(1795334400123456789),
    .duration_ns = 51234000,
    .response_ns = 50900000,
    .init_ns = 222800000,
    .wait_ns = 400000,
    .cpu_ns = 12300000,
    .run_queue_ns = 70000,
    .throttled_ns = 90000,
    .busy_ns = 51234001,
    .peak_memory_bytes = 52533658,
    .http_status = 200,
    .init = {.first_exec_ns = 2500000,
	.last_exec_ns = 14700000,
	.cpu_ns = 180000000,
	.run_queue_ns = 1,
	.read_bytes = 4096,
	.disk_bytes = 512,
	.major_faults = 3,
	.execs = 2},
    .request_bytes = 10,
    .response_bytes = 15,
    .concurrency = 1,
    .pid = 1234,
    .request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
    .sandbox = "s1",
    .trace_id = "1-5759e988-bd862e3fe1be46a994272793"};

static void test_the_object_is_the_contracts(void **state)
{
	static const char expected[] =
	    "{\"function\":\"hello\",\"version\":\"$LATEST\",\"platform\":\"aws-lambda\","
	    "\"kind\":\"lambda\",\"request_id\":\"8476a536-e9f4-11e8-9739-2dfe598c3fcd\","
	    "\"host\":\"web-1\",\"sandbox\":\"s1\","
	    "\"start\":\"2026-11-22T08:00:00.123456789Z\",\"duration_ms\":51.234,"
	    "\"response_ms\":50.9,\"init_ms\":222.8,\"cold\":true,\"cause\":\"first\","
	    "\"cause_certainty\":\"likely\","
	    "\"wait_ms\":0.4,\"cpu_ms\":12.3,\"run_queue_ms\":0.07,\"throttled_ms\":0.09,"
	    "\"busy_ms\":51.234001,"
	    "\"init_first_exec_ms\":2.5,\"init_last_exec_ms\":14.7,\"init_execs\":2,"
	    "\"init_cpu_ms\":180,\"init_run_queue_ms\":0.000001,\"init_read_bytes\":4096,"
	    "\"init_disk_bytes\":512,\"init_major_faults\":3,"
	    "\"init_phases\":[{\"phase\":\"cgroup\",\"start_ms\":-1.5,\"wall_ms\":1.5},"
	    "{\"phase\":\"exec node\",\"start_ms\":0,\"wall_ms\":40,\"cpu_ms\":38,"
	    "\"run_queue_ms\":0.25,\"disk_bytes\":4096,\"major_faults\":1}],"
	    "\"init_peers\":[{\"peer\":\"10.0.0.5:5432\",\"wait_ms\":12.5,\"waits\":3}],"
	    "\"init_other_peers\":{\"waits\":2,\"wait_ms\":1},\"init_helpers\":4,"
	    "\"peak_memory_mb\":50.1,\"memory_limit_mb\":256,\"arch\":\"x86_64\","
	    "\"region\":\"us-east-1\",\"status\":\"ok\",\"http_status\":200,"
	    "\"trace_id\":\"1-5759e988-bd862e3fe1be46a994272793\",\"request_bytes\":10,"
	    "\"response_bytes\":15,\"concurrency\":1,\"pid\":1234,"
	    "\"quality\":[\"peak_memory:bound\",\"clock:stepped\"]}\n";
	char out[JSON_LINE_MAX_BYTES];
	size_t n = json_format_invocation(&cold_hello, "web-1", out);

	(void)state;
	assert_int_equal(n, sizeof(expected) - 1);
	assert_memory_equal(out, expected, n);
}

static void test_what_is_not_known_is_left_out(void **state)
{
	static const char expected[] =
	    "{\"function\":\"f\",\"start\":\"1970-01-01T00:00:00.000000000Z\","
	    "\"status\":\"error\"}\n";
	const struct function f = {.name = "f"};
	const struct invocation inv = {.function = &f, .status = STATUS_ERROR};
	char out[JSON_LINE_MAX_BYTES];
	size_t n = json_format_invocation(&inv, "", out);

	(void)state;
	assert_int_equal(n, sizeof(expected) - 1);
	assert_memory_equal(out, expected, n);
}

static json_t *format_and_load(const struct invocation *inv, const char *host)
{
	char out[JSON_LINE_MAX_BYTES];
	size_t n = json_format_invocation(inv, host, out);
	json_error_t error;
	json_t *object;

	assert_in_range(n, 2, sizeof(out));
	assert_int_equal(out[n - 1], '\n');
	assert_null(memchr(out, '\n', n - 1));
	object = json_loadb(out, n, 0, &error);
	if (!object)
		print_message("jansson: %s: %.*s", error.text, (int)n, out);
	assert_non_null(object);
	return object;
}

static void check_text(const json_t *object, const char *key, const char *expected)
{
	const json_t *value = json_object_get(object, key);

	if (expected[0] == '\0') {
		assert_null(value);
		return;
	}
	assert_true(json_is_string(value));
	assert_string_equal(json_string_value(value), expected);
}

static void check_ms(const json_t *object, const char *key, bool known, uint64_t ns)
{
	const json_t *value = json_object_get(object, key);

	assert_int_equal(value != NULL, known);
	if (known)
		assert_true(fabs(json_number_value(value) - (double)ns / 1e6) <=
			    (double)ns * 1e-15);
}

static void check_count(const json_t *object, const char *key, bool known, uint64_t n)
{
	const json_t *value = json_object_get(object, key);

	assert_int_equal(value != NULL, known);
	if (known)
		assert_true((uint64_t)json_integer_value(value) == n);
}

static void check_cold(const json_t *object, const struct invocation *inv)
{
	bool is_known = inv->kind != KIND_PROCESS && inv->start_type != START_UNKNOWN;
	const json_t *cold = json_object_get(object, "cold");

	assert_int_equal(json_is_boolean(cold), is_known);
	assert_int_equal(json_is_true(cold), is_known && inv->start_type == START_COLD);
	assert_int_equal(json_is_true(json_object_get(object, "prewarmed")),
	    is_known && inv->start_type == START_PREWARMED);
}

/* Against the independent reader, key by key. */
static void test_jansson_reads_what_was_meant(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct function f;
		struct invocation inv;
		json_t *object;

		sample_function(&seed, &f, true);
		sample_invocation(&seed, &f, &inv, true);
		/* jansson's integers are signed */
		inv.request_bytes >>= 1;
		inv.init.read_bytes >>= 1;
		inv.init.disk_bytes >>= 1;
		inv.response_bytes >>= 1;
		object = format_and_load(&inv, "host");
		check_text(object, "function", f.name);
		check_text(object, "version", f.version);
		check_text(object, "region", f.region);
		check_text(object, "request_id", inv.request_id);
		check_text(object, "sandbox", inv.sandbox);
		check_text(object, "trace_id", inv.trace_id);
		check_text(object, "status", invocation_status_name(inv.status));
		check_ms(object, "duration_ms", inv.has & HAS_DURATION, inv.duration_ns);
		check_ms(object, "response_ms", inv.has & HAS_RESPONSE, inv.response_ns);
		check_ms(object, "init_ms", inv.has & HAS_INIT, inv.init_ns);
		check_ms(object, "wait_ms", inv.has & HAS_WAIT, inv.wait_ns);
		check_ms(object, "cpu_ms", inv.has & HAS_CPU, inv.cpu_ns);
		check_ms(object, "busy_ms", inv.has & HAS_BUSY, inv.busy_ns);
		check_count(
		    object, "request_bytes", inv.has & HAS_BYTES, inv.request_bytes);
		check_count(
		    object, "http_status", inv.has & HAS_HTTP_STATUS, inv.http_status);
		check_count(object, "pid", inv.pid > 0, inv.pid);
		check_cold(object, &inv);
		assert_int_equal(json_is_true(json_object_get(object, "ping")), inv.ping);
		json_decref(object);
	}
}

/* Bytes that are no text at all still make an object, and one that fits its line. */
static void test_any_bytes_are_made_utf8(void **state)
{
	uint64_t seed = 5;
	struct function f = {.platform = PLATFORM_OPENWHISK};
	struct invocation inv = {.function = &f};
	char host[JSON_HOST_BYTES] = "";
	struct coldstart longest;

	(void)state;
	memset(&longest, 0x01, sizeof(longest));
	longest.phases_n = COLDSTART_PHASES_MAX;
	longest.peers_n = COLDSTART_PEERS_MAX;
	for (int i = 0; i < COLDSTART_PHASES_MAX; i++)
		longest.phases[i] = (struct coldstart_phase){.start_ns = INT64_MIN,
		    .wall_ns = UINT64_MAX,
		    .has_counters = true,
		    .cpu_ns = UINT64_MAX,
		    .run_queue_ns = UINT64_MAX,
		    .disk_bytes = INT64_MAX,
		    .major_faults = UINT32_MAX};
	for (int i = 0; i < COLDSTART_PHASES_MAX; i++)
		memset(longest.phases[i].name, 0x1b, COLDSTART_PHASE_BYTES - 1);
	longest.others_wait_ns = UINT64_MAX;
	longest.others = longest.helpers = UINT32_MAX;
	memset(f.name, 0x1b, sizeof(f.name) - 1);
	memset(f.version, 0x01, sizeof(f.version) - 1);
	memset(f.region, 0x7f, sizeof(f.region) - 1);
	memset(host, 0x02, sizeof(host) - 1);
	memset(inv.request_id, 0x03, sizeof(inv.request_id) - 1);
	memset(inv.sandbox, 0x04, sizeof(inv.sandbox) - 1);
	memset(inv.trace_id, 0x05, sizeof(inv.trace_id) - 1);
	inv.quality = SAMPLE_QUALITY_ALL;
	inv.has = SAMPLE_HAS_ALL;
	inv.coldstart = &longest;
	inv.duration_ns = inv.response_ns = inv.init_ns = UINT64_MAX;
	inv.wait_ns = inv.cpu_ns = inv.busy_ns = UINT64_MAX;
	inv.peak_memory_bytes = UINT64_MAX;
	json_decref(format_and_load(&inv, host)); /* the longest there is */
	for (int i = 0; i < 2000; i++) {
		sample_function(&seed, &f, false);
		sample_invocation(&seed, &f, &inv, false);
		inv.request_bytes >>= 1;
		inv.init.read_bytes >>= 1;
		inv.init.disk_bytes >>= 1;
		inv.response_bytes >>= 1;
		json_decref(format_and_load(&inv, "\xff\xfe"));
	}
}

static void test_control_characters_are_escaped(void **state)
{
	const struct function f = {
	    .name = "a\x1b[2J\n\"\\/\x7f\xc2\x9b\xe2\x80\xae\xc3\xbc\xff"};
	const struct invocation inv = {.function = &f};
	char out[JSON_LINE_MAX_BYTES];
	size_t n = json_format_invocation(&inv, "", out);
	static const char expected[] =
	    "{\"function\":\"a\\u001b[2J\\u000a\\\"\\\\/\\u007f\\u009b\\u202e\xc3\xbc"
	    "\xef\xbf\xbd\"";

	(void)state;
	assert_in_range(n, sizeof(expected), sizeof(out));
	assert_memory_equal(out, expected, sizeof(expected) - 1);
}

/* Makes of a sample what an object can say. */
static void limit(struct invocation *inv)
{
	inv->start_ns = (int64_t)((uint64_t)inv->start_ns % YEAR_2200_NS);
	if (inv->status != STATUS_INIT_ERROR)
		inv->has |= HAS_DURATION;
	if (inv->kind == KIND_PROCESS)
		inv->start_type = START_UNKNOWN;
}

static void test_everything_comes_back(void **state)
{
	struct guard_page guard;
	uint64_t seed = 9;

	(void)state;
	guard_page_init(&guard, JSON_LINE_MAX_BYTES);
	for (int i = 0; i < 20000; i++) {
		struct function f;
		struct function f_read;
		struct invocation inv;
		struct invocation read;
		struct coldstart coldstart;
		char host[JSON_HOST_BYTES];
		char host_read[JSON_HOST_BYTES];
		char out[JSON_LINE_MAX_BYTES];
		const char *why = "";
		size_t n;

		sample_function(&seed, &f, true);
		sample_invocation(&seed, &f, &inv, true);
		limit(&inv);
		sample_text(&seed, host, sizeof(host), true);
		n = json_format_invocation(&inv, host, out);
		if (json_parse_invocation((char *)guard_page_copy(&guard, out, n), n,
			&read, &f_read, host_read, &why) < 0) {
			print_message("%s: %.*s", why, (int)n, out);
			fail();
		}
		assert_int_equal(
		    json_parse_coldstart((char *)guard_page_copy(&guard, out, n), n,
			&read, &coldstart, &why),
		    0);
		assert_true(sample_same_invocation(&inv, &read));
		assert_true(sample_same_function(&f, &f_read));
		assert_ptr_equal(read.function, &f_read);
		assert_string_equal(host, host_read);
	}
	guard_page_done(&guard);
}

static void test_figures_survive_to_the_nanosecond_and_the_byte(void **state)
{
	uint64_t seed = 13;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct invocation inv = {.function = &hello,
		    .has = HAS_DURATION | HAS_MEMORY,
		    .start_ns = 1,
		    .duration_ns = random_width(&seed),
		    .peak_memory_bytes = random_width(&seed)};
		struct invocation read;
		struct function f;
		char out[JSON_LINE_MAX_BYTES];
		const char *why;
		size_t n = json_format_invocation(&inv, "", out);

		assert_int_equal(json_parse_invocation(out, n, &read, &f, NULL, &why), 0);
		assert_true(read.duration_ns == inv.duration_ns);
		assert_true(read.peak_memory_bytes == inv.peak_memory_bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_object_is_the_contracts),
	    cmocka_unit_test(test_what_is_not_known_is_left_out),
	    cmocka_unit_test(test_jansson_reads_what_was_meant),
	    cmocka_unit_test(test_any_bytes_are_made_utf8),
	    cmocka_unit_test(test_control_characters_are_escaped),
	    cmocka_unit_test(test_everything_comes_back),
	    cmocka_unit_test(test_figures_survive_to_the_nanosecond_and_the_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
