/* Sums of minutes on their way to disk: with very many functions each is found as fast as
 * with few, and none is lost that is forgotten in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/sqlite/sums/minutes.h"

#define FUNCTIONS 40000 /* far more than are kept in memory */
#define OF_A_COMMIT 500
#define MINUTE 30000000
#define LOOKS 20 /* at each sum, once it was made */

struct place {
	char path[64];
	struct connection *writer;
	struct minutes *minutes;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	int fd;

	assert_non_null(place);
	(void)snprintf(place->path, sizeof(place->path), "/tmp/test_minutes.XXXXXX");
	fd = mkstemp(place->path);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(
	    connection_open(place->path, CONNECTION_WRITE, &place->writer), 0);
	assert_int_equal(
	    connection_run(place->writer,
		"CREATE TABLE minute_counters(id INTEGER PRIMARY KEY, counters BLOB);"
		"CREATE TABLE minute_histograms(id INTEGER PRIMARY KEY, histograms "
		"BLOB)"),
	    0);
	assert_int_equal(minutes_new(&place->minutes), 0);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	char path[80];

	minutes_free(place->minutes);
	connection_close(place->writer);
	(void)unlink(place->path);
	(void)snprintf(path, sizeof(path), "%s-wal", place->path);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s-shm", place->path);
	(void)unlink(path);
	free(place);
	return 0;
}

/* Adds one to the sums of these functions, in one transaction, and looks at each a few
 * times more: how long that took. */
static uint64_t add_some(struct place *place, uint32_t first_id)
{
	uint64_t looked_ns = 0;
	struct rollup *r = NULL;

	assert_int_equal(connection_run(place->writer, "BEGIN IMMEDIATE"), 0);
	for (uint32_t id = first_id; id < first_id + OF_A_COMMIT; id++) {
		int64_t key = minutes_key(MINUTE, id);
		uint64_t began_ns;

		assert_int_equal(minutes_open(place->minutes, place->writer, key, &r), 0);
		r->invocations++;
		began_ns = clock_boot_ns();
		for (int i = 0; i < LOOKS; i++)
			(void)minutes_open(place->minutes, place->writer, key, &r);
		looked_ns += clock_boot_ns() - began_ns;
	}
	assert_int_equal(minutes_flush(place->minutes, place->writer), 0);
	assert_int_equal(connection_run(place->writer, "COMMIT"), 0);
	minutes_settle(place->minutes);
	return looked_ns;
}

static void test_with_many_functions_each_is_found_as_fast(void **state)
{
	struct place *place = *state;
	uint64_t few_ns = 0;
	uint64_t many_ns = 0;

	for (uint32_t id = 0; id < FUNCTIONS; id += OF_A_COMMIT) {
		uint64_t ns = add_some(place, id);

		if (id < FUNCTIONS / 8)
			few_ns += ns;
		if (id >= FUNCTIONS / 8 * 7)
			many_ns += ns;
	}
	assert_true(many_ns < few_ns * 20);
}

static void test_a_sum_that_was_forgotten_is_read_again(void **state)
{
	struct place *place = *state;
	struct rollup *r = NULL;

	for (int turn = 0; turn < 2; turn++)
		for (uint32_t id = 0; id < FUNCTIONS / 2; id += OF_A_COMMIT)
			(void)add_some(place, id);
	for (uint32_t id = 0; id < FUNCTIONS / 2; id++) {
		assert_int_equal(minutes_open(place->minutes, place->writer,
				     minutes_key(MINUTE, id), &r),
		    0);
		assert_int_equal(r->invocations, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_with_many_functions_each_is_found_as_fast, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_a_sum_that_was_forgotten_is_read_again, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
