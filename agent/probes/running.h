/* Functions that were running before the agent: found in /proc, made known to the probes.
 */
#ifndef COLDMETER_AGENT_PROBES_RUNNING_H
#define COLDMETER_AGENT_PROBES_RUNNING_H

#include "agent/probes.h"
#include "agent/sandboxes.h"

/* Call after probes_open(). Returns the number of sandboxes that were found, or -errno.
 */
int running_adopt(struct probes *probes, struct sandboxes *sandboxes);

#endif
