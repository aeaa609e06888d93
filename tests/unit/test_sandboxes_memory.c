/* What is remembered of functions and sandboxes is bounded. */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/sandboxes.h"
#include "tests/unit/sandbox_scene.h"

#define FORGOTTEN 4096UL /* functions that are remembered without a sandbox */

static void name_of(uint64_t i, char out[32])
{
	(void)snprintf(out, 32, "function-%llu", (unsigned long long)i);
}

static void test_a_hundred_thousand_functions_come_and_go_in_bounded_memory(void **state)
{
	struct scene *scene = *state;
	size_t settled = 0;
	char name[32];

	for (uint64_t i = 1; i <= 100000; i++) {
		name_of(i, name);
		begin(scene, i, name);
		(void)invoke(scene, i, INVOCATION_FIRST);
		end(scene, i);
		if (i == 2 * FORGOTTEN)
			settled = mallinfo2().uordblks;
	}
	assert_int_equal(sandboxes_count(scene->sandboxes), 0);
	assert_int_equal(scene->emitted.n, 100000);
#if !defined(__SANITIZE_ADDRESS__) /* whose allocator does not tell */
	assert_true(mallinfo2().uordblks < settled + 65536);
	assert_true(settled < 4 << 20);
#endif
	(void)settled;
}

static void test_of_functions_without_a_sandbox_the_oldest_is_forgotten(void **state)
{
	struct scene *scene = *state;
	char name[32];

	for (uint64_t i = 0; i <= FORGOTTEN; i++) {
		name_of(i, name);
		begin(scene, i + 1, name);
		end(scene, i + 1);
	}
	/* one too many: of 0 nothing is known any more, and what is asked for last stays
	 */
	name_of(FORGOTTEN, name);
	assert_int_equal(cause(scene, 10001, name, 0), CAUSE_IDLE_REAP);
	name_of(1, name);
	assert_int_equal(cause(scene, 10002, name, 0), CAUSE_IDLE_REAP);
	name_of(0, name);
	assert_int_equal(cause(scene, 10003, name, 0), CAUSE_FIRST);
}

static void test_a_function_with_a_sandbox_is_never_forgotten(void **state)
{
	struct scene *scene = *state;
	char name[32];

	(void)cause(scene, 1, "keeps", 0);
	for (uint64_t i = 2; i < 2 * FORGOTTEN; i++) {
		name_of(i, name);
		begin(scene, i, name);
		end(scene, i);
	}
	assert_int_equal(cause(scene, 100000, "keeps", 0), CAUSE_SCALE_OUT);
	assert_string_equal(invoke(scene, 1, 0)->function->name, "keeps");
}

static void test_sandboxes_whose_end_was_lost_make_room_for_others(void **state)
{
	struct scene *scene = *state;
	struct record_invocation r = records_invocation(2, FUNCTION_HTTP, 1, 2);

	for (uint64_t i = 1; i <= 40000; i++) {
		begin(scene, i, "leaky");
		if (i > 1)
			(void)invoke(scene, 1, 0); /* one that works all the time */
	}
	assert_int_equal(sandboxes_count(scene->sandboxes), 16384);
	assert_int_equal(invoke(scene, 40000, 0)->pid, 40000);
	assert_int_equal(invoke(scene, 1, 0)->pid, 1);
	assert_int_equal(records_take(scene->sandboxes, &r, sizeof(r)), -ENOENT);
	assert_int_equal(records_end(scene->sandboxes, 2), 0);
	assert_int_equal(sandboxes_count(scene->sandboxes), 16384);
}

static void test_nothing_is_freed_twice_when_nothing_was_made(void **state)
{
	(void)state;
	sandboxes_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_hundred_thousand_functions_come_and_go_in_bounded_memory),
	    TEST(test_of_functions_without_a_sandbox_the_oldest_is_forgotten),
	    TEST(test_a_function_with_a_sandbox_is_never_forgotten),
	    TEST(test_sandboxes_whose_end_was_lost_make_room_for_others),
	    cmocka_unit_test(test_nothing_is_freed_twice_when_nothing_was_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
