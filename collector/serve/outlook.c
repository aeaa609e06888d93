#include "serve/outlook.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "price/forecast.h"
#include "serve/answer.h"
#include "serve/cost.h"

#define HOUR_S 3600
#define NS_PER_MS 1000000

/* What a function bills for being there through all that was read. */
static struct stated stated_of(const struct spending *spending,
    const struct spending_row *row, const struct plan *plan)
{
	int64_t ms = (spending->window.until_ns - spending->since_ns) / NS_PER_MS;
	struct stated stated = {0};

	if (plan->stand && ms > 0)
		(void)stated_add(
		    &stated, plan->needs, plan->stand(&row->function, (uint64_t)ms));
	return stated;
}

/* What one function's usage costs by list: no free tier. */
static int list_cost(const struct bill *bill, const struct spending *spending,
    const struct spending_row *row, struct money *out)
{
	const struct function *f = &row->function;
	const struct plan *plan =
	    bill->terms.plan ? bill->terms.plan : plan_of_platform(f->platform);
	struct invoice_options options = {
	    .region = bill_has_region(bill, plan)
			  ? bill->terms.region
			  : cost_region(bill->terms.book, plan, f),
	    .arch = f->arch};
	const struct stated stated = stated_of(spending, row, plan);
	struct companions each;
	struct companions calls = {0};
	struct companion_bill companions = {0};
	struct usage usage = row->usage;
	struct invoice invoice;
	int err;

	speed_apply(plan,
	    speeds_under(&bill->terms.speeds, plan, plan_of_platform(f->platform)),
	    &usage);
	options.stated = &stated;
	cost_rules_companions(bill->terms.rules, f->name, &each);
	companions_add(&calls, &each, row->invocations);
	err = invoice_make(bill->terms.book, plan, &usage, &options, &invoice, NULL);
	const struct companion_terms terms = {
	    .book = bill->terms.book, .plan = plan, .region = options.region};

	if (!err)
		err = companions_price(&terms, &calls, &companions);
	if (!err)
		*out = money_add(invoice.total, companions.total);
	return err;
}

/* Spreads each function's cost over the hours of its invocations. */
static int spend_hours(
    const struct bill *bill, const struct spending *spending, struct money *hours)
{
	int err = 0;

	for (size_t i = 0; !err && i < spending->n; i++) {
		const struct spending_row *row = spending->rows[i];
		struct money cost = {0};
		uint64_t calls = 0;

		for (size_t h = 0; h <= SPENDING_HOURS; h++)
			calls += row->hours[h];
		if (!calls)
			continue;
		err = list_cost(bill, spending, row, &cost);
		for (size_t h = 0; !err && h <= SPENDING_HOURS; h++)
			if (row->hours[h])
				hours[h] = money_add(
				    hours[h], money_scale(cost, row->hours[h], calls));
	}
	return err;
}

/* Of the month so far, at list prices; its first hours may lie before what is known. */
static struct money spent_so_far(
    const struct spending *spending, const struct money *hours)
{
	int64_t first =
	    spending->window.since_ns / CLOCK_NS_PER_S / HOUR_S - spending->first_hour;
	struct money sum = {0};

	for (int64_t h = first > 0 ? first : 0; h <= SPENDING_HOURS; h++)
		sum = money_add(sum, hours[h]);
	return sum;
}

/* The month's bill when rest is spent at list prices besides what was. */
static int with_rest(
    const struct bill *bill, struct money spent, struct money rest, struct money *total)
{
	if (spent.pico > 0)
		return bill_scaled(bill, money_add(spent, rest), spent, total);
	*total = money_add(bill_total(bill, NULL), rest);
	return 0;
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
	struct money spent;
	int err = hours ? spend_hours(bill, spending, hours) : -ENOMEM;

	*out = NULL;
	if (!err)
		forecast_make(&whole, spending->window.until_ns / CLOCK_NS_PER_S,
		    month_end_ns / CLOCK_NS_PER_S, &forecast);
	if (!err && forecast.method != FORECAST_NONE) {
		const struct money rests[3] = {
		    forecast.rest, forecast.low, forecast.high};

		spent = spent_so_far(spending, hours);
		for (size_t i = 0; !err && i < 3; i++)
			err = with_rest(bill, spent, rests[i], &totals[i]);
		if (!err)
			*out = forecast_json(&forecast, totals);
	}
	free(hours);
	return err;
}
