#include "serve/bill/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "serve/bill/hosts.h"

#define DAY_BYTES 16
#define DAY_S 86400

int bill_by_parse(const char *text, struct bill_by *out)
{
	static const char *const words[] = {[BILL_BY_FUNCTION] = "function",
	    [BILL_BY_DAY] = "day",
	    [BILL_BY_HOST] = "host",
	    [BILL_BY_REGION] = "region",
	    [BILL_BY_PLATFORM] = "platform"};
	size_t taglen = text ? strlen(text) : 0;

	*out = (struct bill_by){0};
	if (!taglen)
		return 0;
	for (enum bill_key key = BILL_BY_FUNCTION; key <= BILL_BY_PLATFORM; key++)
		if (!strcmp(text, words[key])) {
			out->key = key;
			return 0;
		}
	if (strncmp(text, "tag:", 4) != 0 || taglen == 4 ||
	    taglen - 4 >= COST_RULES_KEY_BYTES)
		return -EINVAL;
	*out = (struct bill_by){BILL_BY_TAG, text + 4};
	return 0;
}

/* What a function's part is called when it has one part; NULL: it has none such. */
static const char *part_name(
    const struct bill *bill, const struct bill_by *by, const struct function *f)
{
	switch (by->key) {
	case BILL_BY_FUNCTION:
		return f->name;
	case BILL_BY_REGION:
		return f->region;
	case BILL_BY_PLATFORM:
		return platform_name(f->platform);
	case BILL_BY_TAG:
		return cost_rules_tag(bill->terms.rules, f->name, by->tag);
	case BILL_BY_NOTHING:
	case BILL_BY_DAY:
	case BILL_BY_HOST:
		break;
	}
	return NULL;
}

static int add_whole(struct bill *bill, const struct spending *spending,
    const struct spending_row *row, const struct bill_by *by)
{
	const char *name = part_name(bill, by, &row->function);
	struct bill_cell cell = {0};
	bool is_asked = false;
	int err;

	for (size_t i = 0; i < row->days_n; i++) {
		if (!spending_is_asked(spending, &row->days[i]))
			continue;
		is_asked = true;
		usage_add(&cell.usage, &row->days[i].usage);
		cell.invocations += row->days[i].invocations;
	}
	if (!is_asked)
		return 0;
	err = bill_part_of(bill, name ? name : "", &cell.part);
	return err ? err
		   : bill_add(bill, &row->function,
			 spending_active_ms(spending, row, spending->window.since_ns),
			 &cell, 1);
}

static int by_day(const void *a, const void *b)
{
	const struct spending_day *left = a;
	const struct spending_day *right = b;

	return (left->day > right->day) - (left->day < right->day);
}

static int add_days(
    struct bill *bill, const struct spending *spending, const struct spending_row *row)
{
	struct bill_cell *cells = calloc(row->days_n + 1, sizeof(*cells));
	size_t n = 0;
	int err = cells ? 0 : -ENOMEM;

	if (row->days_n)
		qsort(row->days, row->days_n, sizeof(*row->days), by_day);
	for (size_t i = 0; !err && i < row->days_n; i++) {
		const struct spending_day *day = &row->days[i];
		time_t at = (time_t)(day->day * DAY_S);
		char text[DAY_BYTES];
		struct tm tm;

		if (!spending_is_asked(spending, day))
			continue;
		(void)gmtime_r(&at, &tm);
		(void)strftime(text, sizeof(text), "%Y-%m-%d", &tm);
		cells[n] = (struct bill_cell){
		    .invocations = day->invocations, .usage = day->usage};
		err = bill_part_of(bill, text, &cells[n++].part);
	}
	if (!err && n > 0)
		err = bill_add(bill, &row->function,
		    spending_active_ms(spending, row, spending->window.since_ns), cells,
		    n);
	free(cells);
	return err;
}

/* All days of the window in their order, so that parts are in it too. */
static int add_day_parts(struct bill *bill, const struct window *window)
{
	int64_t end = window->until_ns / CLOCK_NS_PER_S;
	int err = 0;

	for (int64_t s = window->since_ns / CLOCK_NS_PER_S; !err && s < end; s += DAY_S) {
		time_t at = (time_t)s;
		char text[DAY_BYTES];
		struct tm tm;
		size_t part;

		(void)gmtime_r(&at, &tm);
		(void)strftime(text, sizeof(text), "%Y-%m-%d", &tm);
		err = bill_part_of(bill, text, &part);
	}
	return err;
}

int bill_fill(struct bill *bill, const struct spending *spending, struct store *store,
    const struct bill_by *by, const char *function)
{
	int err = 0;

	if (by->key == BILL_BY_HOST)
		return bill_fill_hosts(bill, spending, store, function);
	if (by->key == BILL_BY_DAY)
		err = add_day_parts(bill, &spending->window);
	for (size_t i = 0; !err && i < spending->n; i++)
		err = by->key == BILL_BY_DAY
			  ? add_days(bill, spending, spending->rows[i])
			  : add_whole(bill, spending, spending->rows[i], by);
	return err;
}
