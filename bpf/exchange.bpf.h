/* Bytes of a message: where the caller's buffer lies, and what its head says. */
#ifndef COLDMETER_BPF_EXCHANGE_BPF_H
#define COLDMETER_BPF_EXCHANGE_BPF_H

#include "bpf/sandbox.bpf.h"

#define HEAD_BYTES 1024 /* of a head that are looked at */

struct scratch {
	char head[HEAD_BYTES + 64];
	char tail[8];
	__u32 head_len;
	__u32 tail_len;
	/* found by scan_head(); 0: absent */
	__u32 end; /* offset behind the empty line */
	__u32 id;
	__u32 trace;
	__u32 deadline;
	__s64 length; /* Content-Length, -1: none */
	__u32 chunked;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

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

/* The start and the last bytes of what was just moved, or NULL. */
static __always_inline struct scratch *read_message(int moved, bool with_tail)
{
	__u32 zero = 0;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &zero);
	const void *first;
	const void *last;
	__u64 first_len;
	__u64 last_len;
	__u32 n;

	if (!s)
		return NULL;
	s->head_len = s->tail_len = 0;
	if (!find_buffer(&first, &first_len, &last, &last_len, moved)) {
		count(COUNT_READ_FAULT);
		return NULL;
	}
	n = first_len > (__u64)moved ? (__u32)moved : (__u32)first_len;
	if (n > HEAD_BYTES)
		n = HEAD_BYTES;
	if (bpf_probe_read_user(s->head, n, first)) {
		count(COUNT_READ_FAULT);
		return NULL;
	}
	s->head_len = n;
	if (with_tail && last_len >= 5 &&
	    !bpf_probe_read_user(s->tail, 5, last + last_len - 5))
		s->tail_len = 5;
	return s;
}

#define FOLD 0x2020202020202020ULL
/* Eight characters as the little-endian word that a load of them gives. */
#define WORD(a, b, c, d, e, f, g, h)                                                     \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 |            \
	    (__u64)(e) << 32 | (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)

static __always_inline __u64 word_at(const struct scratch *s, __u32 at)
{
	return *(const __u64 *)&s->head[at & (HEAD_BYTES - 1)];
}

static __always_inline __s64 number_at(const struct scratch *s, __u32 at)
{
	__s64 n = 0;

	for (int i = 0; i < 20; i++) {
		char c = s->head[(at + i) & (HEAD_BYTES - 1)];

		if (c == ' ' && n == 0)
			continue;
		if (c < '0' || c > '9')
			break;
		n = n * 10 + (c - '0');
	}
	return n;
}

static __always_inline void header_at(struct scratch *s, __u32 at)
{
	__u64 a = word_at(s, at) | FOLD;
	__u64 b = word_at(s, at + 8) | FOLD;

	if (a == WORD('c', 'o', 'n', 't', 'e', 'n', 't', '-')) {
		if ((b & 0xffffffffffffffULL) ==
		    (WORD('l', 'e', 'n', 'g', 't', 'h', ':', 0) & 0xffffffffffffffULL))
			s->length = number_at(s, at + 15);
	} else if (a == WORD('t', 'r', 'a', 'n', 's', 'f', 'e', 'r')) {
		s->chunked = 1;
	} else if (a == WORD('l', 'a', 'm', 'b', 'd', 'a', '-', 'r')) {
		if (b == WORD('u', 'n', 't', 'i', 'm', 'e', '-', 'a'))
			s->id = at + 31; /* lambda-runtime-aws-request-id: */
		else if (b == WORD('u', 'n', 't', 'i', 'm', 'e', '-', 'd'))
			s->deadline = at + 27;
		else if (b == WORD('u', 'n', 't', 'i', 'm', 'e', '-', 't'))
			s->trace = at + 24;
	} else if (a == WORD('t', 'r', 'a', 'c', 'e', 'p', 'a', 'r')) {
		if (!s->trace)
			s->trace = at + 12;
	} else if (a == WORD('x', '-', 'a', 'm', 'z', 'n', '-', 't')) {
		s->trace = at + 16;
	}
}

/* Has a zero byte: exact for the lowest one, which is all that is asked here. */
static __always_inline bool has_zero(__u64 word)
{
	return (word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL;
}

/* Looks at the line that starts at offset at. True at the empty line that ends the head.
 */
static __always_inline bool line_at(struct scratch *s, __u32 at)
{
	char c;

	if (at >= s->head_len || at >= HEAD_BYTES)
		return 0;
	c = s->head[at & (HEAD_BYTES - 1)];
	if (c == '\r' || c == '\n') {
		s->end = at + (c == '\r' ? 2 : 1);
		return 1;
	}
	header_at(s, at);
	return 0;
}

/* Eight bytes at a time, most hold no end of line. */
static long scan_step(__u32 i, struct scratch **context)
{
	struct scratch *s = *context;
	__u32 at = i * 8;
	__u64 word;

	if (at >= s->head_len || at >= HEAD_BYTES)
		return 1;
	word = word_at(s, at) ^ 0x0a0a0a0a0a0a0a0aULL;
	if (!has_zero(word))
		return 0;
	for (int b = 0; b < 8; b++) {
		if (!(word & 0xff) && line_at(s, at + b + 1))
			return 1;
		word >>= 8;
	}
	return 0;
}

/* continued: the message goes on where an earlier piece ended, at the start of a line. */
static __always_inline void scan_head(struct scratch *s, bool continued)
{
	struct scratch *context = s;

	s->end = s->id = s->trace = s->deadline = s->chunked = 0;
	s->length = -1;
	if (continued && line_at(s, 0))
		return;
	bpf_loop(HEAD_BYTES / 8, scan_step, &context, 0);
}

static __always_inline bool ends_chunks(const struct scratch *s)
{
	return s->tail_len == 5 && s->tail[0] == '0' && s->tail[1] == '\r' &&
	       s->tail[2] == '\n' && s->tail[3] == '\r' && s->tail[4] == '\n';
}

static __always_inline void copy_id(const struct scratch *s, char *to)
{
	__u32 at = s->id & (HEAD_BYTES - 1);

	if (s->head[at] == ' ')
		at = (at + 1) & (HEAD_BYTES - 1);
	__builtin_memcpy(to, &s->head[at], 36);
	to[36] = 0;
}

static __always_inline void copy_trace(const struct scratch *s, char *to)
{
	__u32 at = s->trace & (HEAD_BYTES - 1);

	if (!s->trace)
		return;
	__builtin_memcpy(to, &s->head[at], RECORD_TRACE_BYTES - 1);
	to[RECORD_TRACE_BYTES - 1] = 0;
}

#endif
