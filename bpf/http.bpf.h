/* Kind http: what the steps of http1.h need of the kernel, and where a connection goes on
 * in HTTP/2. */
#ifndef COLDMETER_BPF_HTTP_BPF_H
#define COLDMETER_BPF_HTTP_BPF_H

#include "bpf/exchange.bpf.h"
#include "bpf/forward.bpf.h"
#include "bpf/http1.h"
#include "bpf/http2.bpf.h"
#include "bpf/http_invocation.bpf.h"
#include "bpf/http_usual.bpf.h"

#define ANSWERS_MAX 63 /* and pieces of heads, behind the first one of a write */

/* n bytes of a connection of HTTP/2; those before the first frame are passed over. */
static __noinline void http2_moved(
    struct sock *sk, struct exchange *e, struct sandbox *s, int n, bool is_sent)
{
	struct http2 *h = http2_find(sk, false);

	if (h && http2_bytes(h, e, s, n, is_sent, bpf_ktime_get_boot_ns()))
		return;
	e->phase = PHASE_IGNORE;
	tell_blind(s, e->sandbox, COUNT_HTTP2, BLIND_HTTP2);
	if (h)
		http2_closed(h, s, true, false, bpf_ktime_get_boot_ns());
}

/* No other connection has it: one CPU is at one place at a time. */
static __always_inline __u64 http2_number(__u64 now)
{
	return now << 12 | (bpf_get_smp_processor_id() & 0xfff);
}

static __always_inline void http2_begin(struct sock *sk, bool late, __u64 now)
{
	struct http2 *h = http2_find(sk, true);

	if (h && late)
		http2_open_late(h, http2_number(now));
	else if (h)
		http2_open(h, http2_number(now));
}

/* A request that has begun and that no stream can be made of. */
static __noinline void http2_gives_up(struct exchange *e, struct sandbox *s, __u64 now)
{
	cpu_ends(bpf_get_current_task_btf(), &e->cpu, NULL, now);
	if (e->role == ROLE_INNER || e->control)
		return;
	untold(s, busy_end(s, now));
	if (e->is_unix)
		__sync_fetch_and_add(&s->unix_in_flight, -1);
	http2_no_room(s);
}

/* The request that was upgraded is open already and goes on as stream 1; of the n bytes
 * of the write that answered it e->over are frames. Where HTTP/2 is not followed it is a
 * session like any other. */
static __noinline void http2_takes_over(
    struct sock *sk, struct exchange *e, struct sandbox *s, int n, __u64 now)
{
	struct http2 *h = http2_find(sk, true);
	struct stream key = {.id = 1};

	if (!h) {
		e->phase = PHASE_SESSION;
		tell_blind(s, e->sandbox, COUNT_HTTP2, BLIND_HTTP2);
		return;
	}
	http2_upgrade(h, http2_number(now), (__u32)(n - e->over));
	key.connection = h->connection;
	e->phase = PHASE_REQUEST;
	e->chunked = 1;
	e->status = 0;
	e->response_bytes = 0;
	if (!bpf_map_update_elem(&streams, &key, e, BPF_ANY))
		http2_opens(h, (__u32)key.id);
	else if (e->is_open)
		http2_gives_up(e, s, now);
	e->is_open = 0;
	e->phase = PHASE_HTTP2;
}

/* Apart, as its frame is large and those of HTTP/2 are not above it. */
static __noinline int http1_moved_in(struct task_struct *task, struct sock *sk,
    struct exchange *e, struct sandbox *s, int n)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct message *m = NULL;
	enum http1_step step;

	if (!e->last_receive_ns) {
		/* also what listens on a unix socket, or on one that it was given */
		struct process *own = process_of((__u32)task->tgid);

		if (own)
			own->serves = 1;
		e->outer_pid = forwarder_of(sk, s, e->sandbox);
		if (e->outer_pid)
			e->role = ROLE_INNER;
		if (!e->port && !e->is_unix) /* it got one only when it listened */
			e->port = BPF_CORE_READ(sk, __sk_common.skc_num);
	}
	if (http1_reads_received(e) || http1_is_unbounded(e) ||
	    e->control == CONTROL_INIT_BODY)
		m = read_message(n, false, NULL);
	if (http1_before_received(e, m) == HTTP1_ENDS)
		http_ends(e, s, true, now);
	if (m && e->phase == PHASE_REQUEST && e->control == CONTROL_INIT_BODY)
		tell_name(e, s, m, 0);
	step = http1_received(e, m, n, now);
	if (step == HTTP1_BEGINS && m && is_runtime_call(m)) {
		e->phase = PHASE_IGNORE; /* the runtime's side of it counts */
		return 0;
	}
	if (step == HTTP1_BEGINS && m) {
		http1_keep_target(e, m, want_targets);
		e->control = http_control_of(m, s->speaks);
		if (e->control == CONTROL_INIT)
			tell_name(e, s, m, m->end);
	}
	if (step == HTTP1_BEGINS) {
		http_begin(task, e, s, now);
		if (e->target_kind == TARGET_FRONT_DOOR)
			door_opens(e->sandbox, now, s->in_flight <= 1);
		if (!e->is_unix)
			e->written = tcp_written(sk);
	} else if (step == HTTP1_TLS)
		tell_blind(s, e->sandbox, COUNT_TLS, BLIND_TLS);
	else if (step == HTTP1_HTTP2 || step == HTTP1_HTTP2_LATE)
		http2_begin(sk, step == HTTP1_HTTP2_LATE, now);
	return 0;
}

