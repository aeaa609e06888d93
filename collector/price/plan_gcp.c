/* Google Cloud Run, billed by request; also 2nd generation functions. Rules:
 * https://cloud.google.com/run/pricing
 */
#include "price/plan_parts.h"

#define STEP_MS 100
#define MCPU 1000 /* 1 vCPU, the default of a service */

/* A configured size starts at 128 MiB. Where it is unknown we take Cloud Run's default of
 * 512 MiB, also the least that its second generation environment runs with. */
static const struct plan_memory memory = {
    .min_mb = 128, .max_mb = 32768, .observed_min_mb = 512, .unknown_mb = 512};

/* Time that this invocation adds to its instance's busy time. Without busy_ns, one that
 * began while others ran is taken to be inside their time. */
static uint64_t busy_ns(const struct invocation *inv)
{
	if (inv->has & HAS_BUSY)
		return inv->busy_ns;
	if ((inv->has & HAS_DURATION) && inv->concurrency <= 1)
		return inv->duration_ns;
	return 0;
}

/* The start of the container is billed, whether or not it came up. */
static uint64_t billed_init_ns(const struct invocation *inv)
{
	bool waited = inv->start_type == START_COLD || inv->status == STATUS_INIT_ERROR;

	return (inv->has & HAS_INIT) && waited ? inv->init_ns : 0;
}

static void count(const struct invocation *inv, struct usage *usage)
{
	uint64_t ms =
	    plan_round_up_ms(plan_add(busy_ns(inv), billed_init_ns(inv)), STEP_MS);
	struct usage one = {
	    .item = {
		[USAGE_RUN_REQUESTS] = 1,
		[USAGE_RUN_BILLED_MS] = ms,
		[USAGE_RUN_MCPU_MS] = plan_multiply(ms, MCPU),
		[USAGE_RUN_MB_MS] = plan_multiply(ms, plan_memory_mb(inv, &memory)),
	    }};

	usage_add(usage, &one);
}

static const struct plan_line run_request_lines[] = {
    {.item = "requests",
	.price_key = "run.requests",
	.usage = USAGE_RUN_REQUESTS,
	.unit_size = 1,
	.unit = "request",
	.free_tier_key = "run.free.requests"},
    {.item = "cpu",
	.price_key = "run.cpu",
	.usage = USAGE_RUN_MCPU_MS,
	.unit_size = 1000000,
	.unit = "vCPU-s",
	.free_tier_key = "run.free.cpu"},
    {.item = "memory",
	.price_key = "run.memory",
	.usage = USAGE_RUN_MB_MS,
	.unit_size = 1024000,
	.unit = "GiB-s",
	.free_tier_key = "run.free.memory"},
};

static const char *const run_request_assumptions[] = {
    "Each request bills its share of its instance's busy time, plus the container's "
    "start "
    "for the request that waited for it, rounded up to 100 ms.",
    "1 vCPU for each instance.",
    "Memory is the configured size, or else the observed peak rounded up to 128 MiB and "
    "at "
    "least 512 MiB; where neither is known, 512 MiB.",
    "The free tier is a credit at Tier 1 prices: fewer units in Tier 2 regions.",
    "No minimum instances, so no idle time.",
    NULL,
};

const struct plan plan_gcp_run_request = {
    .name = "gcp-run-request",
    .provider = "gcp",
    .default_region = "us-central1",
    .count = count,
    .lines = run_request_lines,
    .lines_n = sizeof(run_request_lines) / sizeof(run_request_lines[0]),
    .assumptions = run_request_assumptions,
    .memory_max_mb = 32768,
    .free_is_credit = true,
};
