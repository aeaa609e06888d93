/* What the plans of this room share: their list, and roundings that several use. */
#ifndef COLDMETER_PRICE_PLAN_PARTS_H
#define COLDMETER_PRICE_PLAN_PARTS_H

#include "price/plan.h"

extern const struct plan plan_aws_lambda;
extern const struct plan plan_azure_consumption;
extern const struct plan plan_gcp_run_request;

/* How a plan finds the size it bills when it bills the configured one, in MiB. */
struct plan_memory {
	uint32_t min_mb;
	uint32_t max_mb;
	uint32_t observed_min_mb; /* when taken from the observed peak */
	uint32_t unknown_mb;      /* when neither is known */
};

/* The configured size, else the observed peak rounded up to 128 MiB, else unknown_mb;
 * held between min_mb and max_mb. */
uint32_t plan_memory_mb(const struct invocation *inv, const struct plan_memory *rule);

/* Rounded up to the next 128 MiB. */
uint32_t plan_observed_mb(uint64_t bytes);

/* Rounded up to the next step, in ms. */
uint64_t plan_round_up_ms(uint64_t ns, uint32_t step_ms);

/* a x b and a + b, saturating. */
uint64_t plan_multiply(uint64_t a, uint64_t b);
uint64_t plan_add(uint64_t a, uint64_t b);

#endif
