/* /metrics in each of its forms, over a real server and a real store. */
#include "tests/unit/answers_place.h"
#include "tests/unit/proto_bytes.h"
#include "tests/unit/random.h"

#define PROTO_TYPE                                                                       \
	"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"       \
	"encoding=delimited"
/* What Prometheus 2.42 asks for with and without native histograms. */
#define ACCEPT_TEXTS                                                                     \
	"application/openmetrics-text;version=1.0.0,application/openmetrics-text;"       \
	"version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
#define ACCEPT_NATIVE                                                                    \
	PROTO_TYPE ",application/openmetrics-text;version=1.0.0;q=0.8,"                  \
		   "application/openmetrics-text;version=0.0.1;q=0.75,"                  \
		   "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

#define BAR "{cloud_platform=\"aws_lambda\",faas_name=\"bar\"}"
#define BAR_LE "{cloud_platform=\"aws_lambda\",faas_name=\"bar\",le="

static struct got get(const struct place *place, const char *accept)
{
	char header[512];

	(void)snprintf(header, sizeof(header), "Accept: %s\r\n", accept);
	return raw_send(place->port, "GET", "/metrics", header, "", 0);
}

static void expect_lines(const struct got *got, const char *const *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!strstr(got->body, lines[i]))
			fail_msg("no %s in %s", lines[i], got->body);
	}
}

static void test_metrics_come_in_the_form_that_is_asked_for(void **state)
{
	static const struct {
		const char *accept;
		const char *type;
	} cases[] = {
	    {ACCEPT_NATIVE, "application/vnd.google.protobuf; proto="},
	    {ACCEPT_TEXTS, "application/openmetrics-text; version=1.0.0"},
	    {"text/plain;version=0.0.4;q=1,*/*;q=0.1", "text/plain; version=0.0.4"},
	    {"text/plain", "text/plain; version=0.0.4"},
	    {"*/*", "application/openmetrics-text"},
	    {"image/png", "application/openmetrics-text"},
	    {"application/vnd.google.protobuf", "application/openmetrics-text"},
	    {"text/plain;q=0.2, application/openmetrics-text;q=0.9",
		"application/openmetrics-text"},
	    {";;;q=,,;=q,q=9", "application/openmetrics-text"},
	};
	const struct place *place = *state;

	fill(place);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct got got = get(place, cases[i].accept);
		char wanted[128];

		(void)snprintf(wanted, sizeof(wanted), "Content-Type: %s", cases[i].type);
		if (got.status != 200 || !strstr(got.text, wanted))
			fail_msg("%s: %.300s", cases[i].accept, got.text);
		free(got.text);
	}
}

/* fill(): 100 warm ones of 1..100 ms, a cold one of 20 ms. A bound at 31.25 ms has 31 of
 * the one and the other below it. */
static void test_metrics_have_the_names_of_the_convention(void **state)
{
	static const char *const lines[] = {
	    "# TYPE faas_invocations counter\n# HELP faas_invocations ",
	    "\nfaas_invocations_total" BAR " 101\n", "\nfaas_coldstarts_total" BAR " 1\n",
	    "\nfaas_errors_total" BAR " 10\n", "\nfaas_timeouts_total" BAR " 0\n",
	    "# TYPE faas_invoke_duration_seconds histogram\n"
	    "# UNIT faas_invoke_duration_seconds seconds\n",
	    "\nfaas_invoke_duration_seconds_bucket" BAR_LE "\"0.03125\"} 32\n",
	    "\nfaas_invoke_duration_seconds_bucket" BAR_LE
	    "\"0.04419417382415922\"} 45\n",
	    "\nfaas_invoke_duration_seconds_bucket" BAR_LE "\"1.0\"} 101\n",
	    "\nfaas_invoke_duration_seconds_bucket" BAR_LE "\"+Inf\"} 101\n",
	    "\nfaas_invoke_duration_seconds_count" BAR " 101\n",
	    "\nfaas_invoke_duration_seconds_sum" BAR " 5.070000000\n",
	    "\nfaas_init_duration_seconds_bucket" BAR_LE "\"0.25\"} 0\n",
	    "\nfaas_init_duration_seconds_bucket" BAR_LE "\"0.3535533905932738\"} 1\n",
	    "\nfaas_cpu_usage_seconds_sum" BAR " 0.202000000\n",
	    "\nfaas_mem_usage_bytes_bucket" BAR_LE "\"3.3554432e+07\"} 0\n",
	    "\nfaas_mem_usage_bytes_bucket" BAR_LE "\"6.7108864e+07\"} 101\n",
	    "\ncoldmeter_metrics_functions 2\n",
	    "\ncoldmeter_metrics_left_out_total 0\n"};
	const struct place *place = *state;
	struct got got;

	fill(place);
	got = get(place, ACCEPT_TEXTS);
	expect_lines(&got, lines, sizeof(lines) / sizeof(lines[0]));
	/* what was not measured has no series */
	assert_null(strstr(got.body, "faas_mem_usage_bytes_count{cloud_platform=\"unk"));
	assert_string_equal(got.body + strlen(got.body) - 6, "# EOF\n");
	free(got.text);
	got = get(place, "text/plain");
	assert_non_null(strstr(got.body, "# TYPE faas_invocations_total counter\n"));
	assert_non_null(strstr(got.body, "\nfaas_invocations_total" BAR " 101\n"));
	assert_null(strstr(got.body, "# EOF"));
	assert_null(strstr(got.body, "# UNIT"));
	free(got.text);
}

