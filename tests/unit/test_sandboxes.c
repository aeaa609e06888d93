/* Sequences of records as the kernel sends them, and the invocations they add up to. */
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
#include "tests/unit/records.h"

struct scene {
	struct sandboxes *sandboxes;
	struct emitted emitted;
	uint64_t now_ms;
};

static int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	if (!scene || sandboxes_new(records_keep, &scene->emitted, &scene->sandboxes) < 0)
		return -1;
	scene->now_ms = 1000;
	*state = scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	sandboxes_free(scene->sandboxes);
	free(scene);
	return 0;
}

/* A sandbox that is ready after 20 ms. */
static void begin(struct scene *scene, uint64_t sandbox, const char *name)
{
	assert_int_equal(
	    records_begin(scene->sandboxes, sandbox, name, scene->now_ms), 0);
	scene->now_ms += 20;
	assert_int_equal(records_ready(scene->sandboxes, sandbox, scene->now_ms), 0);
}

static const struct invocation *invoke(
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

static void end(struct scene *scene, uint64_t sandbox)
{
	assert_int_equal(records_end(scene->sandboxes, sandbox), 0);
	scene->now_ms += 1000;
}

/* The cause of the first invocation of a fresh sandbox. */
static enum invocation_cause cause(
    struct scene *scene, uint64_t sandbox, const char *name, uint32_t flags)
{
	const struct invocation *inv;

	begin(scene, sandbox, name);
	inv = invoke(scene, sandbox, INVOCATION_FIRST | flags);
	assert_int_equal(inv->start_type, START_COLD);
	return inv->cause;
}

/* --- a life ------------------------------------------------------------------------ */

static void test_a_life_is_cold_then_warm(void **state)
{
	struct scene *scene = *state;
	const struct invocation *inv;

	begin(scene, 7, "hello");
	inv = invoke(scene, 7, INVOCATION_FIRST);
	assert_int_equal(inv->start_type, START_COLD);
	assert_int_equal(inv->cause, CAUSE_FIRST);
	assert_true(inv->init_ns == 20 * RECORDS_MS);
	assert_string_equal(inv->function->name, "hello");
	assert_string_equal(inv->sandbox, "7-3b9aca00");
	inv = invoke(scene, 7, 0);
	assert_int_equal(inv->start_type, START_WARM);
	assert_string_equal(inv->sandbox, "7-3b9aca00");
	assert_int_equal(sandboxes_count(scene->sandboxes), 1);
	end(scene, 7);
	assert_int_equal(sandboxes_count(scene->sandboxes), 0);
}

static void test_a_sandbox_that_waited_for_work_was_prewarmed(void **state)
{
	struct scene *scene = *state;

	begin(scene, 7, "hello");
	scene->now_ms += 60000;
	assert_int_equal(invoke(scene, 7, INVOCATION_FIRST)->start_type, START_PREWARMED);
}

static void test_a_sandbox_older_than_the_agent_has_an_unknown_start(void **state)
{
	struct scene *scene = *state;
	struct record_exec exec = records_exec(7, "old", 1);
	const struct invocation *inv;

	assert_int_equal(sandboxes_adopt(scene->sandboxes, &exec), 0);
	inv = invoke(scene, 7, INVOCATION_FIRST);
	assert_int_equal(inv->start_type, START_UNKNOWN);
	assert_true(inv->quality & QUALITY_INIT_UNKNOWN);
	assert_int_equal(inv->has & HAS_INIT, 0);
	assert_int_equal(invoke(scene, 7, 0)->start_type, START_WARM);
	/* but its function is known now: the next one is no first */
	assert_int_equal(cause(scene, 8, "old", 0), CAUSE_SCALE_OUT);
}

static void test_what_the_kernel_saw_begin_is_not_adopted_as_old(void **state)
{
	struct scene *scene = *state;
	struct record_exec exec = records_exec(7, "hello", scene->now_ms);

	begin(scene, 7, "hello");
	assert_int_equal(sandboxes_adopt(scene->sandboxes, &exec), 0);
	assert_int_equal(sandboxes_count(scene->sandboxes), 1);
	assert_int_equal(invoke(scene, 7, INVOCATION_FIRST)->start_type, START_COLD);
}

static void test_only_the_first_ready_counts(void **state)
{
	struct scene *scene = *state;

	begin(scene, 7, "hello");
	assert_int_equal(records_ready(scene->sandboxes, 7, scene->now_ms + 3), 0);
	assert_true(invoke(scene, 7, INVOCATION_FIRST)->init_ns == 20 * RECORDS_MS);
}

static void test_a_lost_ready_leaves_the_init_unknown(void **state)
{
	struct scene *scene = *state;
	const struct invocation *inv;

	assert_int_equal(records_begin(scene->sandboxes, 7, "hello", scene->now_ms), 0);
	inv = invoke(scene, 7, INVOCATION_FIRST);
	assert_int_equal(inv->start_type, START_UNKNOWN);
	assert_int_equal(inv->has & HAS_INIT, 0);
}

static void test_records_of_several_sandboxes_may_interleave(void **state)
{
	struct scene *scene = *state;
	char name[16];

	for (uint64_t i = 1; i <= 300; i++) {
		(void)snprintf(name, sizeof(name), "f%llu", (unsigned long long)i);
		begin(scene, i, name);
	}
	for (uint64_t i = 300; i >= 1; i--) {
		const struct invocation *inv = invoke(scene, i, 0);

		(void)snprintf(name, sizeof(name), "f%llu", (unsigned long long)i);
		assert_string_equal(inv->function->name, name);
		assert_int_equal(inv->pid, i);
	}
	assert_int_equal(sandboxes_count(scene->sandboxes), 300);
}

/* --- causes ------------------------------------------------------------------------ */

static void test_a_second_sandbox_is_a_scale_out(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(cause(scene, 1, "f", 0), CAUSE_FIRST);
	assert_int_equal(cause(scene, 2, "f", 0), CAUSE_SCALE_OUT);
	assert_int_equal(cause(scene, 3, "g", 0), CAUSE_FIRST);
	end(scene, 1);
	assert_int_equal(cause(scene, 4, "f", 0), CAUSE_SCALE_OUT); /* 2 still lives */
}

static void test_a_sandbox_after_one_that_ended_well_was_reaped(void **state)
{
	struct scene *scene = *state;

	(void)cause(scene, 1, "f", 0);
	end(scene, 1);
	assert_int_equal(cause(scene, 2, "f", 0), CAUSE_IDLE_REAP);
	(void)invoke(scene, 2, INVOCATION_ERROR); /* an error does not end a sandbox */
	end(scene, 2);
	assert_int_equal(cause(scene, 3, "f", 0), CAUSE_IDLE_REAP);
}

static void test_how_the_last_sandbox_ended_is_the_cause_of_the_next(void **state)
{
	static const struct {
		uint32_t flags;
		enum invocation_cause cause;
	} rows[] = {{INVOCATION_EXITED, CAUSE_CRASH},
	    {INVOCATION_EXITED | INVOCATION_OOM, CAUSE_OOM},
	    {INVOCATION_INIT_ERROR | INVOCATION_EXITED, CAUSE_CRASH},
	    {INVOCATION_ABORTED, CAUSE_IDLE_REAP}};
	struct scene *scene = *state;
	uint64_t sandbox = 1;

	(void)cause(scene, sandbox, "f", 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)invoke(scene, sandbox, rows[i].flags);
		end(scene, sandbox);
		assert_int_equal(cause(scene, ++sandbox, "f", 0), rows[i].cause);
	}
}

