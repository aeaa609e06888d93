/* How far merging went is kept as a document: "DAY ROW"; ROW is END_OF_DAY once nothing
 * is left to do with a day that is over. */
#include "store/sqlite/raw/ripe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "store/sqlite/engine.h"
#include "store/sqlite/raw/inside.h"

#define KIND "raw"
#define NAME "merged"
#define END_OF_DAY INT64_MAX

#define RIPE_NS (3600 * CLOCK_NS_PER_S) /* see raw/merge.h */
#define LOOK_NS (600 * CLOCK_NS_PER_S)

static struct raw_mark nothing(void)
{
	return (struct raw_mark){.day = -1, .small = UINT64_MAX};
}

void raw_ripe_init(struct raw_ripe *ripe)
{
	*ripe =
	    (struct raw_ripe){.done = nothing(), .young = nothing(), .ripe = nothing()};
}

static int load_done(struct sqlite *store, struct raw_ripe *r)
{
	AUTO(free) char *text = NULL;
	int err = sqlite_document_get(store, KIND, NAME, &text);
	char *rest;

	if (err && err != -ENOENT)
		return err;
	r->is_known = true;
	if (err)
		return 0;
	r->done.day = strtoll(text, &rest, 10);
	r->done.row = strtoll(rest, NULL, 10);
	return 0;
}

static int save_done(
    struct sqlite *store, struct raw_ripe *r, const struct raw_mark *done)
{
	char text[64];
	int err;

	(void)snprintf(text, sizeof(text), "%" PRId64 " %" PRId64, done->day, done->row);
	err = sqlite_document_put(store, KIND, NAME, text);
	if (!err)
		r->done = *done;
	return err;
}

/* Whether somebody counts raw rows to send them elsewhere. */
static int is_sent(struct sqlite *store)
{
	static const char sql[] =
	    "SELECT 1 FROM document WHERE kind = 'migration' UNION ALL"
	    " SELECT 1 FROM sqlite_master WHERE name = 'outgoing_raw' LIMIT 1";
	struct connection *c;
	sqlite3_stmt *s;
	int err = pool_borrow(store->readers, &c);

	if (err)
		return err;
	err = statement_get(c, sql, &s);
	if (!err)
		err = statement_step(s);
	pool_return(store->readers, c);
	return err;
}

/* Days that a clock made which was ahead are left until they come: their number. */
static size_t drop_future(struct raw_day *days, size_t n)
{
	int64_t today = clock_wall_ns() / RAW_DAY_NS;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (days[i].day <= today)
			days[kept++] = days[i];
	}
	return kept;
}

/* What arrived last, as far as it is settled. */
static struct raw_mark latest(const struct raw *raw, const struct raw_day *days, size_t n)
{
	struct raw_mark last = nothing();

	for (size_t i = 0; i < n; i++) {
		if (days[i].day > last.day)
			last =
			    (struct raw_mark){days[i].day, days[i].last_row, raw->small};
	}
	return last;
}

void raw_ripe_see(struct raw_ripe *r, int64_t now_ns)
{
	int64_t passed_ns = now_ns - r->seen_ns;

	if (r->seen_ns != 0 && (passed_ns < 0 || passed_ns > LOOK_NS))
		r->young = r->ripe = nothing();
	r->seen_ns = now_ns;
}

static void ripen(struct raw_ripe *r, const struct raw_mark *last)
{
	if (r->young.day >= 0 && r->seen_ns - r->young_ns < RIPE_NS)
		return;
	r->ripe = r->young;
	r->young = *last;
	r->young_ns = r->seen_ns;
}

/* Since the last time only large ones came. */
static bool has_none(const struct raw_ripe *r)
{
	return r->ripe.small != UINT64_MAX && r->done.small == r->ripe.small;
}

/* What is to be done with a day; false: nothing. */
static bool find_rows(
    const struct raw_ripe *r, const struct raw_day *day, struct raw_window *window)
{
	bool is_begun = r->done.day == day->day;

	*window = (struct raw_window){.day = day->day,
	    .after = is_begun ? r->done.row : 0,
	    .end = day->last_row,
	    .is_over = day->day < r->ripe.day,
	    .has_none = has_none(r)};
	if (day->day == r->ripe.day && r->ripe.row < window->end)
		window->end = r->ripe.row;
	if (day->day > r->ripe.day || day->day < r->done.day)
		return false;
	return window->is_over ? window->after != END_OF_DAY
			       : window->after < window->end;
}

/* Of the oldest day that has some. */
static bool find_window(const struct raw_ripe *r, const struct raw_day *days, size_t n,
    struct raw_window *window)
{
	bool is_found = false;

	for (size_t i = 0; i < n; i++) {
		struct raw_window rows;

		if (!find_rows(r, &days[i], &rows) ||
		    (is_found && rows.day > window->day))
			continue;
		*window = rows;
		is_found = true;
	}
	return is_found;
}

int raw_ripe_next(struct sqlite *store, struct raw_ripe *ripe, struct raw_window *window)
{
	AUTO(free) struct raw_day *days = NULL;
	struct raw_mark last;
	ssize_t n = raw_days(store->raw, INT64_MIN, INT64_MAX, &days);
	int err = n < 0 ? (int)n : ripe->is_known ? 0 : load_done(store, ripe);

	if (err)
		return err;
	n = (ssize_t)drop_future(days, (size_t)n);
	last = latest(store->raw, days, (size_t)n);
	if (ripe->done.day > last.day) /* of a clock that was ahead */
		ripe->done = nothing();
	ripen(ripe, &last);
	if (!find_window(ripe, days, (size_t)n, window))
		return 0;
	err = is_sent(store);
	return err ? (err < 0 ? err : 0) : 1;
}

int raw_ripe_done(struct sqlite *store, struct raw_ripe *ripe,
    const struct raw_window *window, int64_t row)
{
	struct raw_mark done = {
	    .day = window->day, .row = row, .small = ripe->done.small};
	bool is_whole = row == window->end;

	if (is_whole && window->is_over)
		done.row = END_OF_DAY;
	else if (is_whole && window->day == ripe->ripe.day)
		done.small = ripe->ripe.small;
	return save_done(store, ripe, &done);
}
