/* What the checks of advice_plan() share. */
#ifndef COLDMETER_ALERTS_ADVICE_PLAN_PARTS_H
#define COLDMETER_ALERTS_ADVICE_PLAN_PARTS_H

#include "alerts/advice/plan.h"

/* A new finding, empty; the gravest verdict is that of the advice. */
struct plan_finding *advice_plan_add(
    struct plan_advice *advice, enum plan_check check, enum plan_verdict verdict);

/* Adds what the function calls: what its settings state, and whom its inits were measured
 * to wait for. */
void advice_plan_calls(const struct measured *measured, const struct plan_terms *terms,
    struct plan_advice *advice);

#endif
