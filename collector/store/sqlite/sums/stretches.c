#include "store/sqlite/sums/stretches.h"

#include "base/cleanup.h"
#include "store/sqlite/sums/slice.h"

static const struct span_sql rows = {
    .read = "SELECT first_minute, last_minute, counters, histograms, parts"
	    " FROM stretch_rollup WHERE id = :id",
    .write = "INSERT OR REPLACE INTO stretch_rollup(id, first_minute, last_minute, parts,"
	     " counters, histograms) VALUES(:id, :first, :last, :parts, :counters,"
	     " :histograms)"};

/* Where in them the invocations lie the hours tell. */
static const struct span_sql quarters = {
    .read = "SELECT first_minute, last_minute, counters, histograms"
	    " FROM stretch_rollup WHERE id = :id",
    .write = "INSERT OR REPLACE INTO stretch_rollup(id, first_minute, last_minute, parts,"
	     " counters, histograms) VALUES(:id, :first, :last, x'', :counters,"
	     " :histograms)"};

static int64_t key_of(unsigned int level, int64_t number)
{
	return minutes_key(stretch_time(level, number), 0);
}

static const struct span_sql *rows_of(unsigned int level)
{
	return level == STRETCH_QUARTER ? &quarters : &rows;
}

static int64_t hours_of(unsigned int level)
{
	return level == STRETCH_QUARTER ? QUARTER_HOURS : (int64_t)DAY_HOURS << level;
}

static size_t parts_of(unsigned int level)
{
	return level == STRETCH_QUARTER ? 0 : (size_t)hours_of(level);
}

/* What it is made of: so many, of the level below, which is 0 for hours and days. */
static int64_t members_of(unsigned int level)
{
	return level == STRETCH_QUARTER ? QUARTER_HOURS : 2;
}

static unsigned int below(unsigned int level)
{
	return level == STRETCH_QUARTER ? 0 : level - 1;
}

static const char *members_sql(unsigned int level)
{
	static const char days[] =
	    "SELECT first_minute, last_minute, counters, histograms, parts"
	    " FROM day_rollup WHERE id = :id";
	static const char hours[] = "SELECT first_minute, last_minute, counters,"
				    " histograms FROM hour_rollup WHERE id = :id";

	if (level == STRETCH_QUARTER)
		return hours;
	return level == 1 ? days : rows.read;
}

int stretches_read(struct connection *c, struct stretches *stretches)
{
	static const char sql[] = "SELECT level, first, next FROM stretch_made";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	*stretches = (struct stretches){0};
	while (!err && (err = statement_step(s)) == 1) {
		int64_t level = sqlite3_column_int64(s, 0);

		if (level > 0 && level <= STRETCH_LEVELS)
			stretches->made[level] = (struct stretch_range){
			    sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2)};
		err = 0;
	}
	return err;
}

static int save_range(struct connection *c, unsigned int level, struct stretch_range made)
{
	static const char sql[] =
	    "INSERT OR REPLACE INTO stretch_made(level, first, next)"
	    " VALUES(:level, :first, :next)";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":level", level);
	statement_bind(s, ":first", made.first);
	statement_bind(s, ":next", made.next);
	return statement_run(s);
}

bool stretches_tell(const struct stretches *stretches, unsigned int level, int64_t number)
{
	const struct stretch_range *made = &stretches->made[level];

	return key_of(level, number) >= made->first &&
	       key_of(level, number + 1) <= made->next;
}

