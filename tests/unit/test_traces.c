/* POST /v1/traces over a real server and a real store: encodings, answers, each span
 * once.
 */
#include "tests/unit/answers_place.h"
#include "tests/unit/otlp_bytes.h"

#include <zlib.h>

#define PROTO "Content-Type: application/x-protobuf\r\n"
#define JSON "Content-Type: application/json\r\n"
#define GZIP "Content-Encoding: gzip\r\n"

/* Spans of function f on h1, one second apart, ids counted from first. */
static struct bytes make_spans(const struct place *place, unsigned int first, size_t n)
{
	struct bytes resource = {0};
	struct bytes spans = {0};
	struct bytes span = {0};
	struct bytes both = {0};
	struct bytes request = {0};

	put_text(&resource, 1, "faas.name", "f");
	put_text(&resource, 1, "host.name", "h1");
	for (size_t i = 0; i < n; i++) {
		uint64_t id[2] = {first + i, 1};

		put_bytes(&span, 1, id, 16);
		put_bytes(&span, 2, id, 8);
		put_varint(&span, 6, 2);
		put_fixed(&span, 7, (uint64_t)(place->now_ns - 60 * S), 8);
		put_fixed(&span, 8, (uint64_t)(place->now_ns - 59 * S), 8);
		put_message(&spans, 2, &span);
	}
	put_message(&both, 1, &resource);
	put_message(&both, 2, &spans);
	put_message(&request, 1, &both);
	free(resource.at);
	free(spans.at);
	free(span.at);
	free(both.at);
	return request;
}

static struct bytes gzip(const void *in, size_t n)
{
	z_stream z = {0};
	struct bytes out = {.room = n / 100 + 4096};

