/* What one record of the kernel says of its invocation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/sandboxes/outcome.h"
#include "base/text.h"
#include "tests/unit/random.h"
#include "tests/unit/records.h"

static const struct outcome_life ready_at_200_ms = {.start_ns = 100 * RECORDS_MS,
    .ready_ns = 200 * RECORDS_MS,
    .cause = {CAUSE_SCALE_OUT, CERTAINTY_LIKELY}};

static struct invocation read(const struct record_invocation *record)
{
	struct invocation inv;

	outcome_read(record, &ready_at_200_ms, RECORDS_WALL_NS, &inv);
	return inv;
}

/* --- status ----------------------------------------------------------------------- */

#define EXITED INVOCATION_EXITED

static void test_a_status_follows_from_flags_exit_code_and_response(void **state)
{
	static const struct {
		enum record_function_kind kind;
		uint32_t flags;
		uint32_t exit_code;
		uint16_t http_status;
		enum invocation_status status;
	} rows[] = {
	    {FUNCTION_LAMBDA, INVOCATION_RESPONDED, 0, 0, STATUS_OK},
	    {FUNCTION_LAMBDA, INVOCATION_ERROR, 0, 0, STATUS_ERROR},
	    {FUNCTION_LAMBDA, INVOCATION_INIT_ERROR, 0, 0, STATUS_INIT_ERROR},
	    {FUNCTION_LAMBDA, INVOCATION_INIT_ERROR | EXITED, 256, 0, STATUS_INIT_ERROR},
	    {FUNCTION_LAMBDA, INVOCATION_INIT_ERROR | INVOCATION_OOM, 9, 0, STATUS_OOM},
	    {FUNCTION_LAMBDA, EXITED, 0, 0, STATUS_CRASH},
	    {FUNCTION_LAMBDA, EXITED, 9, 0, STATUS_CRASH},
	    {FUNCTION_LAMBDA, EXITED | INVOCATION_OOM, 9, 0, STATUS_OOM},
	    {FUNCTION_HTTP, INVOCATION_RESPONDED, 0, 200, STATUS_OK},
	    {FUNCTION_HTTP, INVOCATION_RESPONDED, 0, 404, STATUS_OK},
	    {FUNCTION_HTTP, INVOCATION_RESPONDED, 0, 499, STATUS_OK},
	    {FUNCTION_HTTP, INVOCATION_RESPONDED, 0, 500, STATUS_ERROR},
	    {FUNCTION_HTTP, INVOCATION_RESPONDED, 0, 503, STATUS_ERROR},
	    {FUNCTION_HTTP, INVOCATION_RESPONDED, 0, 999, STATUS_ERROR},
	    {FUNCTION_HTTP, INVOCATION_RESPONDED, 0, 1000, STATUS_OK},
	    {FUNCTION_HTTP, INVOCATION_ABORTED, 0, 0, STATUS_ABORTED},
	    {FUNCTION_HTTP, INVOCATION_ABORTED, 0, 500, STATUS_ABORTED},
	    {FUNCTION_HTTP, INVOCATION_ABORTED | EXITED, 11, 0, STATUS_CRASH},
	    {FUNCTION_HTTP, EXITED, 0, 0, STATUS_CRASH},
	    {FUNCTION_HTTP, EXITED | INVOCATION_OOM, 9, 0, STATUS_OOM},
	    {FUNCTION_PROCESS, EXITED, 0, 0, STATUS_OK},
	    {FUNCTION_PROCESS, EXITED, 1 << 8, 0, STATUS_ERROR},
	    {FUNCTION_PROCESS, EXITED, 255 << 8, 0, STATUS_ERROR},
	    {FUNCTION_PROCESS, EXITED, 9, 0, STATUS_CRASH},
	    {FUNCTION_PROCESS, EXITED, 15, 0, STATUS_CRASH},
	    {FUNCTION_PROCESS, EXITED, 11 | 0x80, 0, STATUS_CRASH}, /* core dumped */
	    {FUNCTION_PROCESS, EXITED | INVOCATION_OOM, 9, 0, STATUS_OOM},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record_invocation r =
		    records_invocation(1, rows[i].kind, 300, 350);

		r.flags = rows[i].flags;
		r.exit_code = rows[i].exit_code;
		r.http_status = rows[i].http_status;
		if (read(&r).status != rows[i].status)
			fail_msg(
			    "row %zu: %s", i, invocation_status_name(read(&r).status));
	}
}

