/* Days on which a function was called more or cost more than is usual for it, and why. */
#ifndef COLDMETER_PRICE_ANOMALY_H
#define COLDMETER_PRICE_ANOMALY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/money.h"

#define ANOMALY_DAYS_MIN 4   /* before a day, that its band is made of; */
#define ANOMALY_DAYS_MAX 14  /* at most these, the latest */
#define ANOMALY_CALLS_MIN 20 /* fewer on a day say nothing of what one costs */

/* One day of a function. */
struct anomaly_day {
	int64_t day; /* since the epoch */
	bool whole;  /* it is over: that it had few calls means something */
	uint64_t invocations;
	uint64_t measured;     /* of them, all but pings: */
	uint64_t duration_ns;  /* sums of these, without the inits, */
	uint64_t init_ns;      /* and of them */
	uint64_t memory_mb_ms; /* what is billed, and */
	uint64_t memory_ms;    /* the time of that: their ratio is a size */
	struct money cost;
};

enum anomaly_what { ANOMALY_VOLUME, ANOMALY_UNIT_COST };
enum anomaly_cause { ANOMALY_CALLS, ANOMALY_DURATION, ANOMALY_MEMORY, ANOMALY_COLD };

struct anomaly {
	enum anomaly_what what;
	enum anomaly_cause cause;
	bool up;
	int64_t day;
	/* Invocations of the day; or pico-dollars for each. */
	uint64_t value;
	uint64_t usual; /* the mean of the days before */
	uint64_t low;   /* its band: three times their spread, at least a quarter */
	uint64_t high;
	struct money extra; /* what the day cost more for it than usual; below 0: less */
	bool is_over;       /* a cost that the day after is back in its band */
	/* For each invocation, usual and on the day: ns, and MiB. */
	uint64_t duration_ns[2];
	uint64_t init_ns[2];
	uint64_t memory_mb[2];
};

/* "more calls", "slower", "less memory", ...: the cause in words. */
const char *anomaly_cause_words(enum anomaly_cause cause, bool up);

/* Looks at the last two of the days, which rise and may have gaps (a day without calls),
 * each against those before it. Writes what left its band, at most 4. Pure. Returns their
 * number. */
#define ANOMALIES_MAX 4
size_t anomaly_find(
    const struct anomaly_day *days, size_t n, struct anomaly out[ANOMALIES_MAX]);

#endif
