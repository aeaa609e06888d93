/* Back-end syscalls, for kernels with neither: the end of each system call. Every process
 * of the host pays for it, functions or not; the agent measures and says how much.
 *
 * A system call names a descriptor. From there to the socket only its address can be
 * read, which the kernel takes for no socket of its own: exchanges are kept beside the
 * sockets, by a number that no other socket ever gets. io_uring is not seen. */
#ifndef COLDMETER_BPF_BACKEND_SYSCALLS_BPF_H
#define COLDMETER_BPF_BACKEND_SYSCALLS_BPF_H

#include "bpf/descriptor.bpf.h"
#include "bpf/socket.bpf.h"

#define MESSAGES_MAX 16 /* of one sendmmsg() or recvmmsg() that are counted */
#define TS_COMPAT 2     /* arch/x86/include/asm/thread_info.h: a call of 32 bits */

static __noinline struct exchange *keyed_exchange_of(const struct sock *sk)
{
	__u64 key = socket_key(sk);
	struct exchange *e = key ? bpf_map_lookup_elem(&keyed_exchanges, &key) : NULL;
	struct process *p;
	struct sandbox *s;

	if (e || !(key & UNIX_KEY))
		return e;
	p = current_process();
	s = p ? sandbox_of(p->sandbox) : NULL;
	if (!s || (!serves_unix(sk, s) && !asks_unix(sk, s)) ||
	    bpf_map_update_elem(&keyed_exchanges, &key, &no_exchange, BPF_ANY))
		return NULL;
	e = bpf_map_lookup_elem(&keyed_exchanges, &key);
	if (e)
		adopt_unix(e, sk, s, p->sandbox);
	return e;
}

/* A TCP connection stands: what its storage says is copied for its number. */
static __always_inline void key_exchange(struct sock *sk)
{
	struct exchange *e = bpf_sk_storage_get(&exchanges, sk, NULL, 0);
	__u64 key;

	if (!e)
		return;
	key = bpf_get_socket_cookie(sk);
	if (bpf_map_update_elem(&keyed_exchanges, &key, e, BPF_ANY))
		count(COUNT_LOST_MAP);
}

/* A TCP connection is closed; what is still being sent on it comes later. */
static __always_inline void forget_closed(struct sock *sk)
{
	__u64 key = socket_key(sk);
	const struct exchange *e = bpf_map_lookup_elem(&keyed_exchanges, &key);

	if (e && !e->is_closed)
		bpf_map_delete_elem(&keyed_exchanges, &key);
}

/* The bytes of the messages that one call moved; each has its length behind it. */
static __noinline int sum_messages(const struct mmsghdr *messages, int n)
{
	__u32 sum = 0;
	__u32 one;

	for (int i = 0; i < MESSAGES_MAX && i < n; i++) {
		if (bpf_probe_read_user(&one, sizeof(one), &messages[i].msg_len))
			break;
		sum += one;
	}
	return sum;
}

struct move {
	__u64 fd;
	bool sends;
	__u64 flags; /* MSG_ */
};

/* Whether a system call moves bytes of a socket. Numbers:
 * arch/x86/entry/syscalls/syscall_64.tbl */
static __always_inline bool is_move(const struct pt_regs *regs, struct move *move)
{
	move->fd = regs->di;
	move->flags = 0;
	move->sends = true;
	switch (regs->orig_ax) {
	case 1:   /* write */
	case 20:  /* writev */
	case 40:  /* sendfile */
	case 44:  /* sendto */
	case 46:  /* sendmsg */
	case 307: /* sendmmsg */
		return true;
	case 275: /* splice */
		move->fd = regs->dx;
		return true;
	}
	move->sends = false;
	switch (regs->orig_ax) {
	case 0:  /* read */
	case 19: /* readv */
		return true;
	case 47: /* recvmsg */
		move->flags = regs->dx;
		return true;
	case 45:  /* recvfrom */
	case 299: /* recvmmsg */
		move->flags = regs->r10;
		return true;
	}
	return false;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_syscall, struct pt_regs *regs, long returned)
{
	struct task_struct *task;
	struct exchange *e;
	struct sock *sk;
	struct move move;
	int ret = returned;

	if (!is_move(regs, &move) || (ret <= 0 && (ret != -EPIPE || !move.sends)))
		return 0;
	task = bpf_get_current_task_btf();
	if (!current_process() || task->thread_info.status & TS_COMPAT)
		return 0;
	sk = socket_of(file_at(task, move.fd));
	e = sk ? keyed_exchange_of(sk) : NULL;
	if (!e)
		return 0;
	if (ret > 0 && (regs->orig_ax == 307 || regs->orig_ax == 299))
		ret = sum_messages((const struct mmsghdr *)regs->si, ret);
	if (move.sends)
		exchange_sent(sk, e, ret);
	else if (!(move.flags & MSG_PEEK))
		exchange_received(sk, e, ret);
	return 0;
}

#endif
