/* A row's id is the key with four bits behind it for the number of the piece. */
#include "store/sqlite/sums/pieces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define PIECE_BITS 4
#define PIECE_BYTES 1000
#define PIECES_MAX (1U << PIECE_BITS) /* larger ones, for a block that needs more */
#define HOUR_BITS 24                  /* of a key that tell the function */

void pieces_done(struct pieces *pieces)
{
	free(pieces->bytes);
	*pieces = (struct pieces){0};
}

/* Moves on; *key: what it stands on then. */
static int step(sqlite3_stmt *s, int shift, int64_t *key)
{
	int err = *key == INT64_MAX ? 0 : statement_step(s);

	*key = err == 1 ? sqlite3_column_int64(s, 0) >> shift : INT64_MAX;
	return err < 0 ? err : 0;
}

int pieces_begin(
    struct pieces *pieces, struct connection *c, int64_t since, int64_t until)
{
	static const char rows_sql[] = "SELECT id, bytes FROM hour_piece"
				       " WHERE id >= :since AND id < :until ORDER BY id";
	static const char whole_sql[] = "SELECT id, block FROM hour_block"
					" WHERE id >= :since AND id < :until ORDER BY id";
	int err = statement_get(c, rows_sql, &pieces->rows);

	pieces->row_key = 0;
	pieces->whole_key = 0;
	pieces->stands = false;
	if (!err)
		err = statement_get(c, whole_sql, &pieces->whole);
	if (err)
		return err;
	statement_bind(pieces->rows, ":since", since * PIECES_MAX);
	statement_bind(pieces->rows, ":until", until * PIECES_MAX);
	statement_bind(pieces->whole, ":since", since);
	statement_bind(pieces->whole, ":until", until);
	err = step(pieces->rows, PIECE_BITS, &pieces->row_key);
	return err ? err : step(pieces->whole, 0, &pieces->whole_key);
}

void pieces_end(struct pieces *pieces)
{
	if (pieces->rows)
		statement_reset(pieces->rows);
	if (pieces->whole)
		statement_reset(pieces->whole);
	pieces->rows = NULL;
	pieces->whole = NULL;
}

static int append(struct pieces *pieces, size_t at, size_t *n)
{
	size_t more = (size_t)sqlite3_column_bytes(pieces->rows, 1);

	if (at + more > pieces->room) {
		size_t room = pieces->room * 2 + more;
		uint8_t *bytes = realloc(pieces->bytes, room);

		if (!bytes)
			return -ENOMEM;
		pieces->bytes = bytes;
		pieces->room = room;
	}
	if (more)
		memcpy(pieces->bytes + at, sqlite3_column_blob(pieces->rows, 1), more);
	*n = at + more;
	return 0;
}

static int next_rows(struct pieces *pieces, const uint8_t **bytes, size_t *n)
{
	int64_t key = pieces->row_key;
	int err = 0;

	*n = 0;
	while (!err && pieces->row_key == key) {
		err = append(pieces, *n, n);
		if (!err)
			err = step(pieces->rows, PIECE_BITS, &pieces->row_key);
	}
	*bytes = pieces->bytes;
	return err ? err : 1;
}

int pieces_next(struct pieces *pieces, int64_t *key, const uint8_t **bytes, size_t *n)
{
	int err = 0;

	if (pieces->stands)
		err = step(pieces->whole, 0, &pieces->whole_key);
	pieces->stands = false;
	if (err)
		return err;
	*key = pieces->row_key < pieces->whole_key ? pieces->row_key : pieces->whole_key;
	if (*key == INT64_MAX)
		return 0;
	if (*key == pieces->row_key)
		return next_rows(pieces, bytes, n);
	*bytes = sqlite3_column_blob(pieces->whole, 1);
	*n = (size_t)sqlite3_column_bytes(pieces->whole, 1);
	pieces->stands = true;
	return 1;
}

int pieces_find(struct connection *c, int64_t since, int64_t until, int64_t *key)
{
	static const char rows_sql[] = "SELECT id FROM hour_piece WHERE id >= :since"
				       " AND id < :until ORDER BY id LIMIT 1";
	static const char whole_sql[] = "SELECT id FROM hour_block WHERE id >= :since"
					" AND id < :until ORDER BY id LIMIT 1";
	int64_t row = 0;
	int64_t whole = 0;
	int found =
	    statement_find(c, rows_sql, since * PIECES_MAX, until * PIECES_MAX, &row);
	int found_whole =
	    found < 0 ? found : statement_find(c, whole_sql, since, until, &whole);

	if (found_whole < 0)
		return found_whole;
	row >>= PIECE_BITS;
	if (found || found_whole)
		*key = !found || (found_whole && whole < row) ? whole : row;
	return found || found_whole;
}

static int delete_pieces(struct connection *c, int64_t since, int64_t until)
{
	return statement_run_range(
	    c, "DELETE FROM hour_piece WHERE id >= :since AND id < :until", since, until);
}

static int delete_whole(struct connection *c, int64_t since, int64_t until)
{
	return statement_run_range(
	    c, "DELETE FROM hour_block WHERE id >= :since AND id < :until", since, until);
}

int pieces_write(struct connection *c, int64_t key, const uint8_t *bytes, size_t n)
{
	static const char sql[] =
	    "INSERT OR REPLACE INTO hour_piece(id, bytes) VALUES(:id, :bytes)";
	size_t count = n / PIECE_BYTES + 1;
	size_t at = 0;
	int err = 0;

	count = count < PIECES_MAX ? count : PIECES_MAX;
	for (size_t i = 0; !err && i < count; i++) {
		size_t size = (n - at) / (count - i);
		AUTO(statement) sqlite3_stmt *s = NULL;

		err = statement_get(c, sql, &s);
		if (err)
			return err;
		statement_bind(s, ":id", key * PIECES_MAX + (int64_t)i);
		statement_bind_blob(s, ":bytes", bytes + at, size);
		err = statement_run(s);
		at += size;
	}
	if (!err)
		err = delete_pieces(
		    c, key * PIECES_MAX + (int64_t)count, (key + 1) * PIECES_MAX);
	return err ? err : delete_whole(c, key, key + 1);
}

int pieces_expire(struct connection *c, int64_t end)
{
	int64_t first = 0;
	int64_t stop;
	int found = pieces_find(c, 0, end, &first);
	int err;

	if (found != 1)
		return found;
	stop = ((first >> HOUR_BITS) + 1) << HOUR_BITS;
	stop = stop < end ? stop : end;
	err = delete_pieces(c, first * PIECES_MAX, stop * PIECES_MAX);
	if (!err)
		err = delete_whole(c, first, stop);
	return err ? err : 1;
}