int stretches_add(struct connection *c, int64_t hour, uint32_t function_id,
    const struct span_delta *delta, struct rollup *scratch)
{
	struct span_row row = {.rollup = *scratch};
	struct stretches stretches;
	int err = stretches_read(c, &stretches);

	for (unsigned int level = 1; !err && level <= STRETCH_LEVELS; level++) {
		const struct stretch_range *made = &stretches.made[level];
		int64_t number = hour / hours_of(level);
		uint64_t parts[SPAN_PARTS_MAX] = {0};
		int64_t key = minutes_key(stretch_time(level, number), function_id);

		if (key < made->first || key >= made->next)
			continue;
		row.parts = parts;
		row.parts_n = parts_of(level);
		parts[hour % hours_of(level)] = span_delta_invocations(delta);
		err = spans_add_to(c, rows_of(level), key, delta, &row);
	}
	*scratch = row.rollup;
	return err;
}

/* --- making ----------------------------------------------------------------------------
 */

/* The first member at or behind this one that has a row: 1 with its number, or 0. */
static int find_member(
    struct connection *c, unsigned int level, int64_t member, int64_t *number)
{
	static const char days[] =
	    "SELECT id FROM day_rollup WHERE id >= :id ORDER BY id LIMIT 1";
	static const char hours[] =
	    "SELECT id FROM hour_rollup WHERE id >= :id ORDER BY id LIMIT 1";
	static const char stretches[] =
	    "SELECT id FROM stretch_rollup WHERE id >= :id ORDER BY id LIMIT 1";
	AUTO(statement) sqlite3_stmt *s = NULL;
	const char *sql = level == 1 ? days : stretches;
	int err = statement_get(c, level == STRETCH_QUARTER ? hours : sql, &s);

	if (err)
		return err;
	statement_bind(s, ":id", key_of(below(level), member));
	err = statement_step(s);
	if (err == 1)
		*number = stretch_number(sqlite3_column_int64(s, 0));
	if (err == 1 && sqlite3_column_int64(s, 0) >= key_of(level, 0))
		err = 0; /* of the next level */
	return err;
}

/* Makes the row of one function of the members. */
static int make_row(struct connection *c, unsigned int level, int64_t number,
    uint32_t function_id, struct span_row *row)
{
	int64_t members = members_of(level);
	uint64_t parts[SPAN_PARTS_MAX] = {0};
	bool found = false;
	int err = 0;

	row->first_minute = INT64_MAX;
	row->last_minute = 0;
	row->parts_n = parts_of(level) / (size_t)members;
	rollup_clear(&row->rollup);
	for (int64_t i = 0; err >= 0 && i < members; i++) {
		int64_t member = stretch_time(below(level), members * number + i);

		row->parts = parts + (size_t)i * row->parts_n;
		err = spans_read_row(
		    c, members_sql(level), minutes_key(member, function_id), row);
		found |= err == 1;
	}
	err = err < 0 ? err : 0;
	row->parts = parts;
	row->parts_n = parts_of(level);
	if (!err && found)
		err = spans_write_row(c, rows_of(level)->write,
		    minutes_key(stretch_time(level, number), function_id), row);
	row->parts = NULL;
	return err;
}

/* Where a level begins: with the first stretch that has a row, of which all members are
 * told for good. */
static int begin_level(struct connection *c, const struct stretches *stretches,
    unsigned int level, struct stretch_range *made)
{
	const struct stretch_range *halves = &stretches->made[below(level)];
	int64_t first = below(level) ? (stretch_number(halves->first) + 1) / 2 : 0;
	int64_t member = 0;
	int found;

	if (below(level) && !halves->next)
		return 0;
	found = find_member(c, level, members_of(level) * first, &member);
	if (found == 1)
		made->first = made->next = key_of(level, member / members_of(level));
	return found;
}

/* Whether all of the stretch lies behind, and its members are there to be added up. */
static bool can_be_made(const struct stretches *stretches, unsigned int level,
    int64_t number, int64_t before_hour)
{
	if ((number + 1) * hours_of(level) > before_hour)
		return false;
	return !below(level) ||
	       (stretches_tell(stretches, below(level), 2 * number) &&
		   stretches_tell(stretches, below(level), 2 * number + 1));
}

