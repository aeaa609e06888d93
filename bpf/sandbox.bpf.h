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
	__uint(max_entries, 16 << 20); /* 1.5 s at 50,000 records/s */
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RECORD_COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

/* enum record_shed, as the agent decides. */
volatile __u32 shed_step = SHED_NOTHING;

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

/* Nobody writes it, which the verifier cannot know: a loop that counts from it is checked
 * once for all counts, not once for each. */
volatile __u32 count_from = 0;

#define THREADS_OF_PROCESS 2 /* BPF_TASK_ITER_PROC_THREADS */
#define THREADS_MAX 512

/* How long a thread has waited for a CPU; 0 where the kernel does not count it. */
static __always_inline __u64 run_delay(struct task_struct *thread)
{
	return bpf_core_field_exists(thread->sched_info.run_delay)
		   ? thread->sched_info.run_delay
		   : 0;
}

/* Adds the threads that live. Apart, so that the verifier looks at the loop once. */
__noinline int add_threads(struct cpu_reading *reading)
{
	struct task_struct *thread;
	struct bpf_iter_task it;

	if (!reading || !bpf_iter_task_new)
		return 0;
	bpf_iter_task_new(&it, bpf_get_current_task_btf(), THREADS_OF_PROCESS);
	for (__u32 i = count_from; i < THREADS_MAX && (thread = bpf_iter_task_next(&it));
	     i++) {
		reading->sum_ns += thread->se.sum_exec_runtime;
		reading->run_queue_ns += run_delay(thread);
	}
	bpf_iter_task_destroy(&it);
	return 0;
}

/* Threads that ended and threads that live. Kernels before 6.7 cannot walk threads; there
 * it is the current thread's and the ended ones', as with one_thread. */
static __always_inline void read_cpu(struct cpu_reading *reading, bool one_thread)
{
	struct task_struct *task = bpf_get_current_task_btf();

	reading->cpu = bpf_get_smp_processor_id();
	reading->running_ns = (__s64)(bpf_ktime_get_ns() - task->se.exec_start);
	reading->sum_ns = task->signal->sum_sched_runtime;
	reading->run_queue_ns = 0;
	reading->one_thread = one_thread && task->signal->nr_threads > 1;
	if (!bpf_iter_task_new || one_thread || task->signal->nr_threads == 1) {
		reading->sum_ns += task->se.sum_exec_runtime;
		reading->run_queue_ns += run_delay(task);
		return;
	}
	add_threads(reading);
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
