/* The HTTP server: routes, limits and late replies, asked over a real socket. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "serve/http.h"
#include "serve/http/route.h"
#include "tests/unit/raw_client.h"

#define JSON "Content-Type: application/json\r\n"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

static int echo(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	const char *q = http_query(request, "q");
	int n;

	(void)context;
	reply->body = malloc(1024);
	if (!reply->body)
		return -ENOMEM;
	n = snprintf(reply->body, 1024, "%s|%s|%s|%zu", request->parameter[0],
	    request->parameter[1], q ? q : "none", request->body_bytes);
	reply->body_bytes = (size_t)n;
	return 0;
}

static int broken(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	(void)context;
	(void)request;
	(void)reply;
	return -EIO;
}

static int nothing(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	(void)context;
	(void)request;
	reply->status = 204;
	return 0;
}

static void *finish_later(void *pending)
{
	struct http_reply reply = {.body = strdup("\"late\""), .body_bytes = 6};

	(void)usleep(20000);
	http_finish(pending, &reply);
	return NULL;
}

static int late(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	pthread_t thread;

	(void)context;
	(void)reply;
	assert_int_equal(
	    pthread_create(&thread, NULL, finish_later, http_pend(request)), 0);
	assert_int_equal(pthread_detach(thread), 0);
	return HTTP_PENDING;
}

static int start(void **state)
{
	static const struct http_route routes[] = {
	    {"GET", "/v1/things/{a}/parts/{b}", echo, 0, HTTP_NEEDS_READ},
	    {"GET", "/v1/things", echo, 0, HTTP_NEEDS_READ},
	    {"PUT", "/v1/things", echo, 1000, HTTP_NEEDS_READ},
	    {"GET", "/v1/fail", broken, 0, HTTP_NEEDS_READ},
	    {"POST", "/v1/late", late, 1000, HTTP_NEEDS_AGENT},
	    {"DELETE", "/v1/things", nothing, 0, HTTP_NEEDS_READ},
	};
	struct http *http;

	assert_int_equal(http_new(&http), 0);
	assert_int_equal(http_add_routes(http, routes, 6, NULL), 0);
	assert_int_equal(http_start(http, "127.0.0.1", 0), 0);
	*state = http;
	return 0;
}

static int stop(void **state)
{
	http_free(*state);
	return 0;
}

static void expect(struct got got, int status, const char *part)
{
	assert_int_equal(got.status, status);
	if (!strstr(got.text, part))
		fail_msg("no %s in: %s", part, got.text);
	free(got.text);
}

static void test_route_decodes_segments(void **state)
{
	char p[2][HTTP_PARAMETER_BYTES];
	char name[] = "a%2Fb%c3%a9%20";
	char nul[] = "a%00";
	char cut[] = "a%2";

	(void)state;
	assert_true(route_fits("/v1/f/{name}/series", "/v1/f/a%2fb/series", p));
	assert_string_equal(p[0], "a/b");
	assert_false(route_fits("/v1/f/{name}/series", "/v1/f//series", p));
	assert_false(route_fits("/v1/f/{name}", "/v1/f/a/b", p));
	assert_false(route_fits("/v1/f", "/v1/f/", p));
	assert_true(route_decode(name));
	assert_string_equal(name, "a/b\xc3\xa9 ");
	assert_false(route_decode(nul));
	assert_false(route_decode(cut));
}

static void test_http_hands_on_parameters_and_query(void **state)
{
	uint16_t port = http_port(*state);

	expect(raw_get(port, "/v1/things/a%2Fb/parts/c?q=x+y%26z"), 200, "a/b|c|x y&z|0");
	expect(raw_get(port, "/v1/things"), 200, "||none|0");
	expect(raw_send(port, "HEAD", "/v1/things", "", "", 0), 200, "Content-Length: 8");
}

static void test_http_answers_strangers_with_json_errors(void **state)
{
	uint16_t port = http_port(*state);

	expect(raw_get(port, "/nowhere"), 404, "\"code\":\"not_found\"");
	expect(raw_send(port, "POST", "/v1/things", JSON, "{}", 2), 405,
	    "method_not_allowed");
	expect(raw_send(port, "OPTIONS", "/v1/things", "", "", 0), 405,
	    "method_not_allowed");
	expect(raw_get(port, "/v1/things?q=%zz"), 400, "bad_request");
	expect(raw_get(port, "/v1/things?q=%00"), 400, "bad_request");
	expect(raw_get(port, "/v1/fail"), 500, "\"code\":\"internal\"");
	expect(raw_get(port, "/\x1b[31m"), 404, "not_found");
}

static void test_http_limits_the_body(void **state)
{
	static const char body[2000];
	uint16_t port = http_port(*state);
	int fd = raw_connect(port);
	static const char head[] =
	    "PUT /v1/things HTTP/1.1\r\nHost: localhost\r\n" JSON
	    "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n";

	expect(raw_send(port, "PUT", "/v1/things", JSON, body, 1000), 200, "|1000");
	expect(raw_send(port, "PUT", "/v1/things", JSON, body, 1001), 413, "too_large");
	assert_int_equal(raw_say(fd, head, sizeof(head) - 1), 0);
	assert_int_equal(raw_say(fd, body, sizeof(body)), 0);
	(void)raw_say(fd, "\r\n0\r\n\r\n", 7);
	struct got got = raw_hear(fd);

	assert_true(got.status == 413 || got.status == 0); /* told, or cut off */
	free(got.text);
}

