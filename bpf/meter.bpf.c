// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The meter: one object of all programs. The agent loads those of one back-end. */
#include "bpf/backend_fentry.bpf.h"
#include "bpf/backend_syscalls.bpf.h"
#include "bpf/backend_tracepoint.bpf.h"
#include "bpf/lifecycle.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

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
	e->port = sk->__sk_common.skc_num;
	if (listens)
		mark_ready(
		    s, p->sandbox, FUNCTION_HTTP, bpf_ktime_get_boot_ns(), e->port);
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

static __always_inline void server_closes(struct sock *sk)
{
	struct exchange *e = by_syscalls ? keyed_exchange_of(sk)
					 : bpf_sk_storage_get(&exchanges, sk, NULL, 0);
	struct sandbox *s = e ? sandbox_of(e->sandbox) : NULL;

	if (!s || (e->role != ROLE_SERVER && e->role != ROLE_INNER))
		return;
	http_closed(sk, e, s);
	sandbox_gone(s, e->sandbox, e->pid);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int old, int new)
{
	if (new == TCP_LISTEN || new == TCP_SYN_SENT) {
		socket_begins(sk, new == TCP_LISTEN);
		return 0;
	}
	if (old == TCP_SYN_SENT)
		socket_connected(sk, new == TCP_ESTABLISHED);
	else if (new == TCP_CLOSE)
		forwarder_closed(sk);
	if ((old == TCP_ESTABLISHED || old == TCP_CLOSE_WAIT) &&
	    (new == TCP_FIN_WAIT1 || new == TCP_LAST_ACK || new == TCP_CLOSE))
		server_closes(sk);
	if (by_syscalls && new == TCP_ESTABLISHED)
		key_exchange(sk);
	if (by_syscalls && new == TCP_CLOSE)
		forget_closed(sk);
	return 0;
}

/* What the states are to TCP. Not a back-end's: it is attached where it can be. */
SEC("fentry/unix_release")
int BPF_PROG(on_unix_close, struct socket *socket)
{
	struct sock *sk = socket->sk;

	if (sk && sk->sk_bpf_storage)
		server_closes(sk);
	return 0;
}
