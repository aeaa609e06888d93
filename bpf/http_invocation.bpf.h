/* An invocation of kind http: what its begin and its end read from the kernel. */
#ifndef COLDMETER_BPF_HTTP_INVOCATION_BPF_H
#define COLDMETER_BPF_HTTP_INVOCATION_BPF_H

#include "bpf/control.h"
#include "bpf/ending.bpf.h"

#define LIMITS_EVERY_NS 100000000 /* a CPU limit is looked for, and in another cgroup */

/* How many bytes were given to the socket, from an unknown start and modulo 2^32. */
static __always_inline __u32 tcp_written(struct sock *sk)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;

	if (!bpf_rdonly_cast) /* before 6.2 */
		return BPF_CORE_READ(tcp, write_seq);
	tcp = bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct tcp_sock));
	return tcp->write_seq;
}

/* Whether it is known that, or that not, a CPU limit may stop the current process. */
static __always_inline bool knows_limits(
    struct task_struct *task, const struct sandbox *s, __u64 now)
{
	return now - s->limits_ns <= LIMITS_EVERY_NS && group_of(task) == s->limits_group;
}

/* It is one of those that are open in the sandbox. */
static __always_inline void http_counts(struct exchange *e, struct sandbox *s, __u64 now)
{
	busy_begin(s, now);
	if (e->is_unix)
		__sync_fetch_and_add(&s->unix_in_flight, 1);
	e->concurrency = (__u16)s->in_flight;
}

static __always_inline void http_begin(
    struct task_struct *task, struct exchange *e, struct sandbox *s, __u64 now)
{
	e->is_open = 1;
	read_memory(task, &e->rss, &e->peak);
	if (!knows_limits(task, s, now)) {
		s->limits_ns = now;
		s->limits_group = group_of(task);
		s->is_limited = is_limited(task);
	}
	cpu_begins(task, &e->cpu, shed_step >= SHED_THREADS, s->is_limited, now);
	if (e->role == ROLE_INNER || e->control)
		return;
	http_counts(e, s, now);
	e->is_first = __sync_fetch_and_add(&s->seen, 1) == 0;
	if (s->starting) {
		coldstart_reach(e->sandbox, MARK_EVENT, e->start_ns);
		if (e->wait_ns)
			e->flags |= INVOCATION_WAITED;
	}
}

/* What an inner server did for the invocation that the outer one handles: its CPU time is
 * the outer process's, as that of a child which ended is. Apart from what else its end
 * does, as frames that are above each other share 512 bytes. */
static __noinline int inner_cpu(const struct exchange *e, __u64 now)
{
	struct process *p = process_of(e->cpu.pid);
	struct process *outer = process_of(e->outer_pid);
	struct cpu_total total;

	if (!p || p->gone || e->cpu.one_thread)
		return 0;
	read_at(bpf_get_current_task_btf(), &total, p, false, now);
	share_out(p, total.cpu_ns);
	if (outer)
		__sync_fetch_and_add(&outer->children_ns, p->share_ns - e->cpu.share_ns);
	return 0;
}

static __noinline int inner_memory(const struct exchange *e, struct sandbox *s)
{
	__u64 rss;
	__u64 peak;

	read_memory(bpf_get_current_task_btf(), &rss, &peak);
	add_part(s, peak > e->peak ? peak : rss);
	return 0;
}

/* The server is a function from now on: only now it is ready. first_exec_ns is when that
 * was asked of it; nothing else is known. */
static __always_inline void became(struct exchange *e, struct sandbox *s)
{
	struct record_ready *r;

	s->ready_ns = e->end_ns;
	r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);
	if (!r)
		return;
	*r = (struct record_ready){.kind = RECORD_READY,
	    .pid = s->first_pid,
	    .sandbox = e->sandbox,
	    .ready_ns = e->end_ns,
	    .first_exec_ns = e->start_ns};
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* What tells a server which function it is, from that offset. */
static __always_inline void tell_name(
    struct exchange *e, struct sandbox *s, const struct message *m, __u32 at)
{
	struct record_name *r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);

	e->control = CONTROL_INIT;
	if (!r)
		return;
	r->kind = RECORD_NAME;
	r->pid = s->first_pid;
	r->sandbox = e->sandbox;
	__builtin_memcpy(r->text, &m->head[at & (HEAD_BYTES - 1)], RECORD_NAME_BYTES);
	if (m->head_len < at + RECORD_NAME_BYTES)
		r->text[(m->head_len - at) & (RECORD_NAME_BYTES - 1)] = 0;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* At the door of a Runtime API server: its runtime counts the event. */
static __always_inline bool is_runtime_events(
    const struct exchange *e, const struct sandbox *s)
{
	return e->target_kind == TARGET_FRONT_DOOR && s->hosts_runtimes;
}

