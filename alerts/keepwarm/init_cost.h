/* What usage and cold starts of a function cost, as an amount: 0 where the price book has
 * nothing to say. */
#ifndef COLDMETER_ALERTS_KEEPWARM_INIT_COST_H
#define COLDMETER_ALERTS_KEEPWARM_INIT_COST_H

#include "model/function.h"
#include "model/money.h"
#include "model/usage.h"
#include "price/book.h"

/* Under the plan of its own platform: the same figure as GET /v1/functions. */
struct money init_cost_usage(
    const struct book *book, const struct function *function, const struct usage *usage);

/* What one cold start with that init adds to the bill of an invocation at that moment
 * (AWS bills inits since 2025-08): the difference it makes. */
struct money init_cost(const struct book *book, const struct function *function,
    uint64_t init_ns, int64_t when_ns);

#endif
