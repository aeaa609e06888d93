/* What a function's usage costs under the plan of its own platform. */
#ifndef COLDMETER_SERVE_FIGURES_COST_H
#define COLDMETER_SERVE_FIGURES_COST_H

#include "price/invoice.h"

/* The function's region where the book prices the plan there, else the plan's default. */
const char *cost_region(
    const struct book *book, const struct plan *plan, const struct function *function);

/* 0, or -ENOENT when the book lacks a price. */
int cost_of(const struct book *book, const struct function *function,
    const struct usage *usage, struct money *cost);

#endif