static void test_an_exit_at_the_deadline_is_a_timeout_and_says_so(void **state)
{
	static const struct {
		int64_t before_deadline_ms;
		enum invocation_status status;
	} rows[] = {{0, STATUS_TIMEOUT}, {-500, STATUS_TIMEOUT}, {100, STATUS_TIMEOUT},
	    {101, STATUS_CRASH}, {3000, STATUS_CRASH}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record_invocation r =
		    records_invocation(1, FUNCTION_LAMBDA, 300, 3300);
		struct invocation inv;

		r.flags = EXITED;
		r.exit_code = 9;
		r.deadline_ms = (uint64_t)(RECORDS_WALL_NS / 1000000 + 3300 +
					   rows[i].before_deadline_ms);
		inv = read(&r);
		assert_int_equal(inv.status, rows[i].status);
		assert_int_equal(!!(inv.quality & QUALITY_STATUS_ESTIMATE),
		    rows[i].status == STATUS_TIMEOUT);
	}
}

static void test_a_deadline_beyond_all_time_is_not_reached(void **state)
{
	struct record_invocation r = records_invocation(1, FUNCTION_LAMBDA, 300, 350);

	(void)state;
	r.flags = EXITED;
	r.deadline_ms = UINT64_MAX;
	assert_int_equal(read(&r).status, STATUS_CRASH);
}

static void test_an_event_answered_past_its_deadline_is_what_was_answered(void **state)
{
	struct record_invocation r = records_invocation(1, FUNCTION_LAMBDA, 300, 3300);

	(void)state;
	r.flags = INVOCATION_RESPONDED;
	r.deadline_ms = 1;
	assert_int_equal(read(&r).status, STATUS_OK);
}

/* --- cold or warm ------------------------------------------------------------------ */

static struct invocation first(const struct outcome_life *life,
    enum record_function_kind kind, uint64_t start_ms, uint32_t flags)
{
	struct record_invocation r = records_invocation(1, kind, start_ms, start_ms + 50);
	struct invocation inv;

	r.flags = INVOCATION_FIRST | flags;
	outcome_read(&r, life, RECORDS_WALL_NS, &inv);
	return inv;
}

static void test_the_first_event_of_a_sandbox_that_it_waited_for_is_cold(void **state)
{
	struct invocation inv = first(&ready_at_200_ms, FUNCTION_LAMBDA, 201, 0);

	(void)state;
	assert_int_equal(inv.start_type, START_COLD);
	assert_int_equal(inv.cause, CAUSE_SCALE_OUT);
	assert_true(inv.has & HAS_INIT);
	assert_true(inv.init_ns == 100 * RECORDS_MS);
	assert_int_equal(inv.quality & (QUALITY_INIT_ESTIMATE | QUALITY_INIT_UNKNOWN), 0);
}

static void test_the_first_event_of_an_idle_sandbox_is_prewarmed(void **state)
{
	struct invocation inv = first(&ready_at_200_ms, FUNCTION_LAMBDA, 300, 0);

	(void)state;
	assert_int_equal(inv.start_type, START_PREWARMED);
	assert_int_equal(inv.cause, CAUSE_UNKNOWN);
	assert_true(inv.has & HAS_INIT);
	/* a proxy that polls needs longer to bring a waiting request */
	assert_int_equal(
	    first(&ready_at_200_ms, FUNCTION_HTTP, 300, 0).start_type, START_COLD);
	assert_int_equal(
	    first(&ready_at_200_ms, FUNCTION_HTTP, 1199, 0).start_type, START_COLD);
	assert_int_equal(
	    first(&ready_at_200_ms, FUNCTION_HTTP, 1200, 0).start_type, START_PREWARMED);
}

static void test_a_later_event_is_warm_and_carries_no_init(void **state)
{
	struct record_invocation r = records_invocation(1, FUNCTION_LAMBDA, 201, 250);
	struct invocation inv = read(&r);

	(void)state;
	assert_int_equal(inv.start_type, START_WARM);
	assert_int_equal(inv.cause, CAUSE_UNKNOWN);
	assert_int_equal(inv.has & HAS_INIT, 0);
}

