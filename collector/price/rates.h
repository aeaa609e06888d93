/* What one provider charges per unit in one place, for those who weigh choices. */
#ifndef COLDMETER_PRICE_RATES_H
#define COLDMETER_PRICE_RATES_H

#include <stdbool.h>

#include "model/function.h"
#include "model/money.h"
#include "price/book.h"

/* AWS Lambda in one region and architecture, first tier. A GB-s is 1 024 000 MB-ms. */
struct lambda_rates {
	struct money request; /* one request */
	struct money gb_s;    /* one GB-s of duration, on demand */
	bool has_pc; /* whether the book prices provisioned concurrency there; if not, the
			next two are 0 */
	struct money pc_idle_gb_s;     /* one GB-s configured, used or not */
	struct money pc_duration_gb_s; /* one GB-s of duration on a provisioned slot */
};

/* region NULL or "": us-east-1; arch ARCH_UNKNOWN: x86_64. 0, or -ENOENT when the book
 * has no on-demand price in that region; *out is untouched then. */
int rates_lambda(const struct book *book, const char *region, enum arch arch,
    struct lambda_rates *out);

#endif
