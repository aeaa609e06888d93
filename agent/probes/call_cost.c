#include "agent/probes/call_cost.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

#define ROUNDS 25
#define CALLS 1000

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

double call_cost_ns(void)
{
	double rounds[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t start_ns = clock_boot_ns();

		for (int n = 0; n < CALLS; n++)
			(void)syscall(SYS_getppid);
		rounds[i] = (double)(clock_boot_ns() - start_ns) / CALLS;
	}
	qsort(rounds, ROUNDS, sizeof(rounds[0]), ascending);
	return rounds[ROUNDS / 2];
}
