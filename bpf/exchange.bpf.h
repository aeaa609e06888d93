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

#define PIECES_MAX 8 /* of a vector that are gathered: heads come in one to three */
#define SKIP_PIECES_MAX 64

/* The buffer of the system call in progress. */
struct buffer {
	const void *at;     /* of the first piece */
	const void *vector; /* the pieces, NULL: there is one */
	__u64 pieces;
	__u64 first_len; /* of the first piece */
};

/* The part of a struct user_msghdr that says where they are. */
struct pieces {
	const void *first;
	__u64 n;
};
_Static_assert(__builtin_offsetof(struct user_msghdr, msg_iovlen) ==
		   __builtin_offsetof(struct user_msghdr, msg_iov) + 8,
    "side by side");

static __always_inline bool find_buffer(struct buffer *buffer, int moved)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	__u64 call = regs->orig_ax;
	const void *at = (const void *)regs->si;
	struct iovec piece;

	buffer->pieces = regs->dx;
	if (call == 0 || call == 1 || call == 44 ||
	    call == 45) { /* read write sendto recvfrom */
		buffer->at = at;
		buffer->vector = NULL;
		buffer->first_len = moved;
		return true;
	}
	/* of several messages in one call it cannot be told which was moved */
	if ((call == 307 || call == 299) && regs->dx != 1) /* sendmmsg recvmmsg */
		return false;
	if (call == 46 || call == 47 || call == 307 ||
	    call == 299) { /* sendmsg recvmsg */
		struct pieces pieces;

		if (bpf_probe_read_user(&pieces, sizeof(pieces),
			at + __builtin_offsetof(struct user_msghdr, msg_iov)))
			return false;
		at = pieces.first;
		buffer->pieces = pieces.n;
	} else if (call != 19 && call != 20) { /* readv writev */
		return false;
	}
	if (buffer->pieces == 0 || buffer->pieces > 1024 ||
	    bpf_probe_read_user(&piece, sizeof(piece), at))
		return false;
	buffer->vector = at;
	buffer->at = piece.iov_base;
	buffer->first_len = piece.iov_len;
	return true;
}

struct skip {
	struct buffer *buffer;
	__u64 left;
};

/* Past one more piece, or into it. */
static long skip_step(__u32 i, struct skip *s)
{
	struct buffer *b = s->buffer;
	struct iovec piece;

	if (s->left < b->first_len) {
		b->at += s->left;
		b->first_len -= s->left;
		s->left = 0;
		return 1;
	}
	s->left -= b->first_len;
	b->pieces--;
	b->vector += sizeof(piece);
	if (!b->pieces || bpf_probe_read_user(&piece, sizeof(piece), b->vector))
		return 1;
	b->at = piece.iov_base;
	b->first_len = piece.iov_len;
	return 0;
}

/* The buffer behind its first bytes. */
static __always_inline bool skip_bytes(struct buffer *buffer, __u64 bytes)
{
	struct skip skip = {buffer, bytes};

	if (!bytes)
		return true;
	if (!buffer->vector) {
		buffer->at += bytes;
		return true;
	}
	bpf_loop(SKIP_PIECES_MAX, skip_step, &skip, 0);
	return skip.left == 0;
}

struct gather {
	struct message *m;
	const struct buffer *buffer;
	__u32 len;
	__u32 most;
};

/* One more piece behind the first. */
static long gather_step(__u32 i, struct gather *g)
{
	__u32 at = g->len;
	struct iovec piece;
	__u64 n;

	if (i + 1 >= g->buffer->pieces || at >= g->most || at >= HEAD_BYTES)
		return 1;
	if (bpf_probe_read_user(
		&piece, sizeof(piece), g->buffer->vector + (i + 1) * sizeof(piece)))
		return 1;
	n = piece.iov_len;
	if (n > g->most - at)
		n = g->most - at;
	if (n > HEAD_BYTES)
		n = HEAD_BYTES;
	if (bpf_probe_read_user(&g->m->head[at & (HEAD_BYTES - 1)], n, piece.iov_base))
		return 1;
	g->len = at + n;
	return 0;
}

/* The last bytes of the moved ones, which a vector may hold in several pieces and have
 * more behind. */
static __always_inline bool read_tail_of_pieces(
    struct message *s, const struct buffer *buffer, __u64 moved)
{
	struct buffer rest = *buffer;

	if (!skip_bytes(&rest, moved - TAIL_BYTES))
		return false;
	for (int i = 0; i < TAIL_BYTES; i++) {
		if (bpf_probe_read_user(&s->tail[i], 1, rest.at) ||
		    (i < TAIL_BYTES - 1 && !skip_bytes(&rest, 1)))
			return false;
	}
	return true;
}

static __always_inline void read_tail(
    struct message *s, const struct buffer *buffer, __u64 moved)
{
	if (s->is_whole || moved < TAIL_BYTES)
		return;
	if (buffer->vector ? read_tail_of_pieces(s, buffer, moved)
			   : !bpf_probe_read_user(
				 s->tail, TAIL_BYTES, buffer->at + moved - TAIL_BYTES))
		s->tail_len = TAIL_BYTES;
}

