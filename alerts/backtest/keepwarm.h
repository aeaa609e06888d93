/* Replays per-minute counts under keep-warm policies, and weighs them against the best
 * that could have been done. Pure.
 *
 * A call is a minute with at least one invocation. It takes no time; there is one
 * sandbox; the first call of each function is cold; idle minutes count to the end of the
 * trace; loading ahead of a call costs what it idles. A policy knows only what lies
 * before the minute that it decides on. */
#ifndef COLDMETER_ALERTS_BACKTEST_KEEPWARM_H
#define COLDMETER_ALERTS_BACKTEST_KEEPWARM_H

#include "alerts/backtest/trace.h"

#define BACKTEST_KEEPWARM_POLICIES 8

/* Functions times minutes; as many take about half an hour. */
#define BACKTEST_STEPS_MAX 5000000000ULL

struct backtest_kept {
	const char *policy;
	double cold_pct;     /* of the calls of all functions */
	double cold_pct_p50; /* percentiles over functions */
	double cold_pct_p75;
	double idle;     /* minutes, per function and day */
	double prewarms; /* loads ahead of a call, per function and day */
	double cost;     /* minutes, per function and day: cold starts and idling */
	double ratio;    /* that cost over the oracle's */
};

struct backtest_keepwarm {
	struct backtest_kept policies[BACKTEST_KEEPWARM_POLICIES]; /* "coldmeter" last */
	size_t functions;                                          /* that were called */
	double calls; /* weighted, as all else */
	double days;
	/* The oracle knows each gap when it begins: it keeps the sandbox, or drops it for
	 * a cold start, whichever is less. It does not load ahead. */
	double oracle_cost;
	uint32_t best_fixed; /* minutes: the best of one window for all, in hindsight */
	double best_fixed_ratio;
};

/* trace was finished; cold_minutes > 0: what a cold start costs, in minutes of idling. 0,
 * -ENODATA when nothing was called, -E2BIG above BACKTEST_STEPS_MAX, or -ENOMEM. */
int backtest_keepwarm(const struct backtest_trace *trace, double cold_minutes,
    const struct backtest_progress *progress, struct backtest_keepwarm *out);

#endif
