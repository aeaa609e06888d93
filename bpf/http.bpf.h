/* Kind http: what the steps of http1.h need of the kernel. */
#ifndef COLDMETER_BPF_HTTP_BPF_H
#define COLDMETER_BPF_HTTP_BPF_H

#include "bpf/ending.bpf.h"
#include "bpf/exchange.bpf.h"
#include "bpf/http1.h"

static __always_inline void http_begin(struct exchange *e, struct sandbox *s, __u64 now)
{
	read_memory(bpf_get_current_task_btf(), &e->rss, &e->peak);
	read_cpu(&e->cpu);
	busy_begin(s, now);
	if (e->is_unix)
		__sync_fetch_and_add(&s->unix_in_flight, 1);
	e->concurrency = (__u16)s->in_flight;
	e->is_first = __sync_fetch_and_add(&s->seen, 1) == 0;
}

/* ours: the current process is the function, not one that a packet happened to interrupt.
 */
static __always_inline void http_end(struct exchange *e, struct sandbox *s, bool ours)
{
	__u64 busy = busy_end(s, e->end_ns);
	struct record_invocation *r = begin_record(s, e->sandbox);

	if (e->is_unix)
		__sync_fetch_and_add(&s->unix_in_flight, -1);
	if (!r)
		return;
	r->pid = e->pid;
	r->start_ns = e->start_ns;
	r->end_ns = e->end_ns;
	r->response_ns = e->last_send_ns;
	r->busy_ns = busy;
	r->request_bytes = e->request_bytes;
	r->response_bytes = e->response_bytes;
	r->http_status = e->status;
	r->concurrency = e->concurrency;
	r->flags = e->flags;
	if (ours) {
		fill_cpu(r, &e->cpu);
		fill_memory(r, s, e->rss, e->peak);
		if (e->flags & INVOCATION_EXITED)
			r->exit_code =
			    bpf_get_current_task_btf()->signal->group_exit_code;
	} else {
		r->flags |= INVOCATION_CPU_ESTIMATE;
		r->run_queue_ns = RECORD_UNKNOWN;
	}
	r->flags |= (e->is_first ? INVOCATION_FIRST : 0) |
		    (s->open_flags & INVOCATION_READY_INFERRED);
	__builtin_memcpy(r->trace_id, e->trace_id, RECORD_TRACE_BYTES);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

static __always_inline void tell_blind(
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

static __always_inline void http_received(struct exchange *e, struct sandbox *s, int n)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct message *m = NULL;
	enum http1_step step;

	if (http1_before_received(e) == HTTP1_ENDS)
		http_end(e, s, true);
	if (http1_reads_received(e))
		m = read_message(n, false, NULL);
	step = http1_received(e, m, n, now);
	if (step == HTTP1_BEGINS)
		http_begin(e, s, now);
	else if (step == HTTP1_TLS)
		tell_blind(s, e->sandbox, COUNT_TLS, BLIND_TLS);
	else if (step == HTTP1_HTTP2)
		tell_blind(s, e->sandbox, COUNT_HTTP2, BLIND_HTTP2);
}

static __always_inline void http_sent(struct exchange *e, struct sandbox *s, int n)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct message *m = NULL;
	enum http1_step step;

	if (http1_reads_sent(e))
		m = read_message(n, true, e->phase == PHASE_IDLE ? NULL : &e->rest);
	step = http1_sent(e, m, n, now);
	if (step == HTTP1_BEGINS || step == HTTP1_BEGINS_AND_ENDS)
		http_begin(e, s, now);
	if (step == HTTP1_ENDS || step == HTTP1_BEGINS_AND_ENDS)
		http_end(e, s, true);
}

/* The connection goes away: by its process, which may be dying, or by a packet. */
static __always_inline void http_closed(struct exchange *e, struct sandbox *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool ours = (__u32)task->tgid == e->pid;
	bool dying = ours && task->flags & PF_EXITING;

	if (http1_closed(e, dying, bpf_ktime_get_boot_ns()) == HTTP1_ENDS) {
		if (e->flags & INVOCATION_EXITED && s->oom)
			e->flags |= INVOCATION_OOM;
		http_end(e, s, ours);
	}
}

#endif
