/* Numbers of sockets. A back-end that is given a socket by the kernel keeps state with
 * it; the one that sees system calls knows its address only, and keeps state by number.
 */
#ifndef COLDMETER_BPF_KEYED_BPF_H
#define COLDMETER_BPF_KEYED_BPF_H

#include "bpf/sandbox.bpf.h"

#define UNIX_KEY (1ULL << 63) /* cookies count up from 1 */

/* Whether that back-end is in use. Set before loading: what is not used then is cut out.
 */
const volatile bool by_syscalls = false;

/* A TCP socket's cookie, a unix socket's inode number: the kernel gives neither twice
 * while it runs or while the socket lives. 0: a socket that has none yet, so not ours. */
static __always_inline __u64 socket_key(const struct sock *sk)
{
	struct socket *socket;

	if (BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX)
		return BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	socket = BPF_CORE_READ(sk, sk_socket);
	return UNIX_KEY | BPF_CORE_READ(socket, file, f_inode, i_ino);
}

#endif
