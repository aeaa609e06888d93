/* Which function is this process: from the variables of its environment. */
#ifndef COLDMETER_AGENT_NAMES_H
#define COLDMETER_AGENT_NAMES_H

#include <stddef.h>

#include "bpf/record.h"
#include "model/function.h"

/* The name of each variable, in the order of enum record_variable. */
extern const char *const names_variables[RECORD_VARIABLES];

#define NAMES_UNNAMED "unnamed"

/* Fills *function from what a record_exec carries; first match wins, in the order of the
 * manual page. A function without any name is called "unnamed". Values are strangers'
 * text: cut to fit, made printable, UTF-8. */
void names_function(const struct record_exec *exec, struct function *function);

/* Copies the variables that names_function() knows out of an environment block (as in
 * /proc/PID/environ) into record->value and record->present. */
void names_read_environment(const char *block, size_t bytes, struct record_exec *record);

/* The container's id out of the name of its cgroup, as its runtime shows it: docker and
 * runc "<id>", systemd "docker-<id>.scope", containerd "cri-containerd-<id>.scope",
 * podman "libpod-<id>". An id is 64 hexadecimal digits; it is written to out, with its
 * NUL, and 1 returned, or 0 when there is none. */
#define NAMES_CONTAINER_BYTES 65
int names_container(const char *cgroup, size_t bytes, char out[NAMES_CONTAINER_BYTES]);

/* What the kernel calls a process; name stays as it is when that has gone. */
void names_process(uint32_t pid, char name[RECORD_PROCESS_BYTES]);

/* Whether the variables in record make a process a function. */
int names_is_function(const struct record_exec *record);

#endif
