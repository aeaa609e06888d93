/* What watching costs this host: the agent's own process, and its probes, by samples. */
#ifndef COLDMETER_AGENT_COST_OVERHEAD_H
#define COLDMETER_AGENT_COST_OVERHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/probes.h"

/* Shares are of the CPU time of all CPUs of the host, 0 to 1, in the time since the
 * sample before. */
struct overhead_cost {
	bool known;              /* there was a sample */
	bool probes_known;       /* else their figures are 0 */
	uint64_t agent_cpu_ns;   /* since the process began */
	uint64_t probes_cpu_ns;  /* since the first sample, extrapolated from samples */
	uint64_t resident_bytes; /* with the ring's pages once, although mapped twice */
	double agent_share;
	double probes_share;
	double aside_share; /* part of agent_share, see overhead_set_aside() */
};

/* What is held below a limit: all but what was set aside. */
double overhead_judged(const struct overhead_cost *cost);

struct overhead;

/* Before the probes are loaded and before privileges are dropped (it forks, see
 * stats_gate.h). 0 or -ENOMEM. Where the kernel does not count, one line says so and only
 * the process is measured. */
int overhead_open(struct overhead **out);
void overhead_close(struct overhead *overhead);

/* To be called every few hundred milliseconds or oftener; now_ns is boot time. The kernel
 * counts for 1 s of every 30 s, and closely: for 0.25 s of every 2 s. True when there is
 * a new sample. */
bool overhead_turn(struct overhead *overhead, const struct probes *probes,
    uint64_t now_ns, bool closely);

/* Tells how much CPU time of the process, since it began, went into what somebody asked
 * for whatever it costs, up to now. It is part of the cost, and not judged. */
void overhead_set_aside(struct overhead *overhead, uint64_t cpu_ns);

/* The share of the process alone since the last glance, less what was set aside: cheap,
 * without the kernel's help.
 */
double overhead_glance(struct overhead *overhead, uint64_t now_ns);

/* The latest sample; the figures of the process are of now. */
struct overhead_cost overhead_cost(const struct overhead *overhead);

#endif
