/* A bill that was priced, as the parts of the answer to GET /v1/invoice. */
#ifndef COLDMETER_SERVE_BILL_JSON_H
#define COLDMETER_SERVE_BILL_JSON_H

#include <jansson.h>

#include "serve/bill.h"

/* The invoices, one for each plan, region and architecture; those with companions have
 * "companions":{"lines","total_usd","assumptions"} and "with_companions_usd". A new
 * reference, or NULL when out of memory, as the others. */
json_t *bill_plans_json(const struct bill *bill);

/* [{"plan","reason"}] of the plans that were left out; NULL: none was. */
json_t *bill_not_priced_json(const struct bill *bill);

/* {"plans":[{"plan","total_usd","compute_usd","companions_usd","difference_usd","speed"}],
 * "assumptions":[..]}, cheapest first. */
json_t *bill_comparison_json(const struct bill *bill);

/* {"key","parts":[{"value","invocations","total_usd"|"totals","lines","tags"}],
 * "assumptions"}; parts add up to the whole. */
json_t *bill_parts_json(const struct bill *bill, const char *by);

#endif
