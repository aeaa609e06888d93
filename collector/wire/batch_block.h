/* The numbers of a batch's records on their way back: some records at a time, column by
 * column, so that what is looked up for a column is looked up once for all of them. */
#ifndef COLDMETER_WIRE_BATCH_BLOCK_H
#define COLDMETER_WIRE_BATCH_BLOCK_H

#include "wire/batch_row.h"
#include "wire/cursor.h"

/* Records of a block: its columns in use stay in the first level of cache. */
#define BATCH_BLOCK 64

/* A column as it stands in the body. */
struct batch_values {
	struct cursor bytes;
	bool is_there;
	bool is_same; /* one number stands for all */
	bool is_used;
	uint64_t same;
};

struct batch_block {
	size_t n;         /* at most BATCH_BLOCK */
	uint64_t any_has; /* the HAS_* bits of all of them together */
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

/* Puts them into n invocations that are all zeros. Sandboxes are below BATCH_MAX_RECORDS:
 * the caller looked. Functions, texts and cold starts are left to it. The same. */
const char *batch_block_into(const struct batch_block *block,
    struct invocation *invocations, struct batch_previous *previous);

#endif
