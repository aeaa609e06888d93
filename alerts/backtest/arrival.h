/* How likely a function is called in the next minute, learned as it goes. Pure.
 *
 * With the hazard of a call known, keeping a sandbox warm needs no window: each minute it
 * is worth being there exactly when P(call in that minute) x (cost of a cold start) is
 * more than a minute of idling (the rule of Narayana and Kash, UAI 2023, for a known law
 * of gaps). So everything is in the forecast, and nothing in it depends on what a cold
 * start costs. What holds for all functions (a period is a period) is learned from all of
 * them, in the order in which it is seen, and kept apart from what is one function's. */
#ifndef COLDMETER_ALERTS_BACKTEST_ARRIVAL_H
#define COLDMETER_ALERTS_BACKTEST_ARRIVAL_H

#include <stdbool.h>
#include <stdint.h>

#define ARRIVAL_AGES 80  /* bins of the time since the last call */
#define ARRIVAL_VIEWS 8  /* tables of what is shared */
#define ARRIVAL_INPUTS 9 /* those and the function's own hazard */

/* What is shared by all functions: about 600 KB. */
struct arrivals;

/* One function: the minutes in which it was called, and its own gaps. */
struct arrival {
	uint32_t first;  /* minute of the first call, 0: none yet */
	uint32_t last;   /* of the latest */
	uint32_t calls;  /* minutes with a call */
	uint32_t gap[4]; /* minutes between calls, the latest first */
	uint64_t recent; /* bit i: called i + 1 minutes ago */
	uint32_t
	    hours[60]; /* by minute of the hour; bit i: called then, i + 1 hours ago */
	uint16_t minutes[ARRIVAL_AGES]; /* spent at that age */
	uint16_t ends[ARRIVAL_AGES];    /* of those, ended by a call */
};

/* One forecast, and what it rests on. */
struct arrival_forecast {
	float p; /* P(a call in that minute) */
	float input[ARRIVAL_INPUTS];
	uint32_t cell[ARRIVAL_VIEWS];
	uint32_t age;   /* bin */
	uint32_t blend; /* which weights */
};

struct arrivals *arrivals_new(void); /* NULL: out of memory */
void arrivals_free(struct arrivals *arrivals);

static inline void cleanup_arrivals(struct arrivals *const *arrivals)
{
	arrivals_free(*arrivals);
}

/* The first call of a function, whose struct is all zero, in that minute (from 1). */
void arrival_begin(struct arrival *arrival, uint32_t minute);

/* Forecasts the minute, which is the one after the last that was learned. Cells that are
 * used for the first time are set up in *arrivals. */
void arrival_forecast(struct arrivals *arrivals, const struct arrival *arrival,
    uint32_t minute, struct arrival_forecast *out);

/* What that minute was. */
void arrival_learn(struct arrivals *arrivals, struct arrival *arrival, uint32_t minute,
    const struct arrival_forecast *forecast, bool called);

/* Whether a sandbox should be there in that minute, where a cold start costs as much as
 * cold_minutes minutes of idling. */
static inline bool arrival_is_worth(
    const struct arrival_forecast *forecast, double cold_minutes)
{
	return forecast->p * cold_minutes > 1;
}

#endif
