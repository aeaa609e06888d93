/* What ends with its connection, or with the process that serves it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those */
#include <cmocka.h>

#include "bpf/control.h"
#include "tests/unit/replay_http.h"

static void test_http1_an_answer_without_a_length_ends_with_the_connection(void **state)
{
	struct replay r = {0};
	__u64 last_ns;

	(void)state;
	RECEIVE(&r, get);
	SEND(&r, "HTTP/1.0 200 OK\r\nServer: SimpleHTTP\r\n\r\n");
	SEND(&r, "some text");
	last_ns = r.now_ns;
	is_counted(&r, 1, 0);
	replay_close(&r, false);
	is_answered(&r, 1, 200);
	assert_int_equal(r.e.end_ns, last_ns);
	assert_false(r.e.flags & INVOCATION_ABORTED);
}

static void test_http1_an_answer_without_a_length_ends_with_the_next_request(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	SEND(&r, "HTTP/1.1 200 OK\r\n\r\nsome text");
	RECEIVE(&r, get);
	is_counted(&r, 2, 1);
	SEND(&r, ok);
	is_answered(&r, 2, 200);
}

static void test_http1_a_session_is_one_invocation_until_its_connection_closes(
    void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r,
	    "GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
	SEND(&r, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
	RECEIVE(&r, "\x81\x85GET HTTP/1.1");
	SEND(&r, "HTTP/1.1 in a frame");
	is_counted(&r, 1, 0);
	replay_close(&r, false);
	is_counted(&r, 1, 1);
	assert_int_equal(r.e.status, 101); /* which tells it from others */
	assert_int_equal(r.e.end_ns, r.now_ns);
}

static void test_http1_a_client_that_hangs_up(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	replay_close(&r, false);
	is_counted(&r, 1, 1);
	assert_true(r.e.flags & INVOCATION_ABORTED);
	SEND(&r, ok); /* what met the reset is told after it */
	is_counted(&r, 1, 1);
	r = (struct replay){0};
	RECEIVE(&r, get);
	SEND(&r, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all");
	replay_close(&r, false);
	is_counted(&r, 1, 1);
	assert_true(r.e.flags & INVOCATION_ABORTED);
}

static void test_http1_a_process_that_dies_on_it(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	replay_close(&r, true);
	is_counted(&r, 1, 1);
	assert_true(r.e.flags & INVOCATION_EXITED);
	assert_false(r.e.flags & INVOCATION_RESPONDED);
}

static void test_http1_tls_and_http2_begin_nothing(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, "\x16\x03\x01\x02\x00\x01");
	assert_true(r.tls);
	RECEIVE(&r, get);
	SEND(&r, ok);
	is_counted(&r, 0, 0);
	r = (struct replay){0};
	RECEIVE(&r, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	assert_true(r.http2);
	RECEIVE(&r, get);
	SEND(&r, ok);
	is_counted(&r, 0, 0);
	assert_false(r.tls);
}

static void test_http1_an_upgrade_to_http2_leaves_its_request_open(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
		    "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n");
	SEND(&r, "HTTP/1.1 101 \r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n");
	assert_true(r.upgraded);
	assert_int_equal(r.e.phase, PHASE_HTTP2);
	is_counted(&r, 1, 0);
}

/* HEADERS of stream 13, as a client sends them; a body that a server did not wait for may
 * look like that, so only a connection older than the probes is taken for HTTP/2. */
static void test_http1_http2_that_began_before_the_probes(void **state)
{
	static const char frame[] = "\0\0\x23\x01\x05\0\0\0\x0d\x82\x86\x84";
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, frame);
	assert_false(r.http2_late);
	r.e.is_adopted = 1;
	RECEIVE(&r, "rest of a body");
	assert_false(r.http2_late);
	RECEIVE(&r, frame);
	assert_true(r.http2_late);
	is_counted(&r, 0, 0);
}

