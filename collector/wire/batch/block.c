/* Differences wrap at 64 bits, so that every value comes back, however odd. */
#include "wire/batch/block.h"

#include <stddef.h>
#include <string.h>

#include "base/varint.h"
#include "wire/batch/body.h"

/* Figures that stand in their column as they are, 64 bits each. */
static const struct {
	enum batch_column column;
	size_t offset;
} plain[] = {
    {COLUMN_DURATION, offsetof(struct invocation, duration_ns)},
    {COLUMN_INIT, offsetof(struct invocation, init_ns)},
    {COLUMN_WAIT, offsetof(struct invocation, wait_ns)},
    {COLUMN_CPU, offsetof(struct invocation, cpu_ns)},
    {COLUMN_REQUEST_BYTES, offsetof(struct invocation, request_bytes)},
    {COLUMN_RESPONSE_BYTES, offsetof(struct invocation, response_bytes)},
    {COLUMN_RUN_QUEUE, offsetof(struct invocation, run_queue_ns)},
    {COLUMN_INIT_FIRST_EXEC, offsetof(struct invocation, init.first_exec_ns)},
    {COLUMN_INIT_LAST_EXEC, offsetof(struct invocation, init.last_exec_ns)},
    {COLUMN_INIT_CPU, offsetof(struct invocation, init.cpu_ns)},
    {COLUMN_INIT_RUN_QUEUE, offsetof(struct invocation, init.run_queue_ns)},
    {COLUMN_INIT_READ, offsetof(struct invocation, init.read_bytes)},
    {COLUMN_INIT_DISK, offsetof(struct invocation, init.disk_bytes)},
    {COLUMN_THROTTLED, offsetof(struct invocation, throttled_ns)},
};

/* Numbers whose place is smaller than 64 bits. */
static const struct {
	enum batch_column column;
	uint64_t max;
} limits[] = {
    {COLUMN_CONCURRENCY, UINT32_MAX},
    {COLUMN_HTTP_STATUS, UINT16_MAX},
    {COLUMN_INIT_FAULTS, UINT32_MAX},
    {COLUMN_INIT_EXECS, UINT32_MAX},
};

static uint64_t undo_difference(uint64_t coded, uint64_t from)
{
	return from + (uint64_t)varint_unzigzag(coded);
}

/* --- off the columns -----------------------------------------------------------------
 */

static void fill(uint64_t *value, size_t n, uint64_t same)
{
	for (size_t i = 0; i < n; i++)
		value[i] = same;
}

static bool read_varints(struct cursor *in, uint64_t *value, size_t n)
{
	struct cursor at = *in;

	for (size_t i = 0; i < n; i++) {
		if (!cursor_varint(&at, &value[i]))
			return false;
	}
	*in = at;
	return true;
}

/* Numbers that count in units, in place. False when one is beyond 64 bits then. */
static bool count_in_ones(uint64_t *value, size_t n, uint64_t unit)
{
	bool overflows = false;

	for (size_t i = 0; i < n; i++)
		overflows |= __builtin_mul_overflow(value[i], unit, &value[i]);
	return !overflows;
}

/* The same of those that may be negative, which become zigzagged: 2n - 1 is -n, 2n is n.
 */
static bool count_in_signed_ones(
    uint64_t *value, size_t n, uint64_t unit, enum batch_signs signs)
{
	bool overflows = false;

	for (size_t i = 0; i < n; i++) {
		uint64_t sign = signs == SIGNS_EACH ? value[i] & 1
						    : signs == SIGNS_ALL && value[i] > 0;
		uint64_t number = signs == SIGNS_EACH ? (value[i] >> 1) + sign : value[i];
		uint64_t ones;

		overflows |= __builtin_mul_overflow(number, unit, &ones);
		overflows |= ones > (uint64_t)INT64_MAX + sign;
		value[i] = 2 * ones - sign;
	}
	return !overflows;
}

static bool read_parts(
    struct batch_values *column, unsigned int id, uint64_t *value, size_t n)
{
	const uint8_t *byte = column->bytes.at;
	struct batch_bits_read bits = column->bits;

	if (cursor_left(&column->bytes) < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		value[i] = byte[i];
		if (byte[i] >= BATCH_PARTS_WHOLE &&
		    !batch_parts_take(&bits, byte[i], &value[i]))
			return false;
	}
	column->bytes.at += n;
	column->bits = bits;
	if (batch_column_is_signed(id))
		return count_in_signed_ones(
		    value, n, column->unit, (enum batch_signs)column->signs);
	return column->unit == 1 || count_in_ones(value, n, column->unit);
}

static bool read_few(struct batch_values *column, uint64_t *value, size_t n)
{
	const uint8_t *place = column->bytes.at;

	if (cursor_left(&column->bytes) < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (place[i] >= column->few_n)
			return false;
		value[i] = column->few[place[i]];
	}
	column->bytes.at += n;
	return true;
}

