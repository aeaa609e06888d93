// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The meter: who is a function, when it is ready, and each event that it handles. */
#include "bpf/exchange.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct exchange);
} exchanges SEC(".maps");

static __always_inline struct record_invocation *begin_record(struct sandbox *s, __u64 id)
{
	struct record_invocation *r;

	count(COUNT_SEEN);
	__sync_fetch_and_add(&s->ended, 1);
	r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);
	if (!r) {
		count(COUNT_LOST_RING);
		return NULL;
	}
	__builtin_memset(r, 0, sizeof(*r));
	r->kind = RECORD_INVOCATION;
	r->pid = bpf_get_current_pid_tgid() >> 32;
	r->sandbox = id;
	r->function_kind = s->function_kind;
	return r;
}

static __always_inline void fill_memory(
    struct record_invocation *r, __u64 rss0, __u64 peak0)
{
	__u64 rss;
	__u64 peak;

	read_memory(bpf_get_current_task_btf(), &rss, &peak);
	if (peak > peak0 || rss == 0) {
		r->flags |= INVOCATION_MEMORY_EXACT;
		r->peak_bytes = peak << 12;
	} else {
		r->peak_bytes = (rss > rss0 ? rss : rss0) << 12;
	}
}

static __always_inline void mark_ready(struct sandbox *s, __u64 id, __u32 function_kind)
{
	struct record_ready *r;

	if (s->ready_ns)
		return;
	s->ready_ns = bpf_ktime_get_boot_ns();
	s->function_kind = function_kind;
	r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);
	if (!r)
		return;
	r->kind = RECORD_READY;
	r->pid = s->first_pid;
	r->sandbox = id;
	r->ready_ns = s->ready_ns;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* Forgets a sandbox whose processes and invocations have all ended. Processes end before
 * their sockets do, so whichever comes last gets here with nothing left. */
static __always_inline void sandbox_gone(struct sandbox *s, __u64 id, __u32 pid)
{
	struct record_end *end;

	if (s->processes > 0 || s->in_flight > 0 || __sync_lock_test_and_set(&s->gone, 1))
		return;
	end = bpf_ringbuf_reserve(&records, sizeof(*end), 0);
	if (end) {
		end->kind = RECORD_END;
		end->pid = pid;
		end->sandbox = id;
		end->end_ns = bpf_ktime_get_boot_ns();
		end->ended = s->ended;
		bpf_ringbuf_submit(end, BPF_RB_NO_WAKEUP);
	}
	bpf_map_delete_elem(&sandboxes, &id);
}

/* --- http -----------------------------------------------------------------------------
 */

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

/* --- lambda ---------------------------------------------------------------------------
 */

static __always_inline void lambda_end(
    struct sandbox *s, __u64 id, __u64 end, __u32 flags, __u32 exit_code)
{
	__u64 busy = busy_end(s, end);
	struct record_invocation *r = begin_record(s, id);
	bool exact;

	s->open = 0;
	if (!r)
		return;
	r->start_ns = s->open_start_ns;
	r->end_ns = end;
	r->response_ns = s->open_response_ns;
	r->cpu_ns =
	    cpu_since(s->open_cpu_sum_ns, s->open_cpu_running_ns, s->open_cpu, &exact);
	r->busy_ns = busy;
	r->request_bytes = s->open_request_bytes;
	r->response_bytes = s->open_response_bytes;
	r->deadline_ms = s->open_deadline_ms;
	r->flags = flags | s->open_flags | (exact ? 0 : INVOCATION_CPU_ESTIMATE);
	r->exit_code = exit_code;
	r->concurrency = 1;
	r->function_kind = FUNCTION_LAMBDA;
	fill_memory(r, s->open_rss, s->open_peak);
	__builtin_memcpy(r->request_id, s->open_request_id, RECORD_ID_BYTES);
	__builtin_memcpy(r->trace_id, s->open_trace_id, RECORD_TRACE_BYTES);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

static __always_inline void lambda_sent(struct exchange *e, struct sandbox *s, int n)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct scratch *m = read_message(n, false);
	const char *h;

