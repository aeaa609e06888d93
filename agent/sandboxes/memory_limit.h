/* The memory that a container may have. */
#ifndef COLDMETER_AGENT_SANDBOXES_MEMORY_LIMIT_H
#define COLDMETER_AGENT_SANDBOXES_MEMORY_LIMIT_H

#include <stdint.h>

/* In bytes, from the files of the cgroup whose name holds the container's id; 0: no
 * limit, or not known. cgroups is the text of /proc/PID/cgroup; root stands before the
 * paths of the hierarchies, "" for this host. */
uint64_t memory_limit_read(const char *root, const char *cgroups, const char *id);

#endif