/* To be called before http_end(): a cold start ends with its first invocation. Apart, as
 * what it takes is not above the frame of that. */
static __always_inline void http_coldstart_ends(struct exchange *e, struct sandbox *s)
{
	if (s->starting && e->is_open && !e->control && e->role != ROLE_INNER &&
	    !is_runtime_events(e, s))
		coldstart_tell(s, e->sandbox);
}

/* What the connection knows of the invocation that ended on it. */
static __always_inline void fill_exchange(
    struct record_invocation *r, const struct exchange *e)
{
	r->pid = e->pid;
	r->start_ns = e->start_ns;
	r->end_ns = e->end_ns;
	r->response_ns = e->last_send_ns;
	r->request_bytes = e->request_bytes;
	r->response_bytes = e->response_bytes;
	r->http_status = e->status;
	r->concurrency = e->concurrency;
	r->port = e->port;
	r->flags = e->flags;
}

/* ours: the current process, whose task it is, is the function, not one that a packet
 * happened to interrupt. */
static __always_inline void http_end(
    struct task_struct *task, struct exchange *e, struct sandbox *s, bool ours, __u64 now)
{
	__u64 targeted = e->target_kind;
	struct record_parts parts;
	struct record_invocation *r;
	__u64 busy;

	/* the last write and a reset may both find it open, on two CPUs */
	if (!__sync_lock_test_and_set(&e->is_open, 0))
		return;
	if (targeted == TARGET_FRONT_DOOR)
		door_leaves(e->sandbox, e->start_ns);
	if (e->control) {
		cpu_ends(task, &e->cpu, NULL, now);
		if (e->control != CONTROL_PROBE && e->flags & INVOCATION_RESPONDED &&
		    e->status < 300)
			became(e, s);
		return;
	}
	if (e->role == ROLE_INNER) {
		if (ours)
			inner_cpu(e, now);
		cpu_ends(task, &e->cpu, NULL, now);
		if (ours)
			inner_memory(e, s);
		return;
	}
	busy = busy_end(s, e->end_ns);
	if (e->is_unix)
		__sync_fetch_and_add(&s->unix_in_flight, -1);
	r = NULL;
	if (!is_runtime_events(e, s) &&
	    !is_shed(s, e->flags | (e->is_first ? INVOCATION_FIRST : 0), e->status,
		e->trace_id))
		r = begin_record_as(s, e->sandbox,
		    targeted         ? ROOM_TARGETED
		    : e->trace_id[0] ? ROOM_INVOCATION
				     : ROOM_SHORT,
		    &parts);
	if (!r) {
		cpu_ends(task, &e->cpu, NULL, now);
		untold(s, busy);
		return;
	}
	fill_exchange(r, e);
	r->busy_ns = busy + untold_busy(s);
	if (e->flags & INVOCATION_WAITED)
		r->wait_ns = e->wait_ns;
	cpu_ends(task, &e->cpu, r, now);
	if (ours) {
		fill_memory(task, r, s, e->rss, e->peak);
		fill_parts(task, r, s);
		if (e->flags & INVOCATION_EXITED)
			r->exit_code = task->signal->group_exit_code;
	}
	r->flags |= (e->is_first ? INVOCATION_FIRST : 0) |
		    (s->open_flags & INVOCATION_READY_INFERRED);
	if (parts.ids)
		__builtin_memcpy(parts.ids->trace_id, e->trace_id, RECORD_TRACE_BYTES);
	if (parts.target)
		__builtin_memcpy(parts.target->target, e->target, RECORD_TARGET_BYTES);
	if (targeted == TARGET_FRONT_DOOR)
		r->flags |= INVOCATION_FRONT_DOOR;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* Looked at once for all ends but the usual one. */
VERIFIED_ONCE int http_ended(struct exchange *e, struct sandbox *s, bool ours, __u64 now)
{
	if (e && s)
		http_end(bpf_get_current_task_btf(), e, s, ours, now);
	return 0;
}

/* Both where it is not the usual end. */
static __always_inline void http_ends(
    struct exchange *e, struct sandbox *s, bool ours, __u64 now)
{
	http_coldstart_ends(e, s);
	http_ended(e, s, ours, now);
}

static __noinline void tell_blind(
    struct sandbox *s, __u64 id, enum record_count what, enum record_blindness why)
{
	struct record_blind *r;

	count(what);
	if (s->blind & 1U << why)
		return;
	s->blind |= 1U << why;
	r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);
	if (!r)
		return;
	*r = (struct record_blind){
	    .kind = RECORD_BLIND, .pid = s->first_pid, .sandbox = id, .why = why};
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

#endif
