/* Sandboxes fed with records, and what they emitted. */
#ifndef COLDMETER_TESTS_SANDBOX_SCENE_H
#define COLDMETER_TESTS_SANDBOX_SCENE_H

#include "agent/sandboxes.h"
#include "tests/unit/records.h"

struct scene {
	struct sandboxes *sandboxes;
	struct emitted emitted;
	uint64_t now_ms;
};

static inline int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	if (!scene || sandboxes_new(records_keep, &scene->emitted, &scene->sandboxes) < 0)
		return -1;
	scene->now_ms = 1000;
	*state = scene;
	return 0;
}

static inline int teardown(void **state)
{
	struct scene *scene = *state;

	sandboxes_free(scene->sandboxes);
	free(scene);
	return 0;
}

/* A sandbox that is ready after 20 ms. */
static inline void begin(struct scene *scene, uint64_t sandbox, const char *name)
{
	assert_int_equal(
	    records_begin(scene->sandboxes, sandbox, name, scene->now_ms), 0);
	scene->now_ms += 20;
	assert_int_equal(records_ready(scene->sandboxes, sandbox, scene->now_ms), 0);
}

static inline const struct invocation *invoke(
    struct scene *scene, uint64_t sandbox, uint32_t flags)
{
	struct record_invocation r = records_invocation(
	    sandbox, FUNCTION_LAMBDA, scene->now_ms, scene->now_ms + 5);
	size_t before = scene->emitted.n;

	r.flags = flags;
	scene->now_ms += 5;
	assert_int_equal(records_take(scene->sandboxes, &r, sizeof(r)), 0);
	assert_int_equal(scene->emitted.n, before + 1);
	return &scene->emitted.last;
}

static inline void end(struct scene *scene, uint64_t sandbox)
{
	assert_int_equal(records_end(scene->sandboxes, sandbox), 0);
	scene->now_ms += 1000;
}

/* The cause of the first invocation of a fresh sandbox. */
static inline enum invocation_cause cause(
    struct scene *scene, uint64_t sandbox, const char *name, uint32_t flags)
{
	const struct invocation *inv;

	begin(scene, sandbox, name);
	inv = invoke(scene, sandbox, INVOCATION_FIRST | flags);
	assert_int_equal(inv->start_type, START_COLD);
	return inv->cause;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
