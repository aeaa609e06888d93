#include "agent/cost/figures.h"

#include <stddef.h>

#include "base/log.h"

#define SAY_AGAIN 100 /* times as many */

static uint64_t millionths(double share)
{
	return (uint64_t)(share * HOST_SHARE + 0.5);
}

void figures_read(const struct figures_sources *from, struct host_figures *out)
{
	static const struct {
		enum record_count count;
		enum host_figure figure;
	} counted[] = {{COUNT_TLS, FIGURE_TLS}, {COUNT_HTTP2, FIGURE_HTTP2},
	    {COUNT_READ_FAULT, FIGURE_READ_FAULTS}, {COUNT_LOST_MAP, FIGURE_MAP_FULL},
	    {COUNT_LOST_EXEC, FIGURE_EXEC_LOST}, {COUNT_IO_URING, FIGURE_IO_URING}};
	const struct overhead_cost *cost = from->cost;

	*out = (struct host_figures){.has = 0};
	host_figures_set(out, FIGURE_AGENT_CPU_NS, cost->agent_cpu_ns);
	host_figures_set(out, FIGURE_RESIDENT_BYTES, cost->resident_bytes);
	host_figures_set(out, FIGURE_MAX_SHARE, millionths(from->shedding->max));
	host_figures_set(out, FIGURE_SHED, from->shedding->step);
	if (cost->known)
		host_figures_set(out, FIGURE_AGENT_SHARE, millionths(cost->agent_share));
	if (cost->probes_known) {
		host_figures_set(
		    out, FIGURE_PROBES_SHARE, millionths(cost->probes_share));
		host_figures_set(out, FIGURE_PROBES_CPU_NS, cost->probes_cpu_ns);
	}
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		host_figures_set(out, counted[i].figure, from->counts[counted[i].count]);
	host_figures_set(out, FIGURE_MISSED_RUNS, from->missed_runs);
}

uint64_t figures_missed(const struct probes *probes, uint64_t *said)
{
	struct run_time sum = {0};

	if (probes_run_time(probes, &sum) < 0)
		return 0;
	if (sum.missed > 0 && sum.missed / SAY_AGAIN >= *said) {
		log_warn("the kernel left out %llu runs of the probes, which began while "
			 "the same one was under way on that CPU: no figure has what "
			 "these would have told",
		    (unsigned long long)sum.missed);
		*said = sum.missed;
	}
	return sum.missed;
}
