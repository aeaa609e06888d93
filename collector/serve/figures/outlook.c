#include "serve/figures/outlook.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/count.h"
#include "price/forecast.h"
#include "serve/answers/answer.h"
#include "serve/figures/cost.h"

#define DAY_S 86400
#define DAY_HOURS 24

/* Some days of a function. */
struct stretch {
	struct usage usage;
	uint64_t invocations;
	int64_t since_s; /* its first second; it ends with the window */
};

/* What the function bills for being there meanwhile. */
static struct stated stated_of(const struct spending *spending,
    const struct spending_row *row, const struct plan *plan,
    const struct stretch *stretch)
{
	uint64_t ms =
	    spending_active_ms(spending, row, stretch->since_s * CLOCK_NS_PER_S);
	struct stated stated = {0};

	if (plan->stand)
		(void)stated_add(&stated, plan->needs, plan->stand(&row->function, ms));
	return stated;
}

/* What a function's stretch costs by list: no free tier. */
static int list_cost(const struct bill *bill, const struct spending *spending,
    const struct spending_row *row, const struct stretch *stretch, struct money *out)
{
	const struct function *f = &row->function;
	const struct plan *plan =
	    bill->terms.plan ? bill->terms.plan : plan_of_platform(f->platform);
	struct invoice_options options = {
	    .region = bill_has_region(bill, plan)
			  ? bill->terms.region
			  : cost_region(bill->terms.book, plan, f),
	    .arch = f->arch};
	const struct stated stated = stated_of(spending, row, plan, stretch);
	struct companions each;
	struct companions calls = {0};
	struct companion_bill companions = {0};
	struct usage usage = stretch->usage;
	struct invoice invoice;
	int err;

	speed_apply(plan,
	    speeds_under(&bill->terms.speeds, plan, plan_of_platform(f->platform)),
	    &usage);
	options.stated = &stated;
	cost_rules_companions(bill->terms.rules, f->name, &each);
	companions_add(&calls, &each, stretch->invocations);
	err = invoice_make(bill->terms.book, plan, &usage, &options, &invoice, NULL);
	const struct companion_terms terms = {
	    .book = bill->terms.book, .plan = plan, .region = options.region};

	if (!err)
		err = companions_price(&terms, &calls, &companions);
	if (!err)
		*out = money_add(invoice.total, companions.total);
	return err;
}

/* The function's calls of a day that hours tell; all of them, or some when their hours
 * are forgotten. */
static uint64_t told_calls(
    const struct spending *spending, const struct spending_row *row, int64_t day)
{
	uint64_t calls = 0;

	for (int64_t i = 0; i < DAY_HOURS; i++) {
		int64_t at = day * DAY_HOURS + i - spending->first_hour;

		if (at >= 0 && at <= SPENDING_HOURS)
			calls += row->hours[at];
	}
	return calls;
}

static void add_day(struct stretch *stretch, const struct spending_day *day)
{
	usage_add(&stretch->usage, &day->usage);
	count_add(&stretch->invocations, day->invocations);
	if (day->day * DAY_S < stretch->since_s)
		stretch->since_s = day->day * DAY_S;
}

/* Spreads the cost of the days whose hours are told over the hours of their invocations,
 * and adds what the month cost so far. */
static int spend_row(const struct bill *bill, const struct spending *spending,
    const struct spending_row *row, struct money *hours, struct money *spent)
{
	struct stretch told = {.since_s = spending->window.until_ns / CLOCK_NS_PER_S};
	struct stretch month = {.since_s = spending->window.since_ns / CLOCK_NS_PER_S};
	struct money cost = {0};
	uint64_t calls = 0;
	int err = 0;

	for (size_t i = 0; i < row->days_n; i++) {
		uint64_t n = told_calls(spending, row, row->days[i].day);

		calls += n;
		if (n)
			add_day(&told, &row->days[i]);
		if (spending_is_asked(spending, &row->days[i]))
			add_day(&month, &row->days[i]);
	}
	if (month.invocations)
		err = list_cost(bill, spending, row, &month, &cost);
	*spent = money_add(*spent, cost);
	if (!err && calls)
		err = list_cost(bill, spending, row, &told, &cost);
	for (size_t h = 0; !err && calls && h <= SPENDING_HOURS; h++)
		if (row->hours[h])
			hours[h] =
			    money_add(hours[h], money_scale(cost, row->hours[h], calls));
	return err;
}

/* The month's bill when rest is spent at list prices besides what was. */
static int with_rest(
    const struct bill *bill, struct money spent, struct money rest, struct money *total)
{
	int err;

	if (spent.pico > 0)
		return bill_scaled(bill, money_add(spent, rest), spent, total);
	/* what is committed to is due for all of the month; rest at list is the most */
	err = bill_scaled(bill, (struct money){0}, (struct money){1}, total);
	if (!err)
		*total = money_add(*total, rest);
	return err;
}

static json_t *forecast_json(
    const struct forecast *forecast, const struct money totals[3])
{
	json_t *object = json_pack("{s:o,s:s,s:I}", "total_usd", answer_money(totals[0]),
	    "method", forecast_method_name(forecast->method), "hours",
	    (json_int_t)forecast->hours);

	if (forecast->has_interval) {
		(void)json_object_set_new(object, "low_usd", answer_money(totals[1]));
		(void)json_object_set_new(object, "high_usd", answer_money(totals[2]));
		(void)json_object_set_new(
		    object, "interval_percent", json_integer(FORECAST_INTERVAL_PERCENT));
	}
	return object;
}

int outlook_json(const struct bill *bill, const struct spending *spending,
    int64_t month_end_ns, json_t **out)
{
	struct money *hours = calloc(SPENDING_HOURS + 1, sizeof(*hours));
	const struct forecast_hours whole = {
	    .first = spending->first_hour, .spent = hours, .n = SPENDING_HOURS};
	struct forecast forecast = {0};
	struct money totals[3];
	struct money spent = {0}; /* of the month so far, at list prices */
	int err = hours ? 0 : -ENOMEM;

	*out = NULL;
	for (size_t i = 0; !err && i < spending->n; i++)
		err = spend_row(bill, spending, spending->rows[i], hours, &spent);
	if (!err)
		forecast_make(&whole, spending->window.until_ns / CLOCK_NS_PER_S,
		    month_end_ns / CLOCK_NS_PER_S, &forecast);
	if (!err && forecast.method != FORECAST_NONE) {
		const struct money rests[3] = {
		    forecast.rest, forecast.low, forecast.high};

		for (size_t i = 0; !err && i < 3; i++)
			err = with_rest(bill, spent, rests[i], &totals[i]);
		if (!err)
			*out = forecast_json(&forecast, totals);
	}
	free(hours);
	return err;
}
