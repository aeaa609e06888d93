/* Names of containers, from what their runtimes keep on disk. */
#ifndef COLDMETER_AGENT_NAMES_CONTAINERS_H
#define COLDMETER_AGENT_NAMES_CONTAINERS_H

#include <stdbool.h>
#include <stddef.h>

#define CONTAINERS_NAME_BYTES 160

/* The name of the container with that id of 64 digits, where one of these has it below
 * root ("" is the host's): containerd and CRI-O for Kubernetes (pod/container), docker,
 * podman. A file above 4 MiB is not read. The name is a stranger's: it is cut to fit and
 * made printable. Returns whether there is one; an id that is none has none. */
bool containers_name(const char *root, const char *id, char name[CONTAINERS_NAME_BYTES]);

#endif