/* Moves on to the next stretch with a row that can be made: 1, or 0. */
static int find_next(struct connection *c, const struct stretches *stretches,
    unsigned int level, int64_t before_hour, struct stretch_range *made)
{
	int64_t members = members_of(level);
	int64_t member = 0;
	int found = made->next ? 1 : begin_level(c, stretches, level, made);

	if (found != 1 || made->next & 0xffffff) /* in the midst of one */
		return found;
	found = find_member(c, level, members * stretch_number(made->next), &member);
	if (found != 1 || !can_be_made(stretches, level, member / members, before_hour))
		return found < 0 ? found : 0;
	made->next = key_of(level, member / members);
	return 1;
}

/* Some functions of the stretch that made->next is in. */
static int make_some(struct connection *c, unsigned int level, uint32_t functions,
    struct stretch_range *made, struct rollup *scratch)
{
	struct span_row row = {.rollup = *scratch};
	int64_t number = stretch_number(made->next);
	uint32_t id = (uint32_t)(made->next & 0xffffff);
	uint32_t end = id + SLICE_FUNCTIONS;
	int err = 0;

	for (; !err && id < end && id <= functions; id++)
		err = make_row(c, level, number, id, &row);
	*scratch = row.rollup;
	made->next = end > functions ? key_of(level, number + 1)
				     : minutes_key(stretch_time(level, number), end);
	return err;
}

int stretches_make(
    struct connection *c, int64_t before_hour, uint32_t functions, struct rollup *scratch)
{
	struct stretches stretches;
	int err = stretches_read(c, &stretches);

	for (unsigned int level = 1; !err && level <= STRETCH_LEVELS; level++) {
		struct stretch_range made = stretches.made[level];
		int found = find_next(c, &stretches, level, before_hour, &made);

		if (found == 1) {
			err = make_some(c, level, functions, &made, scratch);
			if (!err)
				err = save_range(c, level, made);
			return err ? err : 1;
		}
		err = found;
	}
	return err;
}

/* --- forgetting ------------------------------------------------------------------------
 */

/* Deletes the oldest stretch of a level before end; 1 when there was one. */
static int delete_oldest(struct connection *c, unsigned int level, int64_t end)
{
	static const char oldest_sql[] = "SELECT id FROM stretch_rollup WHERE id >= :id"
					 " ORDER BY id LIMIT 1";
	static const char sql[] =
	    "DELETE FROM stretch_rollup WHERE id >= :since AND id < :until";
	AUTO(statement) sqlite3_stmt *oldest = NULL;
	int64_t number;
	int err = statement_get(c, oldest_sql, &oldest);

	if (err)
		return err;
	statement_bind(oldest, ":id", key_of(level, 0));
	err = statement_step(oldest);
	if (err != 1 || sqlite3_column_int64(oldest, 0) >= end)
		return err < 0 ? err : 0;
	number = stretch_number(sqlite3_column_int64(oldest, 0));
	err =
	    statement_run_range(c, sql, key_of(level, number), key_of(level, number + 1));
	return err ? err : 1;
}

int stretches_expire(struct connection *c, int64_t days_hour, int64_t hours_hour)
{
	int64_t day_hour = days_hour - days_hour % DAY_HOURS;
	struct stretches stretches;
	int more = 0;
	int err = stretches_read(c, &stretches);

	for (unsigned int level = 1; !err && level <= STRETCH_LEVELS; level++) {
		struct stretch_range made = stretches.made[level];
		int64_t hour = level == STRETCH_QUARTER ? hours_hour : day_hour;
		int64_t end =
		    key_of(level, (hour + hours_of(level) - 1) / hours_of(level));

		if (made.next && made.first < end) {
			made.first = end;
			made.next = made.next < end ? end : made.next;
			err = save_range(c, level, made);
		}
		if (!err)
			err = delete_oldest(c, level, end);
		if (err < 0)
			return err;
		more |= err;
		err = 0;
	}
	return err ? err : more;
}
