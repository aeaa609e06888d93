/* Reading spans. A window's whole hours are told by hours, or quarters of days, and its
 * whole days by days, or stretches of them, its ends by minutes; what is not folded yet
 * lies in none of the three and is told as it is.
 *
 * An hour or a day that the window's end cuts is whole all the same as long as nothing of
 * it that is folded lies behind the end, which is so for a window until now. */
#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/sqlite/sums/scan.h"

/* What they are added up to takes some 8 KB each, which stays in the processor's cache.
 */
#define RANGE_FUNCTIONS SCAN_KNOWN

#define SELECT "SELECT id, first_minute, last_minute, counters, histograms"
#define IN_RANGE " WHERE id >= :since AND id < :until ORDER BY id"
#define FROM_ID " WHERE id >= :id ORDER BY id LIMIT 1"

#define HOUR_S (HOUR_MINUTES * 60)
#define HOUR_NS (HOUR_MINUTES * MINUTE_NS)

/* The first cut behind a moment. */
static size_t first_cut(const struct scan *scan, int64_t after_ns)
{
	size_t low = 0;
	size_t high = scan->cuts_n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (scan->cuts_ns[middle] > after_ns)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Whether a cut lies within this hour of the epoch, and there are minutes to tell what
 * is on either side of it. */
static bool is_cut(const struct scan *scan, int64_t hour)
{
	size_t i = first_cut(scan, hour * HOUR_NS);

	return hour >= scan->hours_hour && i < scan->cuts_n &&
	       scan->cuts_ns[i] < (hour + 1) * HOUR_NS;
}

/* Which hours of the days from first_day on have a cut. */
static const uint32_t *cut_hours(struct scan *scan, int64_t first_day, int64_t days)
{
	if (scan->cut_day == first_day && scan->cut_days == days)
		return scan->cut_hours;
	scan->cut_day = first_day;
	scan->cut_days = days;
	for (int64_t d = 0; d < days; d++) {
		uint32_t hours = 0;

		for (int64_t h = 0; h < DAY_HOURS; h++)
			hours |= (uint32_t)is_cut(scan, (first_day + d) * DAY_HOURS + h)
				 << h;
		scan->cut_hours[d] = hours;
	}
	return scan->cut_hours;
}

/* Which minutes of an hour have no cut in them, at their end, or in the next one. */
static uint64_t joined_minutes(struct scan *scan, int64_t hour)
{
	int64_t start_ns = hour * HOUR_NS;

	if (scan->joined_hour == hour)
		return scan->joined;
	scan->joined_hour = hour;
	scan->joined = UINT64_MAX;
	for (size_t i = first_cut(scan, start_ns);
	     i < scan->cuts_n && scan->cuts_ns[i] < start_ns + HOUR_NS; i++) {
		int64_t at_ns = scan->cuts_ns[i] - start_ns;
		int64_t minute = at_ns / MINUTE_NS;

		if (minute > 0)
			scan->joined &= ~(UINT64_C(1) << (minute - 1));
		if (at_ns % MINUTE_NS)
			scan->joined &= ~(UINT64_C(1) << minute);
	}
	return scan->joined;
}

/* Hands out a span with the function that its id says. */
static int emit(struct scan *scan, const struct store_span *span)
{
	struct store_span told = *span;
	int err = scan_function(scan, span->id, &told.function);

	return err ? err : scan->visit_span(scan->context, &told);
}

/* The source is a statement on id, first_minute, last_minute, counters, histograms. */
static int add_row(const struct store_span *span, struct rollup *into)
{
	sqlite3_stmt *s = (sqlite3_stmt *)span->source;
	int err = rollup_merge_encoded(into, sqlite3_column_blob(s, 3),
	    (size_t)sqlite3_column_bytes(s, 3), sqlite3_column_blob(s, 4),
	    (size_t)sqlite3_column_bytes(s, 4));

	return err == -EBADMSG ? -EUCLEAN : err;
}

static int count_row(const struct store_span *span, struct rollup *into)
{
	sqlite3_stmt *s = (sqlite3_stmt *)span->source;
	int err = rollup_count_encoded(
	    into, sqlite3_column_blob(s, 3), (size_t)sqlite3_column_bytes(s, 3));

	return err == -EBADMSG ? -EUCLEAN : err;
}

static struct store_span span_of(int64_t id, int64_t minutes, sqlite3_stmt *s)
{
	return (struct store_span){.start_s = (id >> 24) * minutes * 60,
	    .seconds = minutes * 60,
	    .first_s = sqlite3_column_int64(s, 1) * 60,
	    .last_s = sqlite3_column_int64(s, 2) * 60,
	    .id = (uint32_t)(id & 0xffffff),
	    .add = add_row,
	    .count = count_row,
	    .source = s};
}

static int see_hour(struct scan *scan, int64_t id, sqlite3_stmt *s)
{
	struct store_span span = span_of(id, HOUR_MINUTES, s);

	return emit(scan, &span);
}

static int see_quarter(struct scan *scan, int64_t id, sqlite3_stmt *s)
{
	struct store_span span = span_of(id, HOUR_MINUTES, s);

	span.start_s = stretch_number(id) * QUARTER_HOURS * HOUR_S;
	span.seconds = QUARTER_HOURS * HOUR_S;
	return emit(scan, &span);
}

/* Days, or a stretch of them. */
static int see_days(struct scan *scan, int64_t id, sqlite3_stmt *s)
{
	unsigned int level = (unsigned int)(id >> 48);
	int64_t days = 1LL << level;
	int64_t first_day = stretch_number(id) * days;
	struct store_span span = span_of(id, DAY_MINUTES, s);
	struct store_part parts[SPAN_PARTS_MAX];
	uint64_t numbers[SPAN_PARTS_MAX];
	const uint32_t *cut;

	span.start_s = first_day * DAY_HOURS * HOUR_S;
	span.seconds = days * DAY_HOURS * HOUR_S;
	span.parts = parts;
	if (scan->cuts_n == 0)
		return emit(scan, &span);
	cut = cut_hours(scan, first_day, days);
	if (spans_decode_parts(sqlite3_column_blob(s, 5),
		(size_t)sqlite3_column_bytes(s, 5), numbers,
		(size_t)(days * DAY_HOURS)) < 0)
		return -EUCLEAN;
	for (int64_t h = 0; h < days * DAY_HOURS; h++) {
		if (numbers[h] && !(cut[h / DAY_HOURS] >> h % DAY_HOURS & 1))
			parts[span.parts_n++] = (struct store_part){
			    span.start_s + h * HOUR_S, HOUR_S, numbers[h]};
	}
	return emit(scan, &span);
}

/* The minutes of an hour that a row by hour or day does not tell. */
static int see_parts(struct scan *scan, int64_t id, sqlite3_stmt *s)
{
	struct store_part parts[HOUR_MINUTES];
	uint64_t numbers[HOUR_MINUTES];
	uint64_t joined = joined_minutes(scan, id >> 24);
	struct store_span span = {.start_s = (id >> 24) * HOUR_S,
	    .seconds = HOUR_S,
	    .id = (uint32_t)(id & 0xffffff),
	    .parts = parts};
	uint64_t sum = 0;
	int64_t first = 0;

	if (spans_decode_parts(sqlite3_column_blob(s, 1),
		(size_t)sqlite3_column_bytes(s, 1), numbers, HOUR_MINUTES) < 0)
		return -EUCLEAN;
	for (int64_t m = 0; m < HOUR_MINUTES; m++) {
		sum += numbers[m];
		if (joined >> m & 1 && m + 1 < HOUR_MINUTES)
			continue;
		if (sum)
			parts[span.parts_n++] = (struct store_part){
			    span.start_s + first * 60, (m + 1 - first) * 60, sum};
		sum = 0;
		first = m + 1;
	}
	return emit(scan, &span);
}

/* Hours [from, until): where their invocations lie, if anybody asks. */
static int walk_parts(struct scan *scan, int64_t from, int64_t until)
{
	static const struct scan_table table = {
	    .range_sql = "SELECT id, parts FROM hour_parts" IN_RANGE,
	    .seek_sql = "SELECT id, parts FROM hour_parts" FROM_ID,
	    .row = see_parts};

	if (scan->cuts_n == 0)
		return 0;
	return scan_walk(scan, &table, minutes_key(from, 0), minutes_key(until, 0));
}

/* Hours [from, until), or the quarters that they are. */
static int walk_alike(struct scan *scan, bool quarters, int64_t from, int64_t until)
{
	static const struct scan_table hour_table = {
	    .range_sql = SELECT " FROM hour_rollup" IN_RANGE,
	    .seek_sql = SELECT " FROM hour_rollup" FROM_ID,
	    .row = see_hour};
	static const struct scan_table quarter_table = {
	    .range_sql = SELECT " FROM stretch_rollup" IN_RANGE,
	    .seek_sql = SELECT " FROM stretch_rollup" FROM_ID,
	    .row = see_quarter};

	if (!quarters)
		return scan_walk(
		    scan, &hour_table, minutes_key(from, 0), minutes_key(until, 0));
	from = stretch_time(STRETCH_QUARTER, from / QUARTER_HOURS);
	until = stretch_time(STRETCH_QUARTER, until / QUARTER_HOURS);
	return scan_walk(
	    scan, &quarter_table, minutes_key(from, 0), minutes_key(until, 0));
}

/* Whether a quarter that is made begins with this hour and ends by until. */
static bool is_quarter(const struct scan *scan, int64_t hour, int64_t until)
{
	return hour % QUARTER_HOURS == 0 && hour + QUARTER_HOURS <= until &&
	       stretches_tell(&scan->stretches, STRETCH_QUARTER, hour / QUARTER_HOURS);
}

/* Hours [from, until). */
static int walk_rows(struct scan *scan, int64_t from, int64_t until)
{
	int err = 0;

	for (int64_t hour = from; !err && hour < until;) {
		bool quarters = is_quarter(scan, hour, until);
		int64_t begin = hour;

		while (hour < until && is_quarter(scan, hour, until) == quarters)
			hour += quarters ? QUARTER_HOURS : 1;
		err = walk_alike(scan, quarters, begin, hour);
	}
	return err ? err : walk_parts(scan, from, until);
}

/* Days, or stretches of one level, [from, until). */
static int walk_level(struct scan *scan, unsigned int level, int64_t from, int64_t until)
{
	static const struct scan_table days = {
	    .range_sql = SELECT ", parts FROM day_rollup" IN_RANGE,
	    .seek_sql = SELECT ", parts FROM day_rollup" FROM_ID,
	    .row = see_days};
	static const struct scan_table stretches = {
	    .range_sql = SELECT ", parts FROM stretch_rollup" IN_RANGE,
	    .seek_sql = SELECT ", parts FROM stretch_rollup" FROM_ID,
	    .row = see_days};

	return scan_walk(scan, level ? &stretches : &days,
	    minutes_key(stretch_time(level, from), 0),
	    minutes_key(stretch_time(level, until), 0));
}

/* The longest stretch that begins with this day and ends by until; 0: the day alone. */
static unsigned int level_at(const struct scan *scan, int64_t day, int64_t until)
{
	for (unsigned int level = STRETCH_DAY_LEVELS; level > 0; level--) {
		if (day % (1LL << level) == 0 && day + (1LL << level) <= until &&
		    stretches_tell(&scan->stretches, level, day >> level))
			return level;
	}
	return 0;
}

/* Days [from, until), and the hours in them with a cut. */
static int walk_days(struct scan *scan, int64_t from, int64_t until)
{
	int64_t last = -1;
	int err = 0;

	for (int64_t day = from; !err && day < until;) {
		unsigned int level = level_at(scan, day, until);
		int64_t begin = day;

		while (day < until && level_at(scan, day, until) == level)
			day += 1LL << level;
		err = walk_level(scan, level, begin >> level, day >> level);
	}
	for (size_t i = 0; !err && i < scan->cuts_n; i++) {
		int64_t hour = scan->cuts_ns[i] / HOUR_NS;

		if (hour == last || hour < from * DAY_HOURS ||
		    hour >= until * DAY_HOURS || !is_cut(scan, hour))
			continue;
		err = walk_parts(scan, hour, hour + 1);
		last = hour;
	}
	return err;
}

/* Whether an hour of [from, until) is folded; 1, 0 or an error. */
static int has_hour(struct scan *scan, int64_t from, int64_t until)
{
	static const char sql[] =
	    "SELECT 1 FROM hour_rollup WHERE id >= :since AND id < :until LIMIT 1";
	int64_t one;

	return statement_find(
	    scan->reader, sql, minutes_key(from, 0), minutes_key(until, 0), &one);
}

/* The folded rows of the hours [from, until). */
static int walk_hours(struct scan *scan, int64_t from, int64_t until)
{
	int64_t first_day = (from + DAY_HOURS - 1) / DAY_HOURS;
	int64_t end_day = until / DAY_HOURS;
	int behind =
	    until % DAY_HOURS ? has_hour(scan, until, (end_day + 1) * DAY_HOURS) : 1;
	int err = behind < 0 ? behind : 0;

	if (err)
		return err;
	if (!behind)
		end_day++;
	if (first_day >= end_day)
		return walk_rows(scan, from, until);
	err = walk_rows(scan, from, first_day * DAY_HOURS);
	if (!err)
		err = walk_days(scan, first_day, end_day);
	if (!err && end_day * DAY_HOURS < until)
		err = walk_rows(scan, end_day * DAY_HOURS, until);
	return err;
}

/* The last minute of an hour of which functions [first_id, end_id) have folded rows is
 * *last, if it is behind that. */
static int find_last(
    struct scan *scan, int64_t hour, uint32_t first_id, uint32_t end_id, int64_t *last)
{
	static const char sql[] = "SELECT max(last_minute) FROM hour_rollup"
				  " WHERE id >= :since AND id < :until";
	int64_t found = 0; /* as it is where there are none: NULL is 0 */
	int err = statement_find(scan->reader, sql, minutes_key(hour, first_id),
	    minutes_key(hour, end_id), &found);

	if (found > *last)
		*last = found;
	return err < 0 ? err : 0;
}

/* Whether an hour has folded rows, and none of that minute or behind; 1, 0 or an error.
 */
static int ends_before(struct scan *scan, int64_t hour, int64_t minute)
{
	int64_t last = 0;
	int err = 0;

	if (!scan->ids)
		err = find_last(scan, hour, scan->first_id, scan->end_id, &last);
	for (size_t i = 0; !err && scan->ids && i < scan->ids_n; i++)
		err = find_last(scan, hour, scan->ids[i], scan->ids[i] + 1, &last);
	return err ? err : last > 0 && last < minute;
}

/* The minutes [from, until) in whatever rows tell them. */
static int scan_spans(struct scan *scan, int64_t from, int64_t until)
{
	int64_t first = (from + HOUR_MINUTES - 1) / HOUR_MINUTES;
	int64_t end = until / HOUR_MINUTES;
	int64_t loose;
	int whole = 0;
	int err;

	if (until - from < HOUR_MINUTES)
		return scan_minutes(scan, from, until);
	if (until % HOUR_MINUTES)
		whole = ends_before(scan, end, until);
	if (whole < 0)
		return whole;
	end += whole;
	loose = end * HOUR_MINUTES < until ? end * HOUR_MINUTES : until;
	if (first >= end)
		return scan_minutes(scan, from, until);
	err = scan_minutes(scan, from, first * HOUR_MINUTES);
	if (!err)
		err = walk_hours(scan, first, end);
	if (!err)
		err = scan_loose(scan, first * HOUR_MINUTES, loose);
	if (!err)
		err = scan_minutes(scan, loose, until);
	return err;
}

static int scan_steps(struct scan *scan, const struct store_window *window)
{
	int64_t from = (window->since_ns < 0 ? 0 : window->since_ns) / MINUTE_NS;
	int64_t until =
	    window->until_ns <= 0 ? 0 : (window->until_ns - 1) / MINUTE_NS + 1;
	int64_t step = window->step_ns > 0 ? window->step_ns / MINUTE_NS : until - from;
	int err = 0;

	for (; !err && from < until; from += step)
		err = scan_spans(scan, from, until - from > step ? from + step : until);
	return err;
}

int sqlite_scan_spans(struct sqlite *store, const struct store_window *window,
    store_span_visit visit, void *context)
{
	struct scan scan = {.visit_span = visit,
	    .context = context,
	    .first_id = window->first_id,
	    .end_id = window->end_id,
	    .cut_day = -1,
	    .joined_hour = -1,
	    .cuts_ns = window->cuts_ns,
	    .cuts_n = window->cuts_n};
	int found = scan_begin(&scan, store, window->function);
	int err = found == 1 ? scan_steps(&scan, window) : found;

	scan_end(&scan);
	return err;
}

uint32_t sqlite_range_end(struct sqlite *store, uint32_t first_id)
{
	return first_id > dictionary_count(store->functions) ? 0
							     : first_id + RANGE_FUNCTIONS;
}
