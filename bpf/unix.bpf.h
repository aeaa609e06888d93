/* Invocations on unix sockets whose end nothing tells: where the kernel lets no program
 * look at the close of such a socket. */
#ifndef COLDMETER_BPF_UNIX_BPF_H
#define COLDMETER_BPF_UNIX_BPF_H

#include "bpf/descriptor.bpf.h"
#include "bpf/ending.bpf.h"
#include "bpf/socket.bpf.h"

#define DESCRIPTORS_MAX 65536    /* of a process that are looked at when it ends */
#define STORED_MAX 8             /* maps that keep something with one socket */
#define UNIX_IN_FLIGHT_MAX 65536 /* of one sandbox that dies on all of them */

/* Whether the close of a unix socket is told; the agent sets it when it is. */
volatile __u32 unix_closes_told = 0;

struct unix_ends {
	struct sandbox *s;
	__u64 id;
	__u64 now;
	__u32 exit_code;
};

static long unix_end_step(__u32 i, struct unix_ends *u)
{
	struct sandbox *s = u->s;
	struct record_invocation *r;

	if (s->unix_in_flight <= 0)
		return 1;
	s->unix_in_flight--;
	(void)busy_end(s, u->now);
	r = begin_record(s, u->id);
	if (!r)
		return 0;
	r->start_ns = s->busy_since_ns;
	r->end_ns = u->now;
	r->flags =
	    INVOCATION_EXITED | INVOCATION_NO_START | (s->oom ? INVOCATION_OOM : 0);
	r->exit_code = u->exit_code;
	r->concurrency = 1;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}

/* The last process of a sandbox has gone: what it was answering on unix sockets went with
 * it. When each began is known to lie in its busy time. */
static __noinline void end_on_unix_sockets(
    struct sandbox *s, __u64 id, __u64 now, __u32 exit_code)
{
	struct unix_ends ends = {s, id, now, exit_code};

	bpf_loop(UNIX_IN_FLIGHT_MAX, unix_end_step, &ends, 0);
}

/* What a socket of which only the address is known keeps in a map: where that is, NULL:
 * nothing. As bpf_local_storage_lookup() of the kernel finds it. */
static __noinline const void *stored_with(struct sock *sk, __u32 map_id)
{
	struct hlist_node *node = BPF_CORE_READ(sk, sk_bpf_storage, list.first);

	for (int i = 0; i < STORED_MAX && node; i++) {
		struct bpf_local_storage_elem *stored =
		    (void *)node -
		    bpf_core_field_offset(struct bpf_local_storage_elem, snode);

		if (BPF_CORE_READ(stored, sdata.smap, map.id) == map_id)
			return (void *)stored +
			       bpf_core_field_offset(
				   struct bpf_local_storage_elem, sdata.data);
		node = BPF_CORE_READ(node, next);
	}
	return NULL;
}

/* Of a process that ends. */
struct unix_exit {
	struct task_struct *task;
	struct sandbox *s;
	__u64 id;
	__u64 now;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exchange);
} dying_exchanges SEC(".maps");

/* The exchange of a socket that goes, as it is now; NULL: it has none. */
static __noinline struct exchange *dying_exchange(struct sock *sk)
{
	__u64 key = socket_key(sk);
	__u32 zero = 0;
	struct exchange *copy;

	if (by_syscalls)
		return bpf_map_lookup_elem(&keyed_exchanges, &key);
	copy = bpf_map_lookup_elem(&dying_exchanges, &zero);
	if (!copy || bpf_probe_read_kernel(copy, sizeof(*copy),
			 stored_with(sk, ((struct bpf_map *)&exchanges)->id)))
		return NULL;
	return copy;
}

/* The number of its connection of HTTP/2, which its state begins with; 0: none. */
static __noinline __u64 dying_connection(struct sock *sk)
{
	const struct http2 *h = by_syscalls ? http2_find_keyed(sk, false) : NULL;
	__u64 number = 0;

	_Static_assert(__builtin_offsetof(struct http2, connection) == 0, "first");
	if (h)
		number = h->connection;
	else if (!by_syscalls)
		bpf_probe_read_kernel(&number, sizeof(number),
		    stored_with(sk, ((struct bpf_map *)&connections)->id));
	http2_forget_connection(sk);
	return number;
}

static __always_inline void dying_streams(struct sock *sk, const struct unix_exit *exit)
{
	struct http2_closing closing = {.connection = dying_connection(sk),
	    .now = exit->now,
	    .s = exit->s,
	    .ours = true,
	    .dying = true};

	if (closing.connection)
		bpf_for_each_map_elem(&streams, http2_close_crowded_step, &closing, 0);
}

static long unix_exit_step(__u32 fd, struct unix_exit *exit)
{
	struct file *file = file_at(exit->task, fd);
	struct sock *sk = socket_of(file);
	struct exchange *e;

	if (!sk)
		return fd >= descriptors_of(exit->task);
	if (BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX || !is_held_once(file))
		return 0;
	e = dying_exchange(sk);
	if (!e || !e->is_unix || e->sandbox != exit->id)
		return 0;
	if (e->phase == PHASE_HTTP2)
		dying_streams(sk, exit);
	http_gone(e, exit->s, true, true);
	return exit->s->unix_in_flight <= 0;
}

/* A process ends, in its own context, and has its descriptors still: what it was
 * answering on unix sockets that nobody else has goes with it. */
static __always_inline void exit_on_unix_sockets(struct sandbox *s, __u64 id, __u64 now)
{
	struct unix_exit exit = {bpf_get_current_task_btf(), s, id, now};

	bpf_loop(DESCRIPTORS_MAX, unix_exit_step, &exit, 0);
}

#endif
