/* Whether serverless is still the right shape for a function: findings, each with its
 * numbers and what to do. Pure. */
#ifndef COLDMETER_ALERTS_ADVICE_PLAN_H
#define COLDMETER_ALERTS_ADVICE_PLAN_H

#include <stdbool.h>

#include "alerts/advice/always_on.h"
#include "alerts/advice/measured.h"
#include "price/companions.h"

#define ADVICE_PLAN_FINDINGS 6
#define ADVICE_PLAN_NUMBERS 6
#define ADVICE_PLAN_WHY_BYTES 640
#define ADVICE_PLAN_TARGET_MS 100 /* unless the user says another */

/* A steady load: of what runs all the time no more than this share is used in the
 * busiest hour. */
#define ADVICE_PLAN_BUSY_PCT 70
#define ADVICE_PLAN_STEADY_NS (24LL * 3600 * 1000000000) /* a day, with its night */

enum plan_check {
	PLAN_STEADY,       /* would what runs all the time be cheaper */
	PLAN_LATENCY,      /* the target of the P95 against cold starts */
	PLAN_TIMEOUT,      /* durations against the platform's limit */
	PLAN_CONNECTIONS,  /* connections that were upgraded, as WebSockets are */
	PLAN_MEMORY_STATE, /* what a sandbox's first invocation builds for the others */
	PLAN_CALLS         /* services that only one provider has, which it calls */
};

enum plan_verdict { PLAN_FITS, PLAN_UNKNOWN, PLAN_CONSIDER, PLAN_ACT };

const char *plan_check_name(enum plan_check check); /* "steady", "latency", "timeout",
						       "connections", "state", "calls" */
const char *plan_verdict_name(
    enum plan_verdict verdict); /* "fits", "unknown", "consider", "act" */

struct plan_number {
	const char *key; /* with its unit: "busy_pct" */
	double value;
};

struct plan_finding {
	enum plan_check check;
	enum plan_verdict verdict;
	struct plan_number numbers[ADVICE_PLAN_NUMBERS];
	size_t numbers_n;
	char why[ADVICE_PLAN_WHY_BYTES];
	const char *what; /* to do; "" when it fits */
};

struct plan_terms {
	double target_ms;                /* of the P95 */
	bool has_cost;                   /* whether the next is known */
	struct money month;              /* what it costs now, without a free tier */
	const struct always_on *options; /* cheapest first */
	size_t options_n;
	struct companions stated; /* calls for each invocation, as the settings say */
};

struct plan_advice {
	enum plan_verdict verdict; /* the gravest */
	struct plan_finding findings[ADVICE_PLAN_FINDINGS];
	size_t findings_n;
	bool enough_data;
};

/* What must run all the time to carry the busiest hour with room to spare, on instances
 * that slow no invocation down. Where CPU time is not known, a busy sandbox is taken to
 * use a whole one. */
void advice_plan_need(const struct measured *measured, struct always_on_need *need);

void advice_plan(const struct measured *measured, const struct plan_terms *terms,
    struct plan_advice *out);

#endif
