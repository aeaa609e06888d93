/* CPU time of a process and of a sandbox, and how invocations that overlap share it.
 *
 * A process has a clock of shares: it goes on by the CPU time that the process has had,
 * divided by how many invocations were open meanwhile. What it went on by during an
 * invocation is that one's CPU time. Alone it has all of it; the times of all that are
 * open together add up to what was used. */
#ifndef COLDMETER_BPF_CPU_BPF_H
#define COLDMETER_BPF_CPU_BPF_H

#include "bpf/sandbox.bpf.h"
#include "bpf/throttling.bpf.h"
#include "bpf/uncounted.bpf.h"

/* Where an invocation begins or ends, who runs and when is asked once and handed on: with
 * the kernel's defences against speculation a call, which returns, costs more than what
 * it asks for. All times are of the boot clock. */

#define WALK_EVERY_NS 250000 /* what a thread of another can have had unseen */

static __always_inline void add_thread_cpu(
    struct cpu_total *total, struct task_struct *thread, __u64 now)
{
	total->cpu_ns += thread->se.sum_exec_runtime;
	total->run_queue_ns += run_delay(thread);
	if (thread->on_cpu) {
		struct uncounted u = uncounted_read(thread, now);

		total->cpu_ns += uncounted_ns(&u);
	}
}

/* Where the kernel has no walk over threads (before 6.7) nor finds a process by its
 * number (before 6.2): its list of them is read, from a thread that was seen before. A
 * program reads under RCU, for which the kernel keeps that list whole. */
static __always_inline void remember_task(struct process *p, struct task_struct *task)
{
	if (!bpf_iter_task_new)
		p->task = (__u64)task->group_leader;
}

static __always_inline void add_read_thread(
    struct cpu_total *total, struct task_struct *thread, __u64 now)
{
	total->cpu_ns += BPF_CORE_READ(thread, se.sum_exec_runtime);
	if (bpf_core_field_exists(thread->sched_info.run_delay))
		total->run_queue_ns += BPF_CORE_READ(thread, sched_info.run_delay);
	if (BPF_CORE_READ(thread, on_cpu)) {
		struct uncounted u = uncounted_found(thread, now);

		total->cpu_ns += uncounted_ns(&u);
	}
}

/* As add_threads(), of the process that this thread is or, when pid is not its any more,
 * was of. */
static __always_inline void add_listed_threads(
    struct cpu_total *total, struct task_struct *task, __u32 pid, __u32 but)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct list_head *head =
	    (void *)signal + bpf_core_field_offset(struct signal_struct, thread_head);
	struct list_head *at = BPF_CORE_READ(head, next);
	__u64 now = bpf_ktime_get_boot_ns();
	__u32 i = count_from;

	if (pid && (__u32)BPF_CORE_READ(task, tgid) != pid)
		return;
	if (pid)
		total->cpu_ns += BPF_CORE_READ(signal, sum_sched_runtime);
	do {
		struct task_struct *thread =
		    (void *)at - bpf_core_field_offset(struct task_struct, thread_node);

		if (!at || at == head)
			break;
		if ((__u32)BPF_CORE_READ(thread, pid) != but)
			add_read_thread(total, thread, now);
		at = BPF_CORE_READ(at, next);
	} while (++i < THREADS_MAX);
}

/* As process_of() finds the process, but within one frame: those above leave no room. */
static __always_inline struct task_struct *remembered_task(__u32 pid)
{
	__u32 i = count_from;

	do {
		const struct process *p = process_at(process_place(pid, i));

		if (p && p->pid == pid)
			return (struct task_struct *)p->task;
	} while (++i < PROCESS_PLACES);
	return NULL;
}

/* Adds the threads of a process that live, but for one. By pid: of the process, and what
 * its threads had that ended; 0: the current one. Apart, so that the verifier looks at
 * the loop once. */
__noinline int add_threads(struct cpu_total *total, __u32 pid, __u32 but)
{
	struct task_struct *task;
	struct task_struct *thread;
	struct bpf_iter_task it;
	__u64 now = bpf_ktime_get_boot_ns();

	if (!total)
		return 0;
	if (!bpf_iter_task_new || !bpf_task_from_pid) {
		task = pid ? remembered_task(pid) : bpf_get_current_task_btf();
		if (task)
			add_listed_threads(total, task, pid, but);
		return 0;
	}
	task = bpf_task_from_pid(pid ? pid : bpf_get_current_pid_tgid() >> 32);
	if (!task)
		return 0;
	if (pid)
		total->cpu_ns += task->signal->sum_sched_runtime;
	bpf_iter_task_new(&it, task, THREADS_OF_PROCESS);
	for (__u32 i = count_from; i < THREADS_MAX && (thread = bpf_iter_task_next(&it));
	     i++) {
		if ((__u32)thread->pid != but)
			add_thread_cpu(total, thread, now);
	}
	bpf_iter_task_destroy(&it);
	bpf_task_release(task);
	return 0;
}

/* The other threads of the current process are walked no more often than it takes one of
 * them to have had WALK_EVERY_NS; p may be NULL. */
