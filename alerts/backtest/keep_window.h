/* Published keep-warm policies that choose a window after each call. Pure.
 *
 * After a call the sandbox is dropped, loaded again prewarm minutes later, and dropped
 * for good at until: a call before or after that is cold. */
#ifndef COLDMETER_ALERTS_BACKTEST_KEEP_WINDOW_H
#define COLDMETER_ALERTS_BACKTEST_KEEP_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define KEEP_HYBRID_MAX 240

struct keep_window {
	double prewarm; /* minutes after the call; 0: it is not dropped first */
	double until;   /* minutes after the call */
};

/* Hybrid histogram (Shahrad et al., USENIX ATC 2020): minutes between calls in bins of a
 * minute. The parameters are the paper's; in place of its ARIMA forecast, for functions
 * whose gaps are mostly beyond the range, stands the last gap. */
struct keep_hybrid {
	uint32_t range;   /* minutes that have a bin, at most KEEP_HYBRID_MAX */
	uint32_t in;      /* gaps inside */
	uint32_t out;     /* and beyond */
	uint32_t last;    /* gap */
	uint64_t squares; /* sum of the squared counts */
	uint32_t bins[KEEP_HYBRID_MAX];
};

/* Everything else is zero at first. */
static inline struct keep_hybrid keep_hybrid_new(uint32_t range)
{
	return (struct keep_hybrid){.range = range};
}

void keep_hybrid_learn(struct keep_hybrid *hybrid, uint32_t gap);

/* What it would do after the next call. */
struct keep_window keep_hybrid_window(const struct keep_hybrid *hybrid);

/* Whether a call gap minutes after the last one is cold, and how long the sandbox was
 * idle until then; and whether it was loaded ahead. */
bool keep_window_is_cold(const struct keep_window *window, uint32_t gap);
double keep_window_idle(const struct keep_window *window, uint32_t gap);
bool keep_window_prewarms(const struct keep_window *window, uint32_t gap);

#endif