	if (e->phase == PHASE_IGNORE)
		return;
	if (!m || m->head_len < 40) {
		if (e->phase == PHASE_POST && s->open) {
			s->open_response_ns = now;
			s->open_response_bytes += n;
		}
		return;
	}
	h = m->head;
	/* GET /2018-06-01/runtime/invocation/next and POST /2018-06-01/runtime/...: the
	 * date is 10 characters in every version of the API */
	if (*(const __u32 *)h == 0x20544547 &&
	    *(const __u64 *)(h + 16) == WORD('r', 'u', 'n', 't', 'i', 'm', 'e', '/')) {
		if (s->open)
			lambda_end(s, e->sandbox, now, 0, 0);
		mark_ready(s, e->sandbox, FUNCTION_LAMBDA);
		e->phase = PHASE_NEXT;
	} else if (*(const __u32 *)h == 0x54534f50 &&
		   *(const __u64 *)(h + 17) ==
		       WORD('r', 'u', 'n', 't', 'i', 'm', 'e', '/')) {
		e->phase = PHASE_POST;
		if (*(const __u64 *)(h + 25) ==
		    WORD('i', 'n', 'i', 't', '/', 'e', 'r', 'r')) {
			s->open_flags |= INVOCATION_INIT_ERROR;
		} else if (s->open) {
			/* "invocation/" + id of 36, then "/response" or "/error" */
			if (h[73] == 'e')
				s->open_flags |= INVOCATION_ERROR;
			s->open_flags |= INVOCATION_RESPONDED;
			s->open_response_ns = now;
			s->open_response_bytes = n;
		}
	} else if (e->phase == PHASE_POST && s->open) {
		s->open_response_ns = now;
		s->open_response_bytes += n;
	}
}

static __always_inline void lambda_received(struct exchange *e, struct sandbox *s, int n)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct scratch *m;
	struct cpu_reading cpu;

	if (e->phase == PHASE_POST)
		e->phase = PHASE_IDLE;
	if (e->phase != PHASE_NEXT)
		return;
	m = read_message(n, false);
	if (!m || m->head_len < 12 || *(const __u32 *)m->head != 0x50545448)
		return;
	e->phase = PHASE_IDLE;
	scan_head(m, false);
	if (!m->id)
		return;
	s->open = 1;
	s->open_flags = __sync_fetch_and_add(&s->seen, 1) == 0 ? INVOCATION_FIRST : 0;
	s->open_start_ns = now;
	s->open_response_ns = 0;
	s->open_request_bytes = n;
	s->open_response_bytes = 0;
	s->open_deadline_ms = m->deadline ? number_at(m, m->deadline) : 0;
	s->open_trace_id[0] = 0;
	copy_id(m, s->open_request_id);
	copy_trace(m, s->open_trace_id);
	read_memory(bpf_get_current_task_btf(), &s->open_rss, &s->open_peak);
	read_cpu(&cpu);
	s->open_cpu_sum_ns = cpu.sum_ns;
	s->open_cpu_running_ns = cpu.running_ns;
	s->open_cpu = cpu.cpu;
	busy_begin(s, now);
}

/* --- sockets --------------------------------------------------------------------------
 */

/* The exchange of a socket; a unix socket is adopted when first used by a function. */
static __always_inline struct exchange *exchange_of(struct sock *sk)
{
	struct exchange *e = bpf_sk_storage_get(&exchanges, sk, NULL, 0);
	struct process *p;
	struct sandbox *s;

	if (e || sk->__sk_common.skc_family != AF_UNIX)
		return e;
	p = current_process();
	if (!p)
		return NULL;
	s = sandbox_of(p->sandbox);
	/* only the accepted side of a connection has the name of its listener */
	if (!s || s->declared == FUNCTION_LAMBDA ||
	    !BPF_CORE_READ((struct unix_sock *)sk, addr))
		return NULL;
	e = bpf_sk_storage_get(&exchanges, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!e)
		return NULL;
	e->sandbox = p->sandbox;
	e->role = ROLE_SERVER;
	mark_ready(s, p->sandbox, FUNCTION_HTTP);
	return e;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send, struct sock *sk, int ret, int flags)
{
	struct exchange *e;
	struct sandbox *s;

	if (ret <= 0)
		return 0;
	e = exchange_of(sk);
	s = e ? sandbox_of(e->sandbox) : NULL;
	if (!s)
		return 0;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	if (e->role == ROLE_SERVER)
		http_sent(e, s, ret);
	else
		lambda_sent(e, s, ret);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_receive, struct sock *sk, int ret, int flags)
{
	struct exchange *e;
	struct sandbox *s;

	if (ret <= 0 || flags & MSG_PEEK)
		return 0;
	e = exchange_of(sk);
	s = e ? sandbox_of(e->sandbox) : NULL;
	if (!s)
		return 0;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	if (e->role == ROLE_SERVER)
		http_received(e, s, ret);
	else
		lambda_received(e, s, ret);
	return 0;
}

