/* What the kernel could not tell in a record, found in its map. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/sandboxes.h"
#include "tests/unit/sandbox_scene.h"

static uint64_t lost;
static uint64_t kept_of; /* the sandbox whose end is in the kernel's map; 0: none */

static void keep_loss(
    void *context, const struct function *function, enum lost_reason reason, uint64_t n)
{
	(void)context;
	assert_string_equal(function->name, "f");
	assert_int_equal(reason, LOST_RING_FULL);
	lost += n;
}

/* Given once: it is out of the map then. */
static int read_end(void *context, struct record_end *end)
{
	const struct scene *scene = context;

	if (end->sandbox != kept_of)
		return -ENOENT;
	kept_of = 0;
	end->end_ns = (scene->now_ms + 60000) * RECORDS_MS;
	end->lost = 4;
	return 0;
}

/* Two sandboxes of f, and the end of 1 had no room in the ring. */
static void lose_end_of_1(struct scene *scene)
{
	lost = 0;
	kept_of = 1;
	sandboxes_on_loss(scene->sandboxes, keep_loss);
	(void)cause(scene, 1, "f", 0);
	(void)cause(scene, 2, "f", 0);
}

static void test_a_sandbox_whose_end_was_lost_does_not_live_on(void **state)
{
	struct scene *scene = *state;

	lose_end_of_1(scene);
	assert_int_equal(sandboxes_read_ends(scene->sandboxes, read_end, scene), 1);
	assert_int_equal(sandboxes_read_ends(scene->sandboxes, read_end, scene), 0);
	assert_int_equal(sandboxes_count(scene->sandboxes), 1);
	assert_int_equal(invoke(scene, 2, 0)->pid, 2);
	end(scene, 2);
	/* no scale-out: none lives any more */
	assert_int_equal(cause(scene, 3, "f", 0), CAUSE_IDLE_REAP);
}

static void test_how_long_a_sandbox_idled_whose_end_was_lost_is_known(void **state)
{
	struct scene *scene = *state;

	lose_end_of_1(scene);
	end(scene, 2);
	(void)sandboxes_read_ends(scene->sandboxes, read_end, scene);
	(void)sandboxes_read_ends(scene->sandboxes, read_end, scene);
	assert_int_equal(cause(scene, 3, "f", 0), CAUSE_IDLE_REAP);
	assert_int_equal(scene->emitted.last.certainty, CERTAINTY_LIKELY);
}

static void test_what_was_lost_in_a_sandbox_whose_end_was_lost_is_told(void **state)
{
	struct scene *scene = *state;

	lose_end_of_1(scene);
	(void)sandboxes_read_ends(scene->sandboxes, read_end, scene);
	assert_int_equal(lost, 4);
	(void)sandboxes_read_ends(scene->sandboxes, read_end, scene);
	assert_int_equal(lost, 4);
}

static void test_invocations_still_in_the_ring_are_taken_before_the_end(void **state)
{
	struct scene *scene = *state;

	lose_end_of_1(scene);
	(void)sandboxes_read_ends(scene->sandboxes, read_end, scene);
	assert_string_equal(invoke(scene, 1, 0)->function->name, "f");
	(void)sandboxes_read_ends(scene->sandboxes, read_end, scene);
	assert_int_equal(sandboxes_count(scene->sandboxes), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_sandbox_whose_end_was_lost_does_not_live_on),
	    TEST(test_how_long_a_sandbox_idled_whose_end_was_lost_is_known),
	    TEST(test_what_was_lost_in_a_sandbox_whose_end_was_lost_is_told),
	    TEST(test_invocations_still_in_the_ring_are_taken_before_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
