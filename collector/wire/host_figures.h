/* What an agent tells of its host beside invocations: what watching costs, and what its
 * probes could not see. */
#ifndef COLDMETER_WIRE_HOST_FIGURES_H
#define COLDMETER_WIRE_HOST_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/cursor.h"

/* The order is the wire's and the store's: append, never reorder or reuse. Counts are
 * since the agent's start; shares are millionths of the CPU time of all CPUs of the host.
 */
enum host_figure {
	FIGURE_AGENT_CPU_NS,
	FIGURE_PROBES_CPU_NS, /* extrapolated from samples */
	FIGURE_RESIDENT_BYTES,
	FIGURE_AGENT_SHARE,
	FIGURE_PROBES_SHARE,
	FIGURE_MAX_SHARE, /* what the agent may cost: --max-overhead */
	FIGURE_SHED,      /* steps of detail that are shed */
	FIGURE_TLS,       /* connections of functions that speak TLS */
	FIGURE_HTTP2,
	FIGURE_READ_FAULTS, /* messages of functions that could not be read */
	FIGURE_MAP_FULL,    /* processes or sandboxes without room in the kernel */
	FIGURE_EXEC_LOST,   /* sandboxes whose first record had no room */
	FIGURE_IO_URING,    /* answers of functions that io_uring hid */
	FIGURE_MISSED_RUNS, /* of probes, that the kernel left out */
	HOST_FIGURES
};

#define HOST_SHARE 1000000.0 /* a share of 1 */
#define HOST_FIGURES_MAX_BYTES ((1 + HOST_FIGURES) * VARINT_MAX_BYTES)

/* What an agent does not know is absent. */
struct host_figures {
	uint64_t has; /* bit by enum host_figure */
	uint64_t value[HOST_FIGURES];
};

void host_figures_set(struct host_figures *f, enum host_figure figure, uint64_t value);
bool host_figures_have(const struct host_figures *f, enum host_figure figure);

/* "agent_cpu_ns", ...; the name in answers. */
const char *host_figure_name(enum host_figure figure);

/* Coded as a mask and a varint for each of its bits, ascending. encode: out holds
 * HOST_FIGURES_MAX_BYTES; returns bytes. decode: nothing at all means that none is there;
 * figures of a newer writer are skipped; false when malformed. */
size_t host_figures_encode(const struct host_figures *f, uint8_t *out);
bool host_figures_decode(struct cursor *in, struct host_figures *f);

#endif
