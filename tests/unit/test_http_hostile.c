/* Whom the HTTP server does not wait for: those who drip, who come too often, or whose
 * requests are no requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those */
#include <cmocka.h>

#include "base/clock.h"
#include "serve/http.h"
#include "tests/unit/raw_client.h"

#define JSON "Content-Type: application/json\r\n"

static int say_yes(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	(void)context;
	(void)request;
	reply->body = strdup("\"yes\"");
	reply->body_bytes = 5;
	return 0;
}

/* More than the buffers of a socket take. */
static int say_much(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	(void)context;
	(void)request;
	reply->body_bytes = (size_t)32 << 20;
	reply->body = calloc(1, reply->body_bytes);
	return 0;
}

static void *pending;

static int say_later(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	(void)context;
	(void)reply;
	pending = http_pend(request);
	return HTTP_PENDING;
}

static int echo_name(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	(void)context;
	reply->body = strdup(request->parameter[0]);
	reply->body_bytes = strlen(reply->body);
	return 0;
}

static const struct http_route routes[] = {
    {"GET", "/open", say_yes, 0, HTTP_NEEDS_NOTHING},
    {"POST", "/open", say_yes, 1000, HTTP_NEEDS_NOTHING},
    {"GET", "/much", say_much, 0, HTTP_NEEDS_NOTHING},
    {"GET", "/later", say_later, 0, HTTP_NEEDS_NOTHING},
    {"GET", "/names/{name}", echo_name, 0, HTTP_NEEDS_NOTHING},
};

static const struct http_limits *limits; /* of the next start() */

static int start(void **state)
{
	struct http *http;

	assert_int_equal(http_new(&http), 0);
	assert_int_equal(
	    http_add_routes(http, routes, sizeof(routes) / sizeof(routes[0]), NULL), 0);
	if (limits)
		http_set_limits(http, limits);
	assert_int_equal(http_start(http, "127.0.0.1", 0), 0);
	*state = http;
	return 0;
}

static int stop(void **state)
{
	http_free(*state);
	return 0;
}

static void expect(struct http *http, const char *target, int status)
{
	struct got got = raw_get(http_port(http), target);

	if (got.status != status)
		fail_msg("%s: %d, not %d", target, got.status, status);
	free(got.text);
}

/* So long from now, by the clock of the sweep. */
static size_t sweep_in(struct http *http, uint64_t seconds)
{
	return http_sweep(http, clock_boot_ns() + seconds * CLOCK_NS_PER_S);
}

static struct http_counts counts_of(struct http *http)
{
	struct http_counts counts;

	http_counts(http, &counts);
	return counts;
}

static void until_open(struct http *http, uint64_t n)
{
	for (int i = 0; i < 1000 && counts_of(http).connections_open != n; i++)
		(void)usleep(5000);
	assert_int_equal(counts_of(http).connections_open, n);
}

/* One says the start of a request and no more; others are served, and it is cut off when
 * its time is up and not before. */
static void drip(struct http *http, const char *start_of, uint64_t allowed_s)
{
	int fd = raw_connect(http_port(http));
	struct got got;

	assert_int_equal(raw_say(fd, start_of, strlen(start_of)), 0);
	until_open(http, 1);
	(void)usleep(50000); /* that it has been read */
	expect(http, "/open", 200);
	until_open(http, 1);
	assert_int_equal(sweep_in(http, allowed_s - 5), 0);
	assert_int_equal(raw_say(fd, "a", 1), 0); /* still there */
	assert_int_equal(sweep_in(http, allowed_s + 5), 1);
	until_open(http, 0);
	got = raw_hear(fd);
	assert_int_equal(got.status, 0);
	free(got.text);
	expect(http, "/open", 200);
}

static void test_hostile_cuts_off_who_drips(void **state)
{
	drip(*state, "GET /op", 40);
	drip(*state, "GET /open HTTP/1.1\r\nHost: localhost\r\nX: ", 40);
	drip(*state,
	    "POST /open HTTP/1.1\r\nHost: localhost\r\n" JSON "Content-Length: "
	    "900\r\n\r\n{",
	    60);
	drip(*state,
	    "POST /open HTTP/1.1\r\nHost: localhost\r\n" JSON "Transfer-Encoding: "
	    "chunked\r\n\r\n384\r\n{",
	    60);
	assert_int_equal(counts_of(*state).cut_off, 4);
}

static void test_hostile_cuts_off_who_does_not_read(void **state)
{
	static const char ask[] = "GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct http *http = *state;
	int fd = raw_connect(http_port(http));

	assert_int_equal(raw_say(fd, ask, sizeof(ask) - 1), 0);
	while (counts_of(http).requests == 0)
		(void)usleep(1000);
	assert_int_equal(sweep_in(http, 295), 0);
	assert_int_equal(sweep_in(http, 305), 1);
	until_open(http, 0);
	(void)close(fd);
}

static void test_hostile_waits_for_its_own_late_replies(void **state)
{
	static const char ask[] =
	    "GET /later HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	struct http_reply reply = {.body = strdup("\"late\""), .body_bytes = 6};
	struct http *http = *state;
	int fd = raw_connect(http_port(http));
	struct got got;
	size_t cut;

	pending = NULL;
	assert_int_equal(raw_say(fd, ask, sizeof(ask) - 1), 0);
	while (!__atomic_load_n(&pending, __ATOMIC_ACQUIRE))
		(void)usleep(1000);
	(void)usleep(20000);
	cut = sweep_in(http, 86400);
	http_finish(pending, &reply);
	got = raw_hear(fd);
	assert_int_equal(cut, 0);
	assert_int_equal(got.status, 200);
	free(got.text);
}

