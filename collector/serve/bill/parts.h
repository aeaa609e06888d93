/* Which part of a bill (function, day, host, ...) every figure of a month belongs to. */
#ifndef COLDMETER_SERVE_BILL_PARTS_H
#define COLDMETER_SERVE_BILL_PARTS_H

#include "serve/bill.h"
#include "serve/figures/spending.h"

enum bill_key {
	BILL_BY_NOTHING, /* one part */
	BILL_BY_FUNCTION,
	BILL_BY_DAY,
	BILL_BY_HOST,
	BILL_BY_REGION,
	BILL_BY_PLATFORM,
	BILL_BY_TAG
};

struct bill_by {
	enum bill_key key;
	const char *tag; /* of BILL_BY_TAG; points into what was parsed */
};

/* Reads "function", "day", "host", "region", "platform" or "tag:KEY"; NULL or "": by
 * nothing. 0 or -EINVAL. */
int bill_by_parse(const char *text, struct bill_by *out);

/* Fills a bill with all usage of the window that was read. Hosts are told by invocations
 * as they were received, so only where those are still kept: the rest is the part "".
 * function as in spending_read(). 0 or -errno. */
int bill_fill(struct bill *bill, const struct spending *spending, struct store *store,
    const struct bill_by *by, const char *function);

#endif
