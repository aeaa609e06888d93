/* AWS Lambda, on demand. Rules: https://aws.amazon.com/lambda/pricing/ and, for the init
 * phase,
 * https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
 */
#include "price/plan/aws_lines.h"

/* 2025-08-01: the init phase is billed. Before, it was free for ZIP packages on managed
 * runtimes, which is what we assume of an earlier invocation. */
#define INIT_BILLED_SINCE_NS 1754006400000000000LL
/* 2020-12-01: steps of 1 ms instead of 100 ms. */
#define MS_STEPS_SINCE_NS 1606780800000000000LL

static const struct plan_memory memory = {
    .min_mb = 128, .max_mb = 10240, .observed_min_mb = 128, .unknown_mb = 128};

uint32_t plan_lambda_memory_mb(const struct invocation *inv)
{
	return plan_memory_mb(inv, &memory);
}

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

static uint64_t billed_ms(const struct invocation *inv, uint64_t ns)
{
	return inv->start_ns < MS_STEPS_SINCE_NS ? plan_round_up_ms(ns, 100)
						 : plan_round_up_ms(ns, 1);
}

void plan_lambda_count(const struct invocation *inv, struct usage *usage)
{
	uint64_t duration_ns = inv->has & HAS_DURATION ? inv->duration_ns : 0;
	uint64_t init_ns = billed_init_ns(inv);
	uint32_t mb = plan_memory_mb(inv, &memory);
	/* One rounding of the sum, as in the REPORT line: 250.06 + 100.77 bills 351 ms.
	 */
	uint64_t ms = billed_ms(inv, plan_add(duration_ns, init_ns));

	plan_bill(usage, USAGE_AWS_REQUESTS, 1);
	plan_bill(usage, USAGE_AWS_BILLED_MS, ms);
	plan_bill(usage, USAGE_AWS_MB_MS, plan_multiply(ms, mb));
	if (init_ns > 0)
		plan_bill(usage, USAGE_AWS_INIT_MB_MS,
		    plan_multiply(ms - billed_ms(inv, duration_ns), mb));
	if (inv->start_type == START_COLD)
		plan_bill(usage, USAGE_AWS_RESTORE_MB, mb);
}

static const struct plan_line lines[] = {
    LINE_REQUESTS,
    LINE_COMPUTE("compute", 0),
    LINE_EPHEMERAL,
    LINES_STREAMING,
    {.item = "requests",
	.price_key = "lambda.edge.requests",
	.quantity = STATED_AWS_EDGE_REQUESTS,
	.unit_size = 1,
	.unit = "request",
	.optional = true},
    {.item = "compute",
	.price_key = "lambda.edge.duration",
	.quantity = STATED_AWS_EDGE_MB_MS,
	.unit_size = PLAN_MB_MS_PER_GB_S,
	.unit = "GB-s",
	.optional = true},
    {.item = "tenant_isolation",
	.price_key = "lambda.tenant.{arch}",
	.quantity = STATED_AWS_TENANT_MB,
	.unit_size = 1024,
	.unit = "GB",
	.optional = true},
    {.item = "event_pollers_kafka",
	.price_key = "lambda.epu.kafka",
	.quantity = STATED_AWS_KAFKA_EPU,
	.unit_size = 1000000,
	.unit = "EPU-h",
	.optional = true},
    {.item = "event_pollers_sqs",
	.price_key = "lambda.epu.sqs",
	.quantity = STATED_AWS_SQS_EPU,
	.unit_size = 1000000,
	.unit = "EPU-h",
	.optional = true},
    {.item = "durable_operations",
	.price_key = "lambda.durable.operations",
	.quantity = STATED_AWS_DURABLE_OPERATIONS,
	.unit_size = 1,
	.unit = "operation",
	.optional = true},
    {.item = "durable_written",
	.price_key = "lambda.durable.written",
	.quantity = STATED_AWS_DURABLE_WRITTEN,
	.unit_size = 1000000,
	.unit = "GB",
	.optional = true},
    {.item = "durable_retained",
	.price_key = "lambda.durable.retained",
	.quantity = STATED_AWS_DURABLE_RETAINED,
	.unit_size = 1000000,
	.unit = "GB-month",
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
    .count = plan_lambda_count,
    .lines = lines,
    .lines_n = sizeof(lines) / sizeof(lines[0]),
    .assumptions = assumptions,
    .memory_max_mb = 10240,
};
