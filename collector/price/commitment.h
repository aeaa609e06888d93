/* What a savings plan commits to, settled against the invoices of a plan. */
#ifndef COLDMETER_PRICE_COMMITMENT_H
#define COLDMETER_PRICE_COMMITMENT_H

#include "price/invoice.h"

/* How long a commitment runs in a month that has no dates, in ms: 730 hours, as the
 * vendors' calculators have it. */
#define COMMITMENT_MONTH_MS (730 * 3600000ULL)

/* The plan line of what is not used, in dollars of 10^12 base units. */
extern const struct plan_line commitment_unused;

/* When usage was: how much in each of n hours, in any unit. n 0: evenly. */
struct commitment_hours {
	const uint64_t *weights;
	size_t n;
};

/* Of the invoices of one plan: what the commitments of its provider pay for in ms, each
 * hour its part, the largest discount first, keeps the discounted price; what is beyond
 * them becomes on demand, a line of its own where a tier is cut; what is left of a
 * commitment becomes a line of the first invoice. Sums stay those of the lines. 0, or
 * -E2BIG when an invoice has no room for another line; then the invoices are of no use. n
 * may be 0. */
int commitments_settle(const struct book *book, struct invoice *const *invoices, size_t n,
    uint64_t ms, const struct commitment_hours *hours);

#endif
