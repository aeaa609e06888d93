#include "store/clickhouse/folds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define HOUR_MINUTES 60

/* Sources that are an hour behind the furthest hold the others back; what lies further
 * back is read by minutes. */
static int64_t find_hour(const struct folds *folds)
{
	int64_t furthest = 0;
	int64_t hour;

	for (size_t i = 0; i < folds->n; i++) {
		if (folds->items[i].hour > furthest)
			furthest = folds->items[i].hour;
	}
	hour = furthest;
	for (size_t i = 0; i < folds->n; i++) {
		int64_t its = folds->items[i].hour;

		if (its >= furthest - 1 && its < hour)
			hour = its;
	}
	return hour;
}

/* A source sends functions before it sends anything else. */
int folds_read(struct link *link, struct folds *folds)
{
	static const char sql[] =
	    "SELECT source, max(h), max(z), toUInt8(max(known)) FROM ("
	    "SELECT source, argMax(hour, version) AS h, argMax(horizon, version) AS z,"
	    " toUInt8(1) AS known FROM folds GROUP BY source UNION ALL"
	    " SELECT DISTINCT source, toInt64(0) AS h, toInt64(0) AS z, toUInt8(0) AS"
	    " known FROM functions) GROUP BY source";
	AUTO(free) uint8_t *bytes = NULL;
	struct row_in in;
	size_t n = 0;
	int err = link_select(link, sql, &bytes, &n);

	if (err)
		return err;
	in = (struct row_in){.at = bytes, .end = bytes ? bytes + n : bytes};
	while (in.at < in.end && !in.failed) {
		struct fold *more =
		    reallocarray(folds->items, folds->n + 1, sizeof(*more));
		struct fold *fold;

		if (!more)
			return -ENOMEM;
		folds->items = more;
		fold = &folds->items[folds->n++];
		fold->source = row_get_u64(&in);
		fold->hour = row_get_i64(&in);
		fold->horizon = row_get_i64(&in);
		if (!row_get_u8(&in))
			*fold = (struct fold){fold->source, 0, INT64_MAX};
	}
	folds->hour = find_hour(folds);
	return in.failed ? -EIO : 0;
}

void folds_done(struct folds *folds)
{
	free(folds->items);
	*folds = (struct folds){0};
}

static int64_t limit_of(const struct fold *fold, int64_t span_minutes)
{
	return fold->hour * HOUR_MINUTES / span_minutes * span_minutes;
}

static void put(struct row_out *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void put(struct row_out *text, const char *format, ...)
{
	char part[160];
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(part, sizeof(part), format, arguments);
	va_end(arguments);
	row_put_fixed(text, part, (size_t)n);
}

static char *finish(struct row_out *text)
{
	char *made;

	row_put_fixed(text, "", 1);
	made = (char *)TAKE(text->bytes);
	if (text->failed) {
		free(made);
		return NULL;
	}
	return made;
}

char *folds_sums(const struct folds *folds, int64_t span_minutes, int64_t until)
{
	struct row_out text = {0};

	put(&text, " AND (0");
	for (size_t i = 0; i < folds->n; i++) {
		const struct fold *fold = &folds->items[i];
		int64_t limit = limit_of(fold, span_minutes);

		if (limit >= until)
			put(&text, " OR source = %" PRIu64, fold->source);
		else if (limit > 0)
			put(&text, " OR (source = %" PRIu64 " AND minute < %" PRId64 ")",
			    fold->source, limit);
	}
	put(&text, ")");
	return finish(&text);
}

char *folds_rest(
    const struct folds *folds, int64_t span_minutes, int64_t from, int64_t until)
{
	struct row_out text = {0};
	bool any = false;

	for (size_t i = 0; i < folds->n; i++) {
		const struct fold *fold = &folds->items[i];
		int64_t limit = limit_of(fold, span_minutes);

		if (limit >= until || fold->horizon < limit || fold->horizon < from)
			continue;
		put(&text,
		    "%s (source = %" PRIu64 " AND minute >= %" PRId64
		    " AND minute <= %" PRId64 ")",
		    any ? " OR" : " AND (", fold->source, limit > from ? limit : from,
		    fold->horizon);
		any = true;
	}
	if (any)
		put(&text, ")");
	return finish(&text);
}

void folds_put_row(struct row_out *out, const struct fold *fold, uint64_t version)
{
	row_put_u64(out, fold->source);
	row_put_u64(out, version);
	row_put_i64(out, fold->hour);
	row_put_i64(out, fold->horizon);
}
