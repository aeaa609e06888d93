#include "price/anomaly.h"

#include "price/square_root.h"

#define SPREADS 3
#define LEAST_PART 4 /* the band is at least a quarter of the mean to each side */

struct band {
	uint64_t mean;
	uint64_t low;
	uint64_t high;
};

const char *anomaly_cause_words(enum anomaly_cause cause, bool up)
{
	switch (cause) {
	case ANOMALY_CALLS:
		return up ? "more calls" : "fewer calls";
	case ANOMALY_DURATION:
		return up ? "slower" : "faster";
	case ANOMALY_MEMORY:
		return up ? "more memory" : "less memory";
	case ANOMALY_COLD:
		return up ? "more cold starts" : "fewer cold starts";
	}
	return "";
}

/* Of values below 2^56. n > 1. */
static struct band band_of(const uint64_t *values, size_t n)
{
	unsigned __int128 sum = 0;
	unsigned __int128 squares = 0;
	struct band band;
	uint64_t wide;

	for (size_t i = 0; i < n; i++)
		sum += values[i];
	band.mean = (uint64_t)(sum / n);
	for (size_t i = 0; i < n; i++) {
		unsigned __int128 off =
		    values[i] > band.mean ? values[i] - band.mean : band.mean - values[i];

		squares += off * off;
	}
	wide = SPREADS * square_root(squares / (n - 1));
	if (wide < band.mean / LEAST_PART)
		wide = band.mean / LEAST_PART;
	band.low = band.mean > wide ? band.mean - wide : 0;
	band.high = band.mean + wide;
	return band;
}

static uint64_t capped(unsigned __int128 value)
{
	const uint64_t most = (1ULL << 56) - 1;

	return value > most ? most : (uint64_t)value;
}

static uint64_t ratio(uint64_t sum, uint64_t n)
{
	return n ? sum / n : 0;
}

static uint64_t unit_cost(const struct anomaly_day *day)
{
	return day->invocations && day->cost.pico > 0
		   ? capped((unsigned __int128)day->cost.pico / day->invocations)
		   : 0;
}

/* Means of the days before, and of the day, for each invocation. */
static void explain(
    const struct anomaly_day *days, size_t from, size_t at, struct anomaly *out)
{
	struct anomaly_day before = {0};
	const struct anomaly_day *two[2] = {&before, &days[at]};

	for (size_t i = from; i < at; i++) {
		before.measured += days[i].measured;
		before.duration_ns += days[i].duration_ns;
		before.init_ns += days[i].init_ns;
		before.memory_mb_ms += days[i].memory_mb_ms;
		before.memory_ms += days[i].memory_ms;
	}
	for (size_t i = 0; i < 2; i++) {
		out->duration_ns[i] = ratio(two[i]->duration_ns, two[i]->measured);
		out->init_ns[i] = ratio(two[i]->init_ns, two[i]->measured);
		out->memory_mb[i] = ratio(two[i]->memory_mb_ms, two[i]->memory_ms);
	}
}

/* times (value - usual), each below 2^56. */
static struct money money_apart(const struct anomaly *a, struct money each)
{
	uint64_t apart = a->up ? a->value - a->usual : a->usual - a->value;
	struct money extra = money_scale(each, apart, 1);

	return a->up ? extra : money_subtract((struct money){0}, extra);
}

/* What an invocation cost on the days before. */
static struct money usual_cost(const struct anomaly_day *days, size_t from, size_t at)
{
	struct money cost = {0};
	uint64_t invocations = 0;

	for (size_t i = from; i < at; i++) {
		cost = money_add(cost, days[i].cost);
		invocations += days[i].invocations;
	}
	return invocations ? money_scale(cost, 1, invocations) : cost;
}

/* How far a mean moved in the anomaly's direction. */
static uint64_t moved(const uint64_t pair[2], bool up)
{
	uint64_t less = up ? pair[0] : pair[1];
	uint64_t more = up ? pair[1] : pair[0];

	return more > less ? more - less : 0;
}

/* Cost is time times size: whichever grew by the larger factor; of time, init or the rest
 * by what they added. */
