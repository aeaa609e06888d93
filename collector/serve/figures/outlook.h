/* What a bill of the month so far comes to at the month's end. */
#ifndef COLDMETER_SERVE_FIGURES_OUTLOOK_H
#define COLDMETER_SERVE_FIGURES_OUTLOOK_H

#include <jansson.h>

#include "serve/bill.h"
#include "serve/figures/spending.h"

/* {"total_usd","low_usd","high_usd","interval_percent","method","hours"} of a bill of one
 * plan, or of each function's own, that was priced from spending read with hours. Every
 * hour is taken to have cost what its invocations cost on average; what the rest of the
 * month is forecast to use is then priced with the whole, so free quantities and tiers
 * are right. *out is NULL while no whole hour is known. 0 or -errno. */
int outlook_json(const struct bill *bill, const struct spending *spending,
    int64_t month_end_ns, json_t **out);

#endif
