/* Totals: they only grow, whatever ends the process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve/exports/totals.h"
#include "tests/unit/random.h"

#define NOW_NS INT64_C(1794900000000000000)
#define DAY_NS INT64_C(86400000000000)

static struct function function_of(unsigned int i)
{
	struct function f = {.platform = PLATFORM_AWS_LAMBDA};

	(void)snprintf(f.name, sizeof(f.name), "f%u", i);
	return f;
}

/* What a store that knows it by that number committed. */
static void commit(struct totals *totals, struct function *f, struct invocation *inv,
    uint32_t id, int64_t now_ns)
{
	struct batch batch = {
	    .functions = f, .functions_n = 1, .invocations = inv, .invocations_n = 1};

	inv->function = f;
	totals_count(totals, &(struct store_batch){.batch = &batch, .ids = &id}, now_ns);
}

/* One of function i, of that many ms. */
static void count(struct totals *totals, unsigned int i, uint64_t ms, int64_t now_ns)
{
	struct function f = function_of(i);
	struct invocation inv = {.has = HAS_DURATION | HAS_MEMORY | HAS_INIT | HAS_CPU,
	    .start_type = START_COLD,
	    .status = ms % 2 ? STATUS_TIMEOUT : STATUS_OK,
	    .duration_ns = ms * 1000000,
	    .cpu_ns = ms * 500000,
	    .init_ns = ms * 7000000,
	    .peak_memory_bytes = ms << 20};

	commit(totals, &f, &inv, i, now_ns);
}

static int find(void *context, const struct totals_function *f)
{
	return function_is_same(context, &f->function);
}

/* Whether that function has figures of its own. */
static bool has(struct totals *totals, struct function *function)
{
	return totals_scan(totals, find, function) != 0;
}

static struct totals *make(size_t max)
{
	struct totals *totals;

	assert_int_equal(totals_new(max, NOW_NS, &totals), 0);
	return totals;
}

struct seen {
	size_t n;
	uint64_t invocations;
	uint64_t overflow;
	char first[FUNCTION_NAME_BYTES];
};

static int see(void *context, const struct totals_function *f)
{
	struct seen *seen = context;

	if (seen->n++ == 0)
		(void)snprintf(seen->first, sizeof(seen->first), "%s", f->function.name);
	seen->invocations += f->invocations;
	if (!f->function.name[0])
		seen->overflow += f->invocations;
	assert_int_equal(f->invocations, f->duration.histogram.count);
	return 0;
}

static struct seen look(struct totals *totals)
{
	struct seen seen = {0};

	assert_int_equal(totals_scan(totals, see, &seen), 0);
	return seen;
}

static struct buffer encoded(struct totals *totals)
{
	struct buffer b = {0};
	bool changed;

	assert_true(totals_encode(totals, &b, &changed));
	return b;
}

static void test_totals_leave_pings_out(void **state)
{
	struct totals *totals = make(4);
	struct function f = function_of(1);
	struct invocation inv = {.ping = true};

	(void)state;
	commit(totals, &f, &inv, 1, NOW_NS);
	assert_int_equal(look(totals).n, 0);
	totals_free(totals);
}

static void test_totals_hold_so_many_functions_and_count_the_rest(void **state)
{
	struct totals *totals = make(2);
	struct function third = function_of(3);

	(void)state;
	for (unsigned int i = 1; i <= 5; i++)
		count(totals, i, i, NOW_NS);
	assert_int_equal(look(totals).n, 3);
	assert_int_equal(look(totals).invocations, 5);
	assert_int_equal(look(totals).overflow, 3);
	assert_int_equal(totals_state(totals).left_out, 3);
	assert_int_equal(totals_state(totals).functions, 2);
	assert_false(has(totals, &third));
	totals_free(totals);
}

static void test_totals_give_the_place_of_one_that_was_silent(void **state)
{
	struct totals *totals = make(2);
	struct function first = function_of(1);
	struct function second = function_of(2);
	struct function third = function_of(3);

	(void)state;
	count(totals, 1, 1, NOW_NS);
	count(totals, 2, 1, NOW_NS + DAY_NS);
	count(totals, 3, 1, NOW_NS + DAY_NS);
	assert_false(has(totals, &first));
	assert_true(has(totals, &second));
	assert_true(has(totals, &third));
	assert_int_equal(totals_state(totals).left_out, 0);
	count(totals, 2, 1, NOW_NS + DAY_NS);
	assert_int_equal(look(totals).invocations, 3);
	totals_free(totals);
}

