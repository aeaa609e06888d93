/* What a back-test replays: per function, the minutes in which something was counted. */
#ifndef COLDMETER_ALERTS_BACKTEST_TRACE_H
#define COLDMETER_ALERTS_BACKTEST_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BACKTEST_MINUTE_MAX (366 * 1440)
#define BACKTEST_NAME_MAX 255
#define BACKTEST_FUNCTIONS_MAX 1000000
#define BACKTEST_POINTS_MAX 200000000 /* 8 bytes each */

struct backtest_point {
	uint32_t minute; /* from 1 */
	uint32_t value;  /* above 0 */
};

struct backtest_series {
	char *name;
	double weight;                 /* 1 unless it was set */
	struct backtest_point *points; /* by minute, each once, once it is finished */
	size_t n;                      /* 0: was counted, but never above 0 */
	size_t room;
};

struct backtest_trace {
	struct backtest_series *series;
	size_t n;
	size_t room;
	size_t points;
	uint32_t first_minute; /* of any row; 0: there is none */
	uint32_t last_minute;
	uint32_t *slots; /* hash table of places in series, plus 1 */
	size_t slots_n;
	size_t latest; /* the series that was asked for last */
};

/* Told now and then how much of the work is done, 0 to 1. NULL: nobody wants to know. */
struct backtest_progress {
	void (*tell)(void *context, double done);
	void *context;
};

/* Zero-initialised is empty and valid. */
void backtest_trace_done(struct backtest_trace *trace);

static inline void cleanup_backtest_trace(struct backtest_trace *trace)
{
	backtest_trace_done(trace);
}

/* One row. name, of n bytes, is copied; minute is 1 to BACKTEST_MINUTE_MAX. 0, -E2BIG
 * beyond one of the limits, -ENOMEM. */
int backtest_trace_add(struct backtest_trace *trace, const char *name, size_t n,
    uint32_t minute, uint32_t value);

/* Gives a series its weight. 0, or -ENOENT when there is none of that name. */
int backtest_trace_weigh(
    struct backtest_trace *trace, const char *name, size_t n, double weight);

/* Once all rows are in: by minute; rows of the same minute are added up. */
void backtest_trace_finish(struct backtest_trace *trace);

#endif
