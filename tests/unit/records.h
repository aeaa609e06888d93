/* Records as the kernel writes them, and what the agent makes of them. */
#ifndef COLDMETER_TESTS_RECORDS_H
#define COLDMETER_TESTS_RECORDS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent/sandboxes.h"

#define RECORDS_MS 1000000ULL
#define RECORDS_WALL_NS 1700000000000000000LL /* boot to wall */

/* What sandboxes_take() handed over. */
struct emitted {
	size_t n;
	struct invocation last;
	struct function function; /* of the last */
	struct coldstart coldstart;
};

static inline void records_keep(void *context, const struct invocation *inv)
{
	struct emitted *emitted = context;

	emitted->n++;
	emitted->last = *inv;
	emitted->function = *inv->function;
	emitted->last.function = &emitted->function;
	if (inv->coldstart)
		emitted->coldstart = *inv->coldstart;
}

static inline int records_take(struct sandboxes *s, const void *record, size_t bytes)
{
	return sandboxes_take(s, record, bytes, RECORDS_WALL_NS);
}

static inline struct record_exec records_exec(
    uint64_t sandbox, const char *name, uint64_t start_ms)
{
	struct record_exec exec = {.kind = RECORD_EXEC,
	    .pid = (uint32_t)sandbox,
	    .sandbox = sandbox,
	    .start_ns = start_ms * RECORDS_MS,
	    .exec_ns = (start_ms + 1) * RECORDS_MS,
	    .present = 1U << VARIABLE_FUNCTION};

	(void)snprintf(exec.value[VARIABLE_FUNCTION], RECORD_VALUE_BYTES, "%s", name);
	return exec;
}

static inline int records_begin(
    struct sandboxes *s, uint64_t sandbox, const char *name, uint64_t start_ms)
{
	const struct record_exec exec = records_exec(sandbox, name, start_ms);

	return records_take(s, &exec, sizeof(exec));
}

static inline int records_ready(struct sandboxes *s, uint64_t sandbox, uint64_t ready_ms)
{
	const struct record_ready ready = {.kind = RECORD_READY,
	    .pid = (uint32_t)sandbox,
	    .sandbox = sandbox,
	    .ready_ns = ready_ms * RECORDS_MS,
	    .first_exec_ns = ready_ms * RECORDS_MS - 2 * RECORDS_MS,
	    .last_exec_ns = ready_ms * RECORDS_MS - RECORDS_MS,
	    .cpu_ns = 3 * RECORDS_MS,
	    .run_queue_ns = RECORDS_MS,
	    .read_bytes = 8192,
	    .disk_bytes = 4096,
	    .major_faults = 5,
	    .execs = 2};

	return records_take(s, &ready, sizeof(ready));
}

static inline int records_end(struct sandboxes *s, uint64_t sandbox)
{
	const struct record_end end = {
	    .kind = RECORD_END, .pid = (uint32_t)sandbox, .sandbox = sandbox};

	return records_take(s, &end, sizeof(end));
}

static inline struct record_invocation records_invocation(
    uint64_t sandbox, enum record_function_kind kind, uint64_t start_ms, uint64_t end_ms)
{
	return (struct record_invocation){.kind = RECORD_INVOCATION,
	    .pid = (uint32_t)sandbox,
	    .sandbox = sandbox,
	    .start_ns = start_ms * RECORDS_MS,
	    .end_ns = end_ms * RECORDS_MS,
	    .busy_ns = (end_ms - start_ms) * RECORDS_MS,
	    .concurrency = 1,
	    .function_kind = (uint8_t)kind};
}

#endif
