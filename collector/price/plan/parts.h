/* What the plans of this room share: their list, and roundings that several use. */
#ifndef COLDMETER_PRICE_PLAN_PARTS_H
#define COLDMETER_PRICE_PLAN_PARTS_H

#include "price/plan.h"

extern const struct plan plan_aws_lambda;
extern const struct plan plan_aws_provisioned;
extern const struct plan plan_aws_snapstart;
extern const struct plan plan_aws_managed;
extern const struct plan plan_azure_consumption;
extern const struct plan plan_azure_flex;
extern const struct plan plan_azure_premium;
extern const struct plan plan_gcp_functions_1;
extern const struct plan plan_gcp_run_request;
extern const struct plan plan_gcp_run_instance;
extern const struct plan plan_own_host;

#define PLAN_MB_MS_PER_GB_S 1024000 /* a GB is 1024 MiB with all three vendors */
#define PLAN_MCPU_MS_PER_VCPU_S 1000000
#define PLAN_MS_PER_HOUR 3600000ULL

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

/* The size to bill of those on offer (ascending, in MiB): the smallest that holds the
 * configured size, else the observed peak, else unknown_mb; the largest when none does.
 */
uint32_t plan_size_mb(const struct invocation *inv, const uint32_t *sizes, size_t sizes_n,
    uint32_t unknown_mb);

/* Rounded up to the next 128 MiB. */
uint32_t plan_observed_mb(uint64_t bytes);

/* Rounded up to the next step, in ms. Here, so that a step that is a constant divides
 * quickly. */
static inline uint64_t plan_round_up_ms(uint64_t ns, uint32_t step_ms)
{
	uint64_t step_ns = step_ms * 1000000ULL;

	return (ns / step_ns + (ns % step_ns != 0)) * step_ms;
}

/* a x b and a + b, saturating. */
static inline uint64_t plan_multiply(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static inline uint64_t plan_add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* Adds to one item, saturating. */
static inline void plan_bill(struct usage *usage, enum usage_item item, uint64_t quantity)
{
	usage->item[item] = plan_add(usage->item[item], quantity);
}

/* Time that this invocation adds to its instance's busy time. Without busy_ns, one that
 * began while others ran is taken to be inside their time. */
static inline uint64_t plan_busy_ns(const struct invocation *inv)
{
	if (inv->has & HAS_BUSY)
		return inv->busy_ns;
	return (inv->has & HAS_DURATION) && inv->concurrency <= 1 ? inv->duration_ns : 0;
}

/* Of AWS Lambda, for the plans that bill as it does. */
void plan_lambda_count(const struct invocation *inv, struct usage *usage);
uint32_t plan_lambda_memory_mb(const struct invocation *inv);

/* The size that the others bill for an invocation, in MiB, and the CPU of one of the
 * first generation of Google's functions, in MHz. */
uint32_t plan_flex_memory_mb(const struct invocation *inv);
uint32_t plan_run_memory_mb(const struct invocation *inv);
uint32_t plan_functions_1_memory_mb(const struct invocation *inv);
uint32_t plan_functions_1_mhz(uint32_t memory_mb);

#endif