/* The next n values of a column. */
static bool read_values(
    struct batch_values *column, unsigned int id, uint64_t *value, size_t n)
{
	column->is_used = true;
	if (column->is_parts)
		return read_parts(column, id, value, n);
	if (column->is_few)
		return read_few(column, value, n);
	if (!column->is_same)
		return read_varints(&column->bytes, value, n);
	fill(value, n, column->same);
	return true;
}

/* Of a column that not every record has. */
static bool read_some(struct batch_values *column, unsigned int id, const uint64_t *has,
    uint64_t *value, size_t n)
{
	uint64_t some[BATCH_BLOCK] = {0};
	size_t some_n = 0;

	for (size_t i = 0; i < n; i++)
		some_n += batch_row_has((enum batch_column)id, has[i]);
	if (!read_values(column, id, some, some_n))
		return false;
	for (size_t i = n; i-- > 0;)
		value[i] =
		    batch_row_has((enum batch_column)id, has[i]) ? some[--some_n] : 0;
	return true;
}

static bool read_column(struct batch_block *block, unsigned int id, uint64_t every_has,
    struct batch_values *column)
{
	if (batch_row_has((enum batch_column)id, every_has))
		return read_values(column, id, block->value[id], block->n);
	return read_some(
	    column, id, block->value[COLUMN_HAS], block->value[id], block->n);
}

const char *batch_block_read(
    struct batch_block *block, size_t n, struct batch_values *columns)
{
	static const char too_few[] = "a column has too few values, or too large ones";
	uint64_t every_has = UINT64_MAX;
	uint64_t left_out;

	block->n = n;
	block->any_has = 0;
	if (!read_column(block, COLUMN_HAS, UINT64_MAX, &columns[COLUMN_HAS]))
		return too_few;
	for (size_t i = 0; i < n; i++) {
		block->any_has |= block->value[COLUMN_HAS][i];
		every_has &= block->value[COLUMN_HAS][i];
	}
	block->has_expected = columns[COLUMN_FUNCTION_OF_SANDBOX].is_there;
	block->busy =
	    columns[COLUMN_BUSY_ALONE].is_there ? COLUMN_BUSY_ALONE : COLUMN_BUSY;
	left_out =
	    UINT64_C(1) << COLUMN_HAS |
	    UINT64_C(1) << (block->has_expected ? COLUMN_FUNCTION
						: COLUMN_FUNCTION_OF_SANDBOX) |
	    UINT64_C(1) << (block->busy == COLUMN_BUSY ? COLUMN_BUSY_ALONE : COLUMN_BUSY);
	for (unsigned int id = COLUMN_NONE + 1; id < COLUMN_END_OF_IDS; id++) {
		if (!(left_out >> id & 1) && batch_column_is_number(id) &&
		    batch_block_has(block, id) &&
		    !read_column(block, id, every_has, &columns[id]))
			return too_few;
	}
	return NULL;
}

bool batch_block_is_newer(const struct batch_block *block)
{
	uint64_t quality = 0;
	uint64_t certainty = 0;

	for (size_t i = 0; i < block->n; i++)
		quality |= block->value[COLUMN_QUALITY][i];
	for (size_t i = 0; batch_block_has(block, COLUMN_CERTAINTY) && i < block->n; i++)
		certainty |= block->value[COLUMN_CERTAINTY][i];
	return block->any_has & ~(uint64_t)BATCH_HAS_KNOWN ||
	       quality & ~(uint64_t)BATCH_QUALITY_KNOWN || certainty >= CERTAINTY_COUNT;
}

void batch_block_functions(struct batch_block *block, struct batch_previous *previous)
{
	for (size_t i = 0; block->has_expected && i < block->n; i++) {
		struct batch_of_sandbox *sandbox =
		    &previous->sandbox[block->value[COLUMN_SANDBOX][i]];
		uint64_t function =
		    undo_difference(block->value[COLUMN_FUNCTION_OF_SANDBOX][i],
			batch_previous_function(previous, sandbox));

		block->value[COLUMN_FUNCTION][i] = function;
		batch_previous_passes(previous, sandbox, function);
	}
}

/* --- into records --------------------------------------------------------------------
 */

static const char *check_limits(const struct batch_block *block)
{
	for (size_t l = 0; l < sizeof(limits) / sizeof(limits[0]); l++) {
		const uint64_t *value = block->value[limits[l].column];
		uint64_t bits = 0; /* a limit is all ones */

		if (!batch_block_has(block, limits[l].column))
			continue;
		for (size_t i = 0; i < block->n; i++)
			bits |= value[i];
		if (bits > limits[l].max)
			return "a pid, concurrency, HTTP status or count is out of range";
	}
	return NULL;
}

static const char *put_class(uint64_t class, struct invocation *inv)
{
	uint64_t kind = class & ((1U << BATCH_CLASS_STATUS_SHIFT) - 1);
	uint64_t status = class >> BATCH_CLASS_STATUS_SHIFT & 0xf;
	uint64_t cause = class >> BATCH_CLASS_CAUSE_SHIFT & 0xf;

	if (class >> (BATCH_CLASS_PING_SHIFT + 1) || kind >= KIND_COUNT ||
	    status >= STATUS_COUNT || cause >= CAUSE_COUNT)
		return "a record has a kind, status or cause that does not exist";
	inv->kind = (enum invocation_kind)kind;
	inv->status = (enum invocation_status)status;
	inv->start_type = (enum invocation_start)(class >> BATCH_CLASS_START_SHIFT & 0x3);
	inv->cause = (enum invocation_cause)cause;
	inv->ping = class >> BATCH_CLASS_PING_SHIFT;
	return NULL;
}

