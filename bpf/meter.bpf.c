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
	} else if (e->role == ROLE_SERVER || e->role == ROLE_INNER)
		http_sent(sk, e, s, ret);
	else if (e->role == ROLE_PEER)
		peer_goes_on(e, s, sk, true);
	else if (e->role == ROLE_CLIENT)
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
	if (e->role == ROLE_SERVER || e->role == ROLE_INNER) {
		if (s->starting && e->phase == PHASE_IDLE)
			e->wait_ns = waited_ns(sk);
		http_received(sk, e, s, ret);
	} else if (e->role == ROLE_PEER) {
		peer_goes_on(e, s, sk, false);
	} else if (e->role == ROLE_CLIENT) {
		if (s->starting)
			peer_settle(e, s, sk);
		lambda_received(e, s, ret);
	}
	return 0;
}

/* What a socket is that a process of the sandbox starts to listen on or to connect. */
static __always_inline enum exchange_role role_of(
    struct sock *sk, struct process *p, const struct sandbox *s, bool listens)
{
	if (s->declared == FUNCTION_LAMBDA)
		return listens ? ROLE_NONE : ROLE_CLIENT;
	if (listens) {
		p->serves = 1;
		return ROLE_SERVER;
	}
	if (p->serves && is_to_loopback(sk))
		return ROLE_FORWARDER;
	return peer_waits(s) ? ROLE_PEER : ROLE_NONE;
}

/* Listens, or connects. */
static __always_inline void socket_begins(struct sock *sk, bool listens)
{
	struct process *p = current_process();
	struct sandbox *s = p ? sandbox_of(p->sandbox) : NULL;
	enum exchange_role role = s ? role_of(sk, p, s, listens) : ROLE_NONE;
	struct exchange *e;

	if (!s || role == ROLE_NONE)
		return;
	e = bpf_sk_storage_get(&exchanges, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!e)
		return;
	e->sandbox = p->sandbox;
	e->role = role;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	if (listens)
		mark_ready(s, p->sandbox, FUNCTION_HTTP, bpf_ktime_get_boot_ns());
	else if (role != ROLE_FORWARDER)
		peer_sent(e, s);
}

/* What connected is there, or is not. */
static __always_inline void socket_connected(struct sock *sk, bool is_there)
{
	struct exchange *e = bpf_sk_storage_get(&exchanges, sk, NULL, 0);
	struct sandbox *s = e ? sandbox_of(e->sandbox) : NULL;

	if (!s)
		return;
	if (e->role != ROLE_FORWARDER)
		peer_connected(e, s, sk, is_there);
	else if (is_there)
		forward_opened(sk, s, e);
}

static __always_inline void forwarder_closed(struct sock *sk)
{
	const struct exchange *e = bpf_sk_storage_get(&exchanges, sk, NULL, 0);

	if (e && e->role == ROLE_FORWARDER)
		forward_closed(sk);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int old, int new)
{
	struct exchange *e;
	struct sandbox *s;

	if (new == TCP_LISTEN || new == TCP_SYN_SENT) {
		socket_begins(sk, new == TCP_LISTEN);
		return 0;
	}
	if (old == TCP_SYN_SENT) {
		socket_connected(sk, new == TCP_ESTABLISHED);
		return 0;
	}
	if (new == TCP_CLOSE)
		forwarder_closed(sk);
	if (old != TCP_ESTABLISHED && old != TCP_CLOSE_WAIT)
		return 0;
	if (new != TCP_FIN_WAIT1 &&new != TCP_LAST_ACK &&new != TCP_CLOSE)
		return 0;
	e = bpf_sk_storage_get(&exchanges, sk, NULL, 0);
	s = e ? sandbox_of(e->sandbox) : NULL;
	if (!s || (e->role != ROLE_SERVER && e->role != ROLE_INNER))
		return 0;
	http_closed(sk, e, s);
	sandbox_gone(s, e->sandbox, e->pid);
	return 0;
}
