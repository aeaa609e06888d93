/* Sequences of records as the kernel sends them, and the invocations they add up to. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/sandboxes.h"
#include "tests/unit/sandbox_scene.h"

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

/* One that pid 50 started, and its one invocation. */
static int started_by_50(struct scene *scene, uint64_t sandbox, const char *name)
{
	struct record_exec exec = records_exec(sandbox, name, scene->now_ms);
	struct record_invocation r = records_invocation(
	    sandbox, FUNCTION_PROCESS, scene->now_ms, scene->now_ms + 5);

	exec.parent = 50;
	assert_int_equal(records_take(scene->sandboxes, &exec, sizeof(exec)), 0);
	return records_take(scene->sandboxes, &r, sizeof(r));
}

static void test_what_an_adopted_sandbox_started_meanwhile_is_part_of_it(void **state)
{
	struct scene *scene = *state;
	const struct record_exec old = records_exec(7, "f", 1);

	assert_int_equal(sandboxes_adopt(scene->sandboxes, &old), 0);
	assert_int_equal(sandboxes_adopt_process(scene->sandboxes, 50, 7), 0);
	assert_int_equal(started_by_50(scene, 8, "f"), -ECHILD);
	assert_int_equal(started_by_50(scene, 9, "g"), 0); /* a function of its own */
	assert_int_equal(scene->emitted.n, 1);
	sandboxes_settle(scene->sandboxes);
	assert_int_equal(started_by_50(scene, 10, "f"), 0);
	assert_int_equal(scene->emitted.n, 2);
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
	static const uint32_t kinds[] = {0, RECORD_EXEC, RECORD_READY, RECORD_INVOCATION,
	    RECORD_END, RECORD_COLDSTART, 5, UINT32_MAX};
	static const size_t sizes[] = {0, sizeof(struct record_exec),
	    sizeof(struct record_ready), sizeof(struct record_invocation),
	    sizeof(struct record_end), sizeof(struct record_coldstart), 0, 0};

	begin(scene, 7, "hello");
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (size_t n = 0; n <= sizeof(exec); n++) {
			void *record = malloc(n ? n : 1); /* its end is the heap's */

			assert_non_null(record);
			if (n >= 4)
				memcpy(record, &exec, n);
			if (n >= 4)
				memcpy(record, &kinds[k], 4);
			if ((n < 4 || !sizes[k] || n != sizes[k]) &&
			    !(kinds[k] == RECORD_INVOCATION &&
				(n == RECORD_SHORT_BYTES ||
				    n == sizeof(struct record_targeted))))
				assert_int_equal(
				    records_take(scene->sandboxes, record, n), -EBADMSG);
			free(record);
		}
	}
	assert_int_equal(scene->emitted.n, 0);
	assert_int_equal(records_take(scene->sandboxes, &r, sizeof(r)), 0);
}

static uint64_t lost_of[LOST_REASONS];

static void keep_loss(
    void *context, const struct function *function, enum lost_reason reason, uint64_t n)
{
	(void)context;
	assert_string_equal(function->name, "hello");
	lost_of[reason] += n;
}

/* The kernel's map: sandbox 1 has lost 3 and shed 5, others have gone. */
static int kernel_counts(void *context, uint64_t sandbox, uint64_t *lost, uint64_t *shed)
{
	(void)context;
	*lost = 3;
	*shed = 5;
	return sandbox == 1 ? 0 : -ENOENT;
}