static void put_plain(const struct batch_block *block, struct invocation *invocations)
{
	for (size_t p = 0; p < sizeof(plain) / sizeof(plain[0]); p++) {
		const uint64_t *value = block->value[plain[p].column];

		if (!batch_block_has(block, plain[p].column))
			continue;
		for (size_t i = 0; i < block->n; i++)
			memcpy((char *)&invocations[i] + plain[p].offset, &value[i],
			    sizeof(value[i]));
	}
}

/* Of each sandbox the memory and the process, which differ from its record before. */
static const char *put_sandbox(const struct batch_block *block,
    struct invocation *invocations, struct batch_previous *previous)
{
	const uint64_t *sandbox = block->value[COLUMN_SANDBOX];
	bool has_memory = batch_block_has(block, COLUMN_MEMORY);

	for (size_t i = 0; i < block->n; i++) {
		struct batch_of_sandbox *last = &previous->sandbox[sandbox[i]];
		struct invocation *inv = &invocations[i];

		last->pid = undo_difference(block->value[COLUMN_PID][i], last->pid);
		if (last->pid > UINT32_MAX)
			return "a pid, concurrency, HTTP status or count is out of range";
		inv->pid = (uint32_t)last->pid;
		if (has_memory && inv->has & HAS_MEMORY) {
			last->memory =
			    undo_difference(block->value[COLUMN_MEMORY][i], last->memory);
			inv->peak_memory_bytes = last->memory;
		}
	}
	return NULL;
}

/* Needs the durations. */
static void put_times(const struct batch_block *block, struct invocation *invocations,
    struct batch_previous *previous)
{
	bool has_response = batch_block_has(block, COLUMN_RESPONSE);
	bool has_busy = batch_block_has(block, block->busy);

	for (size_t i = 0; i < block->n; i++) {
		struct invocation *inv = &invocations[i];

		previous->end =
		    undo_difference(block->value[COLUMN_END][i], previous->end);
		inv->start_ns = (int64_t)(previous->end - inv->duration_ns);
		if (has_response && inv->has & HAS_RESPONSE)
			inv->response_ns = undo_difference(
			    block->value[COLUMN_RESPONSE][i], inv->duration_ns);
		if (has_busy && inv->has & HAS_BUSY)
			inv->busy_ns = undo_difference(block->value[block->busy][i],
			    block->busy == COLUMN_BUSY
				? inv->duration_ns
				: batch_busy_expected(
				      inv->concurrency, inv->duration_ns));
	}
}

static void put_story_counts(
    const struct batch_block *block, struct invocation *invocations)
{
	for (size_t i = 0; i < block->n; i++) {
		invocations[i].init.major_faults =
		    (uint32_t)block->value[COLUMN_INIT_FAULTS][i];
		invocations[i].init.execs = (uint32_t)block->value[COLUMN_INIT_EXECS][i];
	}
}

/* A newer writer's further degrees say nothing here. */
static void put_certainty(const struct batch_block *block, struct invocation *invocations)
{
	for (size_t i = 0; i < block->n; i++) {
		uint64_t certainty = block->value[COLUMN_CERTAINTY][i];

		invocations[i].certainty = certainty < CERTAINTY_COUNT
					       ? (enum invocation_certainty)certainty
					       : CERTAINTY_UNKNOWN;
	}
}

const char *batch_block_into(const struct batch_block *block,
    struct invocation *invocations, struct batch_previous *previous)
{
	bool has_status = batch_block_has(block, COLUMN_HTTP_STATUS);
	const char *why = check_limits(block);

	for (size_t i = 0; !why && i < block->n; i++) {
		struct invocation *inv = &invocations[i];

		/* a newer writer's further bits go the way of their columns */
		inv->has = (uint32_t)(block->value[COLUMN_HAS][i] & BATCH_HAS_KNOWN);
		inv->quality =
		    (uint32_t)(block->value[COLUMN_QUALITY][i] & BATCH_QUALITY_KNOWN);
		inv->concurrency = (uint32_t)block->value[COLUMN_CONCURRENCY][i];
		if (has_status)
			inv->http_status = (uint16_t)block->value[COLUMN_HTTP_STATUS][i];
		why = put_class(block->value[COLUMN_CLASS][i], inv);
	}
	if (!why)
		why = put_sandbox(block, invocations, previous);
	if (why)
		return why;
	put_plain(block, invocations);
	put_times(block, invocations, previous);
	if (batch_block_has(block, COLUMN_INIT_EXECS))
		put_story_counts(block, invocations);
	if (batch_block_has(block, COLUMN_CERTAINTY))
		put_certainty(block, invocations);
	return NULL;
}
