/* What acts, as the answers tell it: budgets, alerts, keep-warm and advice. */
#ifndef COLDMETER_TUI_ACTS_H
#define COLDMETER_TUI_ACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/function.h"
#include "model/money.h"
#include "tui/rows.h"

#define ACTS_NAME_BYTES 128
#define ACTS_TEXT_BYTES 512

struct budget_row {
	char name[ACTS_NAME_BYTES];
	char period[16];
	char function[FUNCTION_NAME_BYTES]; /* "": all */
	char state[16];                     /* ok, warning, over */
	char top_function[FUNCTION_NAME_BYTES];
	char notify[64]; /* "slack, webhook" */
	char thresholds[64];
	double percent;
	bool has_forecast;
	struct money limit, spent, forecast;
};

struct alert_row {
	char id[ACTS_NAME_BYTES];
	char budget[ACTS_NAME_BYTES]; /* or "anomaly" */
	char state[16];               /* firing, acked, snoozed, resolved */
	char message[ACTS_TEXT_BYTES];
	char delivery[ACTS_TEXT_BYTES]; /* "slack delivered, webhook failed: ..." */
	double threshold;
	int64_t since_ns, until_ns;
	bool has_limit;
	struct money spent; /* of the limit; without one, more than usual */
	struct money limit;
};

struct keepwarm_row {
	char function[FUNCTION_NAME_BYTES];
	char state[20]; /* learning, warming, idle, paused_budget, off */
	char ping_url[ACTS_TEXT_BYTES];
	bool enabled;
	double idle_life_s, warm_max_s, cold_min_s; /* NAN: not learned yet */
	uint64_t samples, pings, pings_cold, cold_avoided;
	uint64_t cold_before, cold_since;
	char why[ACTS_TEXT_BYTES];     /* whether it pays */
	char trouble[ACTS_TEXT_BYTES]; /* pings that do not arrive; "": none */
	struct money ping_cost, saved, net;
	int64_t next_ping_ns, last_ping_ns;
};

struct advice_row {
	char function[FUNCTION_NAME_BYTES];
	char why[ACTS_TEXT_BYTES];
	uint64_t provisioned;
	bool enough;
	struct money cost_now, cost_then, saving; /* a month */
	double cold_now, cold_then, cold_avoided; /* a month */
};

extern const struct row_kind budget_kind;   /* "budgets": struct budget_row */
extern const struct row_kind alert_kind;    /* "alerts": struct alert_row */
extern const struct row_kind keepwarm_kind; /* "keepwarm": struct keepwarm_row */
extern const struct row_kind advice_kind;   /* "advice": struct advice_row */

#endif
