/* Replays containers in use per minute under rules that reserve some of them, at what a
 * cloud asks for reserved and for other ones. Pure. */
#ifndef COLDMETER_ALERTS_BACKTEST_SLOTS_H
#define COLDMETER_ALERTS_BACKTEST_SLOTS_H

#include "alerts/backtest/trace.h"
#include "model/money.h"
#include "price/rates.h"

#define BACKTEST_SLOTS_POLICIES 8
#define BACKTEST_CONTAINERS_MAX 100000 /* of one app at a time */

/* What a policy may know when it decides. */
enum backtest_sight {
	BACKTEST_ONLINE,    /* the minutes before */
	BACKTEST_HINDSIGHT, /* the whole trace; one level for all of it */
	BACKTEST_ORACLE     /* each minute that comes */
};

const char *backtest_sight_name(enum backtest_sight sight); /* "online" */

struct backtest_reserved {
	const char *policy;
	enum backtest_sight sight;
	uint64_t reserved; /* container-minutes */
	uint64_t inside;   /* of those in use, on reserved ones */
	uint64_t outside;  /* in use, on demand: spilled */
	struct money cost; /* of the trace, requests apart */
	double ratio;      /* to all on demand */
	double spilled_pct;
};

struct backtest_slots {
	struct backtest_reserved policies[BACKTEST_SLOTS_POLICIES];
	size_t apps;
	uint64_t used; /* container-minutes */
	double days;
};

struct backtest_slots_terms {
	uint32_t memory_mb; /* of one container, > 0 */
	struct lambda_rates rates;
};

/* trace was finished; its values are at most BACKTEST_CONTAINERS_MAX. 0, -ENODATA when
 * nothing was in use, or -ENOMEM. */
int backtest_slots(const struct backtest_trace *trace,
    const struct backtest_slots_terms *terms, const struct backtest_progress *progress,
    struct backtest_slots *out);

#endif
