/* Google Cloud Functions, 1st generation. Rules:
 * https://cloud.google.com/functions/pricing (archived:
 * http://web.archive.org/web/20210110062715/https://cloud.google.com/functions/pricing)
 * and, for the CPU of a size,
 * https://docs.cloud.google.com/functions/1stgendocs/configuring/memory
 */
#include "price/plan/parts.h"

#define STEP_MS 100
#define DEFAULT_MB 256

static const uint32_t sizes_mb[] = {128, 256, 512, 1024, 2048, 4096, 8192};
#define SIZES_N (sizeof(sizes_mb) / sizeof(sizes_mb[0]))

/* The CPU comes with the size. */
uint32_t plan_functions_1_mhz(uint32_t memory_mb)
{
	static const uint32_t mhz[SIZES_N] = {200, 400, 800, 1400, 2400, 4800, 4800};
	size_t i = 0;

	while (i + 1 < SIZES_N && sizes_mb[i] < memory_mb)
		i++;
	return mhz[i];
}

uint32_t plan_functions_1_memory_mb(const struct invocation *inv)
{
	return plan_size_mb(inv, sizes_mb, SIZES_N, DEFAULT_MB);
}

/* From the request's arrival to its end; an instance has one request at a time. */
static void count(const struct invocation *inv, struct usage *usage)
{
	if (!(inv->has & HAS_DURATION))
		return;

	uint64_t ms = plan_round_up_ms(inv->duration_ns, STEP_MS);
	uint32_t mb = plan_functions_1_memory_mb(inv);

	if (ms == 0)
		ms = STEP_MS;
	plan_bill(usage, USAGE_GCF_MB_MS, plan_multiply(ms, mb));
	plan_bill(usage, USAGE_GCF_MHZ_MS, plan_multiply(ms, plan_functions_1_mhz(mb)));
}

static const struct plan_line lines[] = {
    {.item = "invocations",
	.price_key = "functions1.invocations",
	.quantity = USAGE_RUN_REQUESTS,
	.unit_size = 1,
	.unit = "invocation",
	.free_tier_key = "functions1.free.invocations"},
    {.item = "memory",
	.price_key = "functions1.memory",
	.quantity = USAGE_GCF_MB_MS,
	.unit_size = PLAN_MB_MS_PER_GB_S,
	.unit = "GB-s",
	.free_tier_key = "functions1.free.memory"},
    {.item = "cpu",
	.price_key = "functions1.cpu",
	.quantity = USAGE_GCF_MHZ_MS,
	.unit_size = 1000000,
	.unit = "GHz-s",
	.free_tier_key = "functions1.free.cpu"},
    {.item = "idle_memory",
	.price_key = "functions1.idle.memory",
	.quantity = STATED_GCF_IDLE_MB_MS,
	.unit_size = PLAN_MB_MS_PER_GB_S,
	.unit = "GB-s",
	.optional = true},
    {.item = "idle_cpu",
	.price_key = "functions1.idle.cpu",
	.quantity = STATED_GCF_IDLE_MHZ_MS,
	.unit_size = 1000000,
	.unit = "GHz-s",
	.optional = true},
    {.item = "networking",
	.price_key = "functions1.egress",
	.quantity = STATED_GCP_EGRESS_BYTES,
	.unit_size = 1ULL << 30,
	.unit = "GB",
	.free_tier_key = "functions1.free.egress",
	.optional = true},
};

static const char *const assumptions[] = {
    "Each request bills its own time, rounded up to 100 ms, at least 100 ms.",
    "Sizes are 128, 256, 512, 1024, 2048, 4096 and 8192 MB; the CPU comes with them.",
    "The smallest that holds the configured size is billed, or else the observed peak.",
    "A function of which neither is known has 256 MB.",
    "The start of an instance before the request is handled is not billed (unverified).",
    "Data sent out is what is stated; a request does not tell where its answer went.",
    NULL,
};

const struct plan plan_gcp_functions_1 = {
    .name = "gcp-functions-1",
    .provider = "gcp",
    .default_region = "us-central1",
    .count = count,
    .lines = lines,
    .lines_n = sizeof(lines) / sizeof(lines[0]),
    .assumptions = assumptions,
    .memory_max_mb = 8192,
};
