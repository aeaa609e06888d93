/* What the agent tells of its host besides invocations: what watching costs, and what was
 * not seen. */
#ifndef COLDMETER_AGENT_COST_FIGURES_H
#define COLDMETER_AGENT_COST_FIGURES_H

#include <stdint.h>

#include "agent/cost/overhead.h"
#include "agent/cost/shedding.h"
#include "bpf/record.h"
#include "wire/host_figures.h"

struct figures_sources {
	const struct overhead_cost *cost;
	const struct shedding *shedding;
	const uint64_t *counts; /* RECORD_COUNTS of them, of the kernel */
	uint64_t missed_runs;
};

/* Fills *out; what is not known is absent. */
void figures_read(const struct figures_sources *from, struct host_figures *out);

/* Runs of the probes that the kernel left out, since they were loaded. Each time that
 * there are more, and a hundred times as many as when that was said last, one line says
 * so; *said is for that, and begins as 0. */
uint64_t figures_missed(const struct probes *probes, uint64_t *said);

#endif
