/* Google Cloud Run, billed by request or by instance; also 2nd generation functions.
 * Rules: https://cloud.google.com/run/pricing
 */
#include "price/plan/parts.h"

#define STEP_MS 100
#define MCPU 1000 /* 1 vCPU, the default of a service */

/* A configured size starts at 128 MiB. Where it is unknown we take Cloud Run's default of
 * 512 MiB, also the least that its second generation environment runs with. */
static const struct plan_memory memory = {
    .min_mb = 128, .max_mb = 32768, .observed_min_mb = 512, .unknown_mb = 512};

uint32_t plan_run_memory_mb(const struct invocation *inv)
{
	return plan_memory_mb(inv, &memory);
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
	    plan_round_up_ms(plan_add(plan_busy_ns(inv), billed_init_ns(inv)), STEP_MS);

	plan_bill(usage, USAGE_RUN_REQUESTS, 1);
	plan_bill(usage, USAGE_RUN_BILLED_MS, ms);
	plan_bill(usage, USAGE_RUN_MCPU_MS, plan_multiply(ms, MCPU));
	plan_bill(
	    usage, USAGE_RUN_MB_MS, plan_multiply(ms, plan_memory_mb(inv, &memory)));
}

static const struct plan_line run_request_lines[] = {
    {.item = "requests",
	.price_key = "run.requests",
	.quantity = USAGE_RUN_REQUESTS,
	.unit_size = 1,
	.unit = "request",
	.free_tier_key = "run.free.requests"},
    {.item = "cpu",
	.price_key = "run.cpu",
	.quantity = USAGE_RUN_MCPU_MS,
	.unit_size = PLAN_MCPU_MS_PER_VCPU_S,
	.unit = "vCPU-s",
	.free_tier_key = "run.free.cpu"},
    {.item = "memory",
	.price_key = "run.memory",
	.quantity = USAGE_RUN_MB_MS,
	.unit_size = PLAN_MB_MS_PER_GB_S,
	.unit = "GiB-s",
	.free_tier_key = "run.free.memory"},
    {.item = "idle_cpu",
	.price_key = "run.idle.cpu",
	.quantity = STATED_RUN_IDLE_MCPU_MS,
	.unit_size = PLAN_MCPU_MS_PER_VCPU_S,
	.unit = "vCPU-s",
	.optional = true},
    {.item = "idle_memory",
	.price_key = "run.idle.memory",
	.quantity = STATED_RUN_IDLE_MB_MS,
	.unit_size = PLAN_MB_MS_PER_GB_S,
	.unit = "GiB-s",
	.optional = true},
};

static const char *const run_request_assumptions[] = {
    "Each request bills its share of its instance's busy time, plus the container's "
    "start "
    "for the request that waited for it, rounded up to 100 ms.",
    "1 vCPU for each instance, unless vcpus are stated.",
    "Memory is the configured size, or else the observed peak rounded up to 128 MiB and "
    "at "
    "least 512 MiB; where neither is known, 512 MiB.",
    "The free tier is a credit at Tier 1 prices: fewer units in Tier 2 regions.",
    "No minimum instances unless they are stated; those are busy before others are, and "
    "idle for the rest of their time.",
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

static const struct plan_line run_instance_lines[] = {
    {.item = "cpu",
	.price_key = "run.instance.cpu",
	.quantity = STATED_RUN_INSTANCE_MCPU_MS,
	.unit_size = PLAN_MCPU_MS_PER_VCPU_S,
	.unit = "vCPU-s",
	.free_tier_key = "run.instance.free.cpu"},
    {.item = "memory",
	.price_key = "run.instance.memory",
	.quantity = STATED_RUN_INSTANCE_MB_MS,
	.unit_size = PLAN_MB_MS_PER_GB_S,
	.unit = "GiB-s",
	.free_tier_key = "run.instance.free.memory"},
};

static const char *const run_instance_assumptions[] = {
    "An instance bills from its start to its end, busy or not, in 100 ms steps and at "
    "least a minute; requests are free.",
    "1 vCPU and 512 MiB for each instance, unless vcpus and memory_mb are stated.",
    "The free tier is a credit at Tier 1 prices: fewer units in Tier 2 regions.",
    NULL,
};

const struct plan plan_gcp_run_instance = {
    .name = "gcp-run-instance",
    .provider = "gcp",
    .default_region = "us-central1",
    .needs = STATED_RUN_INSTANCE_MCPU_MS,
    .needs_words = "instances and instance_seconds: it bills how long instances live, "
		   "which no invocation tells",
    .lines = run_instance_lines,
    .lines_n = sizeof(run_instance_lines) / sizeof(run_instance_lines[0]),
    .assumptions = run_instance_assumptions,
    .memory_max_mb = 32768,
    .free_is_credit = true,
};