static enum anomaly_cause cause_of(const struct anomaly *a)
{
	uint64_t time[2] = {
	    a->duration_ns[0] + a->init_ns[0], a->duration_ns[1] + a->init_ns[1]};
	unsigned __int128 by_memory =
	    (unsigned __int128)moved(a->memory_mb, a->up) * (time[a->up ? 0 : 1] + 1);
	unsigned __int128 by_time =
	    (unsigned __int128)moved(time, a->up) * (a->memory_mb[a->up ? 0 : 1] + 1);

	if (by_memory > by_time)
		return ANOMALY_MEMORY;
	return moved(a->init_ns, a->up) > moved(a->duration_ns, a->up) ? ANOMALY_COLD
								       : ANOMALY_DURATION;
}

/* Whether the value left its band: then *out says how. */
static bool leaves(uint64_t value, struct band band, struct anomaly *out)
{
	if (value >= band.low && value <= band.high)
		return false;
	out->up = value > band.high;
	out->value = value;
	out->usual = band.mean;
	out->low = band.low;
	out->high = band.high;
	return true;
}

static bool find_volume(
    const struct anomaly_day *days, size_t from, size_t at, struct anomaly *out)
{
	uint64_t values[ANOMALY_DAYS_MAX] = {0};
	struct band band;

	for (size_t i = from; i < at; i++)
		values[i - from] = capped(days[i].invocations);
	band = band_of(values, at - from);
	*out = (struct anomaly){
	    .what = ANOMALY_VOLUME, .cause = ANOMALY_CALLS, .day = days[at].day};
	if (!leaves(capped(days[at].invocations), band, out) ||
	    (!out->up && !days[at].whole) ||
	    (days[at].invocations < ANOMALY_CALLS_MIN && band.mean < ANOMALY_CALLS_MIN))
		return false;
	explain(days, from, at, out);
	out->extra = money_apart(out, usual_cost(days, from, at));
	return true;
}

static bool find_cost(
    const struct anomaly_day *days, size_t from, size_t at, struct anomaly *out)
{
	uint64_t values[ANOMALY_DAYS_MAX] = {0};
	size_t n = 0;

	for (size_t i = from; i < at; i++)
		if (days[i].invocations >= ANOMALY_CALLS_MIN)
			values[n++] = unit_cost(&days[i]);
	if (n < ANOMALY_DAYS_MIN || days[at].invocations < ANOMALY_CALLS_MIN)
		return false;
	*out = (struct anomaly){.what = ANOMALY_UNIT_COST, .day = days[at].day};
	if (!leaves(unit_cost(&days[at]), band_of(values, n), out))
		return false;
	explain(days, from, at, out);
	out->cause = cause_of(out);
	out->extra = money_apart(
	    out, (struct money){.pico = (__int128)capped(days[at].invocations)});
	return true;
}

/* What left its band on the day before today is over once today has calls enough to tell
 * what one costs, and that lies within. */
static void end_costs(struct anomaly *found, size_t n, const struct anomaly_day *today)
{
	bool is_out = today->invocations < ANOMALY_CALLS_MIN;

	for (size_t i = 0; i < n; i++)
		is_out |=
		    found[i].what == ANOMALY_UNIT_COST && found[i].day == today->day;
	for (size_t i = 0; !is_out && i < n; i++)
		found[i].is_over = found[i].what == ANOMALY_UNIT_COST;
}

size_t anomaly_find(
    const struct anomaly_day *days, size_t n, struct anomaly out[ANOMALIES_MAX])
{
	size_t found = 0;

	for (size_t at = n > 2 ? n - 2 : 0; at < n; at++) {
		size_t from = at > ANOMALY_DAYS_MAX ? at - ANOMALY_DAYS_MAX : 0;

		if (at - from < ANOMALY_DAYS_MIN)
			continue;
		found += find_volume(days, from, at, &out[found]);
		found += find_cost(days, from, at, &out[found]);
	}
	if (n)
		end_costs(out, found, &days[n - 1]);
	return found;
}
