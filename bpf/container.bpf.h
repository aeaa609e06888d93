/* In which container a process is, and whether it came in from outside. */
#ifndef COLDMETER_BPF_CONTAINER_BPF_H
#define COLDMETER_BPF_CONTAINER_BPF_H

#include "bpf/sandbox.bpf.h"

#define CGROUPS_ABOVE 4             /* a container's is looked for in so many */
#define CONTAINER_ID_BYTES 64       /* digits */
#define NO_LIMIT_PAGES (1ULL << 48) /* the kernel's word for none is LONG_MAX bytes */

/* One function in one pid namespace. A container has one of its own, whatever the host's
 * cgroups look like. */
struct namespaced {
	__u64 name_hash;
	__u64 pid_namespace; /* inode number */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct namespaced);
	__type(value, __u64); /* sandbox */
} namespaced_sandboxes SEC(".maps");

/* 0: the host's own. */
static __always_inline __u64 pid_namespace_of(struct task_struct *task)
{
	if (!BPF_CORE_READ(task, thread_pid, level))
		return 0;
	return BPF_CORE_READ(task, nsproxy, pid_ns_for_children, ns.inum);
}

/* What `docker exec` or a kubelet's probe starts in a container has its environment, and
 * a parent that the container does not see. It visits the sandbox there. */
static __always_inline bool is_visitor(struct task_struct *task)
{
	return BPF_CORE_READ(task, real_parent, thread_pid, level) <
	       BPF_CORE_READ(task, thread_pid, level);
}

/* The living sandbox of that function that a visitor is part of, 0: none. */
static __always_inline __u64 visited_sandbox(struct task_struct *task, __u64 name_hash)
{
	struct namespaced key = {name_hash, pid_namespace_of(task)};
	__u64 *id;

	if (!key.pid_namespace || !is_visitor(task))
		return 0;
	id = bpf_map_lookup_elem(&namespaced_sandboxes, &key);
	return id && sandbox_of(*id) ? *id : 0;
}

/* The cgroup that the process is in, of version 2 or, where that hierarchy is not used,
 * of the memory controller. */
static __always_inline struct cgroup *cgroup_of(struct task_struct *task)
{
	struct cgroup *group = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	__u32 memory = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);

	if (!BPF_CORE_READ(group, level))
		group = BPF_CORE_READ(task, cgroups, subsys[memory], cgroup);
	return group;
}

/* Its name, "" in the root. */
static __always_inline void read_cgroup_name(struct task_struct *task, char *to)
{
	struct cgroup *group = cgroup_of(task);

	to[0] = 0;
	/* below its own a container may have more: podman's "container", systemd's slices
	 */
	for (int i = 0; i < CGROUPS_ABOVE && group && BPF_CORE_READ(group, level); i++) {
		long n = bpf_probe_read_kernel_str(
		    to, RECORD_CGROUP_BYTES, BPF_CORE_READ(group, kn, name));

		if (n > CONTAINER_ID_BYTES)
			return;
		group = BPF_CORE_READ(group, self.parent, cgroup);
	}
}

/* The memory that its container may have, 0: no limit, or no container. It is found by
 * its name, for which there is room at scratch, and whatever the limits of the groups
 * above are: those are others' too. */
static __always_inline __u64 container_memory_bytes(
    struct task_struct *task, char *scratch)
{
	__u32 memory = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	struct cgroup_subsys_state *css = BPF_CORE_READ(task, cgroups, subsys[memory]);

	for (int i = 0; i < CGROUPS_ABOVE && css; i++) {
		struct mem_cgroup *group =
		    (void *)css - bpf_core_field_offset(struct mem_cgroup, css);
		long n = bpf_probe_read_kernel_str(
		    scratch, RECORD_CGROUP_BYTES, BPF_CORE_READ(css, cgroup, kn, name));

		if (n > CONTAINER_ID_BYTES) {
			__u64 pages = BPF_CORE_READ(group, memory.max);

			return pages < NO_LIMIT_PAGES ? pages << 12 : 0;
		}
		css = BPF_CORE_READ(css, parent);
	}
	return 0;
}

#endif
