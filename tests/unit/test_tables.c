/* Places of sandboxes and processes: taken once, found by number, free again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bpf/tables.h"

static void test_a_sandbox_number_tells_its_place_and_is_no_mark(void **state)
{
	static const uint64_t seeds[] = {0, 1, SANDBOXES_MAX - 1, UINT64_MAX, 1234567890};

	(void)state;
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		for (uint32_t place = 0; place < SANDBOXES_MAX; place += 1023) {
			uint64_t number = sandbox_number(seeds[i], place);

			assert_int_equal(sandbox_place(number), place);
			assert_true(number > PLACE_TAKEN);
		}
	}
}

static void test_a_place_is_taken_once_and_found_when_filled(void **state)
{
	struct sandbox *table = calloc(2, sizeof(*table));
	struct sandbox fresh = {.number = 99, .seen = 7, .open_trace_id = "trace"};
	uint64_t number = sandbox_number(5ULL << 40, 1);

	(void)state;
	assert_non_null(table);
	assert_true(sandbox_take(&table[1]));
	assert_false(sandbox_take(&table[1]));
	assert_true(table[1].number != number);
	sandbox_fill(&table[1], &fresh, number);
	assert_true(table[1].number == number);
	assert_int_equal(table[1].seen, 7);
	assert_string_equal(table[1].open_trace_id, "trace");
	sandbox_forget(
	    &table[1], number + SANDBOXES_MAX); /* whoever stood there before */
	assert_false(sandbox_take(&table[1]));
	sandbox_forget(&table[1], number);
	assert_true(sandbox_take(&table[1]));
	free(table);
}

static void test_pids_side_by_side_have_places_of_their_own(void **state)
{
	(void)state;
	for (uint32_t pid = 1; pid < PROCESSES_MAX; pid++)
		assert_int_not_equal(process_place(pid, 0), process_place(pid + 1, 0));
	for (uint32_t i = 0; i < PROCESS_PLACES; i++)
		assert_true(process_place(UINT32_MAX, i) < PROCESSES_MAX);
}

static void test_a_process_that_begins_anew_has_nothing_of_the_one_before(void **state)
{
	struct process p = {0};

	(void)state;
	assert_true(process_take(&p));
	assert_false(process_take(&p));
	assert_int_equal(p.pid, PROCESS_TAKEN);
	process_fill(&p, PROCESS_TAKEN, 77, 5, 6);
	p.in_flight = 3;
	p.serves = 1;
	process_fill(&p, 77, 77, 8, 9);
	assert_int_equal(p.pid, 77);
	assert_int_equal(p.in_flight, 0);
	assert_int_equal(p.serves, 0);
	assert_int_equal(p.sandbox, 8);
	assert_int_equal(p.start_ns, 9);
	process_forget(&p, 78);
	assert_int_equal(p.pid, 77);
	process_forget(&p, 77);
	assert_true(process_take(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_sandbox_number_tells_its_place_and_is_no_mark),
	    cmocka_unit_test(test_a_place_is_taken_once_and_found_when_filled),
	    cmocka_unit_test(test_pids_side_by_side_have_places_of_their_own),
	    cmocka_unit_test(
		test_a_process_that_begins_anew_has_nothing_of_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
