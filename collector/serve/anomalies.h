/* Functions whose volume or cost left its band lately. */
#ifndef COLDMETER_SERVE_ANOMALIES_H
#define COLDMETER_SERVE_ANOMALIES_H

#include <jansson.h>

#include "serve/bill.h"
#include "serve/spending.h"

/* [{"function","version","day","what":"volume"|"cost_per_invocation","direction",
 * "cause","value","usual","low","high","duration_ms","init_ms","memory_mb"}] of spending
 * read with hours, each function under its own platform's plan; the last three are
 * objects {"usual","now"}. *out is a new reference. 0 or -errno. */
int anomalies_json(
    const struct bill_terms *terms, const struct spending *spending, json_t **out);

#endif