/* Its head was sent before the probes were there: its chunks tell. */
static void test_http1_a_stream_that_began_before_the_probes(void **state)
{
	struct replay r = {.e.is_adopted = 1, .e.last_receive_ns = 1};

	(void)state;
	SEND(&r, "text of an answer with a length\r\n");
	SEND(&r, "feed the rest of one\r\n");
	is_counted(&r, 0, 0);
	SEND(&r, "1F\r\nthirty-one characters are here.\r\n");
	is_counted(&r, 1, 0);
	SEND(&r, "5\r\nhello\r\n");
	is_counted(&r, 1, 0);
	SEND(&r, "0\r\n\r\n");
	is_counted(&r, 1, 1);
	assert_true(r.e.flags & INVOCATION_NO_START && r.e.flags & INVOCATION_RESPONDED);
	assert_int_equal(r.e.start_ns, 1);
	assert_int_equal(r.e.status, 0);
	SEND(&r, "5\r\nhello\r\n"); /* the next is seen from its start */
	RECEIVE(&r, get);
	SEND(&r, ok);
	is_answered(&r, 2, 200);
	r = (struct replay){.e.last_receive_ns = 1};
	SEND(&r, "5\r\nhello\r\n"); /* of a connection that is not older */
	is_counted(&r, 0, 0);
}

