/* Maps and state of processes and sandboxes; what a boundary reads from the kernel. */
#ifndef COLDMETER_BPF_SANDBOX_BPF_H
#define COLDMETER_BPF_SANDBOX_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/core_compat.bpf.h"
#include "bpf/tables.h"

#define AF_UNIX 1
#define AF_INET6 10
#define MSG_PEEK 2
#define SOCK_DGRAM 2
#define EPIPE 32
#define SHUTDOWN_MASK 3 /* include/net/sock.h: both directions */
#define PF_EXITING 4    /* include/linux/sched.h */
#define PF_IO_WORKER 0x10

/* See tables.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SANDBOXES_MAX);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct sandbox);
} sandboxes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PROCESSES_MAX);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct process);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20); /* 0.65 s at 50,000 records/s; resident twice */
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

/* Nobody writes it, which the verifier cannot know: a loop that counts from it is checked
 * once for all counts, not once for each. */
volatile __u32 count_from = 0;

static __always_inline struct sandbox *sandbox_of(__u64 id)
{
	__u32 place = sandbox_place(id);
	struct sandbox *s = bpf_map_lookup_elem(&sandboxes, &place);

	return s && id && s->number == id ? s : NULL;
}

/* Returns its number, 0: there is no place. */
VERIFIED_ONCE __u64 sandbox_add(__u64 seed, const struct sandbox *fresh)
{
	__u32 i = count_from;

	if (!fresh)
		return 0;
	do {
		__u32 place = sandbox_place(seed + i);
		struct sandbox *s = bpf_map_lookup_elem(&sandboxes, &place);

		if (s && sandbox_take(s)) {
			sandbox_fill(s, fresh, sandbox_number(seed, place));
			return s->number;
		}
	} while (++i < SANDBOX_PLACES);
	return 0;
}

static __always_inline struct process *process_at(__u32 place)
{
	return bpf_map_lookup_elem(&processes, &place);
}

/* Where a process stands that is not in its first place, NO_PLACE: nowhere. */
VERIFIED_ONCE __u32 process_elsewhere(__u32 pid)
{
	__u32 i = count_from;

	do {
		const struct process *p = process_at(process_place(pid, i));

		if (p && p->pid == pid)
			return process_place(pid, i);
	} while (++i < PROCESS_PLACES);
	return NO_PLACE;
}

static __always_inline struct process *process_of(__u32 pid)
{
	__u32 place = process_place(pid, 0);
	struct process *p = bpf_map_lookup_elem(&processes, &place);

	if (!pid) /* nobody; a free place has that too */
		return NULL;
	if (p && p->pid == pid)
		return p;
	place = process_elsewhere(pid);
	return place == NO_PLACE ? NULL : bpf_map_lookup_elem(&processes, &place);
}

/* One that is there already begins anew. NULL: there is no place. */
static __always_inline struct process *process_add(
    __u32 pid, __u64 sandbox, __u64 start_ns)
{
	struct process *p = process_of(pid);
	__u32 i = count_from;

	if (p) {
		process_fill(p, pid, pid, sandbox, start_ns);
		return p;
	}
	do {
		p = process_at(process_place(pid, i));
		if (p && process_take(p)) {
			process_fill(p, PROCESS_TAKEN, pid, sandbox, start_ns);
			return p;
		}
	} while (++i < PROCESS_PLACES);
	return NULL;
}

/* Sandboxes whose init is under way. While there is none, sockets of those that are no
 * functions are not looked at for their owners. */
volatile __s32 inits_open = 0;

static __always_inline void init_begins(struct sandbox *s)
{
	s->in_init = 1;
	__sync_fetch_and_add(&inits_open, 1);
}

/* It is ready, or gone. */
static __always_inline void init_ends(struct sandbox *s)
{
	if (__sync_lock_test_and_set(&s->in_init, 0))
		__sync_fetch_and_add(&inits_open, -1);
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