static void test_a_process_has_no_init(void **state)
{
	struct invocation inv =
	    first(&ready_at_200_ms, FUNCTION_PROCESS, 201, INVOCATION_EXITED);

	(void)state;
	assert_int_equal(inv.start_type, START_WARM);
	assert_int_equal(inv.has & HAS_INIT, 0);
	assert_int_equal(inv.quality & QUALITY_INIT_UNKNOWN, 0);
}

static void test_an_init_that_was_not_seen_is_unknown_and_never_zero(void **state)
{
	const struct outcome_life unknown[] = {
	    {.start_ns = 100, .ready_ns = 200, .is_late = true},
	    {.start_ns = 100},                  /* the record of ready was lost */
	    {.start_ns = 200, .ready_ns = 100}, /* cannot be */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		struct invocation inv = first(&unknown[i], FUNCTION_HTTP, 300, 0);

		assert_int_equal(inv.start_type, START_UNKNOWN);
		assert_int_equal(inv.has & HAS_INIT, 0);
		assert_true(inv.quality & QUALITY_INIT_UNKNOWN);
	}
}

static void test_a_failed_init_is_cold_and_has_an_init_but_no_duration(void **state)
{
	const struct outcome_life life = {
	    .start_ns = 100 * RECORDS_MS, .cause = {CAUSE_CRASH, CERTAINTY_CERTAIN}};
	static const uint32_t flags[] = {INVOCATION_INIT_ERROR | EXITED,
	    INVOCATION_INIT_ERROR | EXITED | INVOCATION_OOM};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct invocation inv = first(&life, FUNCTION_LAMBDA, 110, flags[i]);

		assert_int_equal(inv.start_type, START_COLD);
		assert_int_equal(inv.cause, CAUSE_CRASH);
		assert_true(inv.has & HAS_INIT);
		assert_true(inv.init_ns == 60 * RECORDS_MS);
		assert_int_equal(inv.has & (HAS_DURATION | HAS_BUSY), 0);
		assert_int_equal(inv.status, i ? STATUS_OOM : STATUS_INIT_ERROR);
	}
}

/* --- figures ----------------------------------------------------------------------- */

static void test_figures_are_those_of_the_record(void **state)
{
	struct record_invocation r = records_invocation(77, FUNCTION_HTTP, 300, 350);
	struct invocation inv;

	(void)state;
	r.flags = INVOCATION_RESPONDED | INVOCATION_MEMORY_EXACT;
	r.response_ns = 340 * RECORDS_MS;
	r.cpu_ns = 7000;
	r.run_queue_ns = 12000;
	r.busy_ns = 8000;
	r.peak_bytes = 9;
	r.request_bytes = 10;
	r.response_bytes = 11;
	r.http_status = 201;
	r.concurrency = 1;
	inv = read(&r);
	assert_int_equal(inv.kind, KIND_HTTP);
	assert_int_equal(inv.pid, 77);
	assert_true(inv.start_ns == RECORDS_WALL_NS + 300 * (int64_t)RECORDS_MS);
	assert_true(inv.duration_ns == 50 * RECORDS_MS);
	assert_true(inv.response_ns == 40 * RECORDS_MS);
	assert_int_equal(inv.cpu_ns, 7000);
	assert_int_equal(inv.run_queue_ns, 12000);
	assert_int_equal(inv.busy_ns, 8000);
	assert_int_equal(inv.peak_memory_bytes, 9);
	assert_int_equal(inv.request_bytes, 10);
	assert_int_equal(inv.response_bytes, 11);
	assert_int_equal(inv.http_status, 201);
	assert_int_equal(inv.has, HAS_DURATION | HAS_BUSY | HAS_RESPONSE | HAS_CPU |
				      HAS_RUN_QUEUE | HAS_MEMORY | HAS_HTTP_STATUS |
				      HAS_BYTES);
	assert_int_equal(inv.quality, 0);
	r.run_queue_ns = RECORD_UNKNOWN;
	assert_int_equal(read(&r).has & HAS_RUN_QUEUE, 0);
}