static void test_a_timeout_is_the_cause_of_the_next_start(void **state)
{
	struct scene *scene = *state;
	struct record_invocation r;

	begin(scene, 1, "f");
	r = records_invocation(1, FUNCTION_LAMBDA, scene->now_ms, scene->now_ms + 3000);
	r.flags = INVOCATION_FIRST | INVOCATION_EXITED;
	r.deadline_ms = (uint64_t)RECORDS_WALL_NS / 1000000 + scene->now_ms + 2999;
	assert_int_equal(records_take(scene->sandboxes, &r, sizeof(r)), 0);
	assert_int_equal(scene->emitted.last.status, STATUS_TIMEOUT);
	end(scene, 1);
	assert_int_equal(cause(scene, 2, "f", 0), CAUSE_TIMEOUT);
}

static void test_a_sandbox_that_worked_on_after_a_crash_in_it_did_not_crash(void **state)
{
	struct scene *scene = *state;

	(void)cause(scene, 1, "f", 0);
	(void)invoke(scene, 1, INVOCATION_EXITED); /* one of its workers */
	(void)invoke(scene, 1, 0);
	end(scene, 1);
	assert_int_equal(cause(scene, 2, "f", 0), CAUSE_IDLE_REAP);
}

/* --- what is wrong ----------------------------------------------------------------- */

