/* Functions whose volume or cost left its band lately. */
#ifndef COLDMETER_SERVE_FIGURES_ANOMALIES_H
#define COLDMETER_SERVE_FIGURES_ANOMALIES_H

#include <jansson.h>

#include "price/anomaly.h"
#include "price/book.h"
#include "serve/figures/spending.h"

struct anomaly_of {
	const struct function *function;
	struct anomaly anomaly;
	uint64_t elsewhere; /* calls of the function's other versions on that day */
};

/* 0 to go on; else it ends with that. */
typedef int (*anomaly_visit)(void *context, const struct anomaly_of *found);

/* Visits what left its band in the last two days of the spending, function by function in
 * order of name, each under its own platform's plan. A function without a price is passed
 * over. 0, what visit returned, or -ENOMEM. */
int anomalies_find(const struct book *book, const struct spending *spending,
    anomaly_visit visit, void *context);

/* The same of all that the store has of a window, read by ranges of functions, so that
 * memory holds what was found and some 300 bytes of each function. */
int anomalies_look(const struct book *book, struct store *store,
    const struct window *window, anomaly_visit visit, void *context);

/* [{"function","version","day","what":"volume"|"cost_per_invocation","direction",
 * "cause","value","usual","low","high","extra_usd","duration_ms","init_ms",
 * "memory_mb"}] of spending read with hours, each function under its own platform's plan;
 * the last three are objects {"usual","now"}. *out is a new reference. 0 or -errno. */
int anomalies_json(
    const struct book *book, const struct spending *spending, json_t **out);

#endif
