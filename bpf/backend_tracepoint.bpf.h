/* Back-end tracepoint, Linux 6.3 and later: the kernel tells what each socket moved, and
 * nothing else pays. */
#ifndef COLDMETER_BPF_BACKEND_TRACEPOINT_BPF_H
#define COLDMETER_BPF_BACKEND_TRACEPOINT_BPF_H

#include "bpf/socket.bpf.h"

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send, struct sock *sk, int ret, int flags)
{
	return socket_sent(sk, ret);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_receive, struct sock *sk, int ret, int flags)
{
	return socket_received(sk, ret, flags);
}

#endif
