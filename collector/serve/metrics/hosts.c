#include <errno.h>

#include "base/clock.h"
#include "serve/hosts.h"
#include "serve/metrics.h"

#define HOUR_NS (3600 * CLOCK_NS_PER_S)

/* A figure as a family; further values of the family before it have no help. */
static const struct family {
	struct exposition_family family;
	struct exposition_label label; /* behind the host's; name NULL: none */
	enum host_figure figure;
	double scale;
} families[] = {
#define COUNTER EXPOSITION_COUNTER
#define GAUGE EXPOSITION_GAUGE
#define NO_LABEL                                                                         \
	{                                                                                \
		NULL, NULL                                                               \
	}
    {{"coldmeter_agent_cpu_seconds", COUNTER, "seconds", "CPU time of the agent.",
	 "coldmeter.agent.cpu", "s", 6},
	NO_LABEL, FIGURE_AGENT_CPU_NS, 1e9},
    {{"coldmeter_probes_cpu_seconds", COUNTER, "seconds",
	 "CPU time of the agent's probes, from samples.", "coldmeter.probes.cpu", "s", 6},
	NO_LABEL, FIGURE_PROBES_CPU_NS, 1e9},
    {{"coldmeter_agent_resident_bytes", GAUGE, "bytes", "Memory of the agent.",
	 "coldmeter.agent.resident", "By", 0},
	NO_LABEL, FIGURE_RESIDENT_BYTES, 1},
    {{"coldmeter_agent_cpu_ratio", GAUGE, "ratio",
	 "Share of the host's CPU time that the agent takes.",
	 "coldmeter.agent.cpu_share", "1", 6},
	NO_LABEL, FIGURE_AGENT_SHARE, HOST_SHARE},
    {{"coldmeter_probes_cpu_ratio", GAUGE, "ratio",
	 "Share of the host's CPU time that the agent's probes take.",
	 "coldmeter.probes.cpu_share", "1", 6},
	NO_LABEL, FIGURE_PROBES_SHARE, HOST_SHARE},
    {{"coldmeter_overhead_max_ratio", GAUGE, "ratio",
	 "What agent and probes together may take.", NULL, NULL, 6},
	NO_LABEL, FIGURE_MAX_SHARE, HOST_SHARE},
    {{"coldmeter_shed_steps", GAUGE, NULL,
	 "Steps of detail that are shed to stay below it.", NULL, NULL, 0},
	NO_LABEL, FIGURE_SHED, 1},
    {{"coldmeter_unseen_connections", COUNTER, NULL,
	 "Connections of functions whose requests cannot be read.", NULL, NULL, 0},
	{"protocol", "tls"}, FIGURE_TLS, 1},
    {{.help = NULL}, {"protocol", "http2"}, FIGURE_HTTP2, 1},
    {{"coldmeter_kernel_failures", COUNTER, NULL,
	 "What the probes could not read or find room for, or were not run for.", NULL,
	 NULL, 0},
	{"what", "read_fault"}, FIGURE_READ_FAULTS, 1},
    {{.help = NULL}, {"what", "map_full"}, FIGURE_MAP_FULL, 1},
    {{.help = NULL}, {"what", "exec_lost"}, FIGURE_EXEC_LOST, 1},
    {{.help = NULL}, {"what", "io_uring"}, FIGURE_IO_URING, 1},
    {{.help = NULL}, {"what", "missed_run"}, FIGURE_MISSED_RUNS, 1},
#undef COUNTER
#undef GAUGE
#undef NO_LABEL
};

static void write_family(
    struct exposition *to, const struct hosts *hosts, const struct family *f)
{
	if (f->family.help)
		to->family(to, &f->family);
	for (size_t i = 0; i < hosts->n; i++) {
		const struct host *host = &hosts->items[i];
		const struct exposition_labels labels = {
		    f->label.name ? 2 : 1, {{"host", host->name}, f->label}};

		if (host_figures_have(&host->figures, f->figure))
			to->value(to, &labels,
			    (double)host->figures.value[f->figure] / f->scale);
	}
}

/* Gauges, as the ledger of all is: they fall when an agent's boot is forgotten. */
static void write_ledgers(struct exposition *to, const struct hosts *hosts)
{
	static const struct exposition_family seen = {.name = "coldmeter_host_seen",
	    .type = EXPOSITION_GAUGE,
	    .help = "Invocations that the agents of a host saw."};
	static const struct exposition_family delivered = {
	    .name = "coldmeter_host_delivered",
	    .type = EXPOSITION_GAUGE,
	    .help = "Invocations that arrived from a host."};
	static const struct exposition_family lost = {.name = "coldmeter_host_lost",
	    .type = EXPOSITION_GAUGE,
	    .help = "Invocations seen on a host and lost, by reason."};

	to->family(to, &seen);
	for (size_t i = 0; i < hosts->n; i++)
		to->value(to,
		    &(struct exposition_labels){1, {{"host", hosts->items[i].name}}},
		    (double)hosts->items[i].ledger.seen);
	to->family(to, &delivered);
	for (size_t i = 0; i < hosts->n; i++)
		to->value(to,
		    &(struct exposition_labels){1, {{"host", hosts->items[i].name}}},
		    (double)hosts->items[i].ledger.delivered);
	to->family(to, &lost);
	for (size_t i = 0; i < hosts->n * LOST_REASONS; i++) {
		const struct host *host = &hosts->items[i / LOST_REASONS];
		enum lost_reason reason = (enum lost_reason)(i % LOST_REASONS);
		const struct exposition_labels labels = {
		    2, {{"host", host->name}, {"reason", lost_reason_name(reason)}}};

		to->value(to, &labels, (double)host->ledger.lost[reason]);
	}
}

static int see(void *context, const struct batch_head *last, int64_t received_ns)
{
	return hosts_see(context, last, received_ns);
}

int metrics_hosts(struct exposition *to, struct store *store)
{
	struct hosts hosts;
	int err;

	/* a ledger counts for ever; a host that has gone is of no interest any more */
	hosts_init(&hosts, clock_wall_ns() - HOUR_NS, 0);
	err = store_scan_agents(store, see, &hosts);
	if (!err) {
		write_ledgers(to, &hosts);
		for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
			write_family(to, &hosts, &families[i]);
	}
	hosts_done(&hosts);
	return err;
}