static void test_a_figure_that_is_not_known_is_absent(void **state)
{
	struct record_invocation r = records_invocation(1, FUNCTION_PROCESS, 300, 350);
	struct invocation inv;

	(void)state;
	r.concurrency = 0;
	r.http_status = 1234;
	inv = read(&r);
	assert_int_equal(inv.has, HAS_DURATION | HAS_BUSY);
	assert_int_equal(inv.concurrency, 1);
	assert_int_equal(inv.http_status, 0);
	r.flags = INVOCATION_RESPONDED; /* before it began */
	r.response_ns = 1;
	assert_int_equal(read(&r).has & HAS_RESPONSE, 0);
}

static void test_an_end_before_the_start_lasts_nothing(void **state)
{
	struct record_invocation r = records_invocation(1, FUNCTION_HTTP, 300, 350);

	(void)state;
	r.end_ns = r.start_ns - 1;
	assert_int_equal(read(&r).duration_ns, 0);
}

static void test_each_doubt_has_its_mark(void **state)
{
	static const struct {
		uint32_t flags;
		uint64_t peak_bytes;
		uint16_t concurrency;
		uint32_t quality;
	} rows[] = {
	    {0, 4096, 1, QUALITY_MEMORY_BOUND}, {INVOCATION_MEMORY_EXACT, 4096, 1, 0},
	    {0, 0, 1, 0}, {0, 0, 2, 0},
	    {INVOCATION_CPU_ESTIMATE, 0, 1, QUALITY_CPU_ESTIMATE},
	    {INVOCATION_NO_START, 0, 1, QUALITY_START_ESTIMATE},
	    {INVOCATION_END_INFERRED, 0, 1, QUALITY_DURATION_ESTIMATE},
	    {INVOCATION_FIRST | INVOCATION_READY_INFERRED, 0, 1, QUALITY_INIT_ESTIMATE},
	    {INVOCATION_READY_INFERRED, 0, 1, 0}, /* it carries no init */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record_invocation r =
		    records_invocation(1, FUNCTION_HTTP, 300, 350);

		r.flags = rows[i].flags;
		r.peak_bytes = rows[i].peak_bytes;
		r.concurrency = rows[i].concurrency;
		if (read(&r).quality != rows[i].quality)
			fail_msg("row %zu: %#x", i, read(&r).quality);
	}
}

/* --- ids --------------------------------------------------------------------------- */

#define ROOT "1-5759e988-bd862e3fe1be46a994272793"
#define HEX32 "4bf92f3577b34da6a3ce929d0e0e4736"

static void test_a_trace_id_is_read_off_the_header(void **state)
{
	static const struct {
		const char *header;
		const char *id;
		bool ping;
	} rows[] = {
	    {"00-" HEX32 "-00f067aa0ba902b7-01\r\nAccept: */*", HEX32, false},
	    {" 00-" HEX32 "-00f067aa0ba902b7-01", HEX32, false},
	    {"cc-" HEX32 "-00f067aa0ba902b7-01-more", HEX32, false},
	    {"Root=" ROOT ";Parent=53995c3f42cd8ad8;Sampl", ROOT, false},
	    {" Root=" ROOT ";Sampled=1\r\n", ROOT, false}, {"Root=" ROOT, ROOT, false},
	    {"Sampled=0;Root=" ROOT "\r\n", ROOT, false}, {ROOT "\r\n", ROOT, false},
	    {"00-" PING_TRACE_MARK "0123456789abcdef-00f067aa0ba902b7-00\r\n",
		PING_TRACE_MARK "0123456789abcdef", true},
	    {"Root=1-5759e988-" PING_TRACE_MARK "01234567;Sampled=0",
		"1-5759e988-" PING_TRACE_MARK "01234567", true},
	    {"", "", false}, {"\r\nc01dc01dc01dc01d", "", false}, {" \t \r\n", "", false},
	    {";", "", false}, {"Sampled=1;Parent=53995c3f42cd8ad8", "", false},
	    /* the root lies behind the end of the record: half an id is none */
	    {"Self=1-67891234-12456789abcdef012345678;Root=1-67891233-abcdef01", "",
		false},
	    {"a\x1b[2J\xff", "a?[2J?", false},
	    {"00-" HEX32, "00-" HEX32, false}, /* no traceparent: some other id */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record_invocation r =
		    records_invocation(1, FUNCTION_HTTP, 300, 350);
		struct invocation inv;

		/* the kernel copies so much, whatever follows */
		(void)text_copy(r.trace_id, sizeof(r.trace_id), rows[i].header);
		inv = read(&r);
		if (strcmp(inv.trace_id, rows[i].id) != 0 || inv.ping != rows[i].ping)
			fail_msg("%s: %s", rows[i].header, inv.trace_id);
	}
}

