/* An invocation as one number per column of a batch. */
#ifndef COLDMETER_WIRE_BATCH_ROW_H
#define COLDMETER_WIRE_BATCH_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "model/invocation.h"
#include "wire/batch.h"

/* Columns of a batch, by their id on the wire: append, never reorder or reuse. */
enum batch_column {
	COLUMN_NONE,
	COLUMN_FUNCTION, /* index into the batch's functions */
	COLUMN_CLASS,    /* kind, status, start type, cause, ping */
	COLUMN_HAS,
	COLUMN_QUALITY,
	COLUMN_END, /* start + duration, since the end of the record before */
	COLUMN_DURATION,
	COLUMN_RESPONSE, /* since the duration */
	COLUMN_INIT,
	COLUMN_WAIT,
	COLUMN_CPU,
	COLUMN_MEMORY, /* since the last of the same sandbox */
	COLUMN_BUSY,   /* since the duration */
	COLUMN_HTTP_STATUS,
	COLUMN_REQUEST_BYTES,
	COLUMN_RESPONSE_BYTES,
	COLUMN_CONCURRENCY,
	COLUMN_PID,     /* since the last of the same sandbox */
	COLUMN_SANDBOX, /* index into the texts of the next column */
	COLUMN_SANDBOX_TEXTS,
	COLUMN_REQUEST_ID,
	COLUMN_TRACE_ID,
	COLUMN_RUN_QUEUE,
	COLUMN_INIT_FIRST_EXEC,
	COLUMN_INIT_LAST_EXEC,
	COLUMN_INIT_CPU,
	COLUMN_INIT_RUN_QUEUE,
	COLUMN_INIT_READ,
	COLUMN_INIT_DISK,
	COLUMN_INIT_FAULTS,
	COLUMN_INIT_EXECS,
	COLUMN_CERTAINTY,
	COLUMN_COLDSTART, /* not numbers, but cold starts */
	COLUMN_THROTTLED,
	COLUMN_FUNCTION_OF_SANDBOX, /* in place of COLUMN_FUNCTION: less the one expected
				     */
	COLUMN_BUSY_ALONE, /* in place of COLUMN_BUSY: since batch_busy_expected() */
	COLUMN_END_OF_IDS
};

/* An id of its own, behind those of all columns that may come: losses by function. Each
 * is three varints: index into functions, enum lost_reason, number. */
#define COLUMN_LOSSES 1000

/* Another: the bits of numbers in two parts. */
#define COLUMN_BITS 1001

/* Whether a column holds numbers; the others hold bytes. */
static inline bool batch_column_is_number(unsigned int id)
{
	return (id < COLUMN_SANDBOX_TEXTS || id > COLUMN_TRACE_ID) &&
	       id != COLUMN_COLDSTART;
}

/* Whether a column's numbers are zigzagged, are times in ns, or bytes of memory. */
static inline bool batch_column_is_signed(unsigned int id)
{
	return (UINT64_C(1) << COLUMN_END | UINT64_C(1) << COLUMN_RESPONSE |
		   UINT64_C(1) << COLUMN_MEMORY | UINT64_C(1) << COLUMN_BUSY |
		   UINT64_C(1) << COLUMN_PID | UINT64_C(1) << COLUMN_FUNCTION_OF_SANDBOX |
		   UINT64_C(1) << COLUMN_BUSY_ALONE) >>
		   id &
	       1;
}

static inline bool batch_column_is_time(unsigned int id)
{
	return (UINT64_C(1) << COLUMN_END | UINT64_C(1) << COLUMN_DURATION |
		   UINT64_C(1) << COLUMN_RESPONSE | UINT64_C(1) << COLUMN_INIT |
		   UINT64_C(1) << COLUMN_WAIT | UINT64_C(1) << COLUMN_CPU |
		   UINT64_C(1) << COLUMN_BUSY | UINT64_C(1) << COLUMN_RUN_QUEUE |
		   UINT64_C(1) << COLUMN_INIT_FIRST_EXEC |
		   UINT64_C(1) << COLUMN_INIT_LAST_EXEC | UINT64_C(1) << COLUMN_INIT_CPU |
		   UINT64_C(1) << COLUMN_INIT_RUN_QUEUE |
		   UINT64_C(1) << COLUMN_THROTTLED | UINT64_C(1) << COLUMN_BUSY_ALONE) >>
		   id &
	       1;
}

static inline bool batch_column_is_memory(unsigned int id)
{
	return id == COLUMN_MEMORY || id == COLUMN_INIT_DISK;
}
_Static_assert(COLUMN_END_OF_IDS <= 64, "a column is a bit");

/* What this version knows of the columns of bits. */
#define BATCH_HAS_KNOWN (HAS_END - 1)
#define BATCH_QUALITY_KNOWN ((QUALITY_MEMORY_SANDBOX << 1) - 1)

/* The class of a record: bit fields of one number. */
#define BATCH_CLASS_STATUS_SHIFT 3
#define BATCH_CLASS_START_SHIFT 7
#define BATCH_CLASS_CAUSE_SHIFT 9
#define BATCH_CLASS_PING_SHIFT 13
_Static_assert(
    KIND_COUNT <= 8 && STATUS_COUNT <= 16 && START_PREWARMED < 4 && CAUSE_COUNT <= 16,
    "the fields of the class are wide enough");

/* The busy time that an invocation is expected to settle: its own, when it began alone.
 * One that began beside others leaves it, as a rule, to the last of them. */
static inline uint64_t batch_busy_expected(uint64_t concurrency, uint64_t duration_ns)
{
	return concurrency <= 1 ? duration_ns : 0;
}

/* What the differences of columns are taken from: the same at both ends of the wire.
 * Starts as zeros. */
struct batch_previous {
	uint64_t end;       /* of the record before */
	uint64_t functions; /* the highest index, and 1 more: the next new one */
	struct batch_of_sandbox {
		uint64_t memory;
		uint64_t pid;
		uint64_t function;    /* and 1 more; 0: its first record is to come */
	} sandbox[BATCH_MAX_RECORDS]; /* by index */
};

struct batch_row {
	uint64_t value[COLUMN_END_OF_IDS]; /* by column; 0 where the record has none */
};

/* Whether a record with these HAS_* bits has a value in that column of numbers. */
bool batch_row_has(enum batch_column column, uint64_t has);

/* The numbers of inv. The caller has set those of function and sandbox, which are indices
 * that it knows; sandbox is below BATCH_MAX_RECORDS. */
void batch_row_from(struct batch_row *row, const struct invocation *inv,
    const struct batch_previous *previous);

/* The row becomes the previous one. */
void batch_row_passes(const struct batch_row *row, const struct invocation *inv,
    struct batch_previous *previous);

/* The function that a sandbox's next record is expected to be of: that of the one before,
 * or a new one; and which it was. */
uint64_t batch_previous_function(
    const struct batch_previous *previous, const struct batch_of_sandbox *sandbox);
void batch_previous_passes(
    struct batch_previous *previous, struct batch_of_sandbox *sandbox, uint64_t function);

#endif
