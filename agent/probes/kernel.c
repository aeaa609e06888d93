#include "agent/probes/kernel.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"

/* What every back-end needs. */
static const char *const tracepoints[] = {"sched_process_exec", "sched_process_fork",
    "sched_process_exit", "inet_sock_set_state", "mark_victim"};

const char *kernel_missing(const struct btf *kernel)
{
	char name[64];

	for (size_t i = 0; i < sizeof(tracepoints) / sizeof(tracepoints[0]); i++) {
		(void)snprintf(name, sizeof(name), "btf_trace_%s", tracepoints[i]);
		if (btf__find_by_name_kind(kernel, name, BTF_KIND_TYPEDEF) < 0)
			return tracepoints[i];
	}
	return NULL;
}

int kernel_open(struct btf **kernel)
{
	const char *missing;

	if (geteuid() != 0)
		return log_error(
		    -EPERM, "the agent needs root to load its probes: use sudo");
	*kernel = btf__load_vmlinux_btf();
	if (!*kernel)
		return log_error(-ENOTSUP,
		    "this kernel has no BTF (/sys/kernel/btf/vmlinux): boot one built "
		    "with "
		    "CONFIG_DEBUG_INFO_BTF=y");
	missing = kernel_missing(*kernel);
	if (!missing)
		return 0;
	return log_error(-ENOTSUP,
	    "this kernel lacks the tracepoint %s: coldmeter needs Linux 6.1 or later",
	    missing);
}