/* The connection goes away: by its process, which may be dying, or by a packet. */
static __always_inline void socket_closed(struct exchange *e, struct sandbox *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool ours = (__u32)task->tgid == e->pid;
	bool dying = ours && task->flags & PF_EXITING;

	if (e->role != ROLE_SERVER)
		return;
	if (dying && (e->phase == PHASE_REQUEST || e->left > 0 || e->chunked))
		http_end(e, s, bpf_ktime_get_boot_ns(),
		    INVOCATION_EXITED | (s->oom ? INVOCATION_OOM : 0), ours);
	else if (e->phase == PHASE_RESPONSE || e->phase == PHASE_HEAD)
		http_end(e, s, e->last_send_ns,
		    INVOCATION_RESPONDED |
			(e->left > 0 || e->chunked ? INVOCATION_ABORTED : 0),
		    ours);
	else if (e->phase == PHASE_REQUEST)
		http_end(e, s, bpf_ktime_get_boot_ns(), INVOCATION_ABORTED, ours);
	sandbox_gone(s, e->sandbox, e->pid);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int old, int new)
{
	struct exchange *e;
	struct process *p;
	struct sandbox *s;

	if (new == TCP_LISTEN || new == TCP_SYN_SENT) {
		p = current_process();
		s = p ? sandbox_of(p->sandbox) : NULL;
		if (!s || (s->declared == FUNCTION_LAMBDA) != (new == TCP_SYN_SENT))
			return 0;
		e = bpf_sk_storage_get(&exchanges, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
		if (!e)
			return 0;
		e->sandbox = p->sandbox;
		e->role = new == TCP_LISTEN ? ROLE_SERVER : ROLE_CLIENT;
		if (new == TCP_LISTEN)
			mark_ready(s, p->sandbox, FUNCTION_HTTP);
		return 0;
	}
	if (old != TCP_ESTABLISHED && old != TCP_CLOSE_WAIT)
		return 0;
	if (new != TCP_FIN_WAIT1 &&new != TCP_LAST_ACK &&new != TCP_CLOSE)
		return 0;
	e = bpf_sk_storage_get(&exchanges, sk, NULL, 0);
	s = e ? sandbox_of(e->sandbox) : NULL;
	if (s)
		socket_closed(e, s);
	return 0;
}

/* --- processes ------------------------------------------------------------------------
 */

#define ENVIRONMENT_BYTES 16384 /* beyond, a variable is not seen */

struct environment {
	char text[ENVIRONMENT_BYTES + 256];
	__u32 len;
	struct record_exec record;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct environment);
} environments SEC(".maps");

static const char variable_names[RECORD_VARIABLES][32] = {"COLDMETER_FUNCTION=",
    "COLDMETER_KIND=", "AWS_LAMBDA_FUNCTION_NAME=", "AWS_LAMBDA_FUNCTION_VERSION=",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_RUNTIME_API=", "AWS_REGION=",
    "K_SERVICE=", "K_REVISION=", "FUNCTION_TARGET=", "FUNCTIONS_WORKER_RUNTIME=",
    "WEBSITE_SITE_NAME=", "OPENFAAS_NAME=", "__OW_ACTION_NAME="};

/* Copies the variable at offset at when it is one of ours. Global for the verifier's
 * sake. */
