/* Differences wrap at 64 bits, so that every value comes back, however odd. */
#include "wire/batch_row.h"

#include "base/varint.h"

#define HAS_KNOWN (HAS_END - 1)
#define QUALITY_KNOWN ((QUALITY_MEMORY_SANDBOX << 1) - 1)

/* The class of a record: bit fields of one number. */
#define CLASS_STATUS_SHIFT 3
#define CLASS_START_SHIFT 7
#define CLASS_CAUSE_SHIFT 9
#define CLASS_PING_SHIFT 13
_Static_assert(
    KIND_COUNT <= 8 && STATUS_COUNT <= 16 && START_PREWARMED < 4 && CAUSE_COUNT <= 16,
    "the fields of the class are wide enough");

/* The HAS_ bit that a column hangs on; 0: every record has it. */
static const uint32_t column_bit[COLUMN_END_OF_IDS] = {
    [COLUMN_DURATION] = HAS_DURATION,
    [COLUMN_RESPONSE] = HAS_RESPONSE,
    [COLUMN_INIT] = HAS_INIT,
    [COLUMN_WAIT] = HAS_WAIT,
    [COLUMN_CPU] = HAS_CPU,
    [COLUMN_MEMORY] = HAS_MEMORY,
    [COLUMN_BUSY] = HAS_BUSY,
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

static uint64_t undo_difference(uint64_t coded, uint64_t from)
{
	return from + (uint64_t)varint_unzigzag(coded);
}

static uint64_t class_of(const struct invocation *inv)
{
	return (uint64_t)inv->kind | (uint64_t)inv->status << CLASS_STATUS_SHIFT |
	       (uint64_t)inv->start_type << CLASS_START_SHIFT |
	       (uint64_t)inv->cause << CLASS_CAUSE_SHIFT |
	       (uint64_t)inv->ping << CLASS_PING_SHIFT;
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

void batch_row_from(
    struct batch_row *row, const struct invocation *inv, struct batch_previous *previous)
{
	uint64_t duration = inv->has & HAS_DURATION ? inv->duration_ns : 0;
	uint64_t end = (uint64_t)inv->start_ns + duration;
	uint64_t *value = row->value;
	struct batch_of_sandbox *last = &previous->sandbox[value[COLUMN_SANDBOX]];

	value[COLUMN_CLASS] = class_of(inv);
	value[COLUMN_HAS] = inv->has & HAS_KNOWN & ~(uint64_t)HAS_COLDSTART;
	if (inv->coldstart)
		value[COLUMN_HAS] |= HAS_COLDSTART;
	value[COLUMN_QUALITY] = inv->quality & QUALITY_KNOWN;
	value[COLUMN_END] = difference(end, previous->end);
	value[COLUMN_DURATION] = duration;
	value[COLUMN_RESPONSE] = difference(inv->response_ns, duration);
	value[COLUMN_INIT] = inv->init_ns;
	value[COLUMN_WAIT] = inv->wait_ns;
	value[COLUMN_CPU] = inv->cpu_ns;
	value[COLUMN_MEMORY] = difference(inv->peak_memory_bytes, last->memory);
	value[COLUMN_BUSY] = difference(inv->busy_ns, duration);
	value[COLUMN_HTTP_STATUS] = inv->http_status;
	value[COLUMN_REQUEST_BYTES] = inv->request_bytes;
	value[COLUMN_RESPONSE_BYTES] = inv->response_bytes;
	value[COLUMN_CONCURRENCY] = inv->concurrency;
	value[COLUMN_PID] = difference(inv->pid, last->pid);
	value[COLUMN_RUN_QUEUE] = inv->run_queue_ns;
	story_from(value, &inv->init);
	value[COLUMN_CERTAINTY] = inv->certainty;
	value[COLUMN_THROTTLED] = inv->throttled_ns;
	previous->end = end;
	last->pid = inv->pid;
	if (inv->has & HAS_MEMORY)
		last->memory = inv->peak_memory_bytes;
}

static const char *read_class(uint64_t class, struct invocation *inv)
{
	uint64_t kind = class & ((1U << CLASS_STATUS_SHIFT) - 1);
	uint64_t status = class >> CLASS_STATUS_SHIFT & 0xf;
	uint64_t cause = class >> CLASS_CAUSE_SHIFT & 0xf;

	if (class >> (CLASS_PING_SHIFT + 1) || kind >= KIND_COUNT ||
	    status >= STATUS_COUNT || cause >= CAUSE_COUNT)
		return "a record has a kind, status or cause that does not exist";
	inv->kind = (enum invocation_kind)kind;
	inv->status = (enum invocation_status)status;
	inv->start_type = (enum invocation_start)(class >> CLASS_START_SHIFT & 0x3);
	inv->cause = (enum invocation_cause)cause;
	inv->ping = class >> CLASS_PING_SHIFT;
	return NULL;
}

/* The figures that not every record has. */
static void read_figures(
    const uint64_t *value, struct invocation *inv, struct batch_of_sandbox *last)
{
	inv->duration_ns = value[COLUMN_DURATION];
	if (inv->has & HAS_RESPONSE)
		inv->response_ns =
		    undo_difference(value[COLUMN_RESPONSE], inv->duration_ns);
	inv->init_ns = value[COLUMN_INIT];
	inv->wait_ns = value[COLUMN_WAIT];
	inv->cpu_ns = value[COLUMN_CPU];
	if (inv->has & HAS_BUSY)
		inv->busy_ns = undo_difference(value[COLUMN_BUSY], inv->duration_ns);
	if (inv->has & HAS_MEMORY) {
		last->memory = undo_difference(value[COLUMN_MEMORY], last->memory);
		inv->peak_memory_bytes = last->memory;
	}
	inv->http_status = (uint16_t)value[COLUMN_HTTP_STATUS];
	inv->request_bytes = value[COLUMN_REQUEST_BYTES];
	inv->response_bytes = value[COLUMN_RESPONSE_BYTES];
	inv->run_queue_ns = value[COLUMN_RUN_QUEUE];
	inv->throttled_ns = value[COLUMN_THROTTLED];
	inv->init = (struct init_story){
	    .first_exec_ns = value[COLUMN_INIT_FIRST_EXEC],
	    .last_exec_ns = value[COLUMN_INIT_LAST_EXEC],
	    .cpu_ns = value[COLUMN_INIT_CPU],
	    .run_queue_ns = value[COLUMN_INIT_RUN_QUEUE],
	    .read_bytes = value[COLUMN_INIT_READ],
	    .disk_bytes = value[COLUMN_INIT_DISK],
	    .major_faults = (uint32_t)value[COLUMN_INIT_FAULTS],
	    .execs = (uint32_t)value[COLUMN_INIT_EXECS],
	};
}

const char *batch_row_into(
    const struct batch_row *row, struct invocation *inv, struct batch_previous *previous)
{
	const uint64_t *value = row->value;
	struct batch_of_sandbox *last = &previous->sandbox[value[COLUMN_SANDBOX]];
	uint64_t pid = undo_difference(value[COLUMN_PID], last->pid);

	if (pid > UINT32_MAX || value[COLUMN_CONCURRENCY] > UINT32_MAX ||
	    value[COLUMN_HTTP_STATUS] > UINT16_MAX ||
	    value[COLUMN_INIT_FAULTS] > UINT32_MAX ||
	    value[COLUMN_INIT_EXECS] > UINT32_MAX)
		return "a pid, concurrency, HTTP status or count is out of range";
	/* a newer writer's further bits go the way of their columns */
	inv->has = (uint32_t)(value[COLUMN_HAS] & HAS_KNOWN);
	inv->quality = (uint32_t)(value[COLUMN_QUALITY] & QUALITY_KNOWN);
	read_figures(value, inv, last);
	/* a newer writer's further degrees say nothing here */
	inv->certainty = value[COLUMN_CERTAINTY] < CERTAINTY_COUNT
			     ? (enum invocation_certainty)value[COLUMN_CERTAINTY]
			     : CERTAINTY_UNKNOWN;
	previous->end = undo_difference(value[COLUMN_END], previous->end);
	inv->start_ns = (int64_t)(previous->end - inv->duration_ns);
	inv->concurrency = (uint32_t)value[COLUMN_CONCURRENCY];
	last->pid = pid;
	inv->pid = (uint32_t)pid;
	return read_class(value[COLUMN_CLASS], inv);
}
