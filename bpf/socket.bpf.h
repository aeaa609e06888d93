/* Sockets of functions: whose they are, and what was sent and received on them. Each
 * back-end sees that in its own way and ends here. */
#ifndef COLDMETER_BPF_SOCKET_BPF_H
#define COLDMETER_BPF_SOCKET_BPF_H

#include "bpf/core_compat.bpf.h"
#include "bpf/http.bpf.h"
#include "bpf/keyed.bpf.h"
#include "bpf/lambda.bpf.h"

/* What to add to a boot time to get wall time; the agent keeps it. */
__s64 boot_to_wall_ns = 0;

/* A connection's exchange; a server's is cloned from its listening socket. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct exchange);
} exchanges SEC(".maps");

/* The same by socket_key(). Unix sockets leave without a word: the oldest makes room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct exchange);
} keyed_exchanges SEC(".maps");

/* No tracepoint tells when a unix socket starts to listen, but its file was made by
 * bind(), a moment before: an accepted socket has its listener's path. Now, when it has
 * no file. */
static __always_inline __u64 socket_bound_ns(
    const struct sock *sk, const struct sandbox *s)
{
	struct inode *inode = BPF_CORE_READ((struct unix_sock *)sk, path.dentry, d_inode);
	__u64 now = bpf_ktime_get_boot_ns();
	__u64 bound;

	if (!inode)
		return now;
	bound = inode_changed_ns(inode) - boot_to_wall_ns;
	return bound > s->start_ns && bound < now ? bound : now;
}

/* Whether a unix socket is a connection that the function serves: only the accepted side
 * has the name of its listener. */
static __always_inline bool serves_unix(const struct sock *sk, const struct sandbox *s)
{
	return s->declared != FUNCTION_LAMBDA &&
	       BPF_CORE_READ((struct unix_sock *)sk, addr);
}

static __noinline void adopt_unix(
    struct exchange *e, const struct sock *sk, struct sandbox *s, __u64 id)
{
	e->sandbox = id;
	if (!serves_unix(sk, s)) {
		e->role = ROLE_PEER;
		return;
	}
	e->role = ROLE_SERVER;
	e->is_unix = 1;
	if (!s->ready_ns) {
		mark_ready(s, id, FUNCTION_HTTP, socket_bound_ns(sk, s), 0);
		s->open_flags |= INVOCATION_READY_INFERRED;
	}
}

/* The exchange of a datagram's socket: a peer's, while its sandbox has its init. Names
 * are asked for so. */