	out.at = malloc(out.room);
	assert_non_null(out.at);
	assert_int_equal(
	    deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (z_const Bytef *)in;
	z.avail_in = (uInt)n;
	z.next_out = out.at;
	z.avail_out = (uInt)out.room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out.n = out.room - z.avail_out;
	(void)deflateEnd(&z);
	return out;
}

static struct got post(
    const struct place *place, const char *headers, const void *body, size_t n)
{
	return raw_send(place->port, "POST", "/v1/traces", headers, body, n);
}

static void expect(struct got got, int status, const char *type, const char *part)
{
	if (got.status != status || !strstr(got.text, type) || !strstr(got.body, part))
		fail_msg("wanted %d, %s and '%s': %s", status, type, part, got.text);
	free(got.text);
}

static double invocations(const struct place *place)
{
	json_t *root = ask(place, "/v1/functions?since=1h&function=f");
	const json_t *first = json_array_get(at(root, "functions"), 0);
	double n = first ? number(first, "invocations") : 0;

	json_decref(root);
	return n;
}

static void expect_metric(const struct place *place, const char *line)
{
	struct got got = raw_get(place->port, "/metrics");

	if (!strstr(got.text, line))
		fail_msg("no %s: %s", line, got.text);
	free(got.text);
}

static void test_traces_protobuf_is_stored_each_span_once(void **state)
{
	struct place *place = *state;
	struct bytes request = make_spans(place, 1, 3);
	struct bytes packed = gzip(request.at, request.n);
	struct got got = post(place, PROTO, request.at, request.n);

	assert_int_equal(got.status, 200);
	assert_non_null(strstr(got.text, "Content-Type: application/x-protobuf"));
	assert_non_null(strstr(got.text, "Content-Length: 0"));
	free(got.text);
	assert_true(invocations(place) == 3);
	/* a sender that did not hear the answer sends again, perhaps compressed */
	expect(post(place, PROTO, request.at, request.n), 200, "x-protobuf", "");
	expect(post(place, PROTO GZIP, packed.at, packed.n), 200, "x-protobuf", "");
	assert_true(invocations(place) == 3);
	free(request.at);
	request = make_spans(place, 10, 2);
	expect(post(place, PROTO, request.at, request.n), 200, "x-protobuf", "");
	assert_true(invocations(place) == 5);
	free(request.at);
	free(packed.at);
}

/* More than one batch holds, so that each part has an id of its own. */
static void test_traces_large_requests_are_taken_once(void **state)
{
	struct place *place = *state;
	struct bytes request = make_spans(place, 1, 10000);

	expect(post(place, PROTO, request.at, request.n), 200, "x-protobuf", "");
	expect(post(place, PROTO, request.at, request.n), 200, "x-protobuf", "");
	assert_true(invocations(place) == 10000);
	free(request.at);
}

#define SPAN(id, kind, more)                                                             \
	"{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"" id             \
	"\",\"kind\":" kind ",\"startTimeUnixNano\":\"%lld\",\"endTimeUnixNano\":"       \
	"\"%lld\"" more "}"
#define GOOD "00000000000000aa"

static void test_traces_json_says_what_was_rejected(void **state)
{
	struct place *place = *state;
	long long start = place->now_ns - 60 * S;
	long long end = start + S;
	char body[2048];
	int n = snprintf(body, sizeof(body),
	    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"faas.name\","
	    "\"value\":{\"stringValue\":\"f\"}}]},\"scopeSpans\":[{\"spans\":[" SPAN(GOOD,
		"2", "") "," SPAN("", "2", "") "," SPAN(GOOD, "3", "") "," SPAN(GOOD, "2",
		",\"startTimeUnixNano\":\"8000000000000000000\"") "]}]}]}",
	    start, end, start, end, start, end, start, 8000000000000000001LL);

	expect(post(place, JSON, body, (size_t)n), 200, "Content-Type: application/json",
	    "{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"errorMessage\":\"span 2: its "
	    "span id is not 8 bytes, or zero (1 of these); span 4: start is after 2200 "
	    "(1 "
	    "of these)\"}}");
	assert_true(invocations(place) == 1);
	expect_metric(place, "coldmeter_otlp_spans_total{outcome=\"taken\"} 1\n");
	expect_metric(place, "coldmeter_otlp_spans_total{outcome=\"ignored\"} 1\n");
	expect_metric(place, "coldmeter_otlp_spans_total{outcome=\"rejected\"} 2\n");
	expect(post(place, JSON, "{}", 2), 200, "application/json", "{}");
}

static void test_traces_refuses_what_is_malformed_and_keeps_nothing(void **state)
{
	struct place *place = *state;
	struct bytes request = make_spans(place, 1, 3);

	/* code 3 (INVALID_ARGUMENT), then the message */
	expect(post(place, PROTO, request.at, request.n - 1), 400,
	    "Content-Type: application/x-protobuf", "\x08\x03\x12");
	expect(post(place, PROTO, request.at, request.n - 1), 400, "x-protobuf",
	    "at byte 0: a length leads beyond the end of its message");
	expect(post(place, JSON, "{\"resourceSpans\":7}", 19), 400,
	    "Content-Type: application/json",
	    "{\"error\":{\"code\":\"bad_spans\",\"message\":\"at byte 17: this is not a "
	    "list\"},\"code\":3,\"message\":\"at byte 17: this is not a list\"}");
	expect(post(place, JSON, "", 0), 400, "application/json", "not an object");
	expect(post(place, "Content-Type: application/x-ndjson\r\n", "{}", 2), 415,
	    "application/json", "application/x-protobuf");
	expect(post(place, PROTO "Content-Encoding: br\r\n", request.at, request.n), 415,
	    "x-protobuf", "Content-Encoding gzip or none");
	assert_true(invocations(place) == 0);
	expect_metric(place, "coldmeter_otlp_spans_total{outcome=\"rejected\"} 0\n");
	free(request.at);
}

static void test_traces_refuses_bad_gzip(void **state)
{
	struct place *place = *state;
	struct bytes request = make_spans(place, 1, 20);
	struct bytes packed = gzip(request.at, request.n);

	for (size_t n = 0; n < packed.n; n += n < 24 ? 1 : 7)
		expect(post(place, PROTO GZIP, packed.at, n), 400, "x-protobuf",
		    "damaged, cut off, or not gzip");
	packed.at[packed.n - 5] ^= 1; /* of the checksum */
	expect(
	    post(place, PROTO GZIP, packed.at, packed.n), 400, "x-protobuf", "damaged");
	packed.at[packed.n - 5] ^= 1;
	put_raw(&packed, "x", 1);
	expect(
	    post(place, PROTO GZIP, packed.at, packed.n), 400, "x-protobuf", "damaged");
	expect(
	    post(place, PROTO GZIP, request.at, request.n), 400, "x-protobuf", "damaged");
	assert_true(invocations(place) == 0);
	packed.n--;
	expect(post(place, PROTO GZIP, packed.at, packed.n), 200, "x-protobuf", "");
	assert_true(invocations(place) == 20);
	free(request.at);
	free(packed.at);
}

/* 8 MiB and a byte of zeros, in 8 KB. */
static void test_traces_refuses_a_zip_bomb(void **state)
{
	struct place *place = *state;
	size_t n = ((size_t)8 << 20) + 1;
	uint8_t *zeros = calloc(1, n);
	struct bytes bomb;

	assert_non_null(zeros);
	bomb = gzip(zeros, n);
	assert_in_range(bomb.n, 1, 10000);
	expect(post(place, PROTO GZIP, bomb.at, bomb.n), 413, "x-protobuf",
	    "expands to more than 8388608 bytes");
	free(bomb.at);
	bomb = gzip(zeros, n - 1); /* as much as it may: read, and found to be nothing */
	expect(post(place, PROTO GZIP, bomb.at, bomb.n), 400, "x-protobuf",
	    "at byte 0: a field's number is 0");
	free(bomb.at);
	expect(post(place, PROTO, zeros, n), 413, "application/json", "too_large");
	free(zeros);
}

static void test_traces_members_of_gzip_may_follow_each_other(void **state)
{
	struct place *place = *state;
	struct bytes request = make_spans(place, 1, 20);
	struct bytes first = gzip(request.at, 10);
	struct bytes second = gzip(request.at + 10, request.n - 10);

	put_raw(&first, second.at, second.n);
	expect(post(place, PROTO GZIP, first.at, first.n), 200, "x-protobuf", "");
	assert_true(invocations(place) == 20);
	free(request.at);
	free(first.at);
	free(second.at);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_traces_protobuf_is_stored_each_span_once),
	    TEST(test_traces_large_requests_are_taken_once),
	    TEST(test_traces_json_says_what_was_rejected),
	    TEST(test_traces_refuses_what_is_malformed_and_keeps_nothing),
	    TEST(test_traces_refuses_bad_gzip),
	    TEST(test_traces_refuses_a_zip_bomb),
	    TEST(test_traces_members_of_gzip_may_follow_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