static void test_metrics_escape_what_names_hold(void **state)
{
	const struct place *place = *state;
	struct got got;

	say(place, "a\\u0007\\n\\\"} 1\\\\ü", place->now_ns - S, ",\"duration_ms\":1");
	got = get(place, ACCEPT_TEXTS);
	assert_non_null(strstr(got.body, "\nfaas_invocations_total{"
					 "faas_name=\"a??\\\"} 1\\\\ü\"} 1\n"));
	free(got.text);
}

/* The family of that name among the delimited ones. */
static struct proto_span family_of(const struct got *got, const char *name)
{
	const char *length = strstr(got->text, "Content-Length: ");
	struct proto_span in = {(const uint8_t *)got->body, 0};

	assert_non_null(length);
	in.n = strtoul(length + 16, NULL, 10);
	while (in.n > 0) {
		uint64_t n = proto_varint(&in);
		struct proto_span family = {in.at, n};
		struct proto_field field;

		assert_true(n <= in.n);
		in.at += n;
		in.n -= n;
		assert_true(proto_find(family, 1, 0, &field));
		if (proto_is_text(&field, name))
			return family;
	}
	fail_msg("no %s", name);
	return in;
}

/* How many lie in the bucket whose upper bound is 2^(index/32) s. */
static int64_t count_in(int32_t index, const uint64_t *ns, size_t n)
{
	int64_t in = 0;

	for (size_t i = 0; i < n; i++) {
		double value = (double)ns[i] / 1e9;

		in += value > exp2((index - 1) / 32.0) && value <= exp2(index / 32.0);
	}
	return in;
}

/* Takes a native histogram apart as Prometheus does: counts by their upper bounds. */
static void expect_native(struct proto_span h, const uint64_t *ns, size_t n)
{
	int32_t index = 0;
	int64_t count = 0;
	uint64_t sum = 0;
	struct proto_field field;
	struct proto_span deltas;

	assert_true(proto_find(h, 5, 0, &field));
	assert_int_equal(proto_signed(field.value), 5);
	assert_true(proto_find(h, 6, 0, &field) && proto_double(&field) > 0);
	assert_true(proto_find(h, 1, 0, &field));
	assert_int_equal(field.value, n);
	assert_true(proto_find(h, 13, 0, &field));
	deltas = proto_in(&field);
	for (size_t s = 0; proto_find(h, 12, s, &field); s++) {
		struct proto_span span = proto_in(&field);

		assert_true(proto_find(span, 1, 0, &field));
		index += (int32_t)proto_signed(field.value);
		assert_true(proto_find(span, 2, 0, &field));
		for (uint64_t i = 0; i < field.value; i++, index++) {
			count += proto_signed(proto_varint(&deltas));
			assert_int_equal(count, count_in(index, ns, n));
			sum += (uint64_t)count;
		}
	}
	assert_int_equal(deltas.n, 0);
	assert_int_equal(sum, n);
}

#define RANDOM_N 200

static void test_metrics_have_native_histograms_bucket_for_bucket(void **state)
{
	const struct place *place = *state;
	uint64_t random = 11;
	uint64_t ns[RANDOM_N];
	struct proto_field field;
	struct proto_span metric;
	struct got got;

	for (size_t i = 0; i < RANDOM_N; i++) {
		char more[128];

		ns[i] = (uint64_t)random_log_normal(&random, 40e6, 2);
		ns[i] -= ns[i] % 1000;
		(void)snprintf(more, sizeof(more),
		    ",\"platform\":\"knative\",\"duration_ms\":%.3f",
		    (double)ns[i] / 1e6);
		say(place, "f", place->now_ns - (int64_t)i * S, more);
	}
	got = get(place, ACCEPT_NATIVE);
	metric = family_of(&got, "faas_invoke_duration_seconds");
	assert_true(proto_find(metric, 3, 0, &field) && field.value == 4);
	assert_true(proto_find(metric, 4, 0, &field));
	metric = proto_in(&field);
	assert_true(proto_find(metric, 1, 1, &field));
	assert_true(proto_find(proto_in(&field), 2, 0, &field));
	assert_true(proto_is_text(&field, "f"));
	assert_true(proto_find(metric, 7, 0, &field));
	expect_native(proto_in(&field), ns, RANDOM_N);
	metric = family_of(&got, "faas_invocations_total");
	assert_true(proto_find(metric, 4, 0, &field));
	assert_true(proto_find(proto_in(&field), 3, 0, &field));
	assert_true(proto_find(proto_in(&field), 1, 0, &field));
	assert_true(proto_double(&field) == RANDOM_N);
	(void)family_of(&got, "coldmeter_invocations_total");
	(void)family_of(&got, "coldmeter_ledger_seen");
	free(got.text);
}

