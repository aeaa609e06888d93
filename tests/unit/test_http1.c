/* Byte sequences as real servers send and receive them, through the kernel's machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those */
#include <cmocka.h>
#include <stdio.h>

#include "tests/unit/replay_http.h"

static void test_http1_two_requests_on_one_connection(void **state)
{
	struct replay r = {0};

	(void)state;
	for (int i = 1; i <= 2; i++) {
		RECEIVE(&r, get);
		is_counted(&r, i, i - 1);
		assert_int_equal(r.e.start_ns, r.now_ns);
		SEND(&r, ok);
		is_answered(&r, i, 200);
		assert_int_equal(r.e.end_ns, r.now_ns);
		assert_int_equal(r.e.request_bytes, sizeof(get) - 1);
		assert_int_equal(r.e.response_bytes, sizeof(ok) - 1);
	}
	replay_close(&r, false);
	is_counted(&r, 2, 2);
}

static void test_http1_a_head_and_its_body_in_separate_writes(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	SEND(&r, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
	is_counted(&r, 1, 0);
	SEND(&r, "hel");
	is_counted(&r, 1, 0);
	SEND(&r, "lo\n");
	is_answered(&r, 1, 200);
}

static void test_http1_an_answer_split_at_every_byte_ends_with_its_last_one(void **state)
{
	static const struct {
		const char *text;
		size_t bytes;
	} answers[] = {{ok, sizeof(ok) - 1}, {chunks, sizeof(chunks) - 1}};

	(void)state;
	for (size_t a = 0; a < 2; a++) {
		for (size_t at = 1; at < answers[a].bytes; at++) {
			struct replay r = {0};

			RECEIVE(&r, get);
			replay_send(&r, answers[a].text, at, NULL, 0);
			is_counted(&r, 1, 0);
			replay_send(
			    &r, answers[a].text + at, answers[a].bytes - at, NULL, 0);
			is_answered(&r, 1, 200);
		}
	}
}

static void test_http1_a_head_that_trickles_byte_by_byte(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	for (size_t i = 0; i < sizeof(ok) - 1; i++) {
		is_counted(&r, 1, 0);
		replay_send(&r, ok + i, 1, NULL, 0);
	}
	is_answered(&r, 1, 200);
}

static void test_http1_a_line_too_long_to_keep_says_nothing(void **state)
{
	char line[151];
	struct replay r = {0};

	(void)state;
	(void)snprintf(line, sizeof(line), "X-Long: %0142d", 0);
	RECEIVE(&r, get);
	SEND(&r, "HTTP/1.1 200 OK\r\n");
	replay_send(&r, line, 150, NULL, 0);
	SEND(&r, "content-length: 1\r\n"); /* not the start of a line */
	SEND(&r, "Content-Length: 3\r\n\r\n");
	is_counted(&r, 1, 0);
	SEND(&r, "abc");
	is_answered(&r, 1, 200);
}

static void test_http1_a_request_split_at_every_byte_begins_with_its_first_one(
    void **state)
{
	(void)state;
	for (size_t at = 1; at < sizeof(get) - 1; at++) {
		struct replay r = {0};

		replay_receive(&r, get, at);
		is_counted(&r, 1, 0);
		assert_int_equal(r.e.start_ns, 1);
		replay_receive(&r, get + at, sizeof(get) - 1 - at);
		is_counted(&r, 1, 0);
		SEND(&r, ok);
		is_answered(&r, 1, 200);
		assert_int_equal(r.e.request_bytes, sizeof(get) - 1);
	}
}

static void test_http1_chunks_as_node_streams_them(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	SEND(&r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	SEND(&r, "7\r\nchunk1\n\r\n");
	SEND(&r, "7\r\nchunk2\n\r\n");
	is_counted(&r, 1, 0);
	SEND(&r, "0\r\n\r\n");
	is_answered(&r, 1, 200);
}

static void test_http1_the_end_of_chunks_in_the_last_piece_of_a_writev(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	replay_send(&r, chunks, sizeof(chunks) - 1 - TAIL_BYTES, "0\r\n\r\n", 5);
	is_answered(&r, 1, 200);
}

static void test_http1_a_head_that_goes_on_in_the_next_piece_of_a_writev(void **state)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
	static const char more[] = "Content-Length: 10\r\n\r\n01234";
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	replay_send(&r, head, sizeof(head) - 1, more, sizeof(more) - 1);
	is_counted(&r, 1, 0);
	assert_int_equal(r.e.left, 5);
	SEND(&r, "56789");
	is_answered(&r, 1, 200);
}

static void test_http1_the_end_of_chunks_across_pieces_of_a_writev(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	replay_send(&r, chunks, sizeof(chunks) - 1 - 2, "\r\n", 2);
	is_answered(&r, 1, 200);
}

static void test_http1_100_continue_is_not_the_answer(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(
	    &r, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
	SEND(&r, "HTTP/1.1 100 Continue\r\n\r\n");
	is_counted(&r, 1, 0);
	RECEIVE(&r, "body");
	is_counted(&r, 1, 0);
	SEND(&r, ok);
	is_answered(&r, 1, 200);
}

static void test_http1_answers_without_a_body(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, "HEAD / HTTP/1.1\r\n\r\n");
	SEND(&r, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
	is_answered(&r, 1, 200);
	RECEIVE(&r, get);
	SEND(&r, "HTTP/1.1 204 No Content\r\n\r\n");
	is_answered(&r, 2, 204);
	RECEIVE(&r, get);
	SEND(&r, "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n");
	is_answered(&r, 3, 304);
	RECEIVE(&r, get);
	SEND(&r, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	is_answered(&r, 4, 200);
}

static void test_http1_50_mb_in_many_writes(void **state)
{
	static const char block[65536];
	struct replay r = {0};
	int left = 50 << 20;

	(void)state;
	RECEIVE(&r, get);
	SEND(&r, "HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n");
	for (; left > 0; left -= (int)sizeof(block)) {
		is_counted(&r, 1, 0);
		replay_send(&r, block, sizeof(block), NULL, 0);
	}
	is_answered(&r, 1, 200);
	assert_true(r.e.response_bytes > 50 << 20);
}

static void test_http1_three_requests_in_one_read_are_three(void **state)
{
	char three[3 * sizeof(get)];
	struct replay r = {0};

	(void)state;
	(void)snprintf(three, sizeof(three), "%s%s%s", get, get, get);
	replay_receive(&r, three, strlen(three));
	is_counted(&r, 1, 0);
	SEND(&r, ok);
	is_answered(&r, 1, 200);
	assert_false(r.e.flags & INVOCATION_NO_START);
	for (int i = 2; i <= 3; i++) {
		SEND(&r, ok);
		is_answered(&r, i, 200);
		assert_int_equal(r.e.start_ns, 1); /* the read that brought it */
		assert_true(r.e.flags & INVOCATION_NO_START);
	}
}

static void test_http1_what_a_server_says_to_an_idle_connection_is_no_invocation(
    void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	SEND(&r, ok);
	SEND(&r, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
	replay_close(&r, false);
	is_answered(&r, 1, 200);
}

static void test_http1_the_rest_of_a_body_that_was_not_waited_for(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, "POST / HTTP/1.1\r\nContent-Length: 200000\r\n\r\nstart of it");
	SEND(&r, "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n");
	is_answered(&r, 1, 413);
	RECEIVE(&r, "more of the body, in small letters");
	RECEIVE(&r, "x");
	RECEIVE(&r, get);
	SEND(&r, ok);
	is_answered(&r, 2, 200);
}

static void test_http1_text_that_could_not_be_read_is_still_counted(void **state)
{
	struct replay r = {0};

	(void)state;
	replay_step(&r, http1_received(&r.e, NULL, 100, 1));
	is_counted(&r, 1, 0);
	replay_step(&r, http1_sent(&r.e, NULL, 100, 2));
	is_counted(&r, 1, 0);
	replay_close(&r, false);
	is_counted(&r, 1, 1);
}

static void test_http1_the_trace_of_a_request_is_kept(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, "GET / HTTP/1.1\r\nTraceParent: "
		    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n");
	assert_non_null(strstr(r.e.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736"));
	SEND(&r, ok);
	RECEIVE(&r, get);
	assert_int_equal(r.e.trace_id[0], 0);
}

static void test_http1_fields_beyond_the_piece_are_not_read(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	/* the buffer still holds an earlier message: its digits are not this one's */
	SEND(&r, "HTTP/1.1 200 OK\r\nContent-Length: 1");
	memcpy(r.m.head + r.m.head_len + 1, "99999", 5);
	SEND(&r, "0\r\n\r\n");
	is_counted(&r, 1, 0);
	assert_int_equal(r.e.left, 10);
	SEND(&r, "0123456789");
	is_answered(&r, 1, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_http1_two_requests_on_one_connection),
	    cmocka_unit_test(test_http1_a_head_and_its_body_in_separate_writes),
	    cmocka_unit_test(
		test_http1_an_answer_split_at_every_byte_ends_with_its_last_one),
	    cmocka_unit_test(test_http1_a_head_that_trickles_byte_by_byte),
	    cmocka_unit_test(test_http1_a_line_too_long_to_keep_says_nothing),
	    cmocka_unit_test(
		test_http1_a_request_split_at_every_byte_begins_with_its_first_one),
	    cmocka_unit_test(test_http1_chunks_as_node_streams_them),
	    cmocka_unit_test(test_http1_the_end_of_chunks_in_the_last_piece_of_a_writev),
	    cmocka_unit_test(
		test_http1_a_head_that_goes_on_in_the_next_piece_of_a_writev),
	    cmocka_unit_test(test_http1_the_end_of_chunks_across_pieces_of_a_writev),
	    cmocka_unit_test(test_http1_100_continue_is_not_the_answer),
	    cmocka_unit_test(test_http1_answers_without_a_body),
	    cmocka_unit_test(test_http1_50_mb_in_many_writes),
	    cmocka_unit_test(test_http1_three_requests_in_one_read_are_three),
	    cmocka_unit_test(
		test_http1_what_a_server_says_to_an_idle_connection_is_no_invocation),
	    cmocka_unit_test(test_http1_the_rest_of_a_body_that_was_not_waited_for),
	    cmocka_unit_test(test_http1_text_that_could_not_be_read_is_still_counted),
	    cmocka_unit_test(test_http1_the_trace_of_a_request_is_kept),
	    cmocka_unit_test(test_http1_fields_beyond_the_piece_are_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