static void test_http1_answers_in_one_write_are_as_many(void **state)
{
	static const char several[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	    "HTTP/1.1 204 No Content\r\n\r\n"
	    "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhe";
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	replay_send_several(&r, several, sizeof(several) - 1);
	is_counted(&r, 3, 2);
	assert_int_equal(r.e.status, 404);
	assert_int_equal(r.e.left, 3);
	assert_true(r.e.flags & INVOCATION_NO_START);
	SEND(&r, "lloHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	is_counted(&r, 3, 3);
	assert_int_equal(
	    r.e.over, sizeof("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") - 1);
	assert_int_equal(r.e.response_bytes,
	    sizeof("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello") - 1);
}

static void test_http1_an_answer_that_nobody_can_read_ends_with_the_next_request(
    void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	replay_step(&r, http1_sent(&r.e, NULL, 40, 7));
	replay_step(&r, http1_sent(&r.e, NULL, 40, 9));
	is_counted(&r, 1, 0);
	RECEIVE(&r, get);
	is_counted(&r, 2, 1);
	replay_step(&r, http1_sent(&r.e, NULL, 40, 11));
	replay_close(&r, false);
	is_counted(&r, 2, 2);
	assert_int_equal(r.e.end_ns, 11);
	assert_int_equal(r.e.status, 0);
	assert_int_equal(r.e.flags, INVOCATION_RESPONDED | INVOCATION_END_INFERRED);
}

static enum http_control control(const char *text, __u32 speaks)
{
	struct replay r = {0};
	struct message *m = replay_message(&r, text, strlen(text), NULL, 0, NULL);

	scan_head(m, &r.e.rest, false);
	return http_control_of(m, speaks);
}

static void test_http1_what_a_platform_asks_is_no_invocation(void **state)
{
	(void)state;
	assert_int_equal(
	    control("POST /init HTTP/1.1\r\n\r\n{}", SPEAKS_OPENWHISK), CONTROL_INIT);
	assert_int_equal(
	    control("POST /init HTTP/1.1\r\n\r\n", SPEAKS_OPENWHISK), CONTROL_INIT_BODY);
	assert_int_equal(control("POST /init HTTP/1.1\r\n\r\n{}", 0), CONTROL_NONE);
	assert_int_equal(
	    control("GET /init HTTP/1.1\r\n\r\n", SPEAKS_OPENWHISK), CONTROL_NONE);
	assert_int_equal(
	    control("POST /initial HTTP/1.1\r\n\r\n", SPEAKS_OPENWHISK), CONTROL_NONE);
	assert_int_equal(
	    control("POST /run HTTP/1.1\r\n\r\n{}", SPEAKS_OPENWHISK), CONTROL_NONE);
	assert_int_equal(control("POST /specialize HTTP/1.1\r\n\r\n{}", 0), CONTROL_INIT);
	assert_int_equal(
	    control("POST /v2/specialize HTTP/1.1\r\n\r\n{}", 0), CONTROL_INIT);
	assert_int_equal(
	    control("POST /specialized HTTP/1.1\r\n\r\n{}", 0), CONTROL_NONE);
	assert_int_equal(
	    control("GET /_/health HTTP/1.1\r\n\r\n", SPEAKS_OPENFAAS), CONTROL_PROBE);
	assert_int_equal(control("GET /_/health HTTP/1.1\r\n\r\n", 0), CONTROL_NONE);
	assert_int_equal(
	    control("GET / HTTP/1.1\r\nuser-agent: kube-probe/1.29\r\n\r\n", 0),
	    CONTROL_PROBE);
	assert_int_equal(
	    control("GET / HTTP/1.1\r\nUser-Agent: curl/7\r\n\r\n", 0), CONTROL_NONE);
	assert_int_equal(control("GET / HTTP/1.1\r\nK-Network-Probe: queue\r\n\r\n", 0),
	    CONTROL_PROBE);
}

/* Trailers are no end that is known, but the next request is. */
static void test_http1_chunks_with_a_trailer_end_with_the_next_request(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	SEND(&r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n");
	is_counted(&r, 1, 0);
	RECEIVE(&r, "GETTING more of a body that is still uploaded");
	is_counted(&r, 1, 0);
	RECEIVE(&r, get);
	is_counted(&r, 2, 1);
	SEND(&r, ok);
	is_counted(&r, 2, 2);
}

/* The invoke API says so beside a status of 200, at the end of a head that may come in
 * pieces; from another server it says nothing. */
static void test_http1_a_function_error_at_a_front_door(void **state)
{
	static const char call[] = "POST /2015-03-31/functions/x/invocations HTTP/1.1\r\n"
				   "Content-Length: 0\r\n\r\n";
	static const char failed[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
				     "x-amz-function-error: Unhandled\r\n\r\n";
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, call);
	SEND(&r, failed);
	is_answered(&r, 1, 200);
	assert_true(r.e.flags & INVOCATION_ERROR);
	RECEIVE(&r, call);
	replay_send(&r, failed, 17, NULL, 0);
	replay_send(&r, failed + 17, sizeof(failed) - 1 - 17, NULL, 0);
	is_answered(&r, 2, 200);
	assert_true(r.e.flags & INVOCATION_ERROR);
	RECEIVE(&r, call);
	SEND(&r, ok);
	is_answered(&r, 3, 200);
	assert_false(r.e.flags & INVOCATION_ERROR);
	RECEIVE(&r, get);
	SEND(&r, failed);
	is_answered(&r, 4, 200);
	assert_false(r.e.flags & INVOCATION_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_http1_what_a_platform_asks_is_no_invocation),
	    cmocka_unit_test(test_http1_answers_in_one_write_are_as_many),
	    cmocka_unit_test(
		test_http1_an_answer_that_nobody_can_read_ends_with_the_next_request),
	    cmocka_unit_test(
		test_http1_an_answer_without_a_length_ends_with_the_connection),
	    cmocka_unit_test(
		test_http1_an_answer_without_a_length_ends_with_the_next_request),
	    cmocka_unit_test(
		test_http1_a_session_is_one_invocation_until_its_connection_closes),
	    cmocka_unit_test(test_http1_a_client_that_hangs_up),
	    cmocka_unit_test(test_http1_a_process_that_dies_on_it),
	    cmocka_unit_test(test_http1_tls_and_http2_begin_nothing),
	    cmocka_unit_test(test_http1_chunks_with_a_trailer_end_with_the_next_request),
	    cmocka_unit_test(test_http1_an_upgrade_to_http2_leaves_its_request_open),
	    cmocka_unit_test(test_http1_http2_that_began_before_the_probes),
	    cmocka_unit_test(test_http1_a_function_error_at_a_front_door),
	    cmocka_unit_test(test_http1_a_stream_that_began_before_the_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
