/* Kind lambda: a runtime asks for the next event and posts what came of it. */
#ifndef COLDMETER_BPF_LAMBDA_BPF_H
#define COLDMETER_BPF_LAMBDA_BPF_H

#include "bpf/ending.bpf.h"
#include "bpf/exchange.bpf.h"
#include "bpf/runtime_api.h"

/* Of what is sent: "POST /2018-06-01/runtime/invocation/", an id, "/response". Most of
 * what a process sends is not for its Runtime API. */
#define START_BYTES 96

static __noinline void lambda_end(
    struct sandbox *s, __u64 id, __u64 end, __u32 flags, __u32 exit_code)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 busy = busy_end(s, end);
	struct record_invocation *r = NULL;

	s->open = 0;
	if (!is_shed(s, flags | s->open_flags, 0, s->open_trace_id))
		r = begin_record(s, id);
	if (!r) {
		untold(s, busy);
		return;
	}
	r->start_ns = s->open_start_ns;
	r->end_ns = end;
	r->response_ns = s->open_response_ns;
	r->busy_ns = busy + untold_busy(s);
	r->request_bytes = s->open_request_bytes;
	r->response_bytes = s->open_response_bytes;
	r->deadline_ms = s->open_deadline_ms;
	r->flags = flags | s->open_flags;
	if (r->flags & INVOCATION_WAITED)
		r->wait_ns = s->open_wait_ns;
	cpu_ends_alone(r, &s->open_cpu, s);
	r->exit_code = exit_code;
	r->concurrency = 1;
	r->function_kind = FUNCTION_LAMBDA;
	fill_memory(task, r, s, s->open_rss, s->open_peak);
	fill_parts(task, r, s);
	__builtin_memcpy(r->request_id, s->open_request_id, RECORD_ID_BYTES);
	__builtin_memcpy(r->trace_id, s->open_trace_id, RECORD_TRACE_BYTES);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* An event begins: what the sandbox has had so far. Apart from what fills in the rest, so
 * that no frame of that is above it: 512 bytes have to do for all of a call. */
static __noinline void lambda_begin(struct sandbox *s)
{
	read_memory(bpf_get_current_task_btf(), &s->open_rss, &s->open_peak);
	cpu_begins_alone(&s->open_cpu, s, shed_step >= SHED_THREADS);
	busy_begin(s, s->open_start_ns);
}

/* An answer to an event whose arrival was not seen: the agent came later. It began, at
 * the latest, when the agent did, or now. */
static __noinline void lambda_missed(struct sandbox *s, struct message *m, __u64 now)
{
	bool first = __sync_fetch_and_add(&s->seen, 1) == 0;

	s->open = 1;
	s->open_flags = INVOCATION_NO_START | (first ? INVOCATION_FIRST : 0);
	s->open_start_ns = first ? s->ready_ns : now;
	s->open_request_bytes = s->open_response_bytes = s->open_deadline_ms = 0;
	s->open_trace_id[0] = 0;
	m->id = RUNTIME_ID_AT;
	copy_id(m, s->open_request_id);
}

static __always_inline void lambda_answers(
    const struct exchange *e, struct sandbox *s, __u64 now, int n, bool more)
{
	if (!s->open)
		return;
	if (s->starting)
		coldstart_reach(e->sandbox, MARK_RESPONSE, now);
	s->open_flags |= INVOCATION_RESPONDED;
	s->open_response_ns = now;
	s->open_response_bytes = n + (more ? s->open_response_bytes : 0);
}

static __noinline void lambda_sent(struct exchange *e, struct sandbox *s, int n)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct message *m;
	enum runtime_step step;

	if (e->phase == PHASE_IGNORE)
		return;
	m = read_message(n < START_BYTES ? n : START_BYTES, false, NULL);
	step = runtime_sent(e, m);
	if (m && (step == RUNTIME_ANSWERS || step == RUNTIME_FAILS) && !s->open &&
	    s->ready_ns) {
		lambda_missed(s, m, now);
		lambda_begin(s);
	}
	switch (step) {
	case RUNTIME_ASKS:
		if (s->open)
			lambda_end(s, e->sandbox, now, 0, 0);
		mark_ready(s, e->sandbox, FUNCTION_LAMBDA, now, 0);
		break;
	case RUNTIME_FAILS_INIT:
		s->open_flags |= INVOCATION_INIT_ERROR;
		break;
	case RUNTIME_FAILS:
		if (s->open)
			s->open_flags |= INVOCATION_ERROR;
		lambda_answers(e, s, now, n, false);
		break;
	case RUNTIME_ANSWERS:
		lambda_answers(e, s, now, n, false);
		break;
	case RUNTIME_ANSWERS_ON:
		lambda_answers(e, s, now, n, true);
		break;
	case RUNTIME_GOES_ON:
		if (s->starting)
			peer_sent(e, s);
		break;
	case RUNTIME_GETS_EVENT:
		break;
	}
}

/* What the message says of the event, and n, its bytes. */
static __noinline void lambda_take(
    struct exchange *e, struct sandbox *s, const struct message *m, int n)
{
	__s64 deadline_ms = m->deadline ? number_at(m, m->deadline) : 0;

	s->open = 1;
	s->open_flags = __sync_fetch_and_add(&s->seen, 1) == 0 ? INVOCATION_FIRST : 0;
	s->open_start_ns = e->start_ns;
	s->open_response_ns = 0;
	s->open_request_bytes = n;
	s->open_response_bytes = 0;
	s->open_deadline_ms = deadline_ms > 0 ? deadline_ms : 0;
	s->open_trace_id[0] = 0;
	copy_id(m, s->open_request_id);
	copy_trace(m, s->open_trace_id);
}

static __always_inline void lambda_received(struct exchange *e, struct sandbox *s, int n)
{
	struct message *m = NULL;

	if (runtime_reads_received(e))
		m = read_message(n, false, &e->rest);
	if (runtime_received(e, m, bpf_ktime_get_boot_ns()) == RUNTIME_GETS_EVENT) {
		/* a runtime that takes several at once: the last one goes on */
		if (s->open)
			lambda_end(
			    s, e->sandbox, e->start_ns, INVOCATION_END_INFERRED, 0);
		lambda_take(e, s, m, n);
		if (s->server)
			door_delivers(s);
		lambda_begin(s);
		if (s->starting)
			coldstart_reach(e->sandbox, MARK_EVENT, e->start_ns);
	}
}

#endif