static __always_inline void add_other_threads(struct task_struct *task,
    struct cpu_total *total, struct process *p, bool one_thread, __u64 now)
{
	__u32 tid = (__u32)task->pid;
	struct cpu_total others = {};

	if (p && p->walked_tid == tid &&
	    (one_thread || now - p->walked_ns < WALK_EVERY_NS)) {
		total->cpu_ns += p->others.cpu_ns;
		total->run_queue_ns += p->others.run_queue_ns;
		return;
	}
	if (one_thread)
		return;
	add_threads(&others, 0, tid);
	total->cpu_ns += others.cpu_ns;
	total->run_queue_ns += others.run_queue_ns;
	if (!p)
		return;
	p->others = others;
	p->walked_tid = tid;
	p->walked_ns = now;
}

/* Of the current process, whose task it is: threads that ended and threads that live. */
static __always_inline void read_at(struct task_struct *task, struct cpu_total *total,
    struct process *p, bool one_thread, __u64 now)
{
	struct uncounted u = uncounted_read(task, now);

	lead_note(&u, now);
	if (p)
		remember_task(p, task);
	total->cpu_ns = task->signal->sum_sched_runtime + task->se.sum_exec_runtime +
			uncounted_ns(&u);
	total->run_queue_ns = run_delay(task);
	if (task->signal->nr_threads > 1)
		add_other_threads(task, total, p, one_thread, now);
}

/* Likewise, now. */
VERIFIED_ONCE int read_process(
    struct cpu_total *total, struct process *p, bool one_thread)
{
	if (total)
		read_at(bpf_get_current_task_btf(), total, p, one_thread,
		    bpf_ktime_get_boot_ns());
	return 0;
}

/* Of all processes of a sandbox, those that ended too. */
VERIFIED_ONCE int read_sandbox(
    struct cpu_total *total, const struct sandbox *s, bool one_thread)
{
	__u32 current = bpf_get_current_pid_tgid() >> 32;
	struct cpu_total own;

	if (!total || !s)
		return 0;
	*total = s->ended_cpu;
	for (__u32 i = count_from; i < SANDBOX_MEMBERS; i++) {
		__u32 pid = s->members[i & (SANDBOX_MEMBERS - 1)];

		if (!pid)
			continue;
		if (pid != current) {
			add_threads(total, pid, 0);
			continue;
		}
		read_process(&own, current_process(), one_thread);
		total->cpu_ns += own.cpu_ns;
		total->run_queue_ns += own.run_queue_ns;
	}
	return 0;
}

/* The clock of shares goes on until now. */
static __always_inline void share_out(struct process *p, __u64 total_ns)
{
	__u64 before = p->total_ns;
	__s64 open = p->in_flight;

	total_ns += p->children_ns;
	/* another CPU may have read later and been here first */
	if (total_ns <= before ||
	    __sync_val_compare_and_swap(&p->total_ns, before, total_ns) != before)
		return;
	if (open > 0 && before)
		__sync_fetch_and_add(&p->share_ns, (total_ns - before) / (__u64)open);
}

/* CPU time of the current thread alone. */
static __always_inline __u64 thread_ns(struct task_struct *task, __u64 now)
{
	struct uncounted u = uncounted_read(task, now);

	return task->se.sum_exec_runtime + uncounted_ns(&u);
}

/* 0, which is unknown, when another thread goes on with it. */
static __always_inline __u64 thread_ns_since(
    struct task_struct *task, const struct cpu_reading *start, __u64 now)
{
	if (start->one_thread != (__u32)task->pid)
		return 0;
	return thread_ns(task, now) - start->share_ns;
}

/* Whether the others of several threads are not looked at, as nobody wants it. Then the
 * clock of shares stands, and goes on from where it is later. */
static __always_inline bool is_one_thread(struct task_struct *task, bool wanted)
{
	return wanted && task->signal->nr_threads > 1;
}

/* An invocation begins in the current process, p, which no limit stops. */
static __always_inline void cpu_begins_in(struct task_struct *task,
    struct cpu_reading *start, struct process *p, bool one_thread, __u64 now)
{
	struct cpu_total total = {};

	start->one_thread = 0;
	if (is_one_thread(task, one_thread)) {
		start->one_thread = (__u32)task->pid;
		p->total_ns = 0;
	} else {
		read_at(task, &total, p, false, now);
		share_out(p, total.cpu_ns);
	}
	start->overlaps = p->overlaps;
	if (__sync_fetch_and_add(&p->in_flight, 1) > 0)
		__sync_fetch_and_add(&p->overlaps, 1);
	start->pid = (__u32)task->tgid;
	start->share_ns = start->one_thread ? thread_ns(task, now) : p->share_ns;
	start->run_queue_ns = total.run_queue_ns;
	start->throttled_ns = RECORD_UNKNOWN;
}

/* An invocation begins in the current process. */
static __always_inline void cpu_begins(struct task_struct *task,
    struct cpu_reading *start, bool one_thread, bool is_limited, __u64 now)
{
	struct process *p = process_of((__u32)task->tgid);

