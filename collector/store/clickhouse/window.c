#include "store/clickhouse/window.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define FACTOR 8 /* a step is at most that many times the one before, or its part */

/* Cuts the next step off what is left, which is not empty. */
static void cut(struct window *w)
{
	uint64_t left = (uint64_t)w->last - (uint64_t)w->first;
	uint64_t step = w->step <= left ? w->step : left + 1;

	/* left + 1 wraps only for the whole range of 64 bits, which is cut then */
	if (step == 0)
		step = left;
	if (w->back) {
		w->from = (int64_t)((uint64_t)w->last - (step - 1));
		w->until = w->last == INT64_MAX ? INT64_MAX : w->last + 1;
	} else {
		w->from = w->first;
		w->until = (int64_t)((uint64_t)w->first + step);
		if (w->until <= w->from)
			w->until = INT64_MAX;
	}
}

int window_start(struct window *w, struct link *link, const char *sql, bool back)
{
	AUTO(free) uint8_t *bytes = NULL;
	struct row_in in;
	uint64_t rows;
	uint64_t left;
	size_t n = 0;
	int err = link_select(link, sql, &bytes, &n);

	if (err || n == 0)
		return err;
	in = (struct row_in){.at = bytes, .end = bytes + n};
	*w = (struct window){.back = back};
	w->first = row_get_i64(&in);
	w->last = row_get_i64(&in);
	rows = row_get_u64(&in);
	if (in.failed || rows == 0 || w->first > w->last)
		return in.failed ? -EIO : 0;
	left = (uint64_t)w->last - (uint64_t)w->first;
	w->step = (uint64_t)((double)left / (double)rows * WINDOW_ROWS) + 1;
	cut(w);
	return 1;
}

bool window_next(struct window *w, uint64_t rows)
{
	double wish = rows ? (double)WINDOW_ROWS / (double)rows : FACTOR;
	double step = (double)w->step;

	if (w->back) {
		if (w->from <= w->first)
			return false;
		w->last = w->from - 1;
	} else {
		if (w->until > w->last)
			return false;
		w->first = w->until;
	}
	wish = wish > FACTOR ? FACTOR : wish < 1.0 / FACTOR ? 1.0 / FACTOR : wish;
	step *= wish;
	w->step = step < 1 ? 1 : step > 0x1p62 ? UINT64_C(1) << 62 : (uint64_t)step;
	cut(w);
	return true;
}

char *window_filter(const uint64_t *ids, size_t n)
{
	struct row_out text = {0};
	char number[24];
	char *made;

	row_put_fixed(&text, " AND fn IN (", 12);
	for (size_t i = 0; i < n; i++) {
		int length = snprintf(number, sizeof(number), "%s%llu", i ? "," : "",
		    (unsigned long long)ids[i]);

		row_put_fixed(&text, number, (size_t)length);
	}
	row_put_fixed(&text, ")", 2);
	made = (char *)TAKE(text.bytes);
	if (text.failed) {
		free(made);
		return NULL;
	}
	return made;
}
