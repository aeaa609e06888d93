/* Whole numbers throughout: sums of pico-dollars, a variance in 128 bits. */
#include "price/forecast.h"

#include <string.h>

#include "price/square_root.h"

#define HOUR_S 3600
#define DAY_HOURS 24
#define HOURS_MAX 4096
#define Z_NUMERATOR 12816 /* of a normal distribution, 10 % are beyond 1.2816 sigma */
#define Z_DENOMINATOR 10000

typedef unsigned __int128 u128;

/* Means by the hour of the week, of the day, or of all. */
struct means {
	__int128 sum[FORECAST_WEEK_HOURS];
	int64_t n[FORECAST_WEEK_HOURS];
	int64_t period; /* hours: 168, 24 or 1 */
};

const char *forecast_method_name(enum forecast_method method)
{
	switch (method) {
	case FORECAST_NONE:
		return "none";
	case FORECAST_BURN_RATE:
		return "burn-rate";
	case FORECAST_HOUR_OF_WEEK:
		return "hour-of-week";
	}
	return "none";
}

static struct means means_of(const struct forecast_hours *h, int64_t period)
{
	struct means means = {.period = period};

	for (size_t i = 0; i < h->n; i++) {
		int64_t slot = (h->first + (int64_t)i) % period;

		means.sum[slot] += h->spent[i].pico;
		means.n[slot]++;
	}
	return means;
}

static __int128 mean_at(const struct means *means, int64_t hour)
{
	int64_t slot = hour % means->period;

	return means->n[slot] ? means->sum[slot] / means->n[slot] : 0;
}

/* Half the width of the interval of a sum of rest_s seconds. The mean's own doubt grows
 * with the square of what it is used for. */
static struct money half_width(
    const struct forecast_hours *h, const struct means *means, int64_t rest_s)
{
	const int fine = 48; /* bits of a difference that are kept */
	u128 squares = 0;
	u128 largest = 0;
	u128 n = h->n;
	u128 rest = ((u128)rest_s + HOUR_S - 1) / HOUR_S;
	int shift = 0;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < h->n; i++) {
			__int128 off =
			    h->spent[i].pico - mean_at(means, h->first + (int64_t)i);
			u128 size = off < 0 ? -(u128)off : (u128)off;

			if (pass == 0 && size > largest)
				largest = size;
			if (pass == 1)
				squares += (size >> shift) * (size >> shift);
		}
		while (largest >> shift >> fine)
			shift++;
	}
	u128 variance = squares / (n > 1 ? n - 1 : 1);
	u128 width = square_root(variance * (rest + rest * rest / n));

	return (struct money){
	    .pico = (__int128)((width << shift) / Z_DENOMINATOR * Z_NUMERATOR)};
}

/* Sums the means of what is left, the current hour in part. */
static struct money rest_of(const struct means *means, int64_t now_s, int64_t end_s)
{
	__int128 sum = 0;

	while (now_s < end_s) {
		int64_t hour = now_s / HOUR_S;
		int64_t until = (hour + 1) * HOUR_S;

		if (until > end_s)
			until = end_s;
		sum += mean_at(means, hour) * (until - now_s) / HOUR_S;
		now_s = until;
	}
	return (struct money){.pico = sum};
}

/* Without the hours before the first spending, nor that one if there are others: it was
 * begun somewhere in its middle. */
static struct forecast_hours known(const struct forecast_hours *hours)
{
	struct forecast_hours h = *hours;

	if (h.n > HOURS_MAX) {
		h.first += (int64_t)(h.n - HOURS_MAX);
		h.spent += h.n - HOURS_MAX;
		h.n = HOURS_MAX;
	}
	while (h.n > 0 && h.spent[0].pico == 0) {
		h.first++;
		h.spent++;
		h.n--;
	}
	if (h.n > 1) {
		h.first++;
		h.spent++;
		h.n--;
	}
	return h;
}

void forecast_make(const struct forecast_hours *hours, int64_t now_s, int64_t end_s,
    struct forecast *out)
{
	struct forecast_hours h = known(hours);
	struct forecast forecast = {.method = h.n >= FORECAST_WEEK_HOURS
						  ? FORECAST_HOUR_OF_WEEK
						  : FORECAST_BURN_RATE};
	struct means means;
	struct means spread;
	struct money half;

	*out = (struct forecast){0};
	if (h.n == 0 || end_s < now_s)
		return;
	if (forecast.method == FORECAST_BURN_RATE && h.n > DAY_HOURS) {
		h.first += (int64_t)(h.n - DAY_HOURS);
		h.spent += h.n - DAY_HOURS;
		h.n = DAY_HOURS;
	}
	means =
	    means_of(&h, forecast.method == FORECAST_BURN_RATE ? 1 : FORECAST_WEEK_HOURS);
	/* Of an hour of the week seen once the spread is told by the same hour of days.
	 */
	spread = h.n / 2 >= FORECAST_WEEK_HOURS || forecast.method == FORECAST_BURN_RATE
		     ? means
		     : means_of(&h, DAY_HOURS);
	forecast.hours = h.n;
	forecast.rest = rest_of(&means, now_s, end_s);
	forecast.has_interval = h.n > 1;
	half = half_width(&h, &spread, end_s - now_s);
	forecast.low = money_subtract(forecast.rest, half);
	if (forecast.low.pico < 0)
		forecast.low.pico = 0;
	forecast.high = money_add(forecast.rest, half);
	*out = forecast;
}
