#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "alerts/keepwarm/ping.h"
#include "base/clock.h"
#include "bpf/http_head.h"
#include "model/invocation.h"
#include "tests/unit/receiver.h"

static struct receiver receiver;

static void done(struct call *call)
{
	*(int *)((struct ping *)call)->context += 1;
}

/* Runs one ping to its end. */
static void ping(
    const char *method, const char *url, const char *body, struct ping_result *result)
{
	CURLM *multi = curl_multi_init();
	struct call_request what = {.method = method, .url = url, .body = body};
	const uint64_t random[2] = {0x0123456789abcdef, 0xfedcba9876543210};
	struct ping p = {0};
	int ended = 0;
	int running;

	p.context = &ended;
	assert_int_equal(
	    ping_start(&p, multi, &what, 1700000000 * CLOCK_NS_PER_S, random, done), 0);
	assert_int_equal(ping_start(&p, multi, &what, 0, random, done), -EALREADY);
	for (int i = 0; i < 500 && !ended; i++) {
		(void)curl_multi_perform(multi, &running);
		call_collect(multi);
		(void)curl_multi_poll(multi, NULL, 0, 20, NULL);
	}
	assert_int_equal(ended, 1);
	ping_result(&p, result);
	call_cancel(&p.call);
	(void)curl_multi_cleanup(multi);
}

static void url_to(char *out, size_t size, const char *path)
{
	(void)snprintf(out, size, "http://127.0.0.1:%u%s", receiver.port, path);
}

static void test_the_trace_comes_before_every_other_header(void **state)
{
	static const char *const answers[] = {RECEIVER_OK};
	struct ping_result result;
	char url[64];
	char expected[512];

	(void)state;
	receiver_start(&receiver, answers, 1);
	url_to(url, sizeof(url), "/run?x=1");
	ping("GET", url, NULL, &result);
	(void)snprintf(expected, sizeof(expected),
	    "GET /run?x=1 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
	    "traceparent: 00-c01dc01dc01dc01d0123456789abcdef-fedcba9876543211-00\r\n"
	    "X-Amzn-Trace-Id: Root=1-6553f100-c01dc01dc01dc01d89abcdef;Sampled=0\r\n"
	    "User-Agent: coldmeter-keepwarm/1\r\nAccept: */*\r\nConnection: close\r\n"
	    "\r\n",
	    receiver.port);
	assert_string_equal(receiver.requests[0], expected);
	assert_int_equal(result.status, 200);
	assert_string_equal(result.error, "");
	assert_true(result.seconds < 5);
	receiver_stop(&receiver);
}

static void test_the_meter_knows_our_trace_ids(void **state)
{
	const uint64_t random[2] = {1, 2};
	char traceparent[PING_HEADER_BYTES];
	char amzn[PING_HEADER_BYTES];

	(void)state;
	ping_format_trace(0, random, traceparent, amzn);
	assert_true(invocation_trace_is_ping("c01dc01dc01dc01d0000000000000001"));
	assert_true(invocation_trace_is_ping(strchr(traceparent, ' ') + 1) ||
		    strstr(traceparent, "00-" PING_TRACE_MARK));
	assert_non_null(strstr(amzn, "-" PING_TRACE_MARK "00000001;"));
}

/* What the kernel keeps of the header, and whether it knows it for a ping's. */
static bool kernel_sees_a_ping(const char *header)
{
	static struct message m;
	char trace[RECORD_TRACE_BYTES + 8] = "";
	struct head_rest rest = {0};

	m.head_len = (__u32)snprintf(
	    m.head, HEAD_BYTES, "GET / HTTP/1.1\r\n%s\r\nHost: x\r\n\r\n", header);
	scan_head(&m, &rest, false);
	copy_trace(&m, trace);
	return trace[0] && trace_is_ping(trace);
}

static void test_the_kernel_knows_our_pings(void **state)
{
	const uint64_t random[2] = {1, 2};
	char traceparent[PING_HEADER_BYTES];
	char amzn[PING_HEADER_BYTES];

	(void)state;
	ping_format_trace(1790000000 * CLOCK_NS_PER_S, random, traceparent, amzn);
	assert_true(kernel_sees_a_ping(traceparent));
	assert_true(kernel_sees_a_ping(amzn));
	assert_true(kernel_sees_a_ping(
	    "traceparent:00-" PING_TRACE_MARK "0000000000000001-0000000000000003-00"));
	assert_false(kernel_sees_a_ping(
	    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
	assert_false(kernel_sees_a_ping("X-Other: " PING_TRACE_MARK));
}

static void test_a_post_carries_its_body(void **state)
{
	static const char *const answers[] = {RECEIVER_STATUS("500 No", "")};
	struct ping_result result;
	char url[64];

	(void)state;
	receiver_start(&receiver, answers, 1);
	url_to(url, sizeof(url), "/");
	ping("POST", url, "{\"warm\":true}", &result);
	assert_memory_equal(receiver.requests[0], "POST / HTTP/1.1\r\n", 17);
	assert_non_null(strstr(receiver.requests[0], "Content-Length: 13\r\n"));
	assert_non_null(strstr(receiver.requests[0], "\r\n\r\n{\"warm\":true}"));
	assert_null(strstr(receiver.requests[0], "Expect"));
	assert_int_equal(result.status, 500);
	receiver_stop(&receiver);
}

static void test_a_failure_has_its_reason(void **state)
{
	static const char *const answers[] = {NULL};
	struct ping_result result;
	char url[64];

	(void)state;
	receiver_start(&receiver, answers, 1);
	url_to(url, sizeof(url), "/");
	ping("GET", url, NULL, &result);
	assert_int_equal(result.status, 0);
	assert_string_not_equal(result.error, "");
	receiver_stop(&receiver);
	ping("GET", url, NULL, &result); /* nobody listens now */
	assert_int_equal(result.status, 0);
	assert_non_null(strstr(result.error, "connect"));
}

static void test_redirects_are_not_followed(void **state)
{
	char answer[256];
	const char *const answers[] = {answer};
	struct ping_result result;
	char url[64];

	(void)state;
	receiver_start(&receiver, answers, 1);
	(void)snprintf(answer, sizeof(answer),
	    "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/other\r\n"
	    "Content-Length: 0\r\nConnection: close\r\n\r\n",
	    receiver.port);
	url_to(url, sizeof(url), "/");
	ping("GET", url, NULL, &result);
	assert_int_equal(result.status, 302);
	assert_int_equal(atomic_load(&receiver.n), 1);
	receiver_stop(&receiver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_trace_comes_before_every_other_header),
	    cmocka_unit_test(test_the_meter_knows_our_trace_ids),
	    cmocka_unit_test(test_the_kernel_knows_our_pings),
	    cmocka_unit_test(test_a_post_carries_its_body),
	    cmocka_unit_test(test_a_failure_has_its_reason),
	    cmocka_unit_test(test_redirects_are_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
