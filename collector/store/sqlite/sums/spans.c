#include "store/sqlite/sums/spans.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/count.h"
#include "base/varint.h"
#include "model/rollup_pack.h"
#include "store/sqlite/sums/minutes.h"
#include "store/sqlite/sums/pieces.h"

/* Parts at the end that are 0 are not written. */
static size_t encode_parts(const uint64_t *parts, size_t n, uint8_t *out, size_t size)
{
	size_t at = 0;

	while (n > 0 && parts[n - 1] == 0)
		n--;
	for (size_t i = 0; i < n; i++)
		at += (size_t)varint_encode(parts[i], out + at, size - at);
	return at;
}

/* Eight numbers below 128, which most minutes have. */
static bool take_small(const uint8_t *in, uint64_t *parts)
{
	uint64_t word;

	memcpy(&word, in, sizeof(word));
	if (word & UINT64_C(0x8080808080808080))
		return false;
	for (size_t i = 0; i < sizeof(word); i++)
		parts[i] = in[i];
	return true;
}

int spans_decode_parts(const uint8_t *in, size_t size, uint64_t *parts, size_t n)
{
	size_t at = 0;
	size_t i = 0;

	while (at < size) {
		ssize_t took;

		if (size - at >= 8 && n - i >= 8 && take_small(in + at, parts + i)) {
			at += 8;
			i += 8;
			continue;
		}
		took =
		    i < n ? varint_decode_fast(in + at, size - at, &parts[i]) : -EBADMSG;

		if (took < 0)
			return -EUCLEAN;
		at += (size_t)took;
		i++;
	}
	memset(parts + i, 0, (n - i) * sizeof(*parts));
	return 0;
}

/* Adds the numbers of a column. */
static int add_parts(sqlite3_stmt *s, int column, uint64_t *parts, size_t n)
{
	uint64_t had[SPAN_PARTS_MAX];
	int err = spans_decode_parts(sqlite3_column_blob(s, column),
	    (size_t)sqlite3_column_bytes(s, column), had, n);

	for (size_t i = 0; !err && i < n; i++)
		count_add(&parts[i], had[i]);
	return err;
}

static int save_hour_parts(struct connection *c, int64_t id, const uint64_t *added)
{
	static const char read_sql[] = "SELECT parts FROM hour_parts WHERE id = :id";
	static const char write_sql[] =
	    "INSERT OR REPLACE INTO hour_parts(id, parts) VALUES(:id, :parts)";
	uint8_t bytes[HOUR_MINUTES * VARINT_MAX_BYTES];
	uint64_t parts[HOUR_MINUTES];
	AUTO(statement) sqlite3_stmt *read = NULL;
	AUTO(statement) sqlite3_stmt *write = NULL;
	int err = statement_get(c, read_sql, &read);

	if (err)
		return err;
	memcpy(parts, added, sizeof(parts));
	statement_bind(read, ":id", id);
	err = statement_step(read);
	if (err == 1)
		err = add_parts(read, 0, parts, HOUR_MINUTES);
	if (!err)
		err = statement_get(c, write_sql, &write);
	if (err)
		return err;
	statement_bind(write, ":id", id);
	statement_bind_blob(write, ":parts", bytes,
	    encode_parts(parts, HOUR_MINUTES, bytes, sizeof(bytes)));
	return statement_run(write);
}

static void widen(struct span_row *row, int64_t first_minute, int64_t last_minute)
{
	if (first_minute < row->first_minute)
		row->first_minute = first_minute;
	if (last_minute > row->last_minute)
		row->last_minute = last_minute;
}

int spans_read_row(
    struct connection *c, const char *sql, int64_t id, struct span_row *row)
{
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":id", id);
	err = statement_step(s);
	if (err != 1)
		return err;
	widen(row, sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1));
	err = rollup_merge_encoded(&row->rollup, sqlite3_column_blob(s, 2),
	    (size_t)sqlite3_column_bytes(s, 2), sqlite3_column_blob(s, 3),
	    (size_t)sqlite3_column_bytes(s, 3));
	if (!err && row->parts_n)
		err = add_parts(s, 4, row->parts, row->parts_n);
	return err ? (err == -EBADMSG ? -EUCLEAN : err) : 1;
}

int spans_write_row(
    struct connection *c, const char *sql, int64_t id, const struct span_row *row)
{
	uint8_t parts[SPAN_PARTS_MAX * VARINT_MAX_BYTES];
	AUTO(free) uint8_t *counters = NULL;
	AUTO(free) uint8_t *histograms = NULL;
	size_t counters_n = 0;
	size_t histograms_n = 0;
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = rollup_pack_counters(&row->rollup, &counters, &counters_n);