static void test_a_record_of_a_wrong_size_or_kind_is_refused(void **state)
{
	struct scene *scene = *state;
	struct record_exec exec = records_exec(7, "hello", 1);
	struct record_invocation r = records_invocation(7, FUNCTION_HTTP, 1, 2);
	static const uint32_t kinds[] = {
	    0, RECORD_EXEC, RECORD_READY, RECORD_INVOCATION, RECORD_END, 5, UINT32_MAX};
	static const size_t sizes[] = {0, sizeof(struct record_exec),
	    sizeof(struct record_ready), sizeof(struct record_invocation),
	    sizeof(struct record_end), 0, 0};

	begin(scene, 7, "hello");
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (size_t n = 0; n <= sizeof(exec); n++) {
			void *record = malloc(n ? n : 1); /* its end is the heap's */

			assert_non_null(record);
			if (n >= 4)
				memcpy(record, &exec, n);
			if (n >= 4)
				memcpy(record, &kinds[k], 4);
			if (n < 4 || !sizes[k] || n != sizes[k])
				assert_int_equal(
				    records_take(scene->sandboxes, record, n), -EBADMSG);
			free(record);
		}
	}
	assert_int_equal(scene->emitted.n, 0);
	assert_int_equal(records_take(scene->sandboxes, &r, sizeof(r)), 0);
}

static void test_an_invocation_of_an_unknown_sandbox_is_lost(void **state)
{
	struct scene *scene = *state;
	struct record_invocation r = records_invocation(7, FUNCTION_HTTP, 1, 2);

	assert_int_equal(records_take(scene->sandboxes, &r, sizeof(r)), -ENOENT);
	begin(scene, 7, "hello");
	end(scene, 7);
	assert_int_equal(records_take(scene->sandboxes, &r, sizeof(r)), -ENOENT);
	assert_int_equal(scene->emitted.n, 0);
}

static void test_ready_and_end_of_an_unknown_sandbox_are_nothing(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(records_ready(scene->sandboxes, 7, 1), 0);
	assert_int_equal(records_end(scene->sandboxes, 7), 0);
	assert_int_equal(sandboxes_count(scene->sandboxes), 0);
	begin(scene, 7, "hello");
	end(scene, 7);
	assert_int_equal(records_end(scene->sandboxes, 7), 0);
}

/* --- memory ------------------------------------------------------------------------ */

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

static void test_what_an_init_was_spent_on_comes_with_its_first_invocation(void **state)
{
	struct scene *scene = *state;
	const struct invocation *inv;

	begin(scene, 7, "f"); /* 20 ms; its last two programs 2 ms and 1 ms before */
	inv = invoke(scene, 7, INVOCATION_FIRST);
	assert_true(inv->has & HAS_INIT_STORY);
	assert_int_equal(inv->init.first_exec_ns, 18 * RECORDS_MS);
	assert_int_equal(inv->init.last_exec_ns, 19 * RECORDS_MS);
	assert_int_equal(inv->init.cpu_ns, 3 * RECORDS_MS);
	assert_int_equal(inv->init.run_queue_ns, RECORDS_MS);
	assert_int_equal(inv->init.read_bytes, 8192);
	assert_int_equal(inv->init.disk_bytes, 4096);
	assert_int_equal(inv->init.major_faults, 5);
	assert_int_equal(inv->init.execs, 2);
	assert_false(invoke(scene, 7, 0)->has & HAS_INIT_STORY);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_life_is_cold_then_warm),
	    TEST(test_a_sandbox_that_waited_for_work_was_prewarmed),
	    TEST(test_a_sandbox_older_than_the_agent_has_an_unknown_start),
	    TEST(test_what_the_kernel_saw_begin_is_not_adopted_as_old),
	    TEST(test_only_the_first_ready_counts),
	    TEST(test_what_an_init_was_spent_on_comes_with_its_first_invocation),
	    TEST(test_a_lost_ready_leaves_the_init_unknown),
	    TEST(test_records_of_several_sandboxes_may_interleave),
	    TEST(test_a_second_sandbox_is_a_scale_out),
	    TEST(test_a_sandbox_after_one_that_ended_well_was_reaped),
	    TEST(test_how_the_last_sandbox_ended_is_the_cause_of_the_next),
	    TEST(test_a_timeout_is_the_cause_of_the_next_start),
	    TEST(test_a_sandbox_that_worked_on_after_a_crash_in_it_did_not_crash),
	    TEST(test_a_record_of_a_wrong_size_or_kind_is_refused),
	    TEST(test_an_invocation_of_an_unknown_sandbox_is_lost),
	    TEST(test_ready_and_end_of_an_unknown_sandbox_are_nothing),
	    TEST(test_a_hundred_thousand_functions_come_and_go_in_bounded_memory),
	    TEST(test_of_functions_without_a_sandbox_the_oldest_is_forgotten),
	    TEST(test_a_function_with_a_sandbox_is_never_forgotten),
	    TEST(test_sandboxes_whose_end_was_lost_make_room_for_others),
	    cmocka_unit_test(test_nothing_is_freed_twice_when_nothing_was_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
