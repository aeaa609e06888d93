#include "alerts/budget.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define HOUR_S 3600
#define DAY_S 86400

static const char *const period_names[BUDGET_PERIODS] = {"hour", "day", "week", "month"};

void budget_done(struct budget *budget)
{
	if (!budget)
		return;
	notify_done(budget->notify, budget->notify_n);
	budget->notify_n = 0;
}

bool budget_name_is_valid(const char *name)
{
	size_t n = strnlen(name, BUDGET_NAME_BYTES);

	return n > 0 && n < BUDGET_NAME_BYTES &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			    "0123456789._-") == n;
}

const char *budget_period_name(enum budget_period period)
{
	return period < BUDGET_PERIODS ? period_names[period] : "unknown";
}

const char *budget_period_now(enum budget_period period)
{
	static const char *const words[] = {
	    "this hour", "today", "this week", "this month"};

	return period < BUDGET_PERIODS ? words[period] : "now";
}

const char *budget_period_each(enum budget_period period)
{
	static const char *const words[] = {"hourly", "daily", "weekly", "monthly"};

	return period < BUDGET_PERIODS ? words[period] : "own";
}

enum budget_period budget_period_find(const char *name)
{
	int i = 0;

	while (i < BUDGET_PERIODS && strcmp(period_names[i], name) != 0)
		i++;
	return (enum budget_period)i;
}

/* Start of the month that is months after that of day_s. */
static int64_t month_start_s(int64_t day_s, int months)
{
	time_t t = day_s;
	struct tm tm;

	(void)gmtime_r(&t, &tm);
	tm.tm_mday = 1;
	tm.tm_mon += months;
	return timegm(&tm);
}

void budget_period_bounds(
    enum budget_period period, int64_t now_ns, int64_t *start_ns, int64_t *end_ns)
{
	int64_t now_s = now_ns / CLOCK_NS_PER_S;
	int64_t day_s = now_s - now_s % DAY_S;
	int64_t start_s = day_s;
	int64_t end_s = day_s + DAY_S;

	switch (period) {
	case BUDGET_HOUR:
		start_s = now_s - now_s % HOUR_S;
		end_s = start_s + HOUR_S;
		break;
	case BUDGET_WEEK: /* the epoch was a Thursday, three days after a Monday */
		start_s = day_s - (day_s / DAY_S + 3) % 7 * DAY_S;
		end_s = start_s + 7LL * DAY_S;
		break;
	case BUDGET_MONTH:
		start_s = month_start_s(day_s, 0);
		end_s = month_start_s(day_s, 1);
		break;
	case BUDGET_DAY:
	case BUDGET_PERIODS:
		break;
	}
	*start_ns = start_s * CLOCK_NS_PER_S;
	*end_ns = end_s * CLOCK_NS_PER_S;
}

uint32_t budget_permille(struct money spent, struct money limit)
{
	struct money thousandfold = money_scale(spent, 1000, 1);

	if (spent.pico <= 0 || limit.pico <= 0)
		return 0;
	thousandfold.pico /= limit.pico;
	return thousandfold.pico > UINT32_MAX ? UINT32_MAX : (uint32_t)thousandfold.pico;
}

bool budget_is_reached(struct money spent, struct money limit, uint32_t percent)
{
	return money_compare(
		   money_scale(spent, 100, 1), money_scale(limit, percent, 1)) >= 0;
}

static struct money forecast_at(
    const struct budget_status *status, struct money per_hour, int64_t left_s)
{
	return money_add(status->spent, money_scale(per_hour, (uint64_t)left_s, HOUR_S));
}

void budget_forecast(struct budget_status *status, int64_t now_ns,
    const struct budget_burn *burns, size_t n)
{
	int64_t left_s = (status->period_end_ns - now_ns) / CLOCK_NS_PER_S;

	if (left_s < 0)
		left_s = 0;
	for (size_t i = 0; i < n; i++) {
		struct money rate =
		    money_scale(burns[i].spent, HOUR_S, (uint64_t)burns[i].span_s);
		struct money end = forecast_at(status, rate, left_s);

		if (i == 0) {
			status->per_hour = rate;
			status->forecast = end;
		}
		if (i == 0 || money_compare(end, status->forecast_low) < 0)
			status->forecast_low = end;
		if (i == 0 || money_compare(end, status->forecast_high) > 0)
			status->forecast_high = end;
	}
}

bool budget_covers(const struct budget *budget, const char *function)
{
	return !budget->function[0] || strcmp(budget->function, function) == 0;
}
