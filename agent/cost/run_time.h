/* What the kernel counted of BPF programs: how often they ran, how long, and when not. */
#ifndef COLDMETER_AGENT_COST_RUN_TIME_H
#define COLDMETER_AGENT_COST_RUN_TIME_H

#include <stdint.h>

struct run_time {
	uint64_t ns;
	uint64_t runs;
	uint64_t missed; /* left out: the program was under way on that CPU already */
};

/* Adds what one program has had so far, by its descriptor. ns and runs grow only while
 * the kernel counts, missed always. 0 or -errno. */
int run_time_add(int program, struct run_time *sum);

/* What counting itself adds to each run, in nanoseconds: what an empty program reads.
 * Needs root. 0 when it cannot be told: figures are upper bounds then. */
double run_time_of_counting(void);

/* The share of the CPU time of a host that runs took in wall_ns: less what counting
 * added, never below 0. */
double run_time_share(
    const struct run_time *runs, double counting_ns, uint64_t wall_ns, unsigned int cpus);

#endif
