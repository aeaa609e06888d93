/* Bytes of a message: where the caller's buffer lies. */
#ifndef COLDMETER_BPF_EXCHANGE_BPF_H
#define COLDMETER_BPF_EXCHANGE_BPF_H

#include "bpf/http_head.h"
#include "bpf/sandbox.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct message);
} messages SEC(".maps");

/* Where the system call in progress has its buffer: first and last piece. */
static __always_inline bool find_buffer(
    const void **first, __u64 *first_len, const void **last, __u64 *last_len, int moved)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	__u64 call = BPF_CORE_READ(regs, orig_ax);
	const void *at = (const void *)BPF_CORE_READ(regs, si);
	__u64 pieces = BPF_CORE_READ(regs, dx);
	struct iovec piece;

	if (call == 0 || call == 1 || call == 44 ||
	    call == 45) { /* read write sendto recvfrom */
		*first = *last = at;
		*first_len = *last_len = moved;
		return true;
	}
	if (call == 46 || call == 47) { /* sendmsg recvmsg */
		struct user_msghdr message;

		if (bpf_probe_read_user(&message, sizeof(message), at))
			return false;
		at = message.msg_iov;
		pieces = message.msg_iovlen;
	} else if (call != 19 && call != 20) { /* readv writev */
		return false;
	}
	if (pieces == 0 || pieces > 1024 ||
	    bpf_probe_read_user(&piece, sizeof(piece), at))
		return false;
	*first = piece.iov_base;
	*first_len = piece.iov_len;
	if (bpf_probe_read_user(&piece, sizeof(piece), at + (pieces - 1) * sizeof(piece)))
		return false;
	*last = piece.iov_base;
	*last_len = piece.iov_len;
	return true;
}

/* The start and the last bytes of what was just moved, behind what rest holds; or NULL.
 */
static __always_inline struct message *read_message(
    int moved, bool with_tail, const struct head_rest *rest)
{
	__u32 zero = 0;
	struct message *s = bpf_map_lookup_elem(&messages, &zero);
	__u32 before = rest ? rest->bytes : 0;
	const void *first;
	const void *last;
	__u64 first_len;
	__u64 last_len;
	__u32 n;

	if (!s)
		return NULL;
	s->tail_len = 0;
	if (!find_buffer(&first, &first_len, &last, &last_len, moved)) {
		count(COUNT_READ_FAULT);
		return NULL;
	}
	n = first_len > (__u64)moved ? (__u32)moved : (__u32)first_len;
	if (n > HEAD_BYTES)
		n = HEAD_BYTES;
	if (before && before < HEAD_REST_BYTES)
		__builtin_memcpy(s->head, rest->text, HEAD_REST_BYTES);
	else
		before = 0;
	if (bpf_probe_read_user(s->head + before, n, first)) {
		count(COUNT_READ_FAULT);
		return NULL;
	}
	n += before;
	if (n > HEAD_BYTES)
		n = HEAD_BYTES;
	s->head_len = n;
	s->head[n] = 0;
	if (with_tail && last_len >= TAIL_BYTES &&
	    !bpf_probe_read_user(s->tail, TAIL_BYTES, last + last_len - TAIL_BYTES))
		s->tail_len = TAIL_BYTES;
	return s;
}

#endif
