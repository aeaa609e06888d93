/* Kind http: a server reads a request and writes its response, on one connection. */
#ifndef COLDMETER_BPF_HTTP_BPF_H
#define COLDMETER_BPF_HTTP_BPF_H

#include "bpf/ending.bpf.h"
#include "bpf/exchange.bpf.h"

/* What a message of HTTP/1 may begin with: letters, but not the preface of HTTP/2. */
static __always_inline bool is_method(const char *p)
{
	bool letters = p[0] >= 'A' && p[0] <= 'Z' && p[1] >= 'A' && p[1] <= 'Z' &&
		       p[2] >= 'A' && p[2] <= 'Z';

	return letters && !(p[0] == 'P' && p[1] == 'R' && p[2] == 'I');
}

static __always_inline void http_start(struct exchange *e, struct sandbox *s, __u64 now)
{
	struct cpu_reading cpu;

	e->phase = PHASE_REQUEST;
	e->start_ns = now;
	e->request_bytes = e->response_bytes = 0;
	e->last_send_ns = e->status = 0;
	e->left = -1;
	e->chunked = 0;
	e->trace_id[0] = 0;
	read_memory(bpf_get_current_task_btf(), &e->rss, &e->peak);
	read_cpu(&cpu);
	e->cpu_sum_ns = cpu.sum_ns;
	e->cpu_running_ns = cpu.running_ns;
	e->cpu = cpu.cpu;
	busy_begin(s, now);
	e->concurrency = (__u16)s->in_flight;
	e->is_first = __sync_fetch_and_add(&s->seen, 1) == 0;
}

/* ours: the current process is the function, not one that a packet happened to interrupt.
 */
static __always_inline void http_end(
    struct exchange *e, struct sandbox *s, __u64 end, __u32 flags, bool ours)
{
	__u64 busy = busy_end(s, end);
	struct record_invocation *r = begin_record(s, e->sandbox);
	bool exact = false;

	e->phase = PHASE_IDLE;
	if (!r)
		return;
	r->pid = e->pid;
	r->start_ns = e->start_ns;
	r->end_ns = end;
	r->response_ns = e->last_send_ns;
	r->busy_ns = busy;
	r->request_bytes = e->request_bytes;
	r->response_bytes = e->response_bytes;
	r->http_status = e->status;
	r->concurrency = e->concurrency;
	if (ours) {
		r->cpu_ns = cpu_since(e->cpu_sum_ns, e->cpu_running_ns, e->cpu, &exact);
		fill_memory(r, e->rss, e->peak);
		if (flags & INVOCATION_EXITED)
			r->exit_code =
			    bpf_get_current_task_btf()->signal->group_exit_code;
	}
	r->flags |= flags | (e->is_first ? INVOCATION_FIRST : 0) |
		    (s->open_flags & INVOCATION_READY_INFERRED) |
		    (exact ? 0 : INVOCATION_CPU_ESTIMATE);
	__builtin_memcpy(r->trace_id, e->trace_id, RECORD_TRACE_BYTES);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

static __always_inline void http_received(struct exchange *e, struct sandbox *s, int n)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct scratch *m;

	if ((e->phase == PHASE_RESPONSE && e->left < 0 && !e->chunked) ||
	    e->phase == PHASE_HEAD)
		http_end(e, s, e->last_send_ns,
		    INVOCATION_RESPONDED | INVOCATION_END_INFERRED, true);
	if (e->phase != PHASE_IDLE) {
		e->request_bytes += n;
		return;
	}
	m = read_message(n, false);
	if (m && m->head_len >= 3 && !is_method(m->head)) {
		if (m->head[0] == 0x16) /* a TLS handshake record */
			count(COUNT_TLS);
		e->phase = PHASE_IGNORE;
		return;
	}
	http_start(e, s, now);
	e->request_bytes = n;
	e->is_head = m && m->head[0] == 'H';
	if (m) {
		scan_head(m, false);
		copy_trace(m, e->trace_id);
	}
}

/* Takes what a piece of the response's head says. */
static __always_inline void http_head(struct exchange *e, const struct scratch *m, int n)
{
	if (m->chunked)
		e->chunked = 1;
	if (m->length >= 0)
		e->left = m->length;
	if (!m->end) {
		e->phase = PHASE_HEAD;
		return;
	}
	e->phase = PHASE_RESPONSE;
	if (e->is_head || e->status == 204 || e->status == 304) {
		e->chunked = 0;
		e->left = 0;
	} else if (e->chunked) {
		e->left = -1;
	} else if (e->left >= 0) {
		e->left -= n - (__s64)m->end;
		if (e->left < 0)
			e->left = 0;
	}
}

static __always_inline bool http_status(struct exchange *e, const struct scratch *m)
{
	__u32 status;

	if (m->head_len < 12 || *(const __u32 *)m->head != 0x50545448) /* HTTP */
		return false;
	status =
	    (m->head[9] - '0') * 100 + (m->head[10] - '0') * 10 + (m->head[11] - '0');
	if (status < 200 && status != 101) /* 100 Continue is not the response */
		return false;
	e->status = (__u16)status;
	return true;
}

static __always_inline void http_sent(struct exchange *e, struct sandbox *s, int n)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct scratch *m = NULL;

	if (e->phase != PHASE_REQUEST && e->phase != PHASE_HEAD &&
	    e->phase != PHASE_RESPONSE)
		return;
	e->response_bytes += n;
	if (e->phase != PHASE_RESPONSE || e->chunked)
		m = read_message(n, true);
	if (e->phase == PHASE_RESPONSE) {
		if (e->left > 0)
			e->left -= n < e->left ? n : e->left;
	} else {
		if (!m || (e->phase == PHASE_REQUEST && !http_status(e, m)))
			return;
		scan_head(m, e->phase == PHASE_HEAD);
		http_head(e, m, n);
	}
	e->last_send_ns = now;
	if (e->phase == PHASE_RESPONSE &&
	    (e->left == 0 || (e->chunked && m && ends_chunks(m))))
		http_end(e, s, now, INVOCATION_RESPONDED, true);
}

#endif
