/* Kernel differences, asked of the types and never of a version. */
#ifndef COLDMETER_BPF_CORE_COMPAT_BPF_H
#define COLDMETER_BPF_CORE_COMPAT_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* The change time of an inode moved: i_ctime, then __i_ctime (6.6), then two fields
 * (6.11). */
struct inode___first {
	struct timespec64 i_ctime;
} __attribute__((preserve_access_index));

struct inode___second {
	struct timespec64 __i_ctime;
} __attribute__((preserve_access_index));

struct inode___third {
	__s64 i_ctime_sec;
	__u32 i_ctime_nsec;
} __attribute__((preserve_access_index));

/* Wall time. */
static __always_inline __u64 inode_changed_ns(struct inode *inode)
{
	struct inode___first *first = (void *)inode;
	struct inode___second *second = (void *)inode;
	struct inode___third *third = (void *)inode;

	if (bpf_core_field_exists(third->i_ctime_sec))
		return (__u64)BPF_CORE_READ(third, i_ctime_sec) * 1000000000 +
		       BPF_CORE_READ(third, i_ctime_nsec);
	if (bpf_core_field_exists(second->__i_ctime))
		return (__u64)BPF_CORE_READ(second, __i_ctime.tv_sec) * 1000000000 +
		       BPF_CORE_READ(second, __i_ctime.tv_nsec);
	return (__u64)BPF_CORE_READ(first, i_ctime.tv_sec) * 1000000000 +
	       BPF_CORE_READ(first, i_ctime.tv_nsec);
}

/* Resident pages by kind: plain numbers, to which each thread adds up to 64 late, then
 * counters per CPU (6.2). */
struct mm_rss_stat___first {
	atomic_long_t count[4];
} __attribute__((preserve_access_index));

struct mm_struct___first {
	struct mm_rss_stat___first rss_stat;
} __attribute__((preserve_access_index));

/* kind as in include/linux/mm_types_task.h. */
static __always_inline __s64 pages_of_kind(struct mm_struct *mm, int kind)
{
	struct mm_struct___first *first = (void *)mm;

	if (bpf_core_field_exists(first->rss_stat.count))
		return BPF_CORE_READ(first, rss_stat.count[kind].counter);
	return mm->rss_stat[kind].count;
}

static __always_inline bool has_pages_of_cpus(struct mm_struct *mm)
{
	struct mm_struct___first *first = (void *)mm;

	return !bpf_core_field_exists(first->rss_stat.count);
}

/* How often a file is held, less one: a count, then one that begins at 0 (6.13). */
struct file___first {
	atomic_long_t f_count;
} __attribute__((preserve_access_index));

struct file_ref___second {
	atomic_long_t refcnt;
} __attribute__((preserve_access_index));

struct file___second {
	struct file_ref___second f_ref;
} __attribute__((preserve_access_index));

static __always_inline bool is_held_once(struct file *file)
{
	struct file___first *first = (void *)file;
	struct file___second *second = (void *)file;

	if (bpf_core_field_exists(first->f_count))
		return BPF_CORE_READ(first, f_count.counter) == 1;
	return BPF_CORE_READ(second, f_ref.refcnt.counter) == 0;
}

/* The victim of the OOM killer is told by its number, then as a task (6.9, which also
 * tells more of it). */
struct trace_event_raw_mark_victim___second {
	uid_t uid;
} __attribute__((preserve_access_index));

static __always_inline __u32 victim_pid(const __u64 *context)
{
	struct trace_event_raw_mark_victim___second *second = NULL;

	if (bpf_core_field_exists(second->uid))
		return ((struct task_struct *)context[0])->tgid;
	return (__u32)context[0];
}

#endif
