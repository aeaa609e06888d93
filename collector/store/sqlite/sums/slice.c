#include "store/sqlite/sums/slice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/room.h"
#include "store/sqlite/sums/minutes.h"

void slice_done(struct slice *slice)
{
	free(slice->rows);
	free(slice->bytes);
	*slice = (struct slice){0};
}

static int make_room(struct slice *slice, size_t bytes)
{
	if (ROOM_FOR_ONE(slice->rows, slice->n, slice->room) < 0)
		return -ENOMEM;
	if (slice->bytes_n + bytes > slice->bytes_room) {
		size_t room = slice->bytes_room * 2 + bytes + 65536;
		uint8_t *more = realloc(slice->bytes, room);

		if (!more)
			return -ENOMEM;
		slice->bytes = more;
		slice->bytes_room = room;
	}
	return 0;
}

static void append(struct slice *slice, sqlite3_stmt *s, size_t *bytes)
{
	size_t n = (size_t)sqlite3_column_bytes(s, 1);

	if (n > 0)
		memcpy(slice->bytes + slice->bytes_n, sqlite3_column_blob(s, 1), n);
	slice->bytes_n += n;
	*bytes = n;
}

/* One row; both statements stand on it. */
static int add(struct slice *slice, sqlite3_stmt *counters, sqlite3_stmt *histograms)
{
	int64_t id = sqlite3_column_int64(counters, 0);
	struct slice_row *row;
	int err;

	if (sqlite3_column_int64(histograms, 0) != id)
		return -EUCLEAN; /* rows come in pairs */
	err = make_room(slice, (size_t)sqlite3_column_bytes(counters, 1) +
				   (size_t)sqlite3_column_bytes(histograms, 1));
	if (err)
		return err;
	row = &slice->rows[slice->n++];
	*row = (struct slice_row){.function_id = (uint32_t)(id & 0xffffff),
	    .minute.minute = (uint32_t)((id >> 24) % BLOCK_MINUTES)};
	append(slice, counters, &row->minute.counters_bytes);
	append(slice, histograms, &row->minute.histograms_bytes);
	return 0;
}

static int read_minute(struct slice *slice, struct connection *c, int64_t minute,
    const struct slice_range *range)
{
	static const char counters_sql[] =
	    "SELECT id, counters FROM minute_counters"
	    " WHERE id >= :since AND id < :until ORDER BY id";
	static const char histograms_sql[] =
	    "SELECT id, histograms FROM minute_histograms"
	    " WHERE id >= :since AND id < :until ORDER BY id";
	AUTO(statement) sqlite3_stmt *counters = NULL;
	AUTO(statement) sqlite3_stmt *histograms = NULL;
	int err = statement_get(c, counters_sql, &counters);

	if (!err)
		err = statement_get(c, histograms_sql, &histograms);
	if (err)
		return err;
	statement_bind(counters, ":since", minutes_key(minute, range->first_id));
	statement_bind(counters, ":until", minutes_key(minute, range->end_id));
	statement_bind(histograms, ":since", minutes_key(minute, range->first_id));
	statement_bind(histograms, ":until", minutes_key(minute, range->end_id));
	while (!err && (err = statement_step(counters)) == 1) {
		err = statement_step(histograms);
		if (err >= 0)
			err = err == 1 ? add(slice, counters, histograms) : -EUCLEAN;
	}
	return err;
}

static int by_function(const void *a, const void *b)
{
	const struct slice_row *left = a;
	const struct slice_row *right = b;

	if (left->function_id != right->function_id)
		return left->function_id < right->function_id ? -1 : 1;
	return (int)left->minute.minute - (int)right->minute.minute;
}

int slice_read(struct slice *slice, struct connection *c, const struct slice_range *range)
{
	size_t at = 0;
	int err = 0;

	slice->n = 0;
	slice->bytes_n = 0;
	for (int64_t m = range->from_minute; !err && m < range->until_minute; m++)
		err = read_minute(slice, c, m, range);
	for (size_t i = 0; !err && i < slice->n; i++) { /* the bytes lie still now */
		struct block_minute *minute = &slice->rows[i].minute;

		minute->counters = slice->bytes + at;
		minute->histograms = minute->counters + minute->counters_bytes;
		at += minute->counters_bytes + minute->histograms_bytes;
	}
	if (!err && slice->n)
		qsort(slice->rows, slice->n, sizeof(*slice->rows), by_function);
	return err;
}

int slice_delete(struct connection *c, const struct slice_range *range)
{
	static const char *const tables[] = {
	    "DELETE FROM minute_counters WHERE id >= :since AND id < :until",
	    "DELETE FROM minute_histograms WHERE id >= :since AND id < :until"};
	int err = 0;

	for (int64_t m = range->from_minute; !err && m < range->until_minute; m++)
		for (size_t i = 0; !err && i < 2; i++)
			err = statement_run_range(c, tables[i],
			    minutes_key(m, range->first_id),
			    minutes_key(m, range->end_id));
	return err;
}
