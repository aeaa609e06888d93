/* What usage of a function costs under the plan of its own platform. */
#ifndef COLDMETER_ALERTS_COST_H
#define COLDMETER_ALERTS_COST_H

#include "model/function.h"
#include "model/money.h"
#include "model/usage.h"
#include "price/book.h"

/* In its region where the book has prices there, else in the plan's default region; no
 * free tier. 0 dollars when the book has no price at all. */
struct money cost_of(
    const struct book *book, const struct function *function, const struct usage *usage);

/* What one cold start with that init adds to the bill of an invocation at that moment,
 * under the function's plan (AWS bills inits since 2025-08): the difference it makes. */
struct money cost_of_init(const struct book *book, const struct function *function,
    uint64_t init_ns, int64_t when_ns);

#endif
