/* Resident memory of a process and of the processes beside it. */
#ifndef COLDMETER_BPF_MEMORY_BPF_H
#define COLDMETER_BPF_MEMORY_BPF_H

#include "bpf/sandbox.bpf.h"

#define SUMMED_CPUS_MAX 64 /* on hosts with more, the kernel's own sum has to do */
#define KINDS_OF_PAGES 4   /* file, anonymous, swapped and shared, in this order */

/* On hosts with more than two CPUs: how many to sum over. The agent sets it before it
 * loads. */
const volatile __u32 summed_cpus = 0;

extern const void __per_cpu_offset __ksym __weak;

/* The kernel keeps the last pages of each CPU apart, up to 32 or twice the number of CPUs
 * of each kind (lib/percpu_counter.c), and counters of a process side by side since 6.6.
 * On two CPUs that is less than 1 MB in all; on more it is added. */
static __always_inline __s64 pages_of_cpus(struct mm_struct *mm)
{
	const __u64 *offsets = &__per_cpu_offset;
	__u64 counters = (__u64)mm->rss_stat[0].counters;
	__s64 pages = 0;

	if (!offsets || (__u64)mm->rss_stat[1].counters - counters != sizeof(__s32))
		return 0;
	for (__u32 cpu = count_from; cpu < summed_cpus && cpu < SUMMED_CPUS_MAX; cpu++) {
		__s32 kinds[KINDS_OF_PAGES];
		__u64 offset;

		if (bpf_probe_read_kernel(&offset, sizeof(offset), offsets + cpu) ||
		    bpf_probe_read_kernel(
			kinds, sizeof(kinds), (const void *)(counters + offset)))
			break;
		pages += kinds[0] + kinds[1] + kinds[3];
	}
	return pages;
}

static __always_inline __u64 pages_resident(struct mm_struct *mm)
{
	/* 2 counts swapped ones */
	__s64 all = pages_of_kind(mm, 0) + pages_of_kind(mm, 1) + pages_of_kind(mm, 3);

	if (summed_cpus && has_pages_of_cpus(mm))
		all += pages_of_cpus(mm);
	return all > 0 ? all : 0;
}

/* Resident pages now, and the highest so far as far as the kernel noted it. */
static __always_inline void read_memory(struct task_struct *task, __u64 *rss, __u64 *peak)
{
	struct mm_struct *mm = task->mm;

	*rss = 0;
	*peak = task->signal->maxrss; /* before 6.16 all that is left at the exit */
	if (!mm)
		return;
	*rss = pages_resident(mm);
	*peak = mm->hiwater_rss;
	if (*peak < *rss)
		*peak = *rss;
}

/* Of the processes of the sandbox beside the current one. */
VERIFIED_ONCE __u64 pages_beside(const struct sandbox *s)
{
	__u32 current = bpf_get_current_pid_tgid() >> 32;
	__u64 pages = 0;

	if (!s || !bpf_task_from_pid)
		return 0;
	for (__u32 i = count_from; i < SANDBOX_MEMBERS; i++) {
		__u32 pid = s->members[i & (SANDBOX_MEMBERS - 1)];
		struct task_struct *task;

		if (!pid || pid == current)
			continue;
		task = bpf_task_from_pid(pid);
		if (!task)
			continue;
		if (task->mm)
			pages += pages_resident(task->mm);
		bpf_task_release(task);
	}
	return pages;
}

#endif
