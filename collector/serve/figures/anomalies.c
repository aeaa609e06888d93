#include "serve/figures/anomalies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "serve/answers/answer.h"
#include "serve/figures/cost.h"

#define DAY_S 86400
#define DAYS_MAX                                                                         \
	((int64_t)SPENDING_WEEKS * 7 + 31) /* behind today, a month and the weeks */

static json_t *figure(const struct anomaly *a, uint64_t value)
{
	return a->what == ANOMALY_VOLUME
		   ? answer_count(value)
		   : answer_money((struct money){.pico = (__int128)value});
}

static json_t *pair_ms(const uint64_t ns[2])
{
	return json_pack("{s:o,s:o}", "usual", answer_ms((double)ns[0]), "now",
	    answer_ms((double)ns[1]));
}

static json_t *anomaly_json(const struct function *f, const struct anomaly *a)
{
	time_t at = (time_t)(a->day * DAY_S);
	char day[16];
	struct tm tm;

	(void)gmtime_r(&at, &tm);
	(void)strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	return json_pack(
	    "{s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:{s:o,s:o}}",
	    "function", f->name, "version", f->version, "day", day, "what",
	    a->what == ANOMALY_VOLUME ? "volume" : "cost_per_invocation", "direction",
	    a->up ? "up" : "down", "cause", anomaly_cause_words(a->cause, a->up), "value",
	    figure(a, a->value), "usual", figure(a, a->usual), "low", figure(a, a->low),
	    "high", figure(a, a->high), "extra_usd", answer_money(a->extra),
	    "duration_ms", pair_ms(a->duration_ns), "init_ms", pair_ms(a->init_ns),
	    "memory_mb", "usual", answer_count(a->memory_mb[0]), "now",
	    answer_count(a->memory_mb[1]));
}

/* Days without a call are days of none. days holds what lies between the first and today.
 */
static size_t fill_days(const struct book *book, const struct spending_row *row,
    int64_t today, struct anomaly_day *days, int *err)
{
	int64_t first = today;
	size_t n;

	for (size_t i = 0; i < row->days_n; i++)
		if (row->days[i].day < first)
			first = row->days[i].day;
	if (today - first > DAYS_MAX)
		first = today - DAYS_MAX;
	n = (size_t)(today - first + 1);
	for (size_t i = 0; i < n; i++)
		days[i] = (struct anomaly_day){
		    .day = first + (int64_t)i, .whole = first + (int64_t)i < today};
	for (size_t i = 0; i < row->days_n && !*err; i++) {
		const struct spending_day *from = &row->days[i];
		struct anomaly_day *day;

		if (from->day < first || from->day > today)
			continue;
		day = &days[from->day - first];
		day->invocations = from->invocations;
		day->measured = from->measured;
		day->duration_ns = from->duration_ns;
		day->init_ns = from->init_ns;
		day->memory_mb_ms = from->usage.item[USAGE_AWS_MB_MS];
		day->memory_ms = from->usage.item[USAGE_AWS_BILLED_MS];
		*err = cost_of(book, &row->function, &from->usage, &day->cost);
	}
	return n;
}

static uint64_t calls_on(const struct spending_row *row, int64_t day)
{
	uint64_t calls = 0;

	for (size_t i = 0; i < row->days_n; i++)
		if (row->days[i].day == day)
			calls += row->days[i].invocations;
	return calls;
}

/* Rows of one name stand together. */
static uint64_t calls_elsewhere(const struct spending *spending, size_t at, int64_t day)
{
	const char *name = spending->rows[at]->function.name;
	uint64_t calls = 0;
	size_t i = at;

	while (i > 0 && strcmp(spending->rows[i - 1]->function.name, name) == 0)
		i--;
	for (; i < spending->n && strcmp(spending->rows[i]->function.name, name) == 0;
	     i++)
		if (i != at)
			calls += calls_on(spending->rows[i], day);
	return calls;
}

int anomalies_find(const struct book *book, const struct spending *spending,
    anomaly_visit visit, void *context)
{
	int64_t today = spending->window.until_ns / CLOCK_NS_PER_S / DAY_S;
	struct anomaly_day *days = calloc(DAYS_MAX + 1, sizeof(struct anomaly_day));
	int err = days ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < spending->n; i++) {
		const struct spending_row *row = spending->rows[i];
		struct anomaly found[ANOMALIES_MAX];
		int no_price = 0;
		size_t n = fill_days(book, row, today, days, &no_price);
		size_t found_n = no_price ? 0 : anomaly_find(days, n, found);

		for (size_t k = 0; !err && k < found_n; k++) {
			struct anomaly_of of = {&row->function, found[k],
			    calls_elsewhere(spending, i, found[k].day)};

			err = visit(context, &of);
		}
	}
	free(days);
	return err;
}

static int list_one(void *context, const struct anomaly_of *found)
{
	return json_array_append_new(
		   context, anomaly_json(found->function, &found->anomaly))
		   ? -ENOMEM
		   : 0;
}

int anomalies_json(const struct book *book, const struct spending *spending, json_t **out)
{
	json_t *list = json_array();
	int err = list ? anomalies_find(book, spending, list_one, list) : -ENOMEM;

	if (err)
		json_decref(list);
	else
		*out = list;
	return err;
}
