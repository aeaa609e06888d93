/* One ledger under several plans: what is cheapest, and how fast each is taken to be. */
#ifndef COLDMETER_PRICE_COMPARE_H
#define COLDMETER_PRICE_COMPARE_H

#include <stddef.h>
#include <stdint.h>

#include "model/money.h"
#include "model/usage.h"
#include "price/plan.h"

#define COMPARE_PLANS_MAX 16
#define SPEED_SAME 1000

/* How fast functions run under a plan, in thousandths of how fast they were measured:
 * 2000 is twice as fast, so half the time. */
struct speeds {
	uint32_t
	    everywhere; /* under plans that are not the function's own; 0: not said */
	uint32_t plan[COMPARE_PLANS_MAX]; /* by place in plans[]; 0: not said */
};

/* Reads "1.5" or "azure-consumption=0.8,gcp-run-request=1.2": factors from 0.01 to 100,
 * at most 3 decimals. 0, or -EINVAL with a sentence in why. */
int speeds_parse(const char *text, struct speeds *out, char *why, size_t why_size);

/* The speed under a plan of a function whose own plan is home. */
uint32_t speeds_under(
    const struct speeds *speeds, const struct plan *plan, const struct plan *home);

/* Makes what the plan bills by time (units such as GB-s) as long as that speed has it,
 * rounded half up; counts such as requests stay. */
void speed_apply(const struct plan *plan, uint32_t speed, struct usage *usage);

/* A plan's total in a comparison. */
struct compare_row {
	const struct plan *plan;
	struct money compute;
	struct money companions;
	struct money total;      /* of both */
	struct money difference; /* to the cheapest */
};

/* Cheapest first, plans of one total in the order of their table; fills differences. */
void compare_sort(struct compare_row *rows, size_t n);

#endif
