#include "alerts/backtest/keepwarm.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "alerts/backtest/arrival.h"
#include "alerts/backtest/keep_window.h"
#include "base/cleanup.h"

#define FIXED_MAX 1440 /* the longest window that hindsight tries */
#define DAY 1440.0

/* Of one function under one policy. */
struct tally {
	double weight;
	double cold;
	double idle;
	double prewarms;
	double calls;
	double cold_pct;
};

struct replay {
	const struct backtest_trace *trace;
	double cold_minutes;
	double weight; /* of the functions that were called */
	struct backtest_keepwarm *out;
	struct tally *tallies; /* one a function */
};

struct rule {
	const char *policy;
	uint32_t fixed;  /* minutes, or 0 */
	uint32_t hybrid; /* range, or 0 */
};

static const struct rule rules[BACKTEST_KEEPWARM_POLICIES] = {
    {"fixed-5", 5, 0},
    {"fixed-10", 10, 0},
    {"fixed-20", 20, 0},
    {"fixed-60", 60, 0},
    {"fixed-120", 120, 0},
    {"hybrid-4h", 0, 240},
    {"hybrid-1h", 0, 60},
    {"coldmeter", 0, 0},
};

/* Minutes from the i-th call to the next one, or to the end of the trace. */
static uint32_t gap_after(
    const struct backtest_trace *trace, const struct backtest_series *series, size_t i)
{
	uint32_t next =
	    i + 1 < series->n ? series->points[i + 1].minute : trace->last_minute;

	return next - series->points[i].minute;
}

static void run_window(
    const struct replay *r, const struct rule *rule, size_t place, struct tally *tally)
{
	const struct backtest_series *series = &r->trace->series[place];
	struct keep_hybrid hybrid = keep_hybrid_new(rule->hybrid);
	struct keep_window window = {0, rule->fixed};

	tally->cold = series->n > 0;
	for (size_t i = 0; i < series->n; i++) {
		uint32_t gap = gap_after(r->trace, series, i);
		bool is_last = i + 1 == series->n;

		if (rule->hybrid)
			window = keep_hybrid_window(&hybrid);
		tally->idle += keep_window_idle(&window, gap);
		tally->prewarms += keep_window_prewarms(&window, gap);
		tally->cold += !is_last && keep_window_is_cold(&window, gap);
		if (rule->hybrid)
			keep_hybrid_learn(&hybrid, gap);
	}
}

/* Where one function stands in the replay of our own policy. All that a minute without a
 * call needs is here: there are as many of these as functions, for each minute. */
struct player {
	uint32_t next_minute; /* of the next call; 0: there is none */
	uint32_t cold;
	uint32_t idle;
	uint32_t prewarms;
	size_t next; /* point */
	bool loaded;
	bool keeps; /* a sandbox for this minute */
	struct arrival arrival;
	struct arrival_forecast forecast;
};

static void find_next(struct player *player, const struct backtest_series *series)
{
	player->next_minute =
	    player->next < series->n ? series->points[player->next++].minute : 0;
}

/* Before the minute: is a sandbox there? */
static void decide(const struct replay *r, struct arrivals *arrivals,
    struct player *player, uint32_t minute)
{
	if (!player->arrival.first)
		return;
	arrival_forecast(arrivals, &player->arrival, minute, &player->forecast);
	player->keeps = arrival_is_worth(&player->forecast, r->cold_minutes);
	player->idle += player->keeps;
	player->prewarms += player->keeps && !player->loaded;
}

/* After it. */
static void settle_minute(
    struct arrivals *arrivals, struct player *player, uint32_t minute, bool called)
{
	if (!player->arrival.first && !called)
		return;
	player->cold += called && !player->keeps;
	player->loaded = player->keeps || called;
	if (player->arrival.first)
		arrival_learn(
		    arrivals, &player->arrival, minute, &player->forecast, called);
	else
		arrival_begin(&player->arrival, minute);
}

/* All decide before anything of the minute is learned: what one function did in it tells
 * nothing about another yet. */
static void play(const struct replay *r, struct arrivals *arrivals,
    struct player *players, const struct backtest_progress *progress)
{
	const struct backtest_trace *trace = r->trace;
	uint32_t first = trace->first_minute;
	uint32_t last = trace->last_minute;

	for (size_t i = 0; i < trace->n; i++)
		find_next(&players[i], &trace->series[i]);
	for (uint32_t minute = first; minute <= last; minute++) {
		for (size_t i = 0; i < trace->n; i++)
			decide(r, arrivals, &players[i], minute);
		for (size_t i = 0; i < trace->n; i++) {
			bool called = players[i].next_minute == minute;

			settle_minute(arrivals, &players[i], minute, called);
			if (called)
				find_next(&players[i], &trace->series[i]);
		}
		if (progress)
			progress->tell(progress->context,
			    (double)(minute - first + 1) / (last - first + 1));
	}
}

static int run_own(const struct replay *r, const struct backtest_progress *progress)
{
	AUTO(arrivals) struct arrivals *arrivals = arrivals_new();
	AUTO(free)
	struct player *players = calloc(r->trace->n + 1, sizeof(*players));

	if (!arrivals || !players)
		return -ENOMEM;
	play(r, arrivals, players, progress);
	for (size_t i = 0; i < r->trace->n; i++) {
		r->tallies[i].cold = players[i].cold;
		r->tallies[i].idle = players[i].idle;
		r->tallies[i].prewarms = players[i].prewarms;
	}
	return 0;
}

