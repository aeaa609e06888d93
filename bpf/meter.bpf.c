// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The meter: one object of all programs. Sockets meet http and lambda here. */
#include "bpf/core_compat.bpf.h"
#include "bpf/http.bpf.h"
#include "bpf/lambda.bpf.h"
#include "bpf/lifecycle.bpf.h"

/* What to add to a boot time to get wall time; the agent keeps it. */
__s64 boot_to_wall_ns = 0;

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* A connection's exchange; a server's is cloned from its listening socket. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct exchange);
} exchanges SEC(".maps");

/* No tracepoint tells when a unix socket starts to listen, but its file was made by
 * bind(), a moment before: an accepted socket has its listener's path. Now, when it has
 * no file. */
static __always_inline __u64 socket_bound_ns(struct sock *sk, const struct sandbox *s)
{
	struct inode *inode = BPF_CORE_READ((struct unix_sock *)sk, path.dentry, d_inode);
	__u64 now = bpf_ktime_get_boot_ns();
	__u64 bound;

	if (!inode)
		return now;
	bound = inode_changed_ns(inode) - boot_to_wall_ns;
	return bound > s->start_ns && bound < now ? bound : now;
}

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
	e->is_unix = 1;
	if (!s->ready_ns) {
		mark_ready(s, p->sandbox, FUNCTION_HTTP, socket_bound_ns(sk, s));
		s->open_flags |= INVOCATION_READY_INFERRED;
	}
	return e;
}

/* A connection of an init; after the init it is nobody's. */
static __always_inline void peer_goes_on(
    struct exchange *e, struct sandbox *s, struct sock *sk, bool sent)
{
	if (!peer_waits(s))
		bpf_sk_storage_delete(&exchanges, sk);
	else if (sent)
		peer_sent(e, s);
	else
		peer_settle(e, s, sk);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send, struct sock *sk, int ret, int flags)
{
	struct exchange *e;
	struct sandbox *s;

	if (ret <= 0 && ret != -EPIPE)
		return 0;
	e = exchange_of(sk);
	s = e ? sandbox_of(e->sandbox) : NULL;
	if (!s)
		return 0;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	if (ret < 0) {
		if (e->is_unix) /* of a TCP socket the state tells */
			http_closed(sk, e, s);
	} else if (e->role == ROLE_SERVER)
		http_sent(sk, e, s, ret);
	else if (e->role == ROLE_PEER)
		peer_goes_on(e, s, sk, true);
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
	if (e->role == ROLE_SERVER) {
		if (s->starting && e->phase == PHASE_IDLE)
			e->wait_ns = waited_ns(sk);
		http_received(sk, e, s, ret);
	} else if (e->role == ROLE_PEER) {
		peer_goes_on(e, s, sk, false);
	} else {
		if (s->starting)
			peer_settle(e, s, sk);
		lambda_received(e, s, ret);
	}
	return 0;
}

/* Listens, or connects. */
static __always_inline void socket_begins(struct sock *sk, int new)
{
	struct process *p = current_process();
	struct sandbox *s = p ? sandbox_of(p->sandbox) : NULL;
	bool is_peer = s && s->declared != FUNCTION_LAMBDA && new == TCP_SYN_SENT;
	struct exchange *e;

	if (!s || (is_peer && !peer_waits(s)) ||
	    (s->declared == FUNCTION_LAMBDA && new == TCP_LISTEN))
		return;
	e = bpf_sk_storage_get(&exchanges, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!e)
		return;
	e->sandbox = p->sandbox;
	e->role = new == TCP_LISTEN ? ROLE_SERVER : is_peer ? ROLE_PEER : ROLE_CLIENT;
	if (new == TCP_LISTEN)
		mark_ready(s, p->sandbox, FUNCTION_HTTP, bpf_ktime_get_boot_ns());
	else
		peer_sent(e, s);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int old, int new)
{
	struct exchange *e;
	struct sandbox *s;

	if (new == TCP_LISTEN || new == TCP_SYN_SENT) {
		socket_begins(sk, new);
		return 0;
	}
	if (old == TCP_SYN_SENT) {
		e = bpf_sk_storage_get(&exchanges, sk, NULL, 0);
		s = e ? sandbox_of(e->sandbox) : NULL;
		if (s)
			peer_connected(e, s, sk, new == TCP_ESTABLISHED);
		return 0;
	}
	if (old != TCP_ESTABLISHED && old != TCP_CLOSE_WAIT)
		return 0;
	if (new != TCP_FIN_WAIT1 &&new != TCP_LAST_ACK &&new != TCP_CLOSE)
		return 0;
	e = bpf_sk_storage_get(&exchanges, sk, NULL, 0);
	s = e ? sandbox_of(e->sandbox) : NULL;
	if (!s || e->role != ROLE_SERVER)
		return 0;
	http_closed(sk, e, s);
	sandbox_gone(s, e->sandbox, e->pid);
	return 0;
}
