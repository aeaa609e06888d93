/* Maps and state of processes and sandboxes; what a boundary reads from the kernel. */
#ifndef COLDMETER_BPF_SANDBOX_BPF_H
#define COLDMETER_BPF_SANDBOX_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/record.h"

#define AF_UNIX 1
#define MSG_PEEK 2
#define EPIPE 32
#define PF_EXITING 4 /* include/linux/sched.h */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct process);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct sandbox);
} sandboxes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RECORD_COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static __always_inline void count(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&counts, &what);

	if (n)
		(*n)++;
}

static __always_inline struct sandbox *sandbox_of(__u64 id)
{
	return bpf_map_lookup_elem(&sandboxes, &id);
}

static __always_inline struct process *current_process(void)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	return bpf_map_lookup_elem(&processes, &pid);
}

static __always_inline __u64 pages_resident(struct mm_struct *mm)
{
	/* file, anonymous and shared pages; 2 counts swapped ones */
	__s64 all = mm->rss_stat[0].count + mm->rss_stat[1].count + mm->rss_stat[3].count;

	return all > 0 ? all : 0;
}

/* Resident pages now, and the highest so far as far as the kernel noted it. */
static __always_inline void read_memory(struct task_struct *task, __u64 *rss, __u64 *peak)
{
	struct mm_struct *mm = task->mm;

	*rss = *peak = 0;
	if (!mm)
		return;
	*rss = pages_resident(mm);
	*peak = mm->hiwater_rss;
	if (*peak < *rss)
		*peak = *rss;
}

extern int bpf_iter_task_new(
    struct bpf_iter_task *it, struct task_struct *task, unsigned int flags) __ksym __weak;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym __weak;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym __weak;

#define THREADS_OF_PROCESS 2 /* BPF_TASK_ITER_PROC_THREADS */
#define THREADS_MAX 512

/* CPU time of a process at one moment. The kernel's sums are stale between ticks;
 * running_ns is what the current thread has had since, by a clock whose offset differs
 * from CPU to CPU: it only means something as a difference between two moments on one
 * CPU. */
struct cpu_reading {
	__u64 sum_ns;
	__s64 running_ns;
	__u32 cpu;
};

/* Threads that ended and threads that live. Kernels before 6.7 cannot walk threads; there
 * it is the current thread's and the ended ones'. */
static __always_inline void read_cpu(struct cpu_reading *reading)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_struct *thread;
	struct bpf_iter_task it;

	reading->cpu = bpf_get_smp_processor_id();
	reading->running_ns = (__s64)(bpf_ktime_get_ns() - task->se.exec_start);
	reading->sum_ns = task->signal->sum_sched_runtime;
	if (!bpf_iter_task_new) {
		reading->sum_ns += task->se.sum_exec_runtime;
		return;
	}
	bpf_iter_task_new(&it, task, THREADS_OF_PROCESS);
	for (int i = 0; i < THREADS_MAX && (thread = bpf_iter_task_next(&it)); i++)
		reading->sum_ns += thread->se.sum_exec_runtime;
	bpf_iter_task_destroy(&it);
}

/* CPU time since start, 0 when it cannot be told; *exact is false when the two moments
 * were on different CPUs, which leaves an error of up to a tick. */
static __always_inline __u64 cpu_since(
    __u64 start_sum_ns, __s64 start_running_ns, __u32 start_cpu, bool *exact)
{
	struct cpu_reading now;
	__s64 used;

	read_cpu(&now);
	used = (__s64)(now.sum_ns - start_sum_ns);
	*exact = now.cpu == start_cpu;
	if (*exact)
		used += now.running_ns - start_running_ns;
	return used > 0 ? used : 0;
}

static __always_inline void busy_begin(struct sandbox *sandbox, __u64 now)
{
	if (__sync_fetch_and_add(&sandbox->in_flight, 1) == 0)
		sandbox->busy_since_ns = now;
}

/* Time that the sandbox was busy and that this end settles. */
static __always_inline __u64 busy_end(struct sandbox *sandbox, __u64 now)
{
	__u64 busy = 0;

	if (__sync_fetch_and_add(&sandbox->in_flight, -1) == 1 &&
	    now > sandbox->busy_since_ns)
		busy = now - sandbox->busy_since_ns;
	return busy;
}

#endif
