/* Azure Functions, Consumption plan. Rules:
 * https://azure.microsoft.com/en-us/pricing/details/functions/ and
 * https://learn.microsoft.com/azure/azure-functions/functions-consumption-costs
 */
#include "price/plan/parts.h"

#define MIN_MS 100
#define MIN_MB 128
#define MAX_MB 1536

/* An execution begins with the function's code: a failed start of the host is none. */
static void count(const struct invocation *inv, struct usage *usage)
{
	if (!(inv->has & HAS_DURATION))
		return;

	uint64_t ms = plan_round_up_ms(inv->duration_ns, 1);
	uint32_t mb =
	    inv->has & HAS_MEMORY ? plan_observed_mb(inv->peak_memory_bytes) : 0;

	if (ms < MIN_MS)
		ms = MIN_MS;
	if (mb < MIN_MB)
		mb = MIN_MB;
	if (mb > MAX_MB)
		mb = MAX_MB;
	plan_bill(usage, USAGE_AZURE_EXECUTIONS, 1);
	plan_bill(usage, USAGE_AZURE_MB_MS, plan_multiply(ms, mb));
}

static const struct plan_line consumption_lines[] = {
    {.item = "executions",
	.price_key = "consumption.executions",
	.quantity = USAGE_AZURE_EXECUTIONS,
	.unit_size = 1,
	.unit = "execution",
	.free_tier_key = "consumption.free.executions"},
    {.item = "execution_time",
	.price_key = "consumption.duration",
	.quantity = USAGE_AZURE_MB_MS,
	.unit_size = PLAN_MB_MS_PER_GB_S,
	.unit = "GB-s",
	.free_tier_key = "consumption.free.duration"},
};

static const char *const consumption_assumptions[] = {
    "Memory is the observed peak rounded up to 128 MB, 128 to 1536 MB; where it is "
    "unknown, "
    "128 MB.",
    "Time is rounded up to 1 ms, at least 100 ms for each execution.",
    "The start of the host before the function's code runs is not billed (unverified).",
    NULL,
};

const struct plan plan_azure_consumption = {
    .name = "azure-consumption",
    .provider = "azure",
    .default_region = "eastus",
    .count = count,
    .lines = consumption_lines,
    .lines_n = sizeof(consumption_lines) / sizeof(consumption_lines[0]),
    .assumptions = consumption_assumptions,
    .observed_memory = true,
    .memory_max_mb = MAX_MB,
};
