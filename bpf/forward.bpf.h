/* Servers behind a server of the same sandbox, as watchdogs have them: which connections
 * lead from one to the other. */
#ifndef COLDMETER_BPF_FORWARD_BPF_H
#define COLDMETER_BPF_FORWARD_BPF_H

#include "bpf/sandbox.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct forward);
	__type(value, struct forwarder);
} forwards SEC(".maps");

/* 127.0.0.0/8, ::1 and the first in the form of the second. */
static __always_inline bool is_to_loopback(const struct sock *sk)
{
	const __u32 *six = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32;

	if (sk->__sk_common.skc_family != AF_INET6)
		return (sk->__sk_common.skc_daddr & 0xff) == 127;
	if (six[0] || six[1])
		return false;
	if (six[2])
		return six[2] == bpf_htonl(0xffff) && (six[3] & 0xff) == 127;
	return six[3] == bpf_htonl(1);
}

/* As the end that connected sees it, or the one that accepted. When a socket is told to
 * be closed, skc_num is 0 already. */
static __always_inline struct forward forward_of(struct sock *sk, bool accepted)
{
	__u16 local = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	__u16 remote = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));

	return (struct forward){BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum),
	    accepted ? remote : local, accepted ? local : remote};
}

/* A forwarder's connection is there, before the other end can read of it. */
static __always_inline void forward_opened(
    struct sock *sk, struct sandbox *s, const struct exchange *e)
{
	const struct forwarder forwarder = {.sandbox = e->sandbox, .pid = e->pid};
	struct forward key = forward_of(sk, false);

	if (bpf_map_update_elem(&forwards, &key, &forwarder, BPF_ANY))
		count(COUNT_LOST_MAP);
	else
		s->forwards = 1;
}

static __always_inline void forward_closed(struct sock *sk)
{
	struct forward key = forward_of(sk, false);

	bpf_map_delete_elem(&forwards, &key);
}

/* A unix socket knows the process that connected. */
static __always_inline __u32 forwarder_on_unix(struct sock *sk, __u64 sandbox)
{
	__u32 pid = BPF_CORE_READ(sk, sk_peer_pid, numbers[0].nr);
	struct process *p = process_of(pid);

	return p && p->serves && p->sandbox == sandbox ? pid : 0;
}

/* The server of that sandbox that sends what comes in on an accepted socket, 0: none. */
static __always_inline __u32 forwarder_of(
    struct sock *sk, const struct sandbox *s, __u64 sandbox)
{
	struct forwarder *from;
	struct forward key;

	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX)
		return forwarder_on_unix(sk, sandbox);
	if (!s->forwards)
		return 0;
	key = forward_of(sk, true);
	from = bpf_map_lookup_elem(&forwards, &key);
	return from && from->sandbox == sandbox ? from->pid : 0;
}

#endif
