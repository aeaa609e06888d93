/* What the files of the probes share. */
#ifndef COLDMETER_AGENT_PROBES_INSIDE_H
#define COLDMETER_AGENT_PROBES_INSIDE_H

#include <bpf/libbpf.h>

#include "agent/probes.h"
#include "agent/probes/backend.h"
#include "bpf/tables.h"
#include "meter.skel.h"

#define SAMPLED_CPUS_MAX 1024

struct probes {
	struct meter_bpf *skeleton;
	struct ring_buffer *ring;
	struct sandbox *sandboxes; /* the kernel's tables: tables.h */
	struct process *processes;
	void *positions; /* the ring's first two pages, or NULL */
	uint64_t ring_most_bytes;
	int cpus;
	enum backend backend;
	double call_cost_ns;
	struct bpf_link *samples[SAMPLED_CPUS_MAX];
	probes_visit visit;
	void *context;
};

/* Maps the tables of probes that are loaded. 0 or -errno; tables_unmap() is due then too.
 */
int tables_map(struct probes *probes);
void tables_unmap(struct probes *probes);

#endif