static int start_limited(void **state)
{
	static const struct http_limits few = {.connections = 3, .requests_per_s = 2};

	limits = &few;
	(void)start(state);
	limits = NULL;
	return 0;
}

static void test_hostile_limits_connections_of_a_client(void **state)
{
	struct http *http = *state;
	int fds[3];
	struct got got;

	for (size_t i = 0; i < 3; i++)
		fds[i] = raw_connect(http_port(http));
	until_open(http, 3);
	got = raw_get(http_port(http), "/open");
	assert_int_equal(got.status, 429);
	assert_non_null(strstr(got.text, "Retry-After: 5"));
	assert_non_null(strstr(got.text, "Connection: close"));
	assert_non_null(strstr(got.body, "too many connections"));
	free(got.text);
	(void)close(fds[0]);
	until_open(http, 2);
	expect(http, "/open", 200);
	(void)close(fds[1]);
	(void)close(fds[2]);
	assert_int_equal(counts_of(http).limited, 1);
}

static void test_hostile_limits_requests_of_a_client(void **state)
{
	struct http *http = *state;
	struct got got;

	for (int i = 0; i < 10; i++) /* five seconds' worth at once */
		expect(http, "/open", 200);
	got = raw_get(http_port(http), "/open");
	assert_int_equal(got.status, 429);
	assert_non_null(strstr(got.text, "Retry-After: 1"));
	assert_non_null(strstr(got.body, "too many requests"));
	free(got.text);
	(void)usleep(600000); /* two a second */
	expect(http, "/open", 200);
}

static void expect_raw(struct http *http, const char *request, int status)
{
	int fd = raw_connect(http_port(http));
	struct got got;

	(void)raw_say(fd, request, strlen(request));
	(void)shutdown(fd, SHUT_WR);
	got = raw_hear(fd);
	if (got.status != status)
		fail_msg("%s\n-> %s", request, got.text);
	free(got.text);
}

#define POST_OPEN "POST /open HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" JSON

/* What a proxy in front and this server could read as two different requests. */
static void test_hostile_refuses_bodies_of_unclear_length(void **state)
{
	expect_raw(*state, POST_OPEN "Content-Length: 2\r\n\r\n{}", 200);
	expect_raw(*state,
	    POST_OPEN "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200);
	expect_raw(*state,
	    POST_OPEN "Content-Length: 2\r\nTransfer-Encoding: "
		      "chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	    400);
	expect_raw(
	    *state, POST_OPEN "Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}", 400);
	expect_raw(*state,
	    POST_OPEN "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	    400);
	expect_raw(*state, POST_OPEN "Content-Length: +2\r\n\r\n{}", 400);
	expect_raw(*state, POST_OPEN "Content-Length: -2\r\n\r\n{}", 400);
	expect_raw(
	    *state, POST_OPEN "Content-Length: 99999999999999999999\r\n\r\n{}", 413);
	expect(*state, "/open", 200);
}

static void test_hostile_answers_no_request_with_bad_chunks(void **state)
{
	static const char *const chunks[] = {"xyz\r\n{}\r\n0\r\n\r\n",
	    "-2\r\n{}\r\n0\r\n\r\n", "2\r\n{}xx\r\n0\r\n\r\n",
	    "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n"};
	uint64_t before;

	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		char request[512];
		int fd = raw_connect(http_port(*state));
		struct got got;

		(void)snprintf(request, sizeof(request),
		    POST_OPEN "Transfer-Encoding: chunked\r\n\r\n%s", chunks[i]);
		(void)raw_say(fd, request, strlen(request));
		(void)shutdown(fd, SHUT_WR);
		got = raw_hear(fd);
		if (got.status != 400 && got.status != 413 && got.status != 0)
			fail_msg("%s -> %s", chunks[i], got.text);
		free(got.text);
	}
	before = counts_of(*state).connections;
	expect(*state, "/open", 200);
	assert_int_equal(counts_of(*state).connections, before + 1);
}

static void test_hostile_is_not_tricked_by_paths(void **state)
{
	static const char *const none[] = {"//open", "/open/", "/./open", "/x/../open",
	    "/%2e%2e/open", "/ope%6e", "/open%00", "/names/%00", "/names/a%00b",
	    "/names/", "/names/%", "/names/%f0%28", "/names/a/b", "/OPEN", "/open;x",
	    "/names/%2"};
	struct got got;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		expect(*state, none[i], 404);
	/* a name is a name, whatever it would mean to a file system */
	got = raw_get(http_port(*state), "/names/%2e%2e%2fetc");
	assert_int_equal(got.status, 200);
	assert_string_equal(got.body, "../etc");
	free(got.text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_hostile_cuts_off_who_drips),
	    TEST(test_hostile_cuts_off_who_does_not_read),
	    TEST(test_hostile_waits_for_its_own_late_replies),
	    cmocka_unit_test_setup_teardown(
		test_hostile_limits_connections_of_a_client, start_limited, stop),
	    cmocka_unit_test_setup_teardown(
		test_hostile_limits_requests_of_a_client, start_limited, stop),
	    TEST(test_hostile_refuses_bodies_of_unclear_length),
	    TEST(test_hostile_answers_no_request_with_bad_chunks),
	    TEST(test_hostile_is_not_tricked_by_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
