/* Back-end fentry, for kernels without those tracepoints: the end of each function that
 * moves bytes of a stream, by trampolines. The agent loads those that there are.
 *
 * Arguments as in Linux 6.1, include/net/tcp.h and net/unix/af_unix.c. */
#ifndef COLDMETER_BPF_BACKEND_FENTRY_BPF_H
#define COLDMETER_BPF_BACKEND_FENTRY_BPF_H

#include "bpf/socket.bpf.h"

SEC("fexit/tcp_sendmsg")
int BPF_PROG(on_tcp_send, struct sock *sk, struct msghdr *message, size_t size, int ret)
{
	return socket_sent(sk, ret);
}

SEC("fexit/tcp_recvmsg")
int BPF_PROG(on_tcp_receive, struct sock *sk, struct msghdr *message, size_t size,
    int flags, int *address_len, int ret)
{
	return socket_received(sk, ret, flags);
}

/* Before Linux 5.19 whether it waits was an argument of its own. */
SEC("fexit/tcp_recvmsg")
int BPF_PROG(on_tcp_receive_nonblock, struct sock *sk, struct msghdr *message,
    size_t size, int nonblock, int flags, int *address_len, int ret)
{
	return socket_received(sk, ret, flags);
}

/* sendfile() and splice() to a socket, until Linux 6.5 brought them to sendmsg. */
SEC("fexit/tcp_sendpage")
int BPF_PROG(on_tcp_sendpage, struct sock *sk, struct page *page, int offset, size_t size,
    int flags, int ret)
{
	return socket_sent(sk, ret);
}

SEC("fexit/unix_stream_sendmsg")
int BPF_PROG(
    on_unix_send, struct socket *socket, struct msghdr *message, size_t size, int ret)
{
	struct sock *sk = socket->sk;

	return sk ? socket_sent(sk, ret) : 0;
}

SEC("fexit/unix_stream_recvmsg")
int BPF_PROG(on_unix_receive, struct socket *socket, struct msghdr *message, size_t size,
    int flags, int ret)
{
	struct sock *sk = socket->sk;

	return sk ? socket_received(sk, ret, flags) : 0;
}

SEC("fexit/unix_stream_sendpage")
int BPF_PROG(on_unix_sendpage, struct socket *socket, struct page *page, int offset,
    size_t size, int flags, int ret)
{
	struct sock *sk = socket->sk;

	return sk ? socket_sent(sk, ret) : 0;
}

#endif