static __always_inline void http_received(struct task_struct *task, struct sock *sk,
    struct exchange *e, struct sandbox *s, int n)
{
	if (http_asked(task, sk, e, s, n))
		return;
	if (e->phase != PHASE_HTTP2)
		http1_moved_in(task, sk, e, s, n);
	if (e->phase == PHASE_HTTP2)
		http2_moved(sk, e, s, n, false);
}

/* The last n bytes of a write, which wrote skipped bytes before them. Apart, so that the
 * verifier looks at it once and its frame is not below those of its callers. Returns an
 * enum http1_step. */
VERIFIED_ONCE int http1_written(
    struct exchange *e, struct sandbox *s, int n, __u32 skipped)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 now = bpf_ktime_get_boot_ns();
	struct message *m = NULL;
	enum http1_step step;

	if (!e || !s)
		return HTTP1_GOES_ON;

	if (http1_reads_sent(e)) {
		m = read_message_behind(
		    skipped, n, true, e->phase == PHASE_IDLE ? NULL : &e->rest);
		if (!m && is_io_uring())
			tell_blind(s, e->sandbox, COUNT_IO_URING, BLIND_IO_URING);
	}
	step = http1_sent(e, m, n, now);
	if (step == HTTP1_BEGINS || step == HTTP1_BEGINS_AND_ENDS)
		http_begin(task, e, s, now);
	if (s->starting && e->last_send_ns == now && !e->control)
		coldstart_reach(e->sandbox, MARK_RESPONSE, now);
	if (step == HTTP1_ENDS || step == HTTP1_BEGINS_AND_ENDS) {
		http_coldstart_ends(e, s);
		http_end(task, e, s, true, now);
	}
	return step;
}

/* What is open on a connection of HTTP/1 ends with it. */
static __noinline void http_gone(
    struct exchange *e, struct sandbox *s, bool ours, bool dying)
{
	__u64 now = bpf_ktime_get_boot_ns();

	if (http1_closed(e, dying, now) != HTTP1_ENDS)
		return;
	if (e->flags & INVOCATION_EXITED && s->oom)
		e->flags |= INVOCATION_OOM;
	http_ends(e, s, ours, now);
}

struct answers {
	struct exchange *e;
	struct sandbox *s;
	__u32 n;
	int step;
};

/* The next response of a write of n bytes that holds several, or the next piece of its
 * head, until there is none. */
static long answer_step(__u32 i, struct answers *a)
{
	struct exchange *e = a->e;
	__u32 over = (__u32)e->over;

	if (!http1_goes_over(e) || e->over >= a->n)
		return 1;
	a->step = http1_written(e, a->s, (int)over, a->n - over);
	return 0;
}

static __always_inline void http1_moved_out(
    struct sock *sk, struct exchange *e, struct sandbox *s, int n)
{
	struct answers answers = {e, s, (__u32)n, http1_written(e, s, n, 0)};

	if (http1_goes_over(e))
		bpf_loop(ANSWERS_MAX, answer_step, &answers, 0);
	if (e->is_closed)
		http_gone(e, s, true, false);
	if (answers.step == HTTP1_UPGRADES)
		http2_takes_over(sk, e, s, n, bpf_ktime_get_boot_ns());
}

static __always_inline void http_sent(struct task_struct *task, struct sock *sk,
    struct exchange *e, struct sandbox *s, int n)
{
	if (http_answered(task, e, s, n)) {
		if (unlikely(e->is_closed))
			http_gone(e, s, true, false);
		return;
	}
	if (e->phase != PHASE_HTTP2)
		http1_moved_out(sk, e, s, n);
	if (e->phase == PHASE_HTTP2)
		http2_moved(sk, e, s, n, true);
}

/* The connection goes away: by its process, which may be dying, or by a packet. */
static __always_inline void http_closed(
    struct sock *sk, struct exchange *e, struct sandbox *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool ours = (__u32)task->tgid == e->pid;
	bool dying = ours && task->flags & PF_EXITING;

	if (e->phase == PHASE_HTTP2) {
		struct http2 *h = http2_find(sk, false);

		if (h)
			http2_closed(h, s, ours, dying, bpf_ktime_get_boot_ns());
		http2_forget_connection(sk);
	}
	/* over loopback the reset of a client that has its answer comes while that is
	 * still being sent; one that had hung up before does not have it */
	if (!e->is_unix && e->phase == PHASE_REQUEST && !dying &&
	    BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_ESTABLISHED &&
	    tcp_written(sk) != e->written)
		e->is_closed = 1;
	else
		http_gone(e, s, ours, dying);
}

#endif
