/* A process apart that can do one thing: have the kernel count what BPF programs take. */
#ifndef COLDMETER_AGENT_COST_STATS_GATE_H
#define COLDMETER_AGENT_COST_STATS_GATE_H

#include <stdbool.h>
#include <sys/types.h>

/* The kernel asks for CAP_SYS_ADMIN each time that it is told to count, which is far more
 * than the agent keeps. So a child made at the start keeps that one, and a filter of
 * system calls leaves it read, write, close, bpf(BPF_ENABLE_STATS) and exit. It holds no
 * descriptor but its end of a socket, and ends when the agent has gone. */
struct stats_gate {
	int fd; /* -1: none */
	pid_t pid;
};

/* Forks: before the probes are loaded, so that the child holds none of them. 0 or -errno.
 */
int stats_gate_open(struct stats_gate *gate);
void stats_gate_close(struct stats_gate *gate);

/* Asks to count or to stop. Does not wait. 0, or -errno when the child has gone. */
int stats_gate_ask(struct stats_gate *gate, bool count);

/* Whether the kernel counts by now, after stats_gate_ask(). 1 yes, 0 not yet, or -EPERM:
 * it refuses, or the child has gone; there is nothing more to hope for then. */
int stats_gate_counts(struct stats_gate *gate);

#endif
