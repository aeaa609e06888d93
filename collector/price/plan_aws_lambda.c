/* AWS Lambda, on demand. Rules: https://aws.amazon.com/lambda/pricing/ and, for the init
 * phase,
 * https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
 */
#include "price/plan_parts.h"

/* 2025-08-01: the init phase is billed. Before, it was free for ZIP packages on managed
 * runtimes, which is what we assume of an earlier invocation. */
#define INIT_BILLED_SINCE_NS 1754006400000000000LL
/* 2020-12-01: steps of 1 ms instead of 100 ms. */
#define MS_STEPS_SINCE_NS 1606780800000000000LL

/* A GB-s is 1024 MiB for 1000 ms: AWS divides its MB by 1024 in all its examples. */
#define MB_MS_PER_GB_S 1024000

static const struct plan_memory memory = {
    .min_mb = 128, .max_mb = 10240, .observed_min_mb = 128, .unknown_mb = 128};

/* What is billed of the init phase. A prewarmed sandbox's is not: nobody waited for it.
 */
static uint64_t billed_init_ns(const struct invocation *inv)
{
	if (!(inv->has & HAS_INIT))
		return 0;
	if (inv->status == STATUS_INIT_ERROR)
		return inv->init_ns;
	if (inv->start_type != START_COLD || inv->start_ns < INIT_BILLED_SINCE_NS)
		return 0;
	return inv->init_ns;
}

static void count(const struct invocation *inv, struct usage *usage)
{
	uint64_t duration_ns = inv->has & HAS_DURATION ? inv->duration_ns : 0;
	uint32_t step_ms = inv->start_ns < MS_STEPS_SINCE_NS ? 100 : 1;
	/* One rounding of the sum, as in the REPORT line: 250.06 + 100.77 bills 351 ms.
	 */
	uint64_t ms =
	    plan_round_up_ms(plan_add(duration_ns, billed_init_ns(inv)), step_ms);
	struct usage one = {
	    .item = {
		[USAGE_AWS_REQUESTS] = 1,
		[USAGE_AWS_BILLED_MS] = ms,
		[USAGE_AWS_MB_MS] = plan_multiply(ms, plan_memory_mb(inv, &memory)),
	    }};

	usage_add(usage, &one);
}

static const struct plan_line lines[] = {
    {.item = "requests",
	.price_key = "lambda.requests",
	.usage = USAGE_AWS_REQUESTS,
	.unit_size = 1,
	.unit = "request",
	.free_tier_key = "lambda.free.requests"},
    {.item = "compute",
	.price_key = "lambda.duration.{arch}",
	.usage = USAGE_AWS_MB_MS,
	.unit_size = MB_MS_PER_GB_S,
	.unit = "GB-s",
	.free_tier_key = "lambda.free.duration"},
    {.item = "ephemeral_extra",
	.price_key = "lambda.ephemeral",
	.usage = USAGE_AWS_TMP_MB_MS,
	.unit_size = MB_MS_PER_GB_S,
	.unit = "GB-s",
	.optional = true},
};

static const char *const assumptions[] = {
    "Billed time is duration plus init of a cold start, rounded up once to 1 ms; before "
    "2025-08-01 the init is taken as free (ZIP package on a managed runtime), before "
    "2020-12-01 steps are 100 ms.",
    "The init of a sandbox that was ready before its first request (prewarmed) is not "
    "billed on demand.",
    "Memory is the configured size, or else the observed peak rounded up to 128 MB, or "
    "else 128 MB; always 128 to 10240 MB.",
    "Volume discounts are known for regions with the price of us-east-1; elsewhere the "
    "first price holds for any volume.",
    NULL,
};

const struct plan plan_aws_lambda = {
    .name = "aws-lambda",
    .provider = "aws",
    .default_region = "us-east-1",
    .has_arch = true,
    .count = count,
    .lines = lines,
    .lines_n = sizeof(lines) / sizeof(lines[0]),
    .assumptions = assumptions,
    .memory_max_mb = 10240,
};