/* Reads the start and the last bytes of the last moved bytes of this call, which moved
 * skipped bytes before them, behind what rest holds, into this CPU's message. Apart, so
 * that the verifier looks at it once. */
VERIFIED_ONCE int fill_message(
    __u32 skipped, int moved, bool with_tail, const struct head_rest *rest)
{
	__u32 zero = 0;
	struct message *s = bpf_map_lookup_elem(&messages, &zero);
	__u32 before = rest ? rest->bytes : 0;
	struct buffer buffer;
	__u64 n;

	if (!s)
		return 0;
	s->tail_len = 0;
	if (!find_buffer(&buffer, moved) || !skip_bytes(&buffer, skipped)) {
		count(COUNT_READ_FAULT);
		return 0;
	}
	n = buffer.first_len > (__u64)moved ? (__u64)moved : buffer.first_len;
	barrier_var(n); /* so that what is compared is what is passed on */
	if (n > HEAD_BYTES)
		n = HEAD_BYTES;
	if (rest && before && before < HEAD_REST_BYTES)
		__builtin_memcpy(s->head, rest->text, HEAD_REST_BYTES);
	else
		before = 0;
	if (bpf_probe_read_user(s->head + before, n, buffer.at)) {
		count(COUNT_READ_FAULT);
		return 0;
	}
	n += before;
	if (buffer.vector && n < HEAD_BYTES && buffer.first_len < (__u64)moved) {
		struct gather gather = {s, &buffer, (__u32)n, moved + before};

		bpf_loop(PIECES_MAX - 1, gather_step, &gather, 0);
		n = gather.len;
	}
	if (n > HEAD_BYTES)
		n = HEAD_BYTES;
	s->head_len = n;
	s->head[n] = 0;
	s->is_whole = n == moved + before;
	if (with_tail)
		read_tail(s, &buffer, moved);
	return 1;
}

/* What was just moved, or NULL when it cannot be read. */
static __always_inline struct message *read_message_behind(
    __u32 skipped, int moved, bool with_tail, const struct head_rest *rest)
{
	__u32 zero = 0;

	return fill_message(skipped, moved, with_tail, rest)
		   ? bpf_map_lookup_elem(&messages, &zero)
		   : NULL;
}

static __always_inline struct message *read_message(
    int moved, bool with_tail, const struct head_rest *rest)
{
	return read_message_behind(0, moved, with_tail, rest);
}

/* Where the kernel saves the caller's registers, from the start of its stack: the same
 * for all threads. 0: not asked for yet. */
volatile __u64 registers_offset = 0;

static __noinline void ask_for_registers(struct task_struct *task)
{
	long regs = bpf_task_pt_regs(task);
	__u64 at; /* to the verifier a number, with which it lets us calculate */

	if (!bpf_probe_read_kernel(&at, sizeof(at), &regs))
		registers_offset = at - (__u64)task->stack;
}

static __always_inline const struct pt_regs *registers_of(struct task_struct *task)
{
	if (!bpf_rdonly_cast) /* before 6.2 */
		return (const struct pt_regs *)bpf_task_pt_regs(task);
	if (unlikely(!registers_offset))
		ask_for_registers(task);
	return bpf_rdonly_cast(
	    task->stack + registers_offset, bpf_core_type_id_kernel(struct pt_regs));
}

/* Where the bytes are that the call moved. NULL: not in one buffer that is found soon. */
static __always_inline const void *one_buffer(const struct pt_regs *regs, __u64 moved)
{
	__u64 call = regs->orig_ax;
	struct iovec piece;

	if (call == 0 || call == 1 || call == 44 ||
	    call == 45) /* read write sendto recvfrom */
		return (const void *)regs->si;
	/* Node.js writes so, with an empty piece behind */
	if ((call != 19 && call != 20) || /* readv writev */
	    bpf_probe_read_user(&piece, sizeof(piece), (const void *)regs->si))
		return NULL;
	return piece.iov_len >= moved ? piece.iov_base : NULL;
}

/* As read_message(), of what most messages are: in one buffer, and short enough to stand
 * in head. NULL: it is not, or cannot be read. */
static __always_inline struct message *read_short(struct task_struct *task, int moved)
{
	__u64 n = (__u32)moved;
	__u32 zero = 0;
	struct message *s;
	const void *at;

	if (n > HEAD_BYTES)
		return NULL;
	at = one_buffer(registers_of(task), n);
	s = bpf_map_lookup_elem(&messages, &zero);
	barrier_var(n); /* so that what is compared is what is passed on */
	if (!s || !at || n > HEAD_BYTES || bpf_probe_read_user(s->head, n, at))
		return NULL;
	s->head_len = n;
	s->tail_len = 0;
	s->is_whole = 1;
	s->head[n] = 0;
	return s;
}

/* Whether the caller's buffer lies in a ring and not in its registers. */
static __always_inline bool is_io_uring(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

	return regs->orig_ax == 426 || task->flags & PF_IO_WORKER;
}

#endif
