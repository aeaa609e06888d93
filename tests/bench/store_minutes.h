/* The minutes that the bench of the store keeps. */
#ifndef TESTS_BENCH_STORE_MINUTES_H
#define TESTS_BENCH_STORE_MINUTES_H

#include "model/rollup.h"
#include "price/plan.h"
#include "tests/bench/store_file.h"
#include "tests/unit/random.h"

/* What a function's minutes are like. */
struct likeness {
	int64_t start_ns; /* that has rules of billing */
	uint64_t *seed;
	size_t values;
	double median_ns; /* of durations; 0: another one each minute */
	bool few_peaks;   /* memory peaks come again, as they do of a real function */
};

/* A minute of one function: log-normal durations, 1 in 50 cold. */
static inline void make_minute(void *context, struct rollup *rollup)
{
	static const struct function f = {
	    .platform = PLATFORM_AWS_LAMBDA, .arch = ARCH_X86_64, .memory_limit_mb = 256};
	const struct likeness *like = context;
	uint64_t *seed = like->seed;
	double median_ns = like->median_ns > 0
			       ? like->median_ns
			       : 1e6 * (double)(20 + random_below(seed, 120));

	for (size_t i = 0; i < like->values; i++) {
		struct invocation inv = {.function = &f,
		    .kind = KIND_LAMBDA,
		    .start_type = random_below(seed, 50) ? START_WARM : START_COLD,
		    .has = HAS_DURATION | HAS_CPU | HAS_MEMORY,
		    .start_ns = like->start_ns,
		    .duration_ns = (uint64_t)random_log_normal(seed, median_ns, 0.8),
		    .cpu_ns = 1000000 + random_below(seed, 5000000),
		    .peak_memory_bytes = (64U << 20) + random_below(seed, 1000) * 4096,
		    .concurrency = 1};
		struct usage usage = {0};

		if (like->few_peaks)
			inv.peak_memory_bytes = (64U << 20) + random_below(seed, 4) *
								  random_below(seed, 4) *
								  111 * 4096;
		if (inv.start_type == START_COLD) {
			inv.has |= HAS_INIT;
			inv.init_ns = 200000000 + random_below(seed, 300000000);
		}
		plan_count_all(&inv, &usage);
		if (rollup_add(rollup, &inv, &usage) < 0)
			die("rollup_add");
	}
}

#endif
