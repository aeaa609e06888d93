/* Pairs what an agent printed with what a function did. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those */
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "tui/verify.h"

#define OBJECT(function, id, duration, more)                                             \
	"{\"function\":\"" function                                                      \
	"\",\"kind\":\"http\",\"start\":\"2026-11-22T08:00:00.000000000Z\","             \
	"\"duration_ms\":" duration                                                      \
	",\"status\":\"ok\",\"trace_id\":\"c01d4e7e00000000" id "\"" more "}\n"

static int compare(const char *seen, const char *truth, struct verify_row *row)
{
	FILE *a = tmpfile();
	FILE *b = tmpfile();
	int err;

	assert_true(a && b);
	(void)fputs(seen, a);
	(void)fputs(truth, b);
	rewind(a);
	rewind(b);
	err = verify_compare(a, b, "f", 1000000000, row);
	(void)fclose(a);
	(void)fclose(b);
	return err;
}

static void done(struct verify_row *row)
{
	verify_errors_done(&row->duration_ms);
	verify_errors_done(&row->init_ms);
	verify_errors_done(&row->memory_mb);
	verify_errors_done(&row->cpu_ms);
}

static void test_verify_pairs_by_trace_id_whatever_the_order(void **state)
{
	struct verify_row row = {0};

	(void)state;
	assert_int_equal(
	    compare(
		"coldmeter-agent: measuring by back-end tracepoint; 0 sandboxes\n" OBJECT(
		    "f", "0000000100000002", "2.5", ",\"cpu_ms\":2") OBJECT("other",
		    "0000000100000001", "99", "") OBJECT("f", "0000000100000001", "1.25",
		    ",\"init_ms\":5,\"cold\":true,\"peak_memory_mb\":10"),
		"listening 4711 1007000000\n"
		"0000000100000001 5000000 6000000 1000000 9437184 10\n"
		"0000000100000002 7000000 9000000 1500000 0 10\n",
		&row),
	    0);
	assert_int_equal(row.asked, 2);
	assert_int_equal(row.measured, 2);
	assert_int_equal(row.duration_ms.n, 2);
	assert_true(fabs(verify_errors_at(&row.duration_ms, 0) - 0.25) < 1e-9);
	assert_true(fabs(verify_errors_at(&row.duration_ms, 1) - 0.5) < 1e-9);
	assert_true(fabs(verify_errors_at(&row.cpu_ms, 1) - 0.5) < 1e-9);
	assert_true(fabs(verify_errors_at(&row.memory_mb, 1) - 1) < 1e-9);
	assert_true(fabs(verify_errors_at(&row.init_ms, 1) - 2) < 1e-9);
	done(&row);
}

static void test_verify_what_is_missing_or_twice_shows(void **state)
{
	struct verify_row row = {0};

	(void)state;
	assert_int_equal(compare(OBJECT("f", "0000000100000001", "1", "")
				     OBJECT("f", "0000000100000001", "1", "")
					 OBJECT("f", "0000000100000009", "1", ""),
			     "0000000100000001 0 1000000 0 0 0\n"
			     "0000000100000002 0 1000000 0 0 0\n",
			     &row),
	    0);
	assert_int_equal(row.asked, 2);
	assert_int_equal(row.measured, 3);
	done(&row);
}

static void test_verify_a_clock_that_was_held_up_is_set_aside(void **state)
{
	struct verify_row row = {0};

	(void)state;
	assert_int_equal(compare(OBJECT("f", "0000000100000001", "9", ""),
			     "0000000100000001 0 1000000 0 0 300001\n", &row),
	    0);
	assert_int_equal(row.measured, 1);
	assert_int_equal(row.set_aside, 1);
	assert_int_equal(row.duration_ms.n, 0);
	assert_true(isnan(verify_errors_at(&row.duration_ms, 0.5)));
	done(&row);
}

static void test_verify_bounds_and_estimates_are_not_compared(void **state)
{
	struct verify_row row = {0};

	(void)state;
	assert_int_equal(compare(OBJECT("f", "0000000100000001", "1",
				     ",\"cpu_ms\":9,\"peak_memory_mb\":99,\"quality\":"
				     "[\"peak_memory:bound\",\"cpu:estimate\"]"),
			     "0000000100000001 0 1000000 0 1048576 0\n", &row),
	    0);
	assert_int_equal(row.memory_mb.n, 0);
	assert_int_equal(row.cpu_ms.n, 0);
	assert_int_equal(row.duration_ms.n, 1);
	done(&row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_verify_pairs_by_trace_id_whatever_the_order),
	    cmocka_unit_test(test_verify_what_is_missing_or_twice_shows),
	    cmocka_unit_test(test_verify_a_clock_that_was_held_up_is_set_aside),
	    cmocka_unit_test(test_verify_bounds_and_estimates_are_not_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
