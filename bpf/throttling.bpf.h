/* CPU limits of cgroups, and how long they stopped a process. */
#ifndef COLDMETER_BPF_THROTTLING_BPF_H
#define COLDMETER_BPF_THROTTLING_BPF_H

#include "bpf/sandbox.bpf.h"

#define CGROUPS_MAX 4 /* a container's, its pod's, that of all pods */

static __always_inline bool has_throttling(void)
{
	struct task_struct *task = NULL;
	struct task_group *group = NULL;

	return bpf_core_field_exists(task->sched_task_group) &&
	       bpf_core_field_exists(group->cfs_bandwidth.throttled_time);
}

/* Tells the current process's group of the scheduler from others. */
static __always_inline __u64 group_of(struct task_struct *task)
{
	return has_throttling() ? (__u64)task->sched_task_group : 0;
}

/* Whether a CPU limit may stop the current process; the kernel's word for none is all
 * ones. */
static __always_inline bool is_limited(struct task_struct *task)
{
	struct task_group *group;
	__u64 limits = 0;

	if (!has_throttling())
		return false;
	group = task->sched_task_group;
	for (int i = 0; i < CGROUPS_MAX && group; i++) {
		limits |= ~group->cfs_bandwidth.quota;
		group = group->parent;
	}
	return limits;
}

/* How long the cgroups that the process is in were not let run, as their CPU limits want
 * it: of each of their CPUs. */
static __always_inline __u64 read_throttled(struct task_struct *task)
{
	struct task_group *group = NULL;
	__u64 ns = 0;

	if (!has_throttling())
		return 0;
	group = task->sched_task_group;
	for (int i = 0; i < CGROUPS_MAX && group; i++) {
		ns += group->cfs_bandwidth.throttled_time;
		group = group->parent;
	}
	return ns;
}

#endif
