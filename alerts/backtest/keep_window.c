#include "alerts/backtest/keep_window.h"

#include <math.h>

/* Share of gaps beyond the range from which the last one is the guide. */
#define OUT_SHARE 0.5
#define OUT_MARGIN 0.15
#define SPREAD_MIN 2.0 /* coefficient of variation of the bins; below: too flat */
#define HEAD 0.05
#define TAIL 0.99
#define MARGIN 0.1

void keep_hybrid_learn(struct keep_hybrid *hybrid, uint32_t gap)
{
	hybrid->last = gap;
	if (gap >= hybrid->range) {
		hybrid->out++;
		return;
	}
	hybrid->squares += 2 * (uint64_t)hybrid->bins[gap]++ + 1;
	hybrid->in++;
}

/* The first bin at which that share of the gaps is reached. */
static uint32_t percentile(const struct keep_hybrid *hybrid, double share)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < hybrid->range; i++) {
		sum += hybrid->bins[i];
		if (sum >= share * hybrid->in)
			return i;
	}
	return hybrid->range - 1;
}

static double spread(const struct keep_hybrid *hybrid)
{
	double mean = (double)hybrid->in / hybrid->range;
	double variance = (double)hybrid->squares / hybrid->range - mean * mean;

	return mean > 0 ? sqrt(variance) / mean : 0;
}

struct keep_window keep_hybrid_window(const struct keep_hybrid *hybrid)
{
	uint32_t n = hybrid->in + hybrid->out;
	uint32_t head;
	uint32_t tail;

	if (n && hybrid->out >= OUT_SHARE * n)
		return (struct keep_window){
		    hybrid->last * (1 - OUT_MARGIN), hybrid->last * (1 + OUT_MARGIN)};
	if (spread(hybrid) < SPREAD_MIN)
		return (struct keep_window){0, hybrid->range};
	/* a gap of g minutes of a calendar is one of g - 1 to g + 1 minutes: the head is
	 * rounded down, the tail up */
	head = percentile(hybrid, HEAD);
	tail = percentile(hybrid, TAIL);
	return (struct keep_window){head > 1 ? floor((1 - MARGIN) * (head - 1)) : 0,
	    ceil((1 + MARGIN) * (tail + 1))};
}

bool keep_window_is_cold(const struct keep_window *window, uint32_t gap)
{
	return gap > window->until || gap < window->prewarm;
}

double keep_window_idle(const struct keep_window *window, uint32_t gap)
{
	return fmax(0, fmin(gap, window->until) - window->prewarm);
}

bool keep_window_prewarms(const struct keep_window *window, uint32_t gap)
{
	return window->prewarm > 0 && gap >= window->prewarm;
}
