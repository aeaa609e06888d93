/* Heads that are not the answer's, are long, or are those of an upgrade. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those */
#include <cmocka.h>
#include <stdio.h>

#include "tests/unit/replay_http.h"

/* All that is sent for one request, of which the last answer counts: in one write, and
 * split at every byte. */
static void is_final(const char *sent, __u16 status)
{
	size_t n = strlen(sent);

	for (size_t at = 0; at < n; at++) {
		struct replay r = {0};

		RECEIVE(&r, get);
		if (at)
			replay_send_several(&r, sent, at);
		is_counted(&r, 1, 0);
		if (http1_is_interim(&r.e)) {
			replay_receive(&r, "body", 4);
			is_counted(&r, 1, 0);
		}
		replay_send_several(&r, sent + at, n - at);
		is_answered(&r, 1, status);
		assert_int_equal(r.e.end_ns, r.now_ns);
		assert_int_equal(r.e.response_bytes, n);
		RECEIVE(&r, get);
		SEND(&r, ok);
		is_answered(&r, 2, 200);
	}
}

/* A text that ends with what is looked at; behind that stands what was there before. */
static void is_the_same_number(const char *text, const char *behind)
{
	static struct message m;

	m.head_len = (__u32)snprintf(m.head, sizeof(m.head), "%s", text);
	memcpy(m.head + m.head_len, behind, 16);
	assert_int_equal(short_number_at(&m, 0), number_at(&m, 0));
}

/* No digit to more than are looked at. */
static void are_the_same_numbers(const char *before, const char *end)
{
	char text[64];

	for (int digits = 0; digits <= 18; digits++) {
		(void)snprintf(text, sizeof(text), "%s%.*s%s", before, digits,
		    "907254310688129754", end);
		is_the_same_number(text, "0123456789\r\n....");
		is_the_same_number(text, "\r\n..............");
	}
}

static void test_http1_a_number_that_is_short_is_the_number(void **state)
{
	static const char *const before[] = {"", " ", "  ", "\t"};
	static const char *const ends[] = {"", "\r", "\n", "x", "/", ":", "\xff", " "};

	(void)state;
	for (size_t b = 0; b < sizeof(before) / sizeof(before[0]); b++) {
		for (size_t e = 0; e < sizeof(ends) / sizeof(ends[0]); e++)
			are_the_same_numbers(before[b], ends[e]);
	}
}

static void test_http1_a_short_number_has_the_value_of_its_digits(void **state)
{
	static const __u32 values[] = {0, 7, 10, 99, 100, 4096, 65535, 102400, 9999999};
	static struct message m;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		m.head_len =
		    (__u32)snprintf(m.head, sizeof(m.head), " %u\r\n", values[i]);
		assert_int_equal(short_number_at(&m, 0), values[i]);
	}
}

static void test_http1_the_answer_behind_those_that_are_none(void **state)
{
	(void)state;
	is_final("HTTP/1.1 100 Continue\r\n\r\n"
		 "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nabc",
	    503);
	is_final("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
		 "HTTP/1.1 102 Processing\r\n\r\n"
		 "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "3\r\nabc\r\n0\r\n\r\n",
	    404);
	is_final("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204);
}

static void test_http1_an_answer_of_a_pipeline_behind_one_that_is_none(void **state)
{
	static const char both[] = "HTTP/1.1 103 Early Hints\r\n\r\n"
				   "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	SEND(&r, ok);
	replay_send_several(&r, both, sizeof(both) - 1);
	is_answered(&r, 2, 404);
	assert_true(r.e.flags & INVOCATION_NO_START);
}

static void test_http1_a_client_that_goes_away_after_100_continue(void **state)
{
	struct replay r = {0};

	(void)state;
	RECEIVE(&r, get);
	SEND(&r, "HTTP/1.1 100 Continue\r\n");
	SEND(&r, "\r\n");
	replay_close(&r, false);
	is_counted(&r, 1, 1);
	assert_int_equal(r.e.status, 0);
	assert_int_equal(r.e.flags, INVOCATION_ABORTED);
}

/* With lines of so many bytes, which stand in several looks at it. */
static void is_long_head_answered(int line_bytes)
{
	static char head[20000];
	struct replay r = {0};
	int n = snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n");

	for (int i = 0; i < 8; i++)
		n += snprintf(head + n, sizeof(head) - (size_t)n, "X-Long-%d: %0*d\r\n",
		    i, line_bytes - 12, 0);
	n += snprintf(head + n, sizeof(head) - (size_t)n,
	    "Content-Length: 5\r\n\r\nhelloHTTP/1.1 404 Not Found\r\n"
	    "Content-Length: 0\r\n\r\n");
	RECEIVE(&r, get);
	replay_send_several(&r, head, (size_t)n);
	is_answered(&r, 2, 404);
}

static void test_http1_a_head_longer_than_what_is_looked_at_at_once(void **state)
{
	(void)state;
	for (int bytes = 100; bytes < 2300; bytes++)
		is_long_head_answered(bytes);
}

static void test_http1_an_upgrade_says_how_much_of_the_write_is_frames(void **state)
{
	static const char sent[] = "HTTP/1.1 100 Continue\r\n\r\n"
				   "HTTP/1.1 101 Switching Protocols\r\n"
				   "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\nframes";
	size_t n = sizeof(sent) - 1;

	(void)state;
	for (size_t at = 0; at < n - 6; at++) {
		struct replay r = {0};

		RECEIVE(&r, get);
		if (at)
			replay_send_several(&r, sent, at);
		if (!r.upgraded)
			replay_send_several(&r, sent + at, n - at);
		assert_true(r.upgraded);
		assert_int_equal(r.e.over, 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_http1_a_number_that_is_short_is_the_number),
	    cmocka_unit_test(test_http1_a_short_number_has_the_value_of_its_digits),
	    cmocka_unit_test(test_http1_the_answer_behind_those_that_are_none),
	    cmocka_unit_test(test_http1_an_answer_of_a_pipeline_behind_one_that_is_none),
	    cmocka_unit_test(test_http1_a_client_that_goes_away_after_100_continue),
	    cmocka_unit_test(test_http1_a_head_longer_than_what_is_looked_at_at_once),
	    cmocka_unit_test(test_http1_an_upgrade_says_how_much_of_the_write_is_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
