/* Spans as they go out, read by the reader of those that come in. */
#include "tests/unit/otlp_taken.h"
#include "wire/otlp/put.h"

#define START_NS INT64_C(1794900000123456789)

static const struct function lambda = {.platform = PLATFORM_AWS_LAMBDA,
    .arch = ARCH_X86_64,
    .memory_limit_mb = 256,
    .name = "hello",
    .version = "7",
    .region = "eu-west-1"};
static const struct function plain = {.platform = PLATFORM_GENERIC, .name = "ü \"x\""};

static struct invocation make(const struct function *function)
{
	return (struct invocation){.function = function,
	    .kind = KIND_LAMBDA,
	    .has = HAS_DURATION | HAS_INIT | HAS_CPU | HAS_MEMORY,
	    .start_type = START_COLD,
	    .cause = CAUSE_FIRST,
	    .start_ns = START_NS,
	    .duration_ns = 1234567,
	    .init_ns = 300000000,
	    .concurrency = 1,
	    .request_id = "8f1c2a34-0000-1111-2222-333344445555",
	    .sandbox = "box"};
}

static struct taken read_back(const struct buffer *b, size_t n)
{
	struct taken taken;

	assert_false(b->failed);
	assert_int_equal(taken_proto(&taken, b->at, b->n), 0);
	assert_int_equal(taken.n, n);
	assert_int_equal(taken.tally.rejected, 0);
	assert_int_equal(taken.tally.ignored, 0);
	return taken;
}

static void test_otlp_put_spans_are_read_as_they_were(void **state)
{
	struct invocation inv[4] = {
	    make(&lambda), make(&lambda), make(&plain), make(&plain)};
	struct buffer b = {0};
	struct taken taken;

	(void)state;
	inv[0].status = STATUS_TIMEOUT;
	inv[1].ping = true;
	inv[2].kind = KIND_HTTP;
	inv[2].start_type = START_WARM;
	inv[2].has = HAS_DURATION | HAS_HTTP_STATUS;
	inv[2].http_status = 404;
	inv[3].has = 0; /* an init that failed */
	inv[3].status = STATUS_INIT_ERROR;
	assert_int_equal(otlp_put_spans(&b, inv, 4, "h1"), 3);
	taken = read_back(&b, 3);
	assert_true(function_is_same(&taken.function[0], &lambda));
	assert_string_equal(taken.function[0].region, "eu-west-1");
	assert_int_equal(taken.function[0].arch, ARCH_X86_64);
	assert_int_equal(taken.function[0].memory_limit_mb, 256);
	assert_int_equal(taken.inv[0].kind, KIND_LAMBDA);
	assert_int_equal(taken.inv[0].start_ns, START_NS);
	assert_int_equal(taken.inv[0].duration_ns, 1234567);
	assert_int_equal(taken.inv[0].start_type, START_COLD);
	assert_int_equal(taken.inv[0].status, STATUS_ERROR);
	assert_string_equal(taken.inv[0].request_id, inv[0].request_id);
	assert_string_equal(taken.inv[0].sandbox, "box");
	assert_string_equal(taken.host[0], "h1");
	assert_string_equal(taken.function[1].name, plain.name);
	assert_int_equal(taken.inv[1].kind, KIND_HTTP);
	assert_int_equal(taken.inv[1].http_status, 404);
	assert_int_equal(taken.inv[1].status, STATUS_OK);
	assert_int_equal(taken.inv[1].start_type, START_WARM);
	assert_int_equal(taken.inv[2].duration_ns, 0);
	assert_int_equal(taken.inv[2].status, STATUS_ERROR);
	buffer_done(&b);
}

static void test_otlp_put_keeps_the_trace_of_each_form(void **state)
{
	static const struct {
		const char *trace;
		const char *want; /* NULL: made up, and not zero */
	} cases[] = {
	    {OTLP_TRACE, OTLP_TRACE},
	    {"00-" OTLP_TRACE "-00f067aa0ba902b7-01", OTLP_TRACE},
	    {"Root=1-5b8efff7-98038103d269b633813fc60c;Sampled=1", OTLP_TRACE},
	    {"1-5b8efff7-98038103d269b633813fc60c", OTLP_TRACE},
	    {"", NULL},
	    {"00000000000000000000000000000000", NULL},
	    {"5b8efff798038103d269b633813fc60", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct invocation inv = make(&lambda);
		struct buffer b = {0};
		struct buffer again = {0};
		struct taken taken;

		(void)snprintf(inv.trace_id, sizeof(inv.trace_id), "%s", cases[i].trace);
		assert_int_equal(otlp_put_spans(&b, &inv, 1, "h1"), 1);
		assert_int_equal(otlp_put_spans(&again, &inv, 1, "h1"), 1);
		assert_int_equal(b.n, again.n);
		assert_memory_equal(b.at, again.at, b.n);
		taken = read_back(&b, 1);
		if (cases[i].want)
			assert_string_equal(taken.inv[0].trace_id, cases[i].want);
		buffer_done(&b);
		buffer_done(&again);
	}
}

static void test_otlp_put_of_pings_alone_is_nothing(void **state)
{
	struct invocation inv = make(&lambda);
	struct buffer b = {0};

	(void)state;
	inv.ping = true;
	assert_int_equal(otlp_put_spans(&b, &inv, 1, "h1"), 0);
	assert_int_equal(b.n, 0);
	buffer_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_otlp_put_spans_are_read_as_they_were),
	    cmocka_unit_test(test_otlp_put_keeps_the_trace_of_each_form),
	    cmocka_unit_test(test_otlp_put_of_pings_alone_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
