/* Processes in which functions may run unseen: kernels of their own. */
#ifndef COLDMETER_AGENT_NAMES_FOREIGN_H
#define COLDMETER_AGENT_NAMES_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum foreign {
	FOREIGN_NONE,
	FOREIGN_GVISOR,
	FOREIGN_KATA,
	FOREIGN_FIRECRACKER,
	FOREIGN_CLOUD_HYPERVISOR,
	FOREIGN_QEMU,
	FOREIGN_KINDS
};

/* What a process is, by what the kernel calls it and its arguments, as in
 * /proc/PID/cmdline: bytes of them, each with its NUL. Pure. */
enum foreign foreign_of(const char *comm, const char *arguments, size_t bytes);

/* The same of a process that runs. */
enum foreign foreign_process(uint32_t pid);

/* "gVisor (runsc)", "Kata", ... */
const char *foreign_name(enum foreign foreign);

/* Says of which kind the process is, unless *said, bits by kind, has that it was. */
void foreign_say(uint32_t pid, uint32_t *said);

/* Calls visit, which may be NULL, for each process of such a kind that runs, the first of
 * each. Returns the kinds as bits. */
uint32_t foreign_look_around(void (*visit)(enum foreign foreign, uint32_t pid));

#endif
