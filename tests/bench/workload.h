/* What the benches of the ledger store. */
#ifndef COLDMETER_TESTS_BENCH_WORKLOAD_H
#define COLDMETER_TESTS_BENCH_WORKLOAD_H

#include <stdio.h>
#include <stdlib.h>

#include "model/invocation.h"

static inline void workload_functions(struct function *functions, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		functions[i] = (struct function){.platform = PLATFORM_AWS_LAMBDA,
		    .arch = ARCH_X86_64,
		    .memory_limit_mb = 256};
		(void)snprintf(
		    functions[i].name, sizeof(functions[i].name), "function-%zu", i);
	}
}

/* Of one of n functions: skewed popularity, durations of 20 to 140 ms with a tail; 1 in
 * 50 is cold. Times are whole microseconds, as our agent tells them. */
static inline struct invocation workload_invocation(
    const struct function *functions, size_t n, unsigned int *seed, int64_t start_ns)
{
	double u = (double)rand_r(seed) / RAND_MAX;
	size_t f = (size_t)(u * u * u * (double)(n - 1));
	uint64_t tail =
	    1 + (uint64_t)(rand_r(seed) % 8) * (uint64_t)(rand_r(seed) % 8) / 8;
	struct invocation inv = {.function = &functions[f],
	    .kind = KIND_LAMBDA,
	    .start_type = rand_r(seed) % 50 ? START_WARM : START_COLD,
	    .has = HAS_DURATION | HAS_CPU | HAS_MEMORY,
	    .start_ns = start_ns - start_ns % 1000,
	    .duration_ns =
		1000 * ((20 + (f % 120)) * 1000 * tail + (uint64_t)(rand_r(seed) % 1000)),
	    .cpu_ns = 1000 * (1000 + (uint64_t)(rand_r(seed) % 5000)),
	    .peak_memory_bytes = (64U << 20) + (uint64_t)(rand_r(seed) % 1000) * 4096,
	    .concurrency = 1};

	if (inv.start_type == START_COLD) {
		inv.has |= HAS_INIT;
		inv.init_ns = 1000 * (200000 + (uint64_t)(rand_r(seed) % 300000));
	}
	(void)snprintf(inv.request_id, sizeof(inv.request_id),
	    "%08x-%04x-4000-8000-%012x", (unsigned int)rand_r(seed),
	    (unsigned int)rand_r(seed) & 0xffff, (unsigned int)rand_r(seed));
	(void)snprintf(inv.sandbox, sizeof(inv.sandbox), "sandbox-%zu", f);
	return inv;
}

#endif
