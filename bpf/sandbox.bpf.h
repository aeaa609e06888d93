/* Maps and state of processes and sandboxes; what a boundary reads from the kernel. */
#ifndef COLDMETER_BPF_SANDBOX_BPF_H
#define COLDMETER_BPF_SANDBOX_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/core_compat.bpf.h"
#include "bpf/record.h"

#define AF_UNIX 1
#define AF_INET6 10
#define MSG_PEEK 2
#define EPIPE 32
#define PF_EXITING 4 /* include/linux/sched.h */
#define PF_IO_WORKER 0x10

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
	__uint(max_entries, 8 << 20); /* 0.7 s at 50,000 records/s; resident twice */
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RECORD_COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

/* enum record_shed, as the agent decides. */
/* Rules name functions by their requests. */
volatile __u32 want_targets = 0;

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

static __always_inline struct process *process_of(__u32 pid)
{
	return bpf_map_lookup_elem(&processes, &pid);
}

static __always_inline struct process *current_process(void)
{
	return process_of(bpf_get_current_pid_tgid() >> 32);
}

extern int bpf_iter_task_new(
    struct bpf_iter_task *it, struct task_struct *task, unsigned int flags) __ksym __weak;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym __weak;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym __weak;
extern struct task_struct *bpf_task_from_pid(__s32 pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

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

static __always_inline void member_add(struct sandbox *s, __u32 pid)
{
	__u32 i = count_from;

	/* tested at the end: before 6.8 the verifier takes no other loop here */
	do {
		__u32 *member = &s->members[i & (SANDBOX_MEMBERS - 1)];

		if (!*member && !__sync_val_compare_and_swap(member, 0, pid))
			return;
	} while (++i < SANDBOX_MEMBERS);
}

static __always_inline void member_remove(struct sandbox *s, __u32 pid)
{
	for (__u32 i = count_from; i < SANDBOX_MEMBERS; i++) {
		if (s->members[i & (SANDBOX_MEMBERS - 1)] == pid)
			s->members[i & (SANDBOX_MEMBERS - 1)] = 0;
	}
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