/* Ends the server and what feeds it, as a stop does or as a kill does, and starts anew.
 */
static void start_again(struct place *place, bool killed, int functions_max)
{
	struct exports_settings settings = {.functions_max = functions_max};
	char file[2][96];

	for (int i = 0; i < 2; i++)
		(void)snprintf(file[i], sizeof(file[i]), "%s/totals%s", place->directory,
		    i ? ".kept" : "");
	http_stop(place->http);
	if (killed) /* what a proper end writes is not to be seen */
		(void)link(file[0], file[1]);
	exports_stop(place->exports);
	ingest_stop(place->ingest);
	exports_free(place->exports);
	if (killed)
		assert_int_equal(rename(file[1], file[0]), 0);
	http_free(place->http);
	assert_int_equal(ingest_start(place->store, &place->ingest), 0);
	assert_int_equal(exports_start(&settings, place->directory, place->store,
			     place->ingest, &place->exports),
	    0);
	place->answers = (struct answers){
	    place->store, place->ingest, place->book, 0, place->exports, NULL, NULL};
	assert_int_equal(http_new(&place->http), 0);
	assert_int_equal(ingest_add_routes(place->ingest, place->http), 0);
	assert_int_equal(answers_add_routes(&place->answers, place->http), 0);
	assert_int_equal(http_start(place->http, "127.0.0.1", 0), 0);
	place->port = http_port(place->http);
}

static void expect_invocations(const struct place *place, unsigned int n)
{
	struct got got = get(place, ACCEPT_TEXTS);
	char line[128];

	(void)snprintf(line, sizeof(line),
	    "\nfaas_invocations_total{"
	    "faas_name=\"f\"} %u\n",
	    n);
	if (!strstr(got.body, line))
		fail_msg("no %s in %s", line, got.body);
	free(got.text);
}

static void test_metrics_go_on_after_the_end_of_the_process(void **state)
{
	struct place *place = *state;

	say(place, "f", place->now_ns, ",\"duration_ms\":1");
	say(place, "f", place->now_ns, ",\"duration_ms\":1");
	start_again(place, false, 0);
	expect_invocations(place, 2);
	say(place, "f", place->now_ns, ",\"duration_ms\":1");
	expect_invocations(place, 3);
	say(place, "f", place->now_ns, ",\"duration_ms\":1");
	start_again(place, true, 0); /* the fourth was never shown */
	expect_invocations(place, 3);
	say(place, "f", place->now_ns, ",\"duration_ms\":1");
	expect_invocations(place, 4);
}

static void test_metrics_have_so_many_functions_and_say_what_is_left_out(void **state)
{
	static const char *const lines[] = {"\ncoldmeter_metrics_functions 2\n",
	    "\ncoldmeter_metrics_left_out_total 6\n",
	    "\nfaas_invocations_total{otel_metric_overflow=\"true\"} 6\n",
	    "\nfaas_invoke_duration_seconds_count{otel_metric_overflow=\"true\"} 6\n"};
	struct place *place = *state;
	struct got got;

	start_again(place, false, 2);
	for (unsigned int i = 0; i < 8; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "f%u", i);
		say(place, name, place->now_ns, ",\"duration_ms\":1");
	}
	got = get(place, ACCEPT_TEXTS);
	expect_lines(&got, lines, sizeof(lines) / sizeof(lines[0]));
	assert_non_null(strstr(got.body, "coldmeter_invocations_total{function=\"f1\""));
	assert_null(strstr(got.body, "\"f2\""));
	free(got.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_metrics_come_in_the_form_that_is_asked_for),
	    TEST(test_metrics_have_the_names_of_the_convention),
	    TEST(test_metrics_escape_what_names_hold),
	    TEST(test_metrics_have_native_histograms_bucket_for_bucket),
	    TEST(test_metrics_go_on_after_the_end_of_the_process),
	    TEST(test_metrics_have_so_many_functions_and_say_what_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
