/* A parent's pid need not be lower than its child's, so processes are gathered first and
 * then walked from parent to child. */
#include "agent/probes/running.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/names.h"
#include "agent/probes/running_sockets.h"
#include "agent/sandboxes/memory_limit.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/room.h"

#define ENVIRONMENT_BYTES 65536

struct found {
	struct running_owner owner; /* its sandbox is 0: in none yet */
	uint32_t parent;
	uint64_t start_ns;
};

struct census {
	struct found *found;
	size_t n;
	size_t room;
};

static void cleanup_dir(DIR *const *d)
{
	if (*d)
		(void)closedir(*d);
}

static ssize_t read_whole(const char *path, char *to, size_t size)
{
	AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t at = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (at < size && n > 0) {
		n = read(fd, to + at, size - at);
		if (n > 0)
			at += (size_t)n;
	}
	return (ssize_t)at;
}

/* Parent and start time out of /proc/PID/stat (fields 4 and 22; the name in parentheses
 * may hold anything). */
static int read_stat(uint32_t pid, struct found *f)
{
	char path[64];
	char text[1024];
	unsigned long long ticks;
	unsigned int parent;
	const char *p;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	n = read_whole(path, text, sizeof(text) - 1);
	if (n <= 0)
		return -ENOENT;
	text[n] = '\0';
	p = strrchr(text, ')');
	/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote these numbers */
	if (!p || sscanf(p + 1,
		      " %*c %u %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		      "%*s %*s %*s %llu",
		      &parent, &ticks) != 2)
		return -EBADMSG;
	*f = (struct found){.owner.pid = pid, .parent = parent};
	f->start_ns = ticks * (1000000000ULL / (unsigned long long)sysconf(_SC_CLK_TCK));
	return 0;
}

static int count_processes(struct census *census)
{
	AUTO(dir) DIR *proc = opendir("/proc");
	const struct dirent *entry;

	if (!proc)
		return -errno;
	while ((entry = readdir(proc))) {
		struct found f;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (read_stat((uint32_t)strtoul(entry->d_name, NULL, 10), &f) < 0)
			continue;
		if (ROOM_FOR_ONE(census->found, census->n, census->room) < 0)
			return -ENOMEM;
		census->found[census->n++] = f;
	}
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct found *x = a;
	const struct found *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return x->owner.pid < y->owner.pid ? -1 : x->owner.pid > y->owner.pid;
}

static const struct found *parent_of(const struct census *census, const struct found *f)
{
	for (size_t i = 0; i < census->n; i++)
		if (census->found[i].owner.pid == f->parent)
			return &census->found[i];
	return NULL;
}

/* f and the processes under it. They follow it in the census, which is in order of start.
 */
static int tree_size(
    const struct census *census, const struct found *f, struct sandbox *sandbox)
{
	size_t first = (size_t)(f - census->found);
	AUTO(free) bool *inside = calloc(census->n, sizeof(*inside));
	int n = 1;

	if (!inside)
		return 1;
	inside[first] = true;
	for (size_t i = first + 1; i < census->n; i++) {
		const struct found *parent = parent_of(census, &census->found[i]);

		inside[i] = parent && inside[parent - census->found];
		if (inside[i] && n < SANDBOX_MEMBERS)
			sandbox->members[n] = census->found[i].owner.pid;
		n += inside[i];
	}
	return n;
}

/* The name of the cgroup that holds a container's id, of any hierarchy, and its limit. */
static void read_container(uint32_t pid, struct record_exec *exec)
{
	char path[64];
	char text[8192];
	char id[NAMES_CONTAINER_BYTES];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	n = read_whole(path, text, sizeof(text) - 1);
	if (n <= 0 || !names_container(text, (size_t)n, id))
		return;
	text[n] = '\0';
	(void)snprintf(exec->cgroup, sizeof(exec->cgroup), "%s", id);
	exec->memory_limit_bytes = memory_limit_read("", text, id);
}