/* One that has just got a place, and is counted a little later, does not lose it to the
 * next one. */
static void test_totals_of_a_batch_of_strangers_are_their_own(void **state)
{
	struct totals *totals = make(1);
	struct function f[] = {function_of(1), function_of(2)};
	struct invocation inv[] = {{.function = &f[0], .has = HAS_DURATION},
	    {.function = &f[1], .has = HAS_DURATION}};
	const struct batch batch = {
	    .functions = f, .functions_n = 2, .invocations = inv, .invocations_n = 2};
	uint32_t ids[] = {1, 2};

	(void)state;
	totals_count(totals, &(struct store_batch){.batch = &batch, .ids = ids}, NOW_NS);
	assert_true(has(totals, &f[0]));
	assert_false(has(totals, &f[1]));
	assert_int_equal(totals_state(totals).left_out, 1);
	totals_free(totals);
}

static void test_totals_know_a_function_by_its_number_and_by_its_name(void **state)
{
	struct totals *totals = make(2);
	struct function f = function_of(1);
	struct invocation inv = {.has = HAS_DURATION, .duration_ns = 1};

	(void)state;
	commit(totals, &f, &inv, 7, NOW_NS);
	commit(totals, &f, &inv, 0, NOW_NS);
	commit(totals, &f, &inv, 100000, NOW_NS); /* of another store */
	assert_int_equal(look(totals).n, 1);
	assert_int_equal(look(totals).invocations, 3);
	totals_free(totals);
}

/* A batch whose numbers found no memory tells a known function by its name; its place
 * goes to another later all the same. */
static void test_totals_forget_the_number_of_one_that_came_by_name_last(void **state)
{
	struct totals *totals = make(1);
	struct function first = function_of(1);
	struct function second = function_of(2);
	struct invocation inv = {.has = HAS_DURATION, .duration_ns = 1};

	(void)state;
	commit(totals, &first, &inv, 1, NOW_NS);
	commit(totals, &first, &inv, 0, NOW_NS);
	commit(totals, &second, &inv, 2, NOW_NS + DAY_NS);
	assert_true(has(totals, &second));
	commit(totals, &first, &inv, 1, NOW_NS + 2 * DAY_NS);
	assert_true(has(totals, &first));
	assert_int_equal(look(totals).invocations, 1);
	totals_free(totals);
}

/* 200 days in one histogram: more than its own sum can hold. */
static int see_sum(void *context, const struct totals_function *f)
{
	*(double *)context = (double)f->duration.sum;
	return 0;
}

static void test_totals_sum_beyond_what_a_histogram_can(void **state)
{
	struct totals *totals = make(2);
	double sum;

	(void)state;
	for (int i = 0; i < 200; i++)
		count(totals, 1, 86400000, NOW_NS);
	assert_int_equal(totals_scan(totals, see_sum, &sum), 0);
	assert_true(sum == 200.0 * (double)DAY_NS);
	totals_free(totals);
}

static void test_totals_come_back_as_they_were(void **state)
{
	struct totals *totals = make(50);
	struct totals *again = make(50);
	uint64_t random = 5;
	struct buffer one;
	struct buffer two;

	(void)state;
	for (unsigned int i = 0; i < 3000; i++)
		count(totals, (unsigned int)random_below(&random, 60),
		    1 + random_below(&random, 5000), NOW_NS + i);
	one = encoded(totals);
	assert_int_equal(totals_decode(again, one.at, one.n), 0);
	two = encoded(again);
	assert_int_equal(one.n, two.n);
	assert_memory_equal(one.at, two.at, one.n);
	assert_int_equal(look(again).invocations, 3000);
	assert_true(look(again).overflow > 0);
	buffer_done(&one);
	buffer_done(&two);
	totals_free(totals);
	totals_free(again);
}

