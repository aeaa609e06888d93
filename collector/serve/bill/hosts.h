/* A bill by host: rollups know none, the invocations as received do. */
#ifndef COLDMETER_SERVE_BILL_HOSTS_H
#define COLDMETER_SERVE_BILL_HOSTS_H

#include "serve/bill.h"
#include "serve/figures/spending.h"

/* bill_fill() by host. Reads every invocation of the window that is kept. */
int bill_fill_hosts(struct bill *bill, const struct spending *spending,
    struct store *store, const char *function);

#endif