/* Starts a sandbox at f when its environment makes it a function. */
static int found_sandbox(struct probes *probes, struct sandboxes *sandboxes,
    const struct census *census, struct found *f)
{
	AUTO(free) char *block = malloc(ENVIRONMENT_BYTES);
	AUTO(free) struct record_exec *exec = calloc(1, sizeof(*exec));
	struct sandbox sandbox = {.members = {f->owner.pid}};
	char path[64];
	ssize_t n;
	int err;

	if (!block || !exec)
		return -ENOMEM;
	(void)snprintf(path, sizeof(path), "/proc/%u/environ", f->owner.pid);
	n = read_whole(path, block, ENVIRONMENT_BYTES);
	if (n <= 0)
		return 0;
	names_read_environment(block, (size_t)n, exec);
	if (!names_is_function(exec))
		return 0;
	if (exec->present & 1U << VARIABLE_LAMBDA_API)
		f->owner.kind = FUNCTION_LAMBDA;
	else if (exec->present & 1U << VARIABLE_KIND &&
		 exec->value[VARIABLE_KIND][0] == 'p')
		f->owner.kind = FUNCTION_PROCESS;
	read_container(f->owner.pid, exec);
	names_process(f->owner.pid, exec->process);
	exec->kind = RECORD_EXEC;
	exec->pid = f->owner.pid;
	exec->start_ns = f->start_ns;
	sandbox.processes = tree_size(census, f, &sandbox);
	sandbox.start_ns = f->start_ns;
	sandbox.open_start_ns = f->start_ns;
	sandbox.first_pid = f->owner.pid;
	sandbox.declared = f->owner.kind;
	sandbox.forwards = 1; /* it may: asked of each connection */
	sandbox.speaks = RECORD_SPEAKS(exec->present);
	sandbox.function_kind = f->owner.kind ? f->owner.kind : FUNCTION_HTTP;
	if (f->owner.kind != FUNCTION_PROCESS)
		sandbox.ready_ns = clock_boot_ns();
	err = probes_adopt_sandbox(
	    probes, f->start_ns << 10 ^ f->owner.pid, &sandbox, &f->owner.sandbox);
	if (err == -ENOSPC)
		log_warn("process %u is a function that is not measured: there are more "
			 "sandboxes than the probes have places for",
		    f->owner.pid);
	if (err)
		return 0; /* or the kernel saw it begin meanwhile */
	exec->sandbox = f->owner.sandbox;
	return sandboxes_adopt(sandboxes, exec) < 0 ? -ENOMEM : 1;
}

/* A child of a function's process belongs to its sandbox. */
static int adopt_process(struct probes *probes, struct sandboxes *sandboxes,
    struct census *census, struct found *f)
{
	const struct found *parent = parent_of(census, f);
	int n = 0;

	if (parent && parent->owner.sandbox) {
		f->owner.sandbox = parent->owner.sandbox;
		f->owner.kind = parent->owner.kind;
	} else {
		n = found_sandbox(probes, sandboxes, census, f);
		if (n <= 0)
			return n;
	}
	running_sockets_listen(probes, &f->owner);
	(void)probes_adopt_process(
	    probes, f->owner.pid, f->owner.sandbox, f->start_ns, f->owner.ports[0] != 0);
	if (sandboxes_adopt_process(sandboxes, f->owner.pid, f->owner.sandbox) < 0)
		return -ENOMEM;
	return n;
}

static void adopt_connections(struct probes *probes, struct census *census)
{
	for (size_t i = 0; i < census->n; i++)
		if (census->found[i].owner.ports[0])
			running_sockets_forward(probes, &census->found[i].owner);
	for (size_t i = 0; i < census->n; i++)
		if (census->found[i].owner.sandbox)
			running_sockets_rest(probes, &census->found[i].owner);
}

int running_adopt(struct probes *probes, struct sandboxes *sandboxes)
{
	struct census census = {0};
	int n = 0;
	int err = count_processes(&census);

	if (census.n)
		qsort(census.found, census.n, sizeof(census.found[0]), by_start);
	for (size_t i = 0; err >= 0 && i < census.n; i++) {
		err = adopt_process(probes, sandboxes, &census, &census.found[i]);
		if (err > 0)
			n++;
	}
	if (err >= 0)
		adopt_connections(probes, &census);
	free(census.found);
	return err < 0 ? err : n;
}
