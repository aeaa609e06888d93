/* Commitments of savings plans against the groups of a bill. */
#ifndef COLDMETER_SERVE_BILL_COMMITMENTS_H
#define COLDMETER_SERVE_BILL_COMMITMENTS_H

#include "serve/bill.h"

/* Settles what is committed to in ms against invoices[bill->n], those of each plan
 * together; NULL: that group has none. ms 0: nothing is. 0, -E2BIG or -ENOMEM. */
int bill_commitments_settle(
    const struct bill *bill, struct invoice *const *invoices, uint64_t ms);

/* The same of the bill's own invoices so far. Who uses none of a commitment has no name:
 * its part is "". 0, -E2BIG or -ENOMEM. */
int bill_commitments_apply(struct bill *bill);

#endif
