/* Blocks as rows: pieces of at most some 1000 bytes, of which eight fill a page, where
 * one row for a block would leave half a page empty. */
#ifndef COLDMETER_STORE_SQLITE_SUMS_PIECES_H
#define COLDMETER_STORE_SQLITE_SUMS_PIECES_H

#include <stdbool.h>

#include "store/sqlite/file/connection.h"

/* The blocks of a range of keys (minutes_key() of hours and functions). Zero-initialised
 * is valid; used again it keeps its memory. */
struct pieces {
	sqlite3_stmt *rows;  /* of hour_piece */
	sqlite3_stmt *whole; /* of hour_block, where older collectors kept them */
	int64_t row_key;     /* that the statement stands on; INT64_MAX: at its end */
	int64_t whole_key;
	bool stands; /* on a whole block that was handed out */
	uint8_t *bytes;
	size_t room;
};

void pieces_done(struct pieces *pieces);

/* Begins with the keys [since, until); next hands out one after the other in their order:
 * 1, 0 at the end, or an error. The bytes live until the next call. end gives the
 * statements back, also behind an error. */
int pieces_begin(
    struct pieces *pieces, struct connection *c, int64_t since, int64_t until);
int pieces_next(struct pieces *pieces, int64_t *key, const uint8_t **bytes, size_t *n);
void pieces_end(struct pieces *pieces);

/* The first key in [since, until): 1 with *key, or 0. */
int pieces_find(struct connection *c, int64_t since, int64_t until, int64_t *key);

/* Writes a block in the place of the one that is there. */
int pieces_write(struct connection *c, int64_t key, const uint8_t *bytes, size_t n);

/* Deletes those before a key, at most an hour of them: 1 when some are left. */
int pieces_expire(struct connection *c, int64_t end);

#endif