static void test_totals_cut_off_anywhere_are_refused_and_leave_nothing(void **state)
{
	struct totals *totals = make(3);
	struct totals *again = make(3);
	struct buffer b;

	(void)state;
	for (unsigned int i = 0; i < 5; i++)
		count(totals, i, i + 1, NOW_NS);
	b = encoded(totals);
	for (size_t n = 0; n < b.n; n++) {
		uint8_t *cut = malloc(n + 1); /* so that a sanitizer sees its end */

		memcpy(cut, b.at, n);
		assert_int_equal(totals_decode(again, cut, n), -EBADMSG);
		assert_int_equal(look(again).n, 0);
		free(cut);
	}
	assert_int_equal(totals_decode(again, b.at, b.n), 0);
	buffer_done(&b);
	totals_free(totals);
	totals_free(again);
}

static void test_totals_fit_a_smaller_limit(void **state)
{
	struct totals *totals = make(5);
	struct totals *again = make(2);
	struct buffer b;

	(void)state;
	for (unsigned int i = 0; i < 5; i++)
		count(totals, i, i + 1, NOW_NS);
	b = encoded(totals);
	assert_int_equal(totals_decode(again, b.at, b.n), 0);
	assert_int_equal(look(again).n, 2);
	buffer_done(&b);
	totals_free(totals);
	totals_free(again);
}

/* Whether what was saved is there in the next process, after a change of the file. */
static size_t functions_after(bool finally, bool other_boot)
{
	char directory[] = "/tmp/test_totals.XXXXXX";
	char path[64];
	struct totals *totals = make(5);
	struct totals *again = make(5);
	size_t n;
	int fd;

	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/totals", directory);
	assert_int_equal(totals_load(totals, directory), 0); /* none yet */
	count(totals, 1, 1, NOW_NS);
	assert_int_equal(totals_save(totals, directory, finally), 0);
	if (other_boot) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
		assert_int_equal(pwrite(fd, "x", 1, 1), 1);
		assert_int_equal(close(fd), 0);
	}
	assert_int_equal(totals_load(again, directory), 0);
	n = look(again).n;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
	totals_free(totals);
	totals_free(again);
	return n;
}

/* What a power cut may have left behind is older than what was shown. */
static void test_totals_of_another_boot_count_only_after_a_proper_end(void **state)
{
	(void)state;
	assert_int_equal(functions_after(false, false), 1);
	assert_int_equal(functions_after(true, false), 1);
	assert_int_equal(functions_after(true, true), 1);
	assert_int_equal(functions_after(false, true), 0);
}

static void test_totals_are_written_only_when_they_changed(void **state)
{
	char directory[] = "/tmp/test_totals.XXXXXX";
	char path[64];
	struct totals *totals = make(5);

	(void)state;
	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/totals", directory);
	count(totals, 1, 1, NOW_NS);
	assert_int_equal(totals_save(totals, directory, false), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(totals_save(totals, directory, false), 0);
	assert_int_not_equal(access(path, F_OK), 0);
	count(totals, 1, 1, NOW_NS);
	assert_int_equal(totals_save(totals, directory, false), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
	/* nowhere to write: said, and tried again */
	assert_int_equal(totals_save(totals, directory, true), -ENOENT);
	totals_free(totals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_totals_leave_pings_out),
	    cmocka_unit_test(test_totals_hold_so_many_functions_and_count_the_rest),
	    cmocka_unit_test(test_totals_give_the_place_of_one_that_was_silent),
	    cmocka_unit_test(test_totals_of_a_batch_of_strangers_are_their_own),
	    cmocka_unit_test(test_totals_know_a_function_by_its_number_and_by_its_name),
	    cmocka_unit_test(test_totals_forget_the_number_of_one_that_came_by_name_last),
	    cmocka_unit_test(test_totals_sum_beyond_what_a_histogram_can),
	    cmocka_unit_test(test_totals_come_back_as_they_were),
	    cmocka_unit_test(test_totals_cut_off_anywhere_are_refused_and_leave_nothing),
	    cmocka_unit_test(test_totals_fit_a_smaller_limit),
	    cmocka_unit_test(test_totals_of_another_boot_count_only_after_a_proper_end),
	    cmocka_unit_test(test_totals_are_written_only_when_they_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
