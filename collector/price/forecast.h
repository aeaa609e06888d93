/* What is still to be spent until a moment, from what every past hour spent. */
#ifndef COLDMETER_PRICE_FORECAST_H
#define COLDMETER_PRICE_FORECAST_H

#include <stddef.h>
#include <stdint.h>

#include "model/money.h"

#define FORECAST_WEEK_HOURS 168
#define FORECAST_INTERVAL_PERCENT 80

enum forecast_method {
	FORECAST_NONE,        /* no whole hour is known yet */
	FORECAST_BURN_RATE,   /* the mean of the last day's hours */
	FORECAST_HOUR_OF_WEEK /* the mean of the same hour of past weeks */
};

/* "burn-rate", "hour-of-week", "none". */
const char *forecast_method_name(enum forecast_method method);

/* Spending by whole hours, oldest first; those before the first spending are left out by
 * forecast_make(), for nothing is known of them. */
struct forecast_hours {
	int64_t first; /* hours since the epoch */
	const struct money *spent;
	size_t n; /* whole hours: the current one is not among them */
};

struct forecast {
	enum forecast_method method;
	size_t hours; /* that it rests on */
	struct money rest;
	struct money low; /* of an interval of FORECAST_INTERVAL_PERCENT; */
	struct money
	    high; /* of one hour nothing can be said: low and high are the rest */
	int has_interval;
};

/* Forecasts what [now_s, end_s) will spend. The interval takes hours as independent and
 * their spread as it was around the method's own mean. Pure. */
void forecast_make(const struct forecast_hours *hours, int64_t now_s, int64_t end_s,
    struct forecast *out);

#endif
