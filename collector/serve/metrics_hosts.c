#include <errno.h>

#include "base/clock.h"
#include "serve/hosts.h"
#include "serve/metrics.h"

#define HOUR_NS (3600 * CLOCK_NS_PER_S)
#define LABEL_BYTES (2 * BATCH_HOST_BYTES)

/* A figure as a family; labels are those behind the host's. */
static const struct family {
	const char *name;
	const char *type;
	const char *unit; /* NULL: none */
	const char *help;
	const char *labels;
	enum host_figure figure;
	double scale;
} families[] = {
    {"coldmeter_agent_cpu_seconds", "counter", "seconds", "CPU time of the agent.", "",
	FIGURE_AGENT_CPU_NS, 1e9},
    {"coldmeter_probes_cpu_seconds", "counter", "seconds",
	"CPU time of the agent's probes, from samples.", "", FIGURE_PROBES_CPU_NS, 1e9},
    {"coldmeter_agent_resident_bytes", "gauge", "bytes", "Memory of the agent.", "",
	FIGURE_RESIDENT_BYTES, 1},
    {"coldmeter_agent_cpu_ratio", "gauge", "ratio",
	"Share of the host's CPU time that the agent takes.", "", FIGURE_AGENT_SHARE,
	HOST_SHARE},
    {"coldmeter_probes_cpu_ratio", "gauge", "ratio",
	"Share of the host's CPU time that the agent's probes take.", "",
	FIGURE_PROBES_SHARE, HOST_SHARE},
    {"coldmeter_overhead_max_ratio", "gauge", "ratio",
	"What agent and probes together may take.", "", FIGURE_MAX_SHARE, HOST_SHARE},
    {"coldmeter_shed_steps", "gauge", NULL,
	"Steps of detail that are shed to stay below it.", "", FIGURE_SHED, 1},
    {"coldmeter_unseen_connections", "counter", NULL,
	"Connections of functions whose requests cannot be read.", ",protocol=\"tls\"",
	FIGURE_TLS, 1},
    {"coldmeter_unseen_connections", "counter", NULL, "", ",protocol=\"http2\"",
	FIGURE_HTTP2, 1},
    {"coldmeter_kernel_failures", "counter", NULL,
	"What the probes could not read or find room for.", ",what=\"read_fault\"",
	FIGURE_READ_FAULTS, 1},
    {"coldmeter_kernel_failures", "counter", NULL, "", ",what=\"map_full\"",
	FIGURE_MAP_FULL, 1},
    {"coldmeter_kernel_failures", "counter", NULL, "", ",what=\"exec_lost\"",
	FIGURE_EXEC_LOST, 1},
};

static void write_header(
    FILE *out, const char *name, const char *type, const char *unit, const char *help)
{
	(void)fprintf(out, "# TYPE %s %s\n", name, type);
	if (unit)
		(void)fprintf(out, "# UNIT %s %s\n", name, unit);
	(void)fprintf(out, "# HELP %s %s\n", name, help);
}

static void write_family(FILE *out, const struct hosts *hosts, const struct family *f)
{
	const char *suffix = f->type[0] == 'c' ? "_total" : "";

	if (f->help[0])
		write_header(out, f->name, f->type, f->unit, f->help);
	for (size_t i = 0; i < hosts->n; i++) {
		const struct host *host = &hosts->items[i];
		double value = (double)host->figures.value[f->figure] / f->scale;
		char label[LABEL_BYTES];

		if (!host_figures_have(&host->figures, f->figure))
			continue;
		metrics_escape(label, sizeof(label), host->name);
		(void)fprintf(out, "%s%s{host=\"%s\"%s} %.*f\n", f->name, suffix, label,
		    f->labels, f->scale > 1 ? 6 : 0, value);
	}
}

/* Gauges, as the ledger of all is: they fall when an agent's boot is forgotten. */
static void write_ledgers(FILE *out, const struct hosts *hosts)
{
	char label[LABEL_BYTES];

	write_header(out, "coldmeter_host_seen", "gauge", NULL,
	    "Invocations that the agents of a host saw.");
	for (size_t i = 0; i < hosts->n; i++) {
		metrics_escape(label, sizeof(label), hosts->items[i].name);
		(void)fprintf(out, "coldmeter_host_seen{host=\"%s\"} %llu\n", label,
		    (unsigned long long)hosts->items[i].ledger.seen);
	}
	write_header(out, "coldmeter_host_delivered", "gauge", NULL,
	    "Invocations that arrived from a host.");
	for (size_t i = 0; i < hosts->n; i++) {
		metrics_escape(label, sizeof(label), hosts->items[i].name);
		(void)fprintf(out, "coldmeter_host_delivered{host=\"%s\"} %llu\n", label,
		    (unsigned long long)hosts->items[i].ledger.delivered);
	}
	write_header(out, "coldmeter_host_lost", "gauge", NULL,
	    "Invocations seen on a host and lost, by reason.");
	for (size_t i = 0; i < hosts->n * LOST_REASONS; i++) {
		const struct host *host = &hosts->items[i / LOST_REASONS];
		enum lost_reason reason = (enum lost_reason)(i % LOST_REASONS);

		metrics_escape(label, sizeof(label), host->name);
		(void)fprintf(out,
		    "coldmeter_host_lost{host=\"%s\",reason=\"%s\"} %llu\n", label,
		    lost_reason_name(reason),
		    (unsigned long long)host->ledger.lost[reason]);
	}
}

static int see(void *context, const struct batch_head *last, int64_t received_ns)
{
	return hosts_see(context, last, received_ns);
}

int metrics_hosts(FILE *out, struct store *store)
{
	struct hosts hosts;
	int err;

	/* a ledger counts for ever; a host that has gone is of no interest any more */
	hosts_init(&hosts, clock_wall_ns() - HOUR_NS, 0);
	err = store_scan_agents(store, see, &hosts);
	if (!err) {
		write_ledgers(out, &hosts);
		for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
			write_family(out, &hosts, &families[i]);
	}
	hosts_done(&hosts);
	return err;
}