static void test_what_the_kernel_lost_is_told_by_function_once(void **state)
{
	struct scene *scene = *state;
	const struct record_end end = {
	    .kind = RECORD_END, .pid = 1, .sandbox = 1, .ended = 9, .lost = 4, .shed = 5};

	memset(lost_of, 0, sizeof(lost_of));
	sandboxes_on_loss(scene->sandboxes, keep_loss);
	begin(scene, 1, "hello");
	begin(scene, 2, "hello");
	sandboxes_read_losses(scene->sandboxes, kernel_counts, NULL);
	sandboxes_read_losses(scene->sandboxes, kernel_counts, NULL);
	assert_int_equal(lost_of[LOST_RING_FULL], 3);
	assert_int_equal(lost_of[LOST_SHED], 5);
	assert_int_equal(records_take(scene->sandboxes, &end, sizeof(end)), 0);
	assert_int_equal(lost_of[LOST_RING_FULL], 4);
	assert_int_equal(lost_of[LOST_SHED], 5);
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

static void tell_cold_start(struct scene *scene, uint64_t sandbox)
{
	const struct record_coldstart told = {.kind = RECORD_COLDSTART,
	    .sandbox = sandbox,
	    .execs = {{.mark = {.at_ns = (scene->now_ms - 10) * RECORDS_MS, .pid = 7},
		.name = "node"}},
	    .marks = {[MARK_READY] = {.at_ns = scene->now_ms * RECORDS_MS, .pid = 7}}};

	assert_int_equal(records_take(scene->sandboxes, &told, sizeof(told)), 0);
}

static void test_phases_of_a_cold_start_come_with_its_first_invocation(void **state)
{
	struct scene *scene = *state;
	const struct invocation *inv;

	tell_cold_start(scene, 7); /* of nobody that is known */
	begin(scene, 7, "f");
	tell_cold_start(scene, 7);
	assert_null(invoke(scene, 7, 0)->coldstart); /* one that overtook it */
	inv = invoke(scene, 7, INVOCATION_FIRST);
	assert_true(inv->has & HAS_COLDSTART);
	assert_int_equal(scene->emitted.coldstart.phases_n, 2);
	assert_string_equal(scene->emitted.coldstart.phases[1].name, "exec node");
	assert_int_equal(scene->emitted.coldstart.phases[1].start_ns, 10 * RECORDS_MS);
	assert_int_equal(scene->emitted.coldstart.phases[1].wall_ns, 10 * RECORDS_MS);
	assert_null(invoke(scene, 7, 0)->coldstart);
}

static void test_another_memory_size_is_a_deploy(void **state)
{
	struct scene *scene = *state;
	struct record_exec exec = records_exec(2, "f", 0);

	(void)cause(scene, 1, "f", 0);
	end(scene, 1);
	exec.start_ns = scene->now_ms * RECORDS_MS;
	exec.present |= 1U << VARIABLE_LAMBDA_MEMORY;
	memcpy(exec.value[VARIABLE_LAMBDA_MEMORY], "512", 4);
	assert_int_equal(records_take(scene->sandboxes, &exec, sizeof(exec)), 0);
	assert_int_equal(records_ready(scene->sandboxes, 2, scene->now_ms), 0);
	assert_int_equal(invoke(scene, 2, INVOCATION_FIRST)->cause, CAUSE_DEPLOY);
	assert_int_equal(scene->emitted.last.certainty, CERTAINTY_LIKELY);
	assert_int_equal(cause(scene, 3, "f", 0), CAUSE_DEPLOY); /* back again */
}

/* The first invocation of a sandbox of that version. */
static const struct invocation *first_of_version(
    struct scene *scene, uint64_t sandbox, const char *version)
{
	struct record_exec exec = {.kind = RECORD_EXEC,
	    .sandbox = sandbox,
	    .start_ns = scene->now_ms * RECORDS_MS,
	    .present = 1U << VARIABLE_LAMBDA_NAME | 1U << VARIABLE_LAMBDA_VERSION,
	    .value = {[VARIABLE_LAMBDA_NAME] = "f"}};

	memcpy(exec.value[VARIABLE_LAMBDA_VERSION], version, strlen(version));
	assert_int_equal(records_take(scene->sandboxes, &exec, sizeof(exec)), 0);
	assert_int_equal(records_ready(scene->sandboxes, sandbox, scene->now_ms), 0);
	return invoke(scene, sandbox, INVOCATION_FIRST);
}

static void test_another_version_is_a_deploy(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(first_of_version(scene, 1, "1")->cause, CAUSE_FIRST);
	assert_int_equal(first_of_version(scene, 2, "2")->cause, CAUSE_DEPLOY);
	assert_int_equal(scene->emitted.last.certainty, CERTAINTY_CERTAIN);
	assert_int_equal(first_of_version(scene, 3, "1")->cause, CAUSE_SCALE_OUT);
}

static void test_a_sandbox_that_idled_long_was_reaped_for_it(void **state)
{
	struct scene *scene = *state;
	struct record_end end_of_1 = {.kind = RECORD_END, .sandbox = 1};
	struct record_end end_of_2 = {.kind = RECORD_END, .sandbox = 2};

	(void)cause(scene, 1, "f", 0);
	end_of_1.end_ns = (scene->now_ms + 59999) * RECORDS_MS;
	assert_int_equal(records_take(scene->sandboxes, &end_of_1, sizeof(end_of_1)), 0);
	assert_int_equal(cause(scene, 2, "f", 0), CAUSE_IDLE_REAP);
	assert_int_equal(scene->emitted.last.certainty, CERTAINTY_GUESS);
	end_of_2.end_ns = (scene->now_ms + 60000) * RECORDS_MS;
	assert_int_equal(records_take(scene->sandboxes, &end_of_2, sizeof(end_of_2)), 0);
	assert_int_equal(cause(scene, 3, "f", 0), CAUSE_IDLE_REAP);
	assert_int_equal(scene->emitted.last.certainty, CERTAINTY_LIKELY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_life_is_cold_then_warm),
	    TEST(test_a_sandbox_that_waited_for_work_was_prewarmed),
	    TEST(test_a_sandbox_older_than_the_agent_has_an_unknown_start),
	    TEST(test_what_the_kernel_saw_begin_is_not_adopted_as_old),
	    TEST(test_what_an_adopted_sandbox_started_meanwhile_is_part_of_it),
	    TEST(test_only_the_first_ready_counts),
	    TEST(test_what_an_init_was_spent_on_comes_with_its_first_invocation),
	    TEST(test_phases_of_a_cold_start_come_with_its_first_invocation),
	    TEST(test_another_memory_size_is_a_deploy),
	    TEST(test_another_version_is_a_deploy),
	    TEST(test_a_sandbox_that_idled_long_was_reaped_for_it),
	    TEST(test_a_lost_ready_leaves_the_init_unknown),
	    TEST(test_records_of_several_sandboxes_may_interleave),
	    TEST(test_a_second_sandbox_is_a_scale_out),
	    TEST(test_a_sandbox_after_one_that_ended_well_was_reaped),
	    TEST(test_how_the_last_sandbox_ended_is_the_cause_of_the_next),
	    TEST(test_a_timeout_is_the_cause_of_the_next_start),
	    TEST(test_a_sandbox_that_worked_on_after_a_crash_in_it_did_not_crash),
	    TEST(test_a_record_of_a_wrong_size_or_kind_is_refused),
	    TEST(test_what_the_kernel_lost_is_told_by_function_once),
	    TEST(test_an_invocation_of_an_unknown_sandbox_is_lost),
	    TEST(test_ready_and_end_of_an_unknown_sandbox_are_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
