/* The batches of a raw file, row by row, as they were received. */
#ifndef COLDMETER_STORE_SQLITE_RAW_BLOCK_READER_H
#define COLDMETER_STORE_SQLITE_RAW_BLOCK_READER_H

#include "store/sqlite/spool.h"

struct block_reader;

/* 0, or -ENOENT when the day was forgotten. */
int block_reader_open(struct sqlite *ledger, const struct sqlite_spool_block *block,
    struct block_reader **out);
void block_reader_close(struct block_reader *reader);

/* The next batch: 1 with its bytes, which live until the next call; 0 at the end. */
int block_reader_next(struct block_reader *reader, const uint8_t **bytes, size_t *n);

/* Where the block ends that begins behind after and holds at most that many invocations,
 * one batch at least; the day's last row when it has no further ones. */
int block_reader_find_end(struct sqlite *ledger, const struct sqlite_spool_block *day,
    int64_t invocations, int64_t *end);

/* The days of a ledger with batches, each whole, oldest first: malloc'd; their number or
 * -ENOMEM. */
ssize_t block_reader_days(struct sqlite *ledger, struct sqlite_spool_block **days);

#endif
