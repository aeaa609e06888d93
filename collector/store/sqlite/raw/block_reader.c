#include "store/sqlite/raw/block_reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "store/sqlite/engine.h"

struct block_reader {
	struct connection *file;
	sqlite3_stmt *statement;
	bool ended; /* a further step would begin anew */
};

int block_reader_open(struct sqlite *ledger, const struct sqlite_spool_block *block,
    struct block_reader **out)
{
	static const char sql[] =
	    "SELECT body FROM raw WHERE id > :after AND id <= :last ORDER BY id";
	struct block_reader *reader = calloc(1, sizeof(*reader));
	int err;

	if (!reader)
		return -ENOMEM;
	err = raw_open_day(ledger->raw, block->day, &reader->file);
	if (!err)
		err = statement_get(reader->file, sql, &reader->statement);
	if (err) {
		block_reader_close(reader);
		return err;
	}
	statement_bind(reader->statement, ":after", block->after);
	statement_bind(reader->statement, ":last", block->last);
	*out = reader;
	return 0;
}

void block_reader_close(struct block_reader *reader)
{
	if (!reader)
		return;
	connection_close(reader->file);
	free(reader);
}

int block_reader_next(struct block_reader *reader, const uint8_t **bytes, size_t *n)
{
	int err = reader->ended ? 0 : statement_step(reader->statement);

	reader->ended = err != 1;
	if (err == 1) {
		*bytes = sqlite3_column_blob(reader->statement, 0);
		*n = (size_t)sqlite3_column_bytes(reader->statement, 0);
	}
	return err;
}

int block_reader_find_end(struct sqlite *ledger, const struct sqlite_spool_block *day,
    int64_t invocations, int64_t *end)
{
	static const char sql[] =
	    "SELECT id, n FROM raw WHERE id > :after AND id <= :last ORDER BY id";
	AUTO(connection) struct connection *file = NULL;
	sqlite3_stmt *s;
	int64_t found = day->after;
	int64_t sum = 0;
	int err = raw_open_day(ledger->raw, day->day, &file);

	if (!err)
		err = statement_get(file, sql, &s);
	if (err)
		return err;
	statement_bind(s, ":after", day->after);
	statement_bind(s, ":last", day->last);
	while ((err = statement_step(s)) == 1) {
		sum += sqlite3_column_int64(s, 1);
		if (sum > invocations && found > day->after)
			break;
		found = sqlite3_column_int64(s, 0);
	}
	if (err >= 0) /* the last rows may have become part of one before */
		*end = err == 0 ? day->last : found;
	return err < 0 ? err : 0;
}

static int by_day(const void *a, const void *b)
{
	int64_t left = ((const struct sqlite_spool_block *)a)->day;
	int64_t right = ((const struct sqlite_spool_block *)b)->day;

	return left < right ? -1 : left > right;
}

ssize_t block_reader_days(struct sqlite *ledger, struct sqlite_spool_block **days)
{
	AUTO(free) struct raw_day *raw = NULL;
	struct sqlite_spool_block *found;
	ssize_t n = raw_days(ledger->raw, INT64_MIN, INT64_MAX, &raw);

	if (n < 0)
		return n;
	found = calloc((size_t)n + 1, sizeof(*found));
	if (!found)
		return -ENOMEM;
	for (ssize_t i = 0; i < n; i++)
		found[i] = (struct sqlite_spool_block){
		    .day = raw[i].day, .last = raw[i].last_row};
	qsort(found, (size_t)n, sizeof(*found), by_day);
	*days = found;
	return n;
}