__noinline int match_variable(struct environment *v, __u32 at)
{
	__u64 word;

	if (!v)
		return 0;
	word = *(const __u64 *)&v->text[at & (ENVIRONMENT_BYTES - 1)];

	for (__u32 k = 0; k < RECORD_VARIABLES; k++) {
		__u32 n = 0;

		if (word != *(const __u64 *)variable_names[k])
			continue;
		for (; n < 31; n++) {
			char c = variable_names[k][n];

			if (!c || v->text[(at + n) & (ENVIRONMENT_BYTES - 1)] != c)
				break;
		}
		if (n < 31 && variable_names[k][n])
			continue;
		if (n == 31)
			n++; /* the '=' of the longest name */
		v->record.present |= 1U << k;
		bpf_probe_read_kernel_str(v->record.value[k], RECORD_VALUE_BYTES,
		    &v->text[(at + n) & (ENVIRONMENT_BYTES - 1)]);
		return 1;
	}
	return 0;
}

/* Eight bytes at a time: a variable starts behind each zero. */
static long environment_step(__u32 i, struct environment **context)
{
	struct environment *v = *context;
	__u32 at = i * 8;
	__u64 word;

	if (at >= v->len || at >= ENVIRONMENT_BYTES)
		return 1;
	word = *(const __u64 *)&v->text[at & (ENVIRONMENT_BYTES - 1)];
	if (!has_zero(word))
		return 0;
	for (int b = 0; b < 8; b++) {
		if (!(word & 0xff) && at + b + 1 < v->len)
			match_variable(v, at + b + 1);
		word >>= 8;
	}
	return 0;
}

static __always_inline struct environment *read_environment(struct task_struct *task)
{
	__u32 zero = 0;
	struct environment *v = bpf_map_lookup_elem(&environments, &zero);
	struct environment *context = v;
	__u64 start = BPF_CORE_READ(task, mm, env_start);
	__u64 end = BPF_CORE_READ(task, mm, env_end);
	__u64 len = end - start;

	if (!v || end <= start)
		return NULL;
	if (len > ENVIRONMENT_BYTES)
		len = ENVIRONMENT_BYTES;
	v->record.present = 0;
	v->len = len;
	if (bpf_probe_read_user(v->text, len, (const void *)start))
		return NULL;
	v->text[len & (ENVIRONMENT_BYTES - 1)] = 0;
	match_variable(v, 0);
	bpf_loop(ENVIRONMENT_BYTES / 8, environment_step, &context, 0);
	return v;
}