static __noinline struct exchange *adopt_datagrams(struct sock *sk)
{
	struct process *p = current_process();
	struct sandbox *s = p ? sandbox_of(p->sandbox) : NULL;
	struct exchange *e;

	if (!s || !peer_waits(s) || !BPF_CORE_READ(sk, __sk_common.skc_dport))
		return NULL;
	e = bpf_sk_storage_get(&exchanges, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (e) {
		e->sandbox = p->sandbox;
		e->role = ROLE_PEER;
	}
	return e;
}

/* Whether a unix socket leads a sandbox that has its init to a peer: to one that has a
 * name, so not to its own child. */
static __noinline bool asks_unix(const struct sock *sk, const struct sandbox *s)
{
	return peer_waits(s) && BPF_CORE_READ(sk, sk_type) != SOCK_DGRAM &&
	       unix_peer_name(sk);
}

/* The exchange of a socket; one that no state of TCP tells of is adopted when first used
 * by a function. */
static __always_inline struct exchange *exchange_of(struct sock *sk)
{
	struct exchange *e = sk->sk_bpf_storage
				 ? bpf_sk_storage_get(&exchanges, sk, NULL, 0)
				 : NULL; /* nobody's: it does not even pay for the call */
	struct process *p;
	struct sandbox *s;

	if (likely(e))
		return e;
	if (sk->__sk_common.skc_family != AF_UNIX)
		return inits_open > 0 && sk->sk_protocol == IPPROTO_UDP
			   ? adopt_datagrams(sk)
			   : NULL;
	p = current_process();
	if (!p)
		return NULL;
	s = sandbox_of(p->sandbox);
	if (!s || (!serves_unix(sk, s) && !asks_unix(sk, s)))
		return NULL;
	e = bpf_sk_storage_get(&exchanges, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (e)
		adopt_unix(e, sk, s, p->sandbox);
	return e;
}

static __always_inline void forget_exchange(struct sock *sk)
{
	__u64 key;

	if (!by_syscalls) {
		bpf_sk_storage_delete(&exchanges, sk);
		return;
	}
	key = socket_key(sk);
	bpf_map_delete_elem(&keyed_exchanges, &key);
}

/* A connection of an init; after the init it is nobody's. */
static __always_inline void peer_goes_on(
    struct exchange *e, struct sandbox *s, struct sock *sk, bool sent)
{
	if (!peer_waits(s))
		forget_exchange(sk);
	else if (sent)
		peer_sent(e, s);
	else
		peer_settle(e, s, sk);
}

/* ret: bytes that were sent, or -EPIPE. */
static __always_inline void exchange_sent(struct sock *sk, struct exchange *e, int ret)
{
	struct sandbox *s = e ? sandbox_of(e->sandbox) : NULL;
	struct task_struct *task;

	if (unlikely(!s))
		return;
	task = bpf_get_current_task_btf();
	e->pid = (__u32)task->tgid;
	if (unlikely(ret < 0)) {
		if (e->is_unix) /* of a TCP socket the state tells */
			http_closed(sk, e, s);
	} else if (likely(e->role == ROLE_SERVER || e->role == ROLE_INNER)) {
		http_sent(task, sk, e, s, ret);
	} else if (e->role == ROLE_PEER) {
		peer_goes_on(e, s, sk, true);
	} else if (e->role == ROLE_CLIENT) {
		lambda_sent(e, s, ret);
	}
}

static __always_inline void exchange_received(
    struct sock *sk, struct exchange *e, int ret)
{
	struct sandbox *s = e ? sandbox_of(e->sandbox) : NULL;
	struct task_struct *task;

	if (unlikely(!s))
		return;
	task = bpf_get_current_task_btf();
	e->pid = (__u32)task->tgid;
	if (likely(e->role == ROLE_SERVER || e->role == ROLE_INNER)) {
		if (unlikely(s->starting) && e->phase == PHASE_IDLE)
			e->wait_ns = waited_ns(sk);
		http_received(task, sk, e, s, ret);
	} else if (e->role == ROLE_PEER) {
		peer_goes_on(e, s, sk, false);
	} else if (e->role == ROLE_CLIENT) {
		if (s->starting)
			peer_settle(e, s, sk);
		lambda_received(e, s, ret);
	}
}

/* Nothing is left to receive, ever. Of a TCP socket the state tells that its client has
 * gone; of a unix socket, that no answer can be sent any more. */
static __noinline void exchange_over(struct sock *sk, struct exchange *e)
{
	struct sandbox *s = e && e->is_unix ? sandbox_of(e->sandbox) : NULL;

	if (s && BPF_CORE_READ(sk, sk_shutdown) == SHUTDOWN_MASK)
		http_closed(sk, e, s);
}

/* ret: what the call returned. */
static __always_inline int socket_sent(struct sock *sk, int ret)
{
	if (ret > 0 || ret == -EPIPE)
		exchange_sent(sk, exchange_of(sk), ret);
	return 0;
}

static __always_inline int socket_received(struct sock *sk, int ret, int flags)
{
	if (flags & MSG_PEEK)
		return 0;
	if (ret > 0)
		exchange_received(sk, exchange_of(sk), ret);
	else if (ret == 0 && sk->__sk_common.skc_family == AF_UNIX)
		exchange_over(sk, bpf_sk_storage_get(&exchanges, sk, NULL, 0));
	return 0;
}

#endif