static void test_a_request_id_is_printable_and_missed_where_there_must_be_one(
    void **state)
{
	struct record_invocation r = records_invocation(1, FUNCTION_LAMBDA, 300, 350);
	struct invocation inv;

	(void)state;
	assert_true(read(&r).quality & QUALITY_REQUEST_ID_UNKNOWN);
	r.function_kind = FUNCTION_HTTP;
	assert_false(read(&r).quality & QUALITY_REQUEST_ID_UNKNOWN);
	r.function_kind = FUNCTION_LAMBDA;
	memset(r.request_id, 'x', sizeof(r.request_id)); /* without its end */
	r.request_id[1] = '\x1b';
	inv = read(&r);
	assert_int_equal(strlen(inv.request_id), RECORD_ID_BYTES);
	assert_int_equal(inv.request_id[1], '?');
	assert_false(inv.quality & QUALITY_REQUEST_ID_UNKNOWN);
}

static void test_any_record_gives_an_invocation_within_its_bounds(void **state)
{
	uint64_t random = 11;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct record_invocation r = {0};
		struct outcome_life life = {.start_ns = random_width(&random),
		    .ready_ns = random_width(&random),
		    .is_late = random_below(&random, 4) == 0};
		unsigned char *at = (unsigned char *)&r;
		struct invocation inv;

		for (size_t b = 0; b < sizeof(r); b++)
			at[b] = (unsigned char)random_next(&random);
		r.start_ns = random_width(&random) >> 2;
		r.end_ns = random_width(&random) >> 2;
		outcome_read(&r, &life, 0, &inv);
		assert_true(inv.kind > KIND_UNKNOWN && inv.kind < KIND_COUNT);
		assert_true(inv.status < STATUS_COUNT);
		assert_true(inv.http_status <= 999);
		assert_true(strlen(inv.trace_id) < sizeof(inv.trace_id));
		if (inv.has & HAS_INIT && !(r.flags & INVOCATION_INIT_ERROR))
			assert_true(life.ready_ns >= life.start_ns &&
				    inv.init_ns / 1000 <=
					(life.ready_ns - life.start_ns) / 1000 + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_status_follows_from_flags_exit_code_and_response),
	    cmocka_unit_test(test_an_exit_at_the_deadline_is_a_timeout_and_says_so),
	    cmocka_unit_test(test_a_deadline_beyond_all_time_is_not_reached),
	    cmocka_unit_test(
		test_an_event_answered_past_its_deadline_is_what_was_answered),
	    cmocka_unit_test(
		test_the_first_event_of_a_sandbox_that_it_waited_for_is_cold),
	    cmocka_unit_test(test_the_first_event_of_an_idle_sandbox_is_prewarmed),
	    cmocka_unit_test(test_a_later_event_is_warm_and_carries_no_init),
	    cmocka_unit_test(test_a_process_has_no_init),
	    cmocka_unit_test(test_an_init_that_was_not_seen_is_unknown_and_never_zero),
	    cmocka_unit_test(test_a_failed_init_is_cold_and_has_an_init_but_no_duration),
	    cmocka_unit_test(test_figures_are_those_of_the_record),
	    cmocka_unit_test(test_a_figure_that_is_not_known_is_absent),
	    cmocka_unit_test(test_an_end_before_the_start_lasts_nothing),
	    cmocka_unit_test(test_each_doubt_has_its_mark),
	    cmocka_unit_test(test_a_trace_id_is_read_off_the_header),
	    cmocka_unit_test(
		test_a_request_id_is_printable_and_missed_where_there_must_be_one),
	    cmocka_unit_test(test_any_record_gives_an_invocation_within_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