static int by_cold(const void *a, const void *b)
{
	double x = ((const struct tally *)a)->cold_pct;
	double y = ((const struct tally *)b)->cold_pct;

	return (x > y) - (x < y);
}

/* Adds up, and sorts the tallies. */
static void settle(const struct replay *r, struct backtest_kept *kept)
{
	double per = r->weight * r->out->days;
	double cold = 0;
	double sum = 0;

	for (size_t i = 0; i < r->trace->n; i++) {
		struct tally *t = &r->tallies[i];

		t->cold_pct = t->calls > 0 ? 100 * t->cold / t->calls : 0;
		cold += t->weight * t->cold;
		kept->idle += t->weight * t->idle / per;
		kept->prewarms += t->weight * t->prewarms / per;
	}
	qsort(r->tallies, r->trace->n, sizeof(*r->tallies), by_cold);
	kept->cold_pct_p50 = kept->cold_pct_p75 = -1;
	for (size_t i = 0; i < r->trace->n; i++) {
		sum += r->tallies[i].weight;
		if (kept->cold_pct_p50 < 0 && sum >= 0.5 * r->weight)
			kept->cold_pct_p50 = r->tallies[i].cold_pct;
		if (kept->cold_pct_p75 < 0 && sum >= 0.75 * r->weight)
			kept->cold_pct_p75 = r->tallies[i].cold_pct;
	}
	kept->cold_pct = 100 * cold / r->out->calls;
	kept->cost = r->cold_minutes * cold / per + kept->idle;
	kept->ratio = kept->cost / r->out->oracle_cost;
}

static int run_policy(const struct replay *r, const struct rule *rule,
    const struct backtest_progress *progress, struct backtest_kept *kept)
{
	int err = 0;

	kept->policy = rule->policy;
	for (size_t i = 0; i < r->trace->n; i++) {
		const struct backtest_series *series = &r->trace->series[i];

		r->tallies[i] = (struct tally){
		    .calls = (double)series->n, .weight = series->n ? series->weight : 0};
		if (rule->fixed || rule->hybrid)
			run_window(r, rule, i, &r->tallies[i]);
	}
	if (!rule->fixed && !rule->hybrid)
		err = run_own(r, progress);
	if (!err)
		settle(r, kept);
	return err;
}

/* Weights of gaps by length, and of what lies after the last calls. */
struct lengths {
	double gaps[FIXED_MAX + 2]; /* the last one: all that are longer */
	double ends[FIXED_MAX + 2];
	double first;
};

static void measure(struct replay *r, struct lengths *lengths)
{
	for (size_t i = 0; i < r->trace->n; i++) {
		const struct backtest_series *series = &r->trace->series[i];

		for (size_t j = 0; j < series->n; j++) {
			uint32_t gap = gap_after(r->trace, series, j);
			bool is_last = j + 1 == series->n;
			double *of = is_last ? lengths->ends : lengths->gaps;

			of[gap <= FIXED_MAX ? gap : FIXED_MAX + 1] += series->weight;
			if (!is_last)
				r->out->oracle_cost +=
				    series->weight * fmin(gap, r->cold_minutes);
		}
		if (!series->n)
			continue;
		r->out->functions++;
		r->out->calls += series->weight * (double)series->n;
		lengths->first += series->weight;
	}
	r->weight = lengths->first;
	r->out->oracle_cost += r->cold_minutes * r->weight;
}

/* With each minute that the window grows, gaps of its new length end warm, and each that
 * is longer idles a minute more. */
static void find_best_fixed(struct replay *r, const struct lengths *lengths)
{
	double longer = 0; /* than the window: gaps and ends */
	double cost = r->cold_minutes * lengths->first;
	double best;

	for (size_t i = 1; i <= FIXED_MAX + 1; i++) {
		longer += lengths->gaps[i] + lengths->ends[i];
		cost += r->cold_minutes * lengths->gaps[i];
	}
	best = cost;
	for (uint32_t k = 1; k <= FIXED_MAX; k++) {
		cost += longer - r->cold_minutes * lengths->gaps[k];
		longer -= lengths->gaps[k] + lengths->ends[k];
		if (cost < best) {
			best = cost;
			r->out->best_fixed = k;
		}
	}
	r->out->best_fixed_ratio = best / r->out->oracle_cost;
}

int backtest_keepwarm(const struct backtest_trace *trace, double cold_minutes,
    const struct backtest_progress *progress, struct backtest_keepwarm *out)
{
	uint32_t minutes = trace->last_minute - trace->first_minute + 1;
	AUTO(free) struct tally *tallies = calloc(trace->n + 1, sizeof(*tallies));
	AUTO(free) struct lengths *lengths = calloc(1, sizeof(*lengths));
	struct replay r = {trace, cold_minutes, 0, out, tallies};
	int err = 0;

	if (!tallies || !lengths)
		return -ENOMEM;
	if (trace->n > BACKTEST_STEPS_MAX / minutes)
		return -E2BIG;
	*out = (struct backtest_keepwarm){.days = minutes / DAY};
	measure(&r, lengths);
	if (!(r.weight > 0))
		return -ENODATA;
	find_best_fixed(&r, lengths);
	out->oracle_cost /= r.weight * out->days;
	for (size_t i = 0; i < BACKTEST_KEEPWARM_POLICIES && !err; i++)
		err = run_policy(&r, &rules[i], progress, &out->policies[i]);
	return err;
}
