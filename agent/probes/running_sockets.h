/* Sockets that are older than the probes: made known to them as what they would have
 * been.
 */
#ifndef COLDMETER_AGENT_PROBES_RUNNING_SOCKETS_H
#define COLDMETER_AGENT_PROBES_RUNNING_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/probes.h"

#define RUNNING_PORTS_MAX 64

/* A process of a sandbox. */
struct running_owner {
	uint32_t pid;
	uint32_t kind; /* of its function */
	uint64_t sandbox;
	uint16_t ports[RUNNING_PORTS_MAX]; /* that it listens on, 0: no more */
};

/* To be called in this order, each for all processes of a sandbox before the next: who
 * listens, which fills owner->ports; who is connected to another server of the sandbox;
 * and the rest, of which some are the other ends of these. */
void running_sockets_listen(struct probes *probes, struct running_owner *owner);
void running_sockets_forward(struct probes *probes, struct running_owner *owner);
void running_sockets_rest(struct probes *probes, struct running_owner *owner);

#endif