	if (!err)
		err = rollup_pack_histograms(&row->rollup, &histograms, &histograms_n);
	if (!err)
		err = statement_get(c, sql, &s);
	if (err)
		return err;
	statement_bind(s, ":id", id);
	statement_bind(s, ":first", row->first_minute);
	statement_bind(s, ":last", row->last_minute);
	if (row->parts_n)
		statement_bind_blob(s, ":parts", parts,
		    encode_parts(row->parts, row->parts_n, parts, sizeof(parts)));
	statement_bind_blob(s, ":counters", counters, counters_n);
	statement_bind_blob(s, ":histograms", histograms, histograms_n);
	return statement_run(s);
}

int spans_add_to(struct connection *c, const struct span_sql *sql, int64_t id,
    const struct span_delta *delta, struct span_row *row)
{
	int err;

	row->first_minute = delta->first_minute;
	row->last_minute = delta->last_minute;
	rollup_clear(&row->rollup);
	err = rollup_merge(&row->rollup, &delta->rollup);
	if (!err)
		err = spans_read_row(c, sql->read, id, row);
	return err < 0 ? err : spans_write_row(c, sql->write, id, row);
}

int spans_add(struct connection *c, int64_t hour, uint32_t function_id,
    const struct span_delta *delta, struct rollup *scratch)
{
	static const struct span_sql hours = {
	    .read = "SELECT first_minute, last_minute, counters, histograms"
		    " FROM hour_rollup WHERE id = :id",
	    .write = "INSERT OR REPLACE INTO hour_rollup(id, first_minute, last_minute,"
		     " counters, histograms) VALUES(:id, :first, :last, :counters,"
		     " :histograms)"};
	static const struct span_sql days = {
	    .read = "SELECT first_minute, last_minute, counters, histograms, parts"
		    " FROM day_rollup WHERE id = :id",
	    .write = "INSERT OR REPLACE INTO day_rollup(id, first_minute, last_minute,"
		     " parts, counters, histograms) VALUES(:id, :first, :last, :parts,"
		     " :counters, :histograms)"};
	int64_t hour_id = minutes_key(hour, function_id);
	uint64_t day_parts[DAY_HOURS] = {0};
	struct span_row row = {.rollup = *scratch};
	int err = save_hour_parts(c, hour_id, delta->parts);

	if (!err)
		err = spans_add_to(c, &hours, hour_id, delta, &row);
	row.parts = day_parts;
	row.parts_n = DAY_HOURS;
	day_parts[hour % DAY_HOURS] = span_delta_invocations(delta);
	if (!err)
		err = spans_add_to(
		    c, &days, minutes_key(hour / DAY_HOURS, function_id), delta, &row);
	*scratch = row.rollup;
	return err;
}

uint64_t span_delta_invocations(const struct span_delta *delta)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < HOUR_MINUTES; i++)
		count_add(&sum, delta->parts[i]);
	return sum;
}

/* The oldest key's hour or day; 0: none, 1: *span. */
static int find_oldest(struct connection *c, const char *sql, int64_t *span)
{
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (!err)
		err = statement_step(s);
	if (err <= 0 || sqlite3_column_type(s, 0) == SQLITE_NULL)
		return err < 0 ? err : 0;
	*span = sqlite3_column_int64(s, 0) >> 24;
	return 1;
}

/* One span at a time, so that it never blocks for long; 1 when there may be more. */
static int expire_one(
    struct connection *c, const char *oldest_sql, const char *sql, int64_t end)
{
	AUTO(statement) sqlite3_stmt *s = NULL;
	int64_t oldest = 0;
	int err = find_oldest(c, oldest_sql, &oldest);

	if (err != 1 || oldest >= end)
		return err < 0 ? err : 0;
	err = statement_get(c, sql, &s);
	if (err)
		return err;
	statement_bind(s, ":end", minutes_key(oldest + 1, 0));
	err = statement_run(s);
	return err ? err : 1;
}

int spans_expire(
    struct connection *c, int64_t blocks_hour, int64_t hours_hour, int64_t days_hour)
{
	const struct {
		const char *oldest_sql;
		const char *sql;
		int64_t end;
	} tables[] = {{"SELECT min(id) FROM hour_parts",
			  "DELETE FROM hour_parts WHERE id < :end", hours_hour},
	    {"SELECT min(id) FROM hour_rollup", "DELETE FROM hour_rollup WHERE id < :end",
		hours_hour},
	    {"SELECT min(id) FROM day_rollup", "DELETE FROM day_rollup WHERE id < :end",
		days_hour / DAY_HOURS}};
	int more = pieces_expire(c, minutes_key(blocks_hour, 0));

	if (more < 0)
		return more;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		int err =
		    expire_one(c, tables[i].oldest_sql, tables[i].sql, tables[i].end);

		if (err < 0)
			return err;
		more |= err;
	}
	return more;
}