static void test_http_wants_a_known_content_type(void **state)
{
	uint16_t port = http_port(*state);

	expect(raw_send(port, "PUT", "/v1/things", "", "{}", 2), 415, "Content-Type");
	expect(
	    raw_send(port, "PUT", "/v1/things", "Content-Type: text/plain\r\n", "{}", 2),
	    415, "text/plain");
	expect(raw_send(port, "PUT", "/v1/things",
		   "Content-Type: application/json; charset=utf-8\r\n", "{}", 2),
	    200, "|2");
	expect(raw_send(port, "PUT", "/v1/things", FORM, "{}", 2), 200, "|2");
	expect(raw_send(port, "POST", "/v1/late", FORM, "{}", 2), 415, "urlencoded");
}

static void test_http_refuses_what_a_web_page_could_send(void **state)
{
	uint16_t port = http_port(*state);

	expect(raw_send(port, "PUT", "/v1/things", JSON "Origin: http://evil.example\r\n",
		   "{}", 2),
	    403, "cross_origin");
	int fd = raw_connect(port);
	static const char rebound[] = "GET /v1/things HTTP/1.1\r\nHost: "
				      "evil.example:7077\r\nConnection: close\r\n\r\n";

	assert_int_equal(raw_say(fd, rebound, sizeof(rebound) - 1), 0);
	expect(raw_hear(fd), 403, "bad_host");
}

static void test_http_refuses_a_header_of_a_megabyte(void **state)
{
	uint16_t port = http_port(*state);
	char *big = malloc(1 << 20);
	int fd = raw_connect(port);

	assert_non_null(big);
	memset(big, 'a', 1 << 20);
	(void)raw_say(fd, "GET / HTTP/1.1\r\nX: ", 19);
	(void)raw_say(fd, big, 1 << 20);
	struct got got = raw_hear(fd);

	assert_true(
	    got.status == 431 || got.status == 0); /* a reset may eat the answer */
	free(got.text);
	free(big);
	expect(raw_get(port, "/v1/things"), 200, "none");
}

static void test_http_serves_others_while_one_is_slow(void **state)
{
	uint16_t port = http_port(*state);
	int slow = raw_connect(port);

	assert_int_equal(raw_say(slow, "PUT /v1/th", 10), 0);
	expect(raw_get(port, "/v1/things"), 200, "none");
	(void)close(slow);
}

static void test_http_finishes_late_replies(void **state)
{
	uint16_t port = http_port(*state);

	for (int i = 0; i < 5; i++)
		expect(
		    raw_send(port, "POST", "/v1/late", JSON, "{}", 2), 200, "\"late\"");
}

static void *ask_late(void *http)
{
	struct got *got = malloc(sizeof(*got));

	if (got)
		*got = raw_send(http_port(http), "POST", "/v1/late", JSON, "{}", 2);
	return got;
}

static void test_http_stop_lets_late_replies_end(void **state)
{
	pthread_t thread;
	struct got *got;

	assert_int_equal(pthread_create(&thread, NULL, ask_late, *state), 0);
	(void)usleep(10000);
	http_stop(*state);
	assert_int_equal(pthread_join(thread, (void **)&got), 0);
	assert_non_null(got);
	expect(*got, 200, "\"late\"");
	free(got);
}

static void test_http_answers_without_a_body(void **state)
{
	expect(
	    raw_send(http_port(*state), "DELETE", "/v1/things", "", "", 0), 204, "204");
}

static void test_http_names_a_busy_port(void **state)
{
	struct http *second;

	assert_int_equal(http_new(&second), 0);
	assert_int_equal(http_start(second, "localhost", http_port(*state)), -EADDRINUSE);
	assert_int_equal(http_start(second, "no-address", 0), -EINVAL);
	http_free(second);
}

static void test_http_knows_loopback(void **state)
{
	(void)state;
	assert_true(http_is_loopback("127.0.0.1"));
	assert_true(http_is_loopback("127.9.0.1"));
	assert_true(http_is_loopback("::1"));
	assert_true(http_is_loopback("[::1]"));
	assert_true(http_is_loopback("localhost"));
	assert_false(http_is_loopback("0.0.0.0"));
	assert_false(http_is_loopback("::"));
	assert_false(http_is_loopback("192.0.2.1"));
	assert_false(http_is_loopback(""));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_route_decodes_segments),
	    TEST(test_http_hands_on_parameters_and_query),
	    TEST(test_http_answers_strangers_with_json_errors),
	    TEST(test_http_limits_the_body),
	    TEST(test_http_wants_a_known_content_type),
	    TEST(test_http_refuses_what_a_web_page_could_send),
	    TEST(test_http_refuses_a_header_of_a_megabyte),
	    TEST(test_http_serves_others_while_one_is_slow),
	    TEST(test_http_finishes_late_replies),
	    TEST(test_http_stop_lets_late_replies_end),
	    TEST(test_http_answers_without_a_body),
	    TEST(test_http_names_a_busy_port),
	    TEST(test_http_knows_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
