/* Losses by function wait for a batch; those that were told make room for others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sandboxes/untold.h"

#define MOST 4096UL

static struct untold *untold;
static uint8_t told[2 * MOST]; /* times, by the number in the function's name */

static int set_up(void **state)
{
	(void)state;
	memset(told, 0, sizeof(told));
	return untold_new(&untold);
}

static int tear_down(void **state)
{
	(void)state;
	untold_free(untold);
	return 0;
}

static void lose(size_t first, size_t n)
{
	for (size_t i = first; i < first + n; i++) {
		struct function function = {.platform = PLATFORM_GENERIC};

		(void)snprintf(function.name, sizeof(function.name), "%zu", i);
		untold_add(untold, &function, LOST_SHED, 1);
	}
}

/* In one batch: how many losses it had room for. */
static size_t tell_some(struct batch_writer *w)
{
	static const struct batch_head head = {.id.sequence = 1};
	struct batch *batch;
	uint8_t *bytes;
	size_t bytes_n;
	size_t n;

	untold_tell(untold, w);
	assert_int_equal(batch_writer_seal(w, &head, &bytes, &bytes_n), 0);
	assert_int_equal(batch_decode(bytes, bytes_n, &batch, NULL), 0);
	n = batch->losses_n;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(batch->losses[i].n, 1);
		told[strtoul(batch->losses[i].function->name, NULL, 10)]++;
	}
	batch_free(batch);
	free(bytes);
	return n;
}

static size_t tell_all(void)
{
	struct batch_writer *w;
	size_t sum = 0;
	size_t n;

	assert_int_equal(batch_writer_new(&w), 0);
	while ((n = tell_some(w)) > 0)
		sum += n;
	batch_writer_free(w);
	return sum;
}

static void test_functions_whose_losses_were_told_make_room_for_others(void **state)
{
	(void)state;
	lose(0, MOST);
	assert_int_equal(tell_all(), MOST);
	lose(MOST, MOST);
	assert_int_equal(tell_all(), MOST);
	for (size_t i = 0; i < 2 * MOST; i++)
		assert_int_equal(told[i], 1);
}

static void test_what_was_not_told_is_kept(void **state)
{
	(void)state;
	lose(0, MOST);
	lose(MOST, 10); /* no room */
	assert_int_equal(tell_all(), MOST);
	for (size_t i = 0; i < MOST; i++)
		assert_int_equal(told[i], 1);
	assert_int_equal(told[MOST], 0);
}

static void count_one(
    void *context, const struct function *function, const uint64_t lost[LOST_REASONS])
{
	(void)function;
	assert_true(lost[LOST_SHED] >= 1);
	++*(size_t *)context;
}

static void test_only_as_many_are_forgotten_as_room_is_needed_for(void **state)
{
	size_t kept = 0;

	(void)state;
	lose(0, MOST);
	assert_int_equal(tell_all(), MOST);
	lose(0, 5); /* again: these must be told */
	lose(MOST, 1);
	untold_scan(untold, count_one, &kept);
	assert_int_equal(kept, MOST);
	assert_int_equal(tell_all(), 6);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(told[i], 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_functions_whose_losses_were_told_make_room_for_others),
	    TEST(test_what_was_not_told_is_kept),
	    TEST(test_only_as_many_are_forgotten_as_room_is_needed_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
