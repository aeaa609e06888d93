#include "agent/names/foreign.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define ARGUMENTS_BYTES 4096

const char *foreign_name(enum foreign foreign)
{
	static const char *const names[FOREIGN_KINDS] = {[FOREIGN_NONE] = "none",
	    [FOREIGN_GVISOR] = "gVisor (runsc)",
	    [FOREIGN_KATA] = "Kata",
	    [FOREIGN_FIRECRACKER] = "a microVM (firecracker)",
	    [FOREIGN_CLOUD_HYPERVISOR] = "a microVM (cloud-hypervisor)",
	    [FOREIGN_QEMU] = "a virtual machine (qemu)"};

	return names[foreign];
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Whether an argument holds the word. The last one may be cut. */
static bool has(const char *arguments, size_t bytes, const char *word)
{
	return memmem(arguments, bytes, word, strlen(word)) != NULL;
}

/* gVisor's sandbox runs /proc/self/exe, but its first argument tells: runsc-sandbox. Kata
 * starts hypervisors with files of its own below .../kata. */
enum foreign foreign_of(const char *comm, const char *arguments, size_t bytes)
{
	if (bytes &&
	    (begins(arguments, "runsc-sandbox") || begins(arguments, "runsc-gofer")))
		return FOREIGN_GVISOR;
	if (begins(comm, "firecracker"))
		return has(arguments, bytes, "/kata") ? FOREIGN_KATA
						      : FOREIGN_FIRECRACKER;
	if (begins(comm, "cloud-hyperviso")) /* cut by the kernel */
		return has(arguments, bytes, "/kata") ? FOREIGN_KATA
						      : FOREIGN_CLOUD_HYPERVISOR;
	if (begins(comm, "qemu-system"))
		return has(arguments, bytes, "/kata") ? FOREIGN_KATA : FOREIGN_QEMU;
	if (begins(comm, "dragonball"))
		return FOREIGN_KATA;
	return FOREIGN_NONE;
}

static size_t read_some(uint32_t pid, const char *what, char *to, size_t size)
{
	char path[64];
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%u/%s", pid, what);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fread(to, 1, size - 1, f);
	(void)fclose(f);
	to[n] = '\0';
	return n;
}

enum foreign foreign_process(uint32_t pid)
{
	char arguments[ARGUMENTS_BYTES] = "";
	char comm[64] = "";
	size_t n = read_some(pid, "cmdline", arguments, sizeof(arguments));

	if (!n) /* a thread of the kernel */
		return FOREIGN_NONE;
	(void)read_some(pid, "comm", comm, sizeof(comm));
	return foreign_of(comm, arguments, n);
}

static void say(enum foreign foreign, uint32_t pid)
{
	log_warn(
	    "%s runs here (process %u): functions in it are not seen, an agent inside "
	    "of it would",
	    foreign_name(foreign), pid);
}

void foreign_say(uint32_t pid, uint32_t *said)
{
	enum foreign foreign = foreign_process(pid);

	if (foreign == FOREIGN_NONE || *said & 1U << foreign)
		return;
	*said |= 1U << foreign;
	say(foreign, pid);
}

uint32_t foreign_look_around(void (*visit)(enum foreign foreign, uint32_t pid))
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	uint32_t kinds = 0;

	while (proc && (entry = readdir(proc))) {
		uint32_t pid = (uint32_t)strtoul(entry->d_name, NULL, 10);
		enum foreign foreign = isdigit((unsigned char)entry->d_name[0])
					   ? foreign_process(pid)
					   : FOREIGN_NONE;

		if (foreign == FOREIGN_NONE || kinds & 1U << foreign)
			continue;
		kinds |= 1U << foreign;
		(visit ? visit : say)(foreign, pid);
	}
	if (proc)
		(void)closedir(proc);
	return kinds;
}
