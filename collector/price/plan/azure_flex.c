/* Azure Functions, Flex Consumption and Premium: both bill the size of an instance, not
 * the memory in use. Rules:
 * https://azure.microsoft.com/en-us/pricing/details/functions/ and
 * https://learn.microsoft.com/azure/azure-functions/functions-consumption-costs
 */
#include "price/plan/parts.h"

#define MIN_MS 1000
#define STEP_MS 100

/* https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan */
static const uint32_t sizes_mb[] = {512, 2048, 4096};
#define DEFAULT_MB 2048

uint32_t plan_flex_memory_mb(const struct invocation *inv)
{
	return plan_size_mb(
	    inv, sizes_mb, sizeof(sizes_mb) / sizeof(sizes_mb[0]), DEFAULT_MB);
}

/* The least time holds for each active period of an instance: the execution that began
 * one settles it. */
static void count(const struct invocation *inv, struct usage *usage)
{
	if (!(inv->has & HAS_DURATION))
		return;

	uint64_t ms = plan_round_up_ms(plan_busy_ns(inv), STEP_MS);

	if (inv->concurrency <= 1 && ms < MIN_MS)
		ms = MIN_MS;
	plan_bill(usage, USAGE_FLEX_MB_MS, plan_multiply(ms, plan_flex_memory_mb(inv)));
}

static const struct plan_line flex_lines[] = {
    {.item = "executions",
	.price_key = "flex.executions",
	.quantity = USAGE_AZURE_EXECUTIONS,
	.less = STATED_FLEX_READY_EXECUTIONS,
	.unit_size = 1,
	.unit = "execution",
	.free_tier_key = "flex.free.executions"},
    {.item = "execution_time",
	.price_key = "flex.duration",
	.quantity = USAGE_FLEX_MB_MS,
	.less = STATED_FLEX_READY_RUN_MB_MS,
	.unit_size = PLAN_MB_MS_PER_GB_S,
	.unit = "GB-s",
	.free_tier_key = "flex.free.duration"},
    {.item = "always_ready_baseline",
	.price_key = "flex.ready.baseline",
	.quantity = STATED_FLEX_READY_MB_MS,
	.unit_size = PLAN_MB_MS_PER_GB_S,
	.unit = "GB-s",
	.optional = true},
    {.item = "always_ready_execution_time",
	.price_key = "flex.ready.duration",
	.quantity = STATED_FLEX_READY_RUN_MB_MS,
	.unit_size = PLAN_MB_MS_PER_GB_S,
	.unit = "GB-s",
	.optional = true},
    {.item = "always_ready_executions",
	.price_key = "flex.executions",
	.quantity = STATED_FLEX_READY_EXECUTIONS,
	.unit_size = 1,
	.unit = "execution",
	.optional = true},
};

static const char *const flex_assumptions[] = {
    "The size of the instance is billed while it executes anything: 512, 2048 or 4096 "
    "MB, the smallest that holds the configured size, or else the observed peak; 2048 MB "
    "where neither is known.",
    "Executions that share an instance share its time, rounded up to 100 ms, at least "
    "1000 ms each time that an idle instance begins to execute (the vendor leaves open "
    "whether for each execution).",
    "The start of an instance before the function's code runs is not billed "
    "(unverified).",
    "No instances are always ready unless they are stated; for those there is no free "
    "tier.",
    NULL,
};

const struct plan plan_azure_flex = {
    .name = "azure-flex",
    .provider = "azure",
    .default_region = "eastus2",
    .count = count,
    .lines = flex_lines,
    .lines_n = sizeof(flex_lines) / sizeof(flex_lines[0]),
    .assumptions = flex_assumptions,
    .memory_max_mb = 4096,
};

static const struct plan_line premium_lines[] = {
    {.item = "vcpu",
	.price_key = "premium.vcpu",
	.quantity = STATED_PREMIUM_MCPU_MS,
	.unit_size = 1000 * PLAN_MS_PER_HOUR,
	.unit = "vCPU-h"},
    {.item = "memory",
	.price_key = "premium.memory",
	.quantity = STATED_PREMIUM_MB_MS,
	.unit_size = 1024 * PLAN_MS_PER_HOUR,
	.unit = "GiB-h"},
};

static const char *const premium_assumptions[] = {
    "Instances bill every second that they exist, at least one of them always; "
    "executions are free.",
    "EP1 is 1 vCPU and 3.5 GiB, EP2 twice and EP3 four times that; EP1 unless "
    "instance_size says another.",
    NULL,
};

const struct plan plan_azure_premium = {
    .name = "azure-premium",
    .provider = "azure",
    .default_region = "eastus",
    .needs = STATED_PREMIUM_MCPU_MS,
    .needs_words = "instances and instance_seconds: it bills how long instances exist, "
		   "which no invocation tells",
    .lines = premium_lines,
    .lines_n = sizeof(premium_lines) / sizeof(premium_lines[0]),
    .assumptions = premium_assumptions,
    .memory_max_mb = 14336,
};
