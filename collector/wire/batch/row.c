/* Differences wrap at 64 bits, so that every value comes back, however odd. */
#include "wire/batch/row.h"

#include "base/varint.h"

/* The HAS_ bit that a column hangs on; 0: every record has it. */
static const uint32_t column_bit[COLUMN_END_OF_IDS] = {
    [COLUMN_DURATION] = HAS_DURATION,
    [COLUMN_RESPONSE] = HAS_RESPONSE,
    [COLUMN_INIT] = HAS_INIT,
    [COLUMN_WAIT] = HAS_WAIT,
    [COLUMN_CPU] = HAS_CPU,
    [COLUMN_MEMORY] = HAS_MEMORY,
    [COLUMN_BUSY] = HAS_BUSY,
    [COLUMN_BUSY_ALONE] = HAS_BUSY,
    [COLUMN_HTTP_STATUS] = HAS_HTTP_STATUS,
    [COLUMN_REQUEST_BYTES] = HAS_BYTES,
    [COLUMN_RESPONSE_BYTES] = HAS_BYTES,
    [COLUMN_RUN_QUEUE] = HAS_RUN_QUEUE,
    [COLUMN_INIT_FIRST_EXEC] = HAS_INIT_STORY,
    [COLUMN_INIT_LAST_EXEC] = HAS_INIT_STORY,
    [COLUMN_INIT_CPU] = HAS_INIT_STORY,
    [COLUMN_INIT_RUN_QUEUE] = HAS_INIT_STORY,
    [COLUMN_INIT_READ] = HAS_INIT_STORY,
    [COLUMN_INIT_DISK] = HAS_INIT_STORY,
    [COLUMN_INIT_FAULTS] = HAS_INIT_STORY,
    [COLUMN_INIT_EXECS] = HAS_INIT_STORY,
    [COLUMN_CERTAINTY] = HAS_CERTAINTY,
    [COLUMN_THROTTLED] = HAS_THROTTLED,
    [COLUMN_COLDSTART] = HAS_COLDSTART,
};

bool batch_row_has(enum batch_column column, uint64_t has)
{
	return column_bit[column] == 0 || (column_bit[column] & has) != 0;
}

static uint64_t difference(uint64_t value, uint64_t from)
{
	return varint_zigzag((int64_t)(value - from));
}

static uint64_t class_of(const struct invocation *inv)
{
	return (uint64_t)inv->kind | (uint64_t)inv->status << BATCH_CLASS_STATUS_SHIFT |
	       (uint64_t)inv->start_type << BATCH_CLASS_START_SHIFT |
	       (uint64_t)inv->cause << BATCH_CLASS_CAUSE_SHIFT |
	       (uint64_t)inv->ping << BATCH_CLASS_PING_SHIFT;
}

static void story_from(uint64_t *value, const struct init_story *init)
{
	value[COLUMN_INIT_FIRST_EXEC] = init->first_exec_ns;
	value[COLUMN_INIT_LAST_EXEC] = init->last_exec_ns;
	value[COLUMN_INIT_CPU] = init->cpu_ns;
	value[COLUMN_INIT_RUN_QUEUE] = init->run_queue_ns;
	value[COLUMN_INIT_READ] = init->read_bytes;
	value[COLUMN_INIT_DISK] = init->disk_bytes;
	value[COLUMN_INIT_FAULTS] = init->major_faults;
	value[COLUMN_INIT_EXECS] = init->execs;
}

uint64_t batch_previous_function(
    const struct batch_previous *previous, const struct batch_of_sandbox *sandbox)
{
	return sandbox->function ? sandbox->function - 1 : previous->functions;
}

void batch_previous_passes(
    struct batch_previous *previous, struct batch_of_sandbox *sandbox, uint64_t function)
{
	sandbox->function = function + 1;
	if (previous->functions <= function)
		previous->functions = function + 1;
}

static uint64_t duration_of(const struct invocation *inv)
{
	return inv->has & HAS_DURATION ? inv->duration_ns : 0;
}

void batch_row_from(struct batch_row *row, const struct invocation *inv,
    const struct batch_previous *previous)
{
	uint64_t duration = duration_of(inv);
	uint64_t end = (uint64_t)inv->start_ns + duration;
	uint64_t *value = row->value;
	const struct batch_of_sandbox *last = &previous->sandbox[value[COLUMN_SANDBOX]];

	value[COLUMN_CLASS] = class_of(inv);
	value[COLUMN_HAS] = inv->has & BATCH_HAS_KNOWN & ~(uint64_t)HAS_COLDSTART;
	if (inv->coldstart)
		value[COLUMN_HAS] |= HAS_COLDSTART;
	value[COLUMN_QUALITY] = inv->quality & BATCH_QUALITY_KNOWN;
	value[COLUMN_END] = difference(end, previous->end);
	value[COLUMN_DURATION] = duration;
	value[COLUMN_RESPONSE] = difference(inv->response_ns, duration);
	value[COLUMN_INIT] = inv->init_ns;
	value[COLUMN_WAIT] = inv->wait_ns;
	value[COLUMN_CPU] = inv->cpu_ns;
	value[COLUMN_MEMORY] = difference(inv->peak_memory_bytes, last->memory);
	value[COLUMN_BUSY_ALONE] =
	    difference(inv->busy_ns, batch_busy_expected(inv->concurrency, duration));
	value[COLUMN_HTTP_STATUS] = inv->http_status;
	value[COLUMN_REQUEST_BYTES] = inv->request_bytes;
	value[COLUMN_RESPONSE_BYTES] = inv->response_bytes;
	value[COLUMN_CONCURRENCY] = inv->concurrency;
	value[COLUMN_PID] = difference(inv->pid, last->pid);
	value[COLUMN_RUN_QUEUE] = inv->run_queue_ns;
	story_from(value, &inv->init);
	value[COLUMN_CERTAINTY] = inv->certainty;
	value[COLUMN_THROTTLED] = inv->throttled_ns;
	value[COLUMN_FUNCTION_OF_SANDBOX] =
	    difference(value[COLUMN_FUNCTION], batch_previous_function(previous, last));
}

void batch_row_passes(const struct batch_row *row, const struct invocation *inv,
    struct batch_previous *previous)
{
	struct batch_of_sandbox *last = &previous->sandbox[row->value[COLUMN_SANDBOX]];

	previous->end = (uint64_t)inv->start_ns + duration_of(inv);
	batch_previous_passes(previous, last, row->value[COLUMN_FUNCTION]);
	last->pid = inv->pid;
	if (inv->has & HAS_MEMORY)
		last->memory = inv->peak_memory_bytes;
}
