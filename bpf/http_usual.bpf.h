/* Kind http, the usual: a request and its response, each whole in one buffer of one call,
 * of a server that has been asked before. All else is http.bpf.h's, which begins anew:
 * nothing is written before it is certain.
 *
 * What the meter costs is for the most part code that has to come into a small cache, and
 * calls, whose returns are guarded. Here stands nothing that the usual does not need. */
#ifndef COLDMETER_BPF_HTTP_USUAL_BPF_H
#define COLDMETER_BPF_HTTP_USUAL_BPF_H

#include "bpf/exchange.bpf.h"
#include "bpf/http1_usual.h"
#include "bpf/http_invocation.bpf.h"

/* Whether the exchange is one of a server of which nothing is asked but figures. */
static __always_inline bool is_usual(const struct exchange *e, const struct sandbox *s)
{
	return e->role == ROLE_SERVER && !s->starting && !s->is_limited &&
	       !want_targets && shed_step == SHED_NOTHING;
}

/* The current process, if it stands in its first place. */
static __always_inline struct process *process_here(struct task_struct *task)
{
	__u32 pid = (__u32)task->tgid;
	struct process *p = process_at(process_place(pid, 0));

	return p && p->pid == pid && !p->gone ? p : NULL;
}

/* Whether what was received is a request like any other. Scans it. */
static __always_inline bool is_usual_request(struct message *m, const struct sandbox *s)
{
	if (!http1_is_method(m) || is_runtime_call(m) || is_front_door(m))
		return false;
	scan_for(m, SCAN_REQUEST);
	return http_control_of(m, s->speaks) == CONTROL_NONE;
}

/* A request, n bytes. False: it is not the usual one, nothing was done. */
static __noinline bool http_asked(struct task_struct *task, struct sock *sk,
    struct exchange *e, struct sandbox *s, int n)
{
	struct process *p = process_here(task);
	struct message *m;
	__u64 now;

	if (e->phase != PHASE_IDLE || !e->last_receive_ns || !s->seen || !p ||
	    !is_usual(e, s))
		return false;
	m = read_short(task, n);
	if (!m || !is_usual_request(m, s))
		return false;
	now = bpf_ktime_get_boot_ns();
	if (!knows_limits(task, s, now))
		return false;
	http1_asked(e, m, n, now);
	e->is_open = 1;
	e->is_first = 0;
	read_memory(task, &e->rss, &e->peak);
	cpu_begins_in(task, &e->cpu, p, false, now);
	http_counts(e, s, now);
	if (!e->is_unix)
		e->written = tcp_written(sk);
	return true;
}

/* Ends it without a record. */
static __noinline void http_untold(struct task_struct *task, struct exchange *e,
    struct sandbox *s, __u64 busy, __u64 now)
{
	cpu_ends(task, &e->cpu, NULL, now);
	untold(s, busy);
}

/* Tells the invocation that has ended, in the current process. */
static __always_inline void http_tell(struct task_struct *task, struct exchange *e,
    struct sandbox *s, struct process *p, __u64 now)
{
	__u64 busy = busy_end(s, now);
	struct record_parts parts;
	struct record_invocation *r;

	if (e->is_unix)
		__sync_fetch_and_add(&s->unix_in_flight, -1);
	r = begin_record_as(s, e->sandbox, ROOM_SHORT, &parts);
	if (!r) {
		http_untold(task, e, s, busy, now);
		return;
	}
	fill_exchange(r, e);
	r->busy_ns = busy + untold_busy(s);
	cpu_ends_in(task, &e->cpu, r, p, now);
	cpu_lets_go(p, e->cpu.pid);
	fill_memory(task, r, s, e->rss, e->peak);
	r->flags |= s->open_flags & INVOCATION_READY_INFERRED;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* Whether the record of the open invocation says no more than the shortest one does. */
static __always_inline bool is_plain(const struct exchange *e, const struct sandbox *s)
{
	return !e->control && !e->is_first && !e->flags && !e->trace_id[0] &&
	       e->target_kind == TARGET_NONE && !s->part_pages;
}

/* Whether it began in process p, with the CPU time of all threads and no limit. */
static __always_inline bool is_cpu_plain(
    const struct cpu_reading *start, const struct process *p)
{
	return start->pid == p->pid && !start->one_thread &&
	       start->throttled_ns == RECORD_UNKNOWN;
}

/* A response, n bytes. False: it is not the usual one, nothing was done. */
static __noinline bool http_answered(
    struct task_struct *task, struct exchange *e, struct sandbox *s, int n)
{
	struct process *p = process_here(task);
	struct message *m;
	__u32 status;
	__u64 now;

	if (!http1_awaits_usual(e) || !is_plain(e, s) || !is_usual(e, s) || !p ||
	    !is_cpu_plain(&e->cpu, p))
		return false;
	m = read_short(task, n);
	status = m ? http1_status(m) : 0;
	if (!status)
		return false;
	scan_for(m, SCAN_RESPONSE);
	if (!http1_is_usual(m, status)) {
		e->is_unusual = 1; /* so are the next ones, likely */
		return false;
	}
	now = bpf_ktime_get_boot_ns();
	http1_answered(e, n, status, now);
	/* the last write and a reset may both find it open, on two CPUs */
	if (__sync_lock_test_and_set(&e->is_open, 0))
		http_tell(task, e, s, p, now);
	return true;
}

#endif
