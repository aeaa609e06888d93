/* A budget: so much money in an hour, day, week or month; and how it stands. */
#ifndef COLDMETER_ALERTS_BUDGET_H
#define COLDMETER_ALERTS_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/notify.h"
#include "model/function.h"
#include "model/money.h"

#define BUDGET_NAME_BYTES 65
#define BUDGET_MAX_THRESHOLDS 10
#define BUDGET_WHY_BYTES 256

enum budget_period {
	BUDGET_HOUR,
	BUDGET_DAY,
	BUDGET_WEEK, /* from Monday, as ISO 8601 counts */
	BUDGET_MONTH,
	BUDGET_PERIODS
};

struct budget {
	char name[BUDGET_NAME_BYTES];
	struct money limit; /* > 0 */
	enum budget_period period;
	char function[FUNCTION_NAME_BYTES];         /* "": all functions */
	uint32_t thresholds[BUDGET_MAX_THRESHOLDS]; /* percent, rising */
	size_t thresholds_n;
	struct notify notify[NOTIFY_MAX];
	size_t notify_n;
};

/* How a budget stands at one moment. */
struct budget_status {
	int64_t period_start_ns;
	int64_t period_end_ns;
	struct money spent;
	struct money per_hour; /* over the last hour, or since the first invocation */
	struct money forecast; /* at the period's end */
	struct money forecast_low;
	struct money forecast_high;
	char top_function[FUNCTION_NAME_BYTES]; /* "" while nothing is spent */
	struct money top_spent;
};

/* Money over one stretch of time, as a rate is made of it. */
struct budget_burn {
	struct money spent;
	int64_t span_s; /* > 0 */
};

void budget_done(struct budget *budget);

/* 1 to 64 characters of [A-Za-z0-9._-]. */
bool budget_name_is_valid(const char *name);

/* "hour", "day", "week", "month". find: BUDGET_PERIODS for a stranger. */
const char *budget_period_name(enum budget_period period);
const char *budget_period_now(enum budget_period period);  /* "today", "this month" */
const char *budget_period_each(enum budget_period period); /* "daily", "monthly" */
enum budget_period budget_period_find(const char *name);

/* The calendar period, UTC, that holds the moment: [start, end). */
void budget_period_bounds(
    enum budget_period period, int64_t now_ns, int64_t *start_ns, int64_t *end_ns);

/* Reads the body of PUT /v1/budgets/{name}. Strict: 0, -ENOMEM, or -EINVAL with one clear
 * sentence in why (BUDGET_WHY_BYTES); *out is untouched then. Release with budget_done().
 */
int budget_parse(
    const char *name, const char *body, size_t body_bytes, struct budget *out, char *why);

/* The same text back, with the addresses in full (for the store). malloc'd or NULL. */
char *budget_format(const struct budget *budget);

/* Spent so far as a share of the limit: percent x 10, floor, saturating at UINT32_MAX. */
uint32_t budget_permille(struct money spent, struct money limit);

/* Whether spent has reached that percentage of the limit; exact. */
bool budget_is_reached(struct money spent, struct money limit, uint32_t percent);

/* Fills rate and forecasts: what is spent plus the rate of the last hour over what is
 * left of the period; low and high by the slowest and fastest of the n stretches.
 * burns[0] is the last hour. */
void budget_forecast(struct budget_status *status, int64_t now_ns,
    const struct budget_burn *burns, size_t n);

/* Whether invocations of the function count against the budget. */
bool budget_covers(const struct budget *budget, const char *function);

#endif
