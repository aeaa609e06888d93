/* What every plan bills for an invocation: ns each, and 10 million of them in a pass. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "price/plan.h"
#include "tests/unit/random.h"

#define INVOCATIONS 4096
#define PASS 10000000
#define START_NS 1795305600000000000LL /* 2026-11-22 */

static struct function function = {.memory_limit_mb = 512};
static struct invocation invocations[INVOCATIONS];

static double now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* As an agent tells them: one of a hundred is cold. */
static void fill(void)
{
	uint64_t seed = 1;

	for (size_t i = 0; i < INVOCATIONS; i++) {
		struct invocation *inv = &invocations[i];

		*inv = (struct invocation){.function = &function,
		    .has = HAS_DURATION | HAS_BUSY | HAS_CPU | HAS_MEMORY,
		    .start_type = START_WARM,
		    .start_ns = START_NS,
		    .duration_ns = (uint64_t)random_log_normal(&seed, 50e6, 1),
		    .peak_memory_bytes = 50000000 + random_below(&seed, 100000000),
		    .concurrency = 1 + (uint32_t)random_below(&seed, 3)};
		inv->cpu_ns = inv->duration_ns / 3;
		inv->busy_ns = inv->duration_ns / inv->concurrency;
		if (i % 100)
			continue;
		inv->has |= HAS_INIT;
		inv->start_type = START_COLD;
		inv->init_ns = 200000000;
	}
}

int main(void)
{
	struct usage usage = {0};
	double best = INFINITY;

	fill();
	for (int run = 0; run < 5; run++) {
		double start = now_ns();

		for (size_t i = 0; i < PASS; i++)
			plan_count_all(&invocations[i % INVOCATIONS], &usage);
		best = fmin(best, now_ns() - start);
	}
	printf("plans    count %.1f ns/invocation, 10 million in %.2f s (%ju MB-ms)\n",
	    best / PASS, best / 1e9, (uintmax_t)usage.item[USAGE_AWS_MB_MS]);
	return 0;
}
