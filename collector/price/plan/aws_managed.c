/* AWS Lambda on managed instances: EC2 instances of one's own account that Lambda runs.
 * Rules: https://aws.amazon.com/lambda/pricing/ , which tells the fee and two examples.
 */
#include "price/plan/parts.h"

#define INSTANCE_MAX_MB                                                                  \
	8192 /* of both types: https://aws.amazon.com/ec2/instance-types/ */

#define LINE_INSTANCES(name, key, instances)                                             \
	{                                                                                \
		.item = (name), .price_key = (key), .quantity = (instances),             \
		.unit_size = PLAN_MS_PER_HOUR, .unit = "instance-h", .optional = true    \
	}

static const struct plan_line lines[] = {
    {.item = "requests",
	.price_key = "lambda.managed.requests",
	.quantity = USAGE_AWS_REQUESTS,
	.unit_size = 1,
	.unit = "request"},
    LINE_INSTANCES("instances", "ec2.c7i.xlarge", STATED_MANAGED_C7I_XLARGE_MS),
    LINE_INSTANCES("instances", "ec2.c7g.xlarge", STATED_MANAGED_C7G_XLARGE_MS),
    LINE_INSTANCES(
	"management_fee", "lambda.managed.fee.c7i.xlarge", STATED_MANAGED_C7I_XLARGE_MS),
    LINE_INSTANCES(
	"management_fee", "lambda.managed.fee.c7g.xlarge", STATED_MANAGED_C7G_XLARGE_MS),
};

static const char *const assumptions[] = {
    "Instances bill every second that they are said to exist: EC2's price on demand, and "
    "a fee of 15 % of it; durations and inits bill nothing.",
    "The price of an instance is what the fee on the pricing page is 15 % of.",
    "No free tier: whether it covers these requests is not known.",
    NULL,
};

const struct plan plan_aws_managed = {
    .name = "aws-lambda-managed",
    .provider = "aws",
    .default_region = "us-east-1",
    .count = plan_lambda_count,
    .needs = STATED_MANAGED_C7I_XLARGE_MS,
    .needs_words = "instances, instance_seconds and instance_size: which EC2 instances "
		   "exist, and how long, no invocation tells",
    .lines = lines,
    .lines_n = sizeof(lines) / sizeof(lines[0]),
    .assumptions = assumptions,
    .memory_max_mb = INSTANCE_MAX_MB,
};
