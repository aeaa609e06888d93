/* What published runtimes send to the Runtime API and get from it, through the kernel's
 * machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those */
#include <cmocka.h>

#include "tests/unit/replay.h"

#define ID "a527fca2-8b7d-4f64-9a3e-0c6f2a4d5e61"
#define SENDS(r, text) replay_runtime_sends(r, text, sizeof(text) - 1)
#define RECEIVES(r, text) replay_runtime_receives(r, text, sizeof(text) - 1)

static const char next[] = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"
			   "Host: 127.0.0.1:9001\r\nAccept: */*\r\n"
			   "User-Agent: AWS_Lambda_Cpp/0.2.8\r\n\r\n";
static const char event[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
			    "Lambda-Runtime-Aws-Request-Id: " ID "\r\n"
			    "Lambda-Runtime-Deadline-Ms: 1764230400123\r\n"
			    "Lambda-Runtime-Trace-Id: Root=1-5759e988-bd862e3f;Sampled=1"
			    "\r\nContent-Length: 9\r\n\r\n{\"ms\":20}";

/* The event's fields as the kernel side takes them. */
static void is_the_event(const struct replay *r)
{
	char id[RECORD_ID_BYTES];
	char trace[RECORD_TRACE_BYTES];

	assert_int_not_equal(r->m.id, 0);
	copy_id(&r->m, id);
	assert_string_equal(id, ID);
	if (r->m.deadline) {
		__s64 deadline_ms = number_at(&r->m, r->m.deadline);

		assert_true(deadline_ms == 1764230400123 || deadline_ms == -1);
	}
	if (r->m.trace) {
		copy_trace(&r->m, trace);
		assert_memory_equal(
		    trace, " Root=1-5759", strlen(trace) < 12 ? strlen(trace) : 12);
	}
}

static void test_runtime_api_one_event_after_the_other(void **state)
{
	struct replay r = {0};

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(SENDS(&r, next), RUNTIME_ASKS);
		assert_int_equal(RECEIVES(&r, event), RUNTIME_GETS_EVENT);
		assert_int_equal(r.e.start_ns, r.now_ns);
		assert_int_equal(number_at(&r.m, r.m.deadline), 1764230400123);
		assert_int_not_equal(r.m.trace, 0);
		is_the_event(&r);
		assert_int_equal(SENDS(&r, "POST /2018-06-01/runtime/invocation/" ID
					   "/response HTTP/1.1\r\nHost: x\r\n\r\n"),
		    RUNTIME_ANSWERS);
		assert_int_equal(SENDS(&r, "{\"n\":5}"), RUNTIME_ANSWERS_ON);
		assert_int_equal(
		    RECEIVES(&r, "HTTP/1.1 202 Accepted\r\n\r\n"), RUNTIME_GOES_ON);
	}
}

static void test_runtime_api_an_event_in_two_pieces(void **state)
{
	size_t id_ends = (size_t)(strstr(event, ID) - event) + sizeof(ID) - 1;

	(void)state;
	for (size_t at = 4; at < sizeof(event) - 1; at++) {
		struct replay r = {0};
		enum runtime_step first;
		__u64 first_ns;

		(void)SENDS(&r, next);
		first = replay_runtime_receives(&r, event, at);
		first_ns = r.now_ns;
		if (at >= id_ends) {
			assert_int_equal(first, RUNTIME_GETS_EVENT);
		} else {
			assert_int_equal(first, RUNTIME_GOES_ON);
			assert_int_equal(replay_runtime_receives(
					     &r, event + at, sizeof(event) - 1 - at),
			    RUNTIME_GETS_EVENT);
		}
		is_the_event(&r);
		assert_int_equal(r.e.start_ns, first_ns);
	}
}

static void test_runtime_api_its_errors(void **state)
{
	struct replay r = {0};

	(void)state;
	assert_int_equal(SENDS(&r, "POST /2018-06-01/runtime/init/error HTTP/1.1\r\n"
				   "Content-Type: application/json\r\n\r\n"),
	    RUNTIME_FAILS_INIT);
	r = (struct replay){0};
	(void)SENDS(&r, next);
	(void)RECEIVES(&r, event);
	assert_int_equal(SENDS(&r, "POST /2018-06-01/runtime/invocation/" ID
				   "/error HTTP/1.1\r\nHost: x\r\n\r\n{}"),
	    RUNTIME_FAILS);
}

static void test_runtime_api_other_calls_of_the_function_mean_nothing(void **state)
{
	struct replay r = {0};

	(void)state;
	assert_int_equal(
	    SENDS(&r, "GET /2015-03-31/functions/other/invocations HTTP/1.1\r\n"
		      "Host: x\r\n\r\n"),
	    RUNTIME_GOES_ON);
	assert_int_equal(RECEIVES(&r, event), RUNTIME_GOES_ON); /* nobody asked */
	assert_int_equal(SENDS(&r, "GET /"), RUNTIME_GOES_ON);
	assert_int_equal(SENDS(&r, next), RUNTIME_ASKS);
	assert_int_equal(RECEIVES(&r, "not HTTP at all"), RUNTIME_GOES_ON);
	assert_int_equal(RECEIVES(&r, event), RUNTIME_GOES_ON);
}

static void test_runtime_api_a_reply_without_an_event(void **state)
{
	struct replay r = {0};

	(void)state;
	(void)SENDS(&r, next);
	assert_int_equal(RECEIVES(&r, "HTTP/1.1 500 Internal Server Error\r\n"
				      "Content-Length: 0\r\n\r\n"),
	    RUNTIME_GOES_ON);
	assert_int_equal(SENDS(&r, next), RUNTIME_ASKS);
	assert_int_equal(RECEIVES(&r, event), RUNTIME_GETS_EVENT);
}

static void test_runtime_api_lower_case_fields_in_another_order(void **state)
{
	static const char reply[] =
	    "HTTP/1.1 200 OK\r\nlambda-runtime-deadline-ms: 1764230400123"
	    "\r\ncontent-length: 2\r\n"
	    "lambda-runtime-aws-request-id:" ID "\r\n\r\n{}";
	struct replay r = {0};

	(void)state;
	(void)SENDS(&r, next);
	assert_int_equal(RECEIVES(&r, reply), RUNTIME_GETS_EVENT);
	is_the_event(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_runtime_api_one_event_after_the_other),
	    cmocka_unit_test(test_runtime_api_an_event_in_two_pieces),
	    cmocka_unit_test(test_runtime_api_its_errors),
	    cmocka_unit_test(test_runtime_api_other_calls_of_the_function_mean_nothing),
	    cmocka_unit_test(test_runtime_api_a_reply_without_an_event),
	    cmocka_unit_test(test_runtime_api_lower_case_fields_in_another_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