#define BIT(v) (1U << (v))
#define NAMED                                                                            \
	(BIT(VARIABLE_FUNCTION) | BIT(VARIABLE_K_SERVICE) |                              \
	    BIT(VARIABLE_FUNCTION_TARGET) | BIT(VARIABLE_AZURE_SITE) |                   \
	    BIT(VARIABLE_AZURE_WORKER) | BIT(VARIABLE_OPENFAAS) |                        \
	    BIT(VARIABLE_OPENWHISK))

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	__u32 pid = task->tgid;
	__u64 start = BPF_CORE_READ(task, group_leader, start_boottime);
	__u64 id = start << 10 ^ pid;
	struct process process = {.sandbox = id, .start_ns = start};
	struct environment *v;
	struct sandbox fresh = {};
	struct cpu_reading cpu;

	if (bpf_map_lookup_elem(&processes, &pid))
		return 0; /* inherited: a link of the chain, not a beginning */
	v = read_environment(task);
	if (!v)
		return 0;
	if (v->record.present & BIT(VARIABLE_LAMBDA_API))
		fresh.declared = FUNCTION_LAMBDA;
	else if (!(v->record.present & NAMED))
		return 0;
	else if (v->record.present & BIT(VARIABLE_KIND) &&
		 v->record.value[VARIABLE_KIND][0] == 'p')
		fresh.declared = FUNCTION_PROCESS;
	fresh.start_ns = start;
	fresh.first_pid = pid;
	fresh.processes = 1;
	fresh.function_kind = fresh.declared;
	fresh.open_start_ns = bpf_ktime_get_boot_ns();
	read_cpu(&cpu);
	fresh.open_cpu_sum_ns = cpu.sum_ns;
	fresh.open_cpu_running_ns = cpu.running_ns;
	fresh.open_cpu = cpu.cpu;
	if (bpf_map_update_elem(&sandboxes, &id, &fresh, BPF_ANY) ||
	    bpf_map_update_elem(&processes, &pid, &process, BPF_ANY)) {
		count(COUNT_LOST_MAP);
		return 0;
	}
	v->record.kind = RECORD_EXEC;
	v->record.pid = pid;
	v->record.sandbox = id;
	v->record.start_ns = start;
	v->record.exec_ns = fresh.open_start_ns;
	if (bpf_ringbuf_output(&records, &v->record, sizeof(v->record), BPF_RB_NO_WAKEUP))
		count(COUNT_LOST_EXEC);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 parent_pid = parent->tgid;
	__u32 pid = child->tgid;
	struct process process = {};
	struct process *p;
	struct sandbox *s;

	if (pid == parent_pid)
		return 0;
	p = bpf_map_lookup_elem(&processes, &parent_pid);
	s = p ? sandbox_of(p->sandbox) : NULL;
	if (!s)
		return 0;
	process.sandbox = p->sandbox;
	process.start_ns = BPF_CORE_READ(child, start_boottime);
	if (bpf_map_update_elem(&processes, &pid, &process, BPF_ANY)) {
		count(COUNT_LOST_MAP);
		return 0;
	}
	__sync_fetch_and_add(&s->processes, 1);
	return 0;
}

/* A sandbox that never listened and never asked for an event was one invocation itself.
 */
static __always_inline void process_end(
    struct sandbox *s, __u64 id, __u64 now, __u32 exit_code)
{
	struct record_invocation *r = begin_record(s, id);
	bool exact;

	if (!r)
		return;
	r->start_ns = s->open_start_ns;
	r->end_ns = now;
	r->busy_ns = now - s->open_start_ns;
	r->cpu_ns =
	    cpu_since(s->open_cpu_sum_ns, s->open_cpu_running_ns, s->open_cpu, &exact);
	if (!exact)
		r->flags |= INVOCATION_CPU_ESTIMATE;
	r->flags |= INVOCATION_EXITED | INVOCATION_FIRST | (s->oom ? INVOCATION_OOM : 0);
	r->exit_code = exit_code;
	r->concurrency = 1;
	r->function_kind =
	    s->declared == FUNCTION_LAMBDA ? FUNCTION_LAMBDA : FUNCTION_PROCESS;
	if (s->open_flags & INVOCATION_INIT_ERROR || s->declared == FUNCTION_LAMBDA)
		r->flags |= INVOCATION_INIT_ERROR;
	fill_memory(r, 0, 0);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	__u32 pid = task->tgid;
	__u64 now = bpf_ktime_get_boot_ns();
	struct process *p;
	struct sandbox *s;
	__u64 id;
	__u32 code;

	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0;
	p = bpf_map_lookup_elem(&processes, &pid);
	if (!p)
		return 0;
	id = p->sandbox;
	bpf_map_delete_elem(&processes, &pid);
	s = sandbox_of(id);
	if (!s || __sync_fetch_and_add(&s->processes, -1) > 1)
		return 0;
	code = BPF_CORE_READ(task, signal, group_exit_code);
	if (!code)
		code = BPF_CORE_READ(task, exit_code);
	if (s->open)
		lambda_end(
		    s, id, now, INVOCATION_EXITED | (s->oom ? INVOCATION_OOM : 0), code);
	else if (!s->ready_ns)
		process_end(s, id, now, code);
	sandbox_gone(s, id, pid);
	return 0;
}

SEC("tp_btf/mark_victim")
int BPF_PROG(on_victim, struct task_struct *task)
{
	__u32 pid = task->tgid;
	struct process *p = bpf_map_lookup_elem(&processes, &pid);
	struct sandbox *s = p ? sandbox_of(p->sandbox) : NULL;

	if (s)
		s->oom = 1;
	return 0;
}
