/* The numbers of a batch's records on their way back: some records at a time, column by
 * column, so that what is looked up for a column is looked up once for all of them. */
#ifndef COLDMETER_WIRE_BATCH_BLOCK_H
#define COLDMETER_WIRE_BATCH_BLOCK_H

#include "wire/batch/parts.h"
#include "wire/batch/row.h"
#include "wire/cursor.h"

/* Records of a block: its columns in use stay in the first level of cache. */
#define BATCH_BLOCK 64

/* A column as it stands in the body. */
struct batch_values {
	struct cursor bytes;
	bool is_there;
	bool is_same;  /* one number stands for all */
	bool is_parts; /* numbers in units and in two parts, of which bytes are the first
			*/
	bool is_few;   /* bytes are places in the list of few */
	bool is_used;
	uint8_t planes_tag;    /* of ids in planes, */
	const uint8_t *planes; /* which are not NULL then */
	uint64_t same;
	uint64_t unit;       /* of those in parts; above 0 */
	uint64_t signs;      /* enum batch_signs */
	uint64_t bits_bytes; /* which their other parts take */
	struct batch_bits_read bits;
	size_t few_n;
	uint64_t few[BATCH_FEW_MAX];
};

struct batch_block {
	size_t n;          /* at most BATCH_BLOCK */
	bool has_expected; /* functions are told by sandbox */
	unsigned int busy; /* the column that busy time stands in */
	uint64_t any_has;  /* the HAS_* bits of all of them together */
	uint64_t value[COLUMN_END_OF_IDS][BATCH_BLOCK];
};

/* Whether any of the records has a value in that column of numbers. */
static inline bool batch_block_has(const struct batch_block *block, unsigned int column)
{
	return batch_row_has((enum batch_column)column, block->any_has);
}

/* Takes the next n records' numbers off the columns, by id. NULL, or a constant sentence
 * that says what is wrong. */
const char *batch_block_read(
    struct batch_block *block, size_t n, struct batch_values *columns);

/* Whether a record has a figure or mark of a newer writer, which is not put into it. */
bool batch_block_is_newer(const struct batch_block *block);

/* Finds the functions where they are told by sandbox; sandboxes are below
 * BATCH_MAX_RECORDS: the caller looked. */
void batch_block_functions(struct batch_block *block, struct batch_previous *previous);

/* Puts them into n invocations that are all zeros, for sandboxes as above. Functions,
 * texts and cold starts are left to it. The same. */
const char *batch_block_into(const struct batch_block *block,
    struct invocation *invocations, struct batch_previous *previous);

#endif
