/* AWS Lambda with provisioned concurrency, and with SnapStart. Rules:
 * https://aws.amazon.com/lambda/pricing/
 */
#include "price/plan/aws_lines.h"

#define SNAPSHOT_MIN_MS (3 * PLAN_MS_PER_HOUR) /* what a version bills at least */

static const struct plan_line provisioned_lines[] = {
    {.item = "provisioned",
	.price_key = "lambda.provisioned.idle.{arch}",
	.quantity = STATED_AWS_PC_MB_MS,
	.unit_size = PLAN_MB_MS_PER_GB_S,
	.unit = "GB-s"},
    LINE_REQUESTS,
    {.item = "compute_pc",
	.price_key = "lambda.provisioned.duration.{arch}",
	.quantity = STATED_AWS_PC_RUN_MB_MS,
	.unit_size = PLAN_MB_MS_PER_GB_S,
	.unit = "GB-s"},
    LINE_COMPUTE("compute_on_demand", STATED_AWS_PC_RUN_MB_MS),
    LINE_EPHEMERAL,
    LINES_STREAMING,
};

static const char *const provisioned_assumptions[] = {
    "Provisioned concurrency is billed from when it is set until it is taken away, "
    "rounded up to 5 minutes.",
    "What runs beyond the provisioned units is billed on demand, as aws-lambda bills it.",
    "The free tier covers requests of both kinds, as in the vendor's example; its GB-s "
    "cover what runs on demand only.",
    NULL,
};

const struct plan plan_aws_provisioned = {
    .name = "aws-lambda-provisioned",
    .provider = "aws",
    .default_region = "us-east-1",
    .has_arch = true,
    .count = plan_lambda_count,
    .needs = STATED_AWS_PC_MB_MS,
    .needs_words = "pc_units and pc_seconds: how many units were kept ready, and for how "
		   "long, no invocation tells",
    .lines = provisioned_lines,
    .lines_n = sizeof(provisioned_lines) / sizeof(provisioned_lines[0]),
    .assumptions = provisioned_assumptions,
    .memory_max_mb = 10240,
};

/* One snapshot of the function's size, kept for that time. */
static uint64_t stand(const struct function *function, uint64_t ms)
{
	const struct invocation inv = {.function = function};
	uint64_t billed_ms = ms < SNAPSHOT_MIN_MS ? SNAPSHOT_MIN_MS : ms;

	return plan_multiply(billed_ms, plan_lambda_memory_mb(&inv));
}

static const struct plan_line snapstart_lines[] = {
    LINE_REQUESTS,
    LINE_COMPUTE("compute", USAGE_AWS_INIT_MB_MS),
    {.item = "snapstart_cache",
	.price_key = "lambda.snapstart.cache",
	.quantity = STATED_AWS_SNAP_CACHE_MB_MS,
	.unit_size = PLAN_MB_MS_PER_GB_S,
	.unit = "GB-s"},
    {.item = "snapstart_restore",
	.price_key = "lambda.snapstart.restore",
	.quantity = USAGE_AWS_RESTORE_MB,
	.unit_size = 1024,
	.unit = "GB"},
    LINE_EPHEMERAL,
    LINES_STREAMING,
};

static const char *const snapstart_assumptions[] = {
    "Each cold start is a restore of the function's memory instead of an init; the time "
    "of the restore itself is not billed.",
    "A snapshot is kept as long as it is said to be, at least 3 hours; of a ledger, one "
    "of "
    "each version from its first to its last invocation, in the time asked for.",
    "The runtime is none of the Java ones, for which AWS does not charge snapshots.",
    "Duration and memory are counted as under aws-lambda.",
    NULL,
};

const struct plan plan_aws_snapstart = {
    .name = "aws-lambda-snapstart",
    .provider = "aws",
    .default_region = "us-east-1",
    .has_arch = true,
    .count = plan_lambda_count,
    .stand = stand,
    .needs = STATED_AWS_SNAP_CACHE_MB_MS,
    .needs_words =
	"snapstart_active_s: how long a version was active no invocation tells",
    .lines = snapstart_lines,
    .lines_n = sizeof(snapstart_lines) / sizeof(snapstart_lines[0]),
    .assumptions = snapstart_assumptions,
    .memory_max_mb = 10240,
};
