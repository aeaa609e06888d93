/* The probes in the kernel: loaded, attached, drained, counted. */
#ifndef COLDMETER_AGENT_PROBES_H
#define COLDMETER_AGENT_PROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/cost/run_time.h"
#include "agent/probes/backend.h"
#include "bpf/state.h"

struct probes;

struct probes_wanted {
	enum backend backend; /* BACKEND_AUTO: the first that works */
	const char *deep;     /* function whose inits are sampled on every CPU, or NULL */
};

/* Loads and attaches. Needs root and a kernel with BTF, 6.1 or later. 0 or a negative
 * errno after one line that says what is missing and what to do. */
int probes_open(const struct probes_wanted *wanted, struct probes **out);
void probes_close(struct probes *probes);

/* The back-end that works. */
enum backend probes_backend(const struct probes *probes);

/* What the probes add to each system call of every process on this host, measured when
 * they were attached, in nanoseconds; 0: nothing. */
double probes_call_cost_ns(const struct probes *probes);

/* Detaches: nothing is counted any more, so that what is drained then is the last. On a
 * busy host each program takes the kernel tens of milliseconds, while others go on: after
 * each one meanwhile() is called, which is to drain. */
void probes_stop(struct probes *probes, void (*meanwhile)(void *context), void *context);

/* A record as the kernel wrote it; bytes is its size. Lives during the call. */
typedef void (*probes_visit)(void *context, const void *record, size_t bytes);

/* Hands over what the ring holds, without waiting. Returns the number of records. */
int probes_drain(struct probes *probes, probes_visit visit, void *context);

/* The most that has waited in the ring when it was drained, and what the ring holds, both
 * in bytes. False, and nothing written, when the kernel does not show it. */
bool probes_ring_most(
    const struct probes *probes, uint64_t *most_bytes, uint64_t *ring_bytes);

/* Sums the counters of all CPUs. */
void probes_counts(struct probes *probes, uint64_t counts[RECORD_COUNTS]);

/* The size of the ring. Its pages are mapped twice, one behind the other, so that a
 * record never wraps: a process's resident memory counts them twice. */
uint64_t probes_ring_bytes(const struct probes *probes);

/* Adds what the kernel counted of all programs of this agent's. 0 or -errno. */
int probes_run_time(const struct probes *probes, struct run_time *sum);

/* Tells the probes what to add to a boot time to get wall time. */
void probes_set_clock(struct probes *probes, int64_t boot_to_wall_ns);

/* Takes what the kernel kept of end->sandbox, whose last record found no room in the ring
 * (see COUNT_LOST_END), and fills the record. 0, or -ENOENT: there is nothing. */
int probes_take_end(const struct probes *probes, struct record_end *end);

/* Whether records of requests carry what they ask for: rules name functions by that. */
void probes_want_targets(struct probes *probes, bool want);

/* What the kernel has counted of a sandbox: invocations without room in the ring, and
 * shed. 0 or -errno. */
int probes_losses(
    const struct probes *probes, uint64_t sandbox, uint64_t *lost, uint64_t *shed);

/* Tells the probes how much detail to leave out. */
void probes_set_shed(struct probes *probes, enum record_shed step);

/* Makes a sandbox known that is older than the probes, whose first process is too, from
 * something that tells it from others. 0, *number is set then; -EEXIST: the kernel saw
 * that process itself; -ENOSPC: the table has no place. */
int probes_adopt_sandbox(
    struct probes *probes, uint64_t seed, const struct sandbox *fresh, uint64_t *number);

/* Likewise a process; serves: it listens. 0, -EEXIST: the kernel saw it, or -ENOSPC. */
int probes_adopt_process(struct probes *probes, uint32_t pid, uint64_t sandbox,
    uint64_t start_ns, bool serves);

/* Likewise a socket. 0 or -errno, as bpf(2) has it for an element that is not to exist.
 */
int probes_adopt_socket(struct probes *probes, int fd, const struct exchange *exchange);

/* The same for a connection between two servers of a sandbox, at the end that connected.
 */
int probes_adopt_forward(struct probes *probes, const struct forward *forward,
    const struct forwarder *forwarder);

/* Who sends on such a connection. 0 or -ENOENT. */
int probes_find_forwarder(
    struct probes *probes, const struct forward *forward, struct forwarder *forwarder);

/* What this kernel lacks, one line each: "ok|warn|fail<TAB>what<TAB>detail" on stdout.
 * Returns 0 when everything needed is there, -ENOTSUP otherwise. */
int probes_check(enum backend backend);

#endif
