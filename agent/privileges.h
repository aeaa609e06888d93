/* Root does little and briefly: what the agent keeps once its probes run. */
#ifndef COLDMETER_AGENT_PRIVILEGES_H
#define COLDMETER_AGENT_PRIVILEGES_H

#include <stdbool.h>
#include <sys/capability.h>

/* Keeps one capability alone, for ever: capabilities, bounding set and the power of exec
 * to give any back. 0 or -errno. */
int privileges_keep(cap_value_t capability);

/* What the agent keeps: CAP_BPF (reading counters). deep: to read what other users'
 * processes run, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH too. */
int privileges_drop(bool deep);

#endif
