/* Rows of the minute tables that belong to one hour and some functions, in memory. */
#ifndef COLDMETER_STORE_SQLITE_SUMS_SLICE_H
#define COLDMETER_STORE_SQLITE_SUMS_SLICE_H

#include "store/sqlite/file/connection.h"
#include "store/sqlite/sums/block.h"

/* Functions that are taken together where there may be very many. */
#define SLICE_FUNCTIONS 64

struct slice_row {
	uint32_t function_id;
	struct block_minute minute; /* its bytes are the slice's */
};

/* Zero-initialised is empty; used again it keeps its memory. */
struct slice {
	struct slice_row *rows; /* by function, then by minute */
	size_t n;
	size_t room;
	uint8_t *bytes;
	size_t bytes_n;
	size_t bytes_room;
};

void slice_done(struct slice *slice);

/* Reads the minutes [from, until) of the epoch, all of one hour, of the functions with
 * ids [first, end). 0, -ENOMEM, -EUCLEAN or store_errno(). */
struct slice_range {
	int64_t from_minute;
	int64_t until_minute;
	uint32_t first_id;
	uint32_t end_id;
};
int slice_read(
    struct slice *slice, struct connection *c, const struct slice_range *range);

/* Deletes the same rows. */
int slice_delete(struct connection *c, const struct slice_range *range);

#endif