	start->pid = start->one_thread = 0;
	if (!p)
		return;
	cpu_begins_in(task, start, p, one_thread, now);
	if (is_limited)
		start->throttled_ns = read_throttled(task);
}

static __always_inline void fill_throttled(struct task_struct *task,
    struct record_invocation *r, const struct cpu_reading *start)
{
	__u64 throttled;

	if (start->throttled_ns == RECORD_UNKNOWN)
		return;
	throttled = read_throttled(task);
	if (throttled > start->throttled_ns)
		r->throttled_ns = throttled - start->throttled_ns;
}

static __always_inline void fill_run_queue(struct task_struct *task,
    struct record_invocation *r, const struct cpu_reading *start,
    const struct cpu_total *now)
{
	if (!bpf_core_field_exists(task->sched_info.run_delay))
		r->run_queue_ns = RECORD_UNKNOWN;
	else if (now->run_queue_ns > start->run_queue_ns)
		r->run_queue_ns = now->run_queue_ns - start->run_queue_ns;
	else
		r->run_queue_ns = 0; /* a thread that ended took its waits with it */
}

static __always_inline void cpu_lets_go(struct process *p, __u32 pid)
{
	if (__sync_fetch_and_add(&p->in_flight, -1) == 1 && p->gone)
		process_forget(p, pid);
}

/* It ends, in the current process, p, that it began in. */
static __always_inline void cpu_ends_in(struct task_struct *task,
    const struct cpu_reading *start, struct record_invocation *r, struct process *p,
    __u64 now)
{
	struct cpu_total total;

	read_at(task, &total, p, false, now);
	fill_run_queue(task, r, start, &total);
	share_out(p, total.cpu_ns);
	r->cpu_ns = p->share_ns - start->share_ns;
	if (p->overlaps != start->overlaps || !uncounted_is_known())
		r->flags |= INVOCATION_CPU_ESTIMATE;
}

/* It ends. task, the current one, may be of another process than it began in: one that a
 * packet happened to interrupt. r may be NULL, when nobody is told. */
static __always_inline void cpu_ends(struct task_struct *task,
    const struct cpu_reading *start, struct record_invocation *r, __u64 now)
{
	__u32 pid = start->pid;
	bool ours = (__u32)task->tgid == pid;
	struct process *p = pid ? process_of(pid) : NULL;
	struct cpu_total total = {};

	if (r)
		r->run_queue_ns = RECORD_UNKNOWN;
	if (!p)
		return;
	if (r && start->one_thread) {
		r->cpu_ns = ours ? thread_ns_since(task, start, now) : 0;
		r->flags |= INVOCATION_CPU_ESTIMATE;
	} else if (r && !p->gone && ours) {
		cpu_ends_in(task, start, r, p, now);
		fill_throttled(task, r, start);
	} else if (r) {
		if (!p->gone)
			add_threads(&total, pid, 0);
		share_out(p, total.cpu_ns);
		r->cpu_ns = p->share_ns - start->share_ns;
		if (!ours || p->overlaps != start->overlaps)
			r->flags |= INVOCATION_CPU_ESTIMATE;
	}
	cpu_lets_go(p, pid);
}

/* The only invocation of its sandbox begins, in any of its processes. */
static __always_inline void cpu_begins_alone(
    struct cpu_reading *start, const struct sandbox *s, bool one_thread)
{
	struct cpu_total total;

	read_sandbox(&total, s, one_thread);
	start->share_ns = total.cpu_ns;
	start->run_queue_ns = total.run_queue_ns;
	start->one_thread = one_thread;
	start->throttled_ns = read_throttled(bpf_get_current_task_btf());
}

static __always_inline void cpu_ends_alone(
    struct record_invocation *r, const struct cpu_reading *start, const struct sandbox *s)
{
	struct cpu_total total;

	read_sandbox(&total, s, start->one_thread);
	if (total.cpu_ns > start->share_ns)
		r->cpu_ns = total.cpu_ns - start->share_ns;
	if (start->one_thread || !uncounted_is_known())
		r->flags |= INVOCATION_CPU_ESTIMATE;
	fill_run_queue(bpf_get_current_task_btf(), r, start, &total);
	fill_throttled(bpf_get_current_task_btf(), r, start);
}

/* A process ends, in its own context: its time stays with its sandbox and, when it began
 * during what its parent does, with that. True: invocations are open in it, whose sockets
 * end later. */
static __always_inline bool cpu_of_ended(struct process *p, struct sandbox *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 pid = BPF_CORE_READ(task, real_parent, tgid);
	struct process *parent = process_of(pid);
	struct cpu_total total;

	read_process(&total, p, false);
	share_out(p, total.cpu_ns);
	__sync_fetch_and_add(&s->ended_cpu.cpu_ns, total.cpu_ns);
	__sync_fetch_and_add(&s->ended_cpu.run_queue_ns, total.run_queue_ns);
	if (parent && parent->sandbox == p->sandbox)
		__sync_fetch_and_add(&parent->children_ns, total.cpu_ns + p->children_ns);
	p->gone = 1;
	return p->in_flight > 0;
}

#endif
