/* The user's own machine: its price an hour, shared by the CPU time and the memory that
 * functions use. Its prices are the user's: the built-in book has none. */
#include "price/plan/parts.h"

#define UNKNOWN_MB 128
#define US_PER_HOUR 3600000000ULL
#define NS_PER_US 1000
#define US_PER_MS 1000

static uint64_t memory_mb(const struct invocation *inv)
{
	if (inv->has & HAS_MEMORY)
		return (inv->peak_memory_bytes >> 20) +
		       (inv->peak_memory_bytes % (1 << 20) != 0);
	if (inv->function && inv->function->memory_limit_mb > 0)
		return inv->function->memory_limit_mb;
	return UNKNOWN_MB;
}

/* Nothing is rounded up here but to the unit that it is counted in. */
static void count(const struct invocation *inv, struct usage *usage)
{
	uint64_t init_ns = inv->has & HAS_INIT ? inv->init_ns : 0;
	uint64_t busy_us = plan_add(plan_busy_ns(inv), init_ns) / NS_PER_US;
	uint64_t cpu_us = inv->has & HAS_CPU ? inv->cpu_ns / NS_PER_US : busy_us;
	uint64_t mb_us = plan_multiply(busy_us, memory_mb(inv));

	plan_bill(usage, USAGE_HOST_CPU_US, cpu_us);
	plan_bill(usage, USAGE_HOST_MB_MS, mb_us / US_PER_MS);
}

static const struct plan_line lines[] = {
    {.item = "cpu",
	.price_key = "host.cpu",
	.quantity = USAGE_HOST_CPU_US,
	.unit_size = US_PER_HOUR,
	.unit = "vCPU-h"},
    {.item = "memory",
	.price_key = "host.memory",
	.quantity = USAGE_HOST_MB_MS,
	.unit_size = 1024 * PLAN_MS_PER_HOUR,
	.unit = "GiB-h"},
    {.item = "unused_cpu",
	.price_key = "host.cpu",
	.quantity = STATED_HOST_CPU_US,
	.less = USAGE_HOST_CPU_US,
	.unit_size = US_PER_HOUR,
	.unit = "vCPU-h",
	.optional = true},
    {.item = "unused_memory",
	.price_key = "host.memory",
	.quantity = STATED_HOST_MB_MS,
	.less = USAGE_HOST_MB_MS,
	.unit_size = 1024 * PLAN_MS_PER_HOUR,
	.unit = "GiB-h",
	.optional = true},
};

static const char *const assumptions[] = {
    "CPU is the time on a CPU, or where that is unknown one CPU for all of the busy "
    "time; memory is the observed peak while busy or starting, else the configured size, "
    "else 128 MiB.",
    "Of a machine that is stated, half of its price goes to its CPUs and half to its "
    "memory.",
    "What the machine has and nobody uses is in no invocation's share; it is billed only "
    "where host_hours says how long the machine was kept.",
    NULL,
};

const struct plan plan_own_host = {
    .name = "own-host",
    .provider = "own",
    .default_region = "any",
    .count = count,
    .lines = lines,
    .lines_n = sizeof(lines) / sizeof(lines[0]),
    .assumptions = assumptions,
    .observed_memory = true,
    .memory_max_mb = UINT32_MAX,
    .is_placeless = true,
};
