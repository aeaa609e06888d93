/* Invocations on unix sockets whose end nothing tells: where the kernel lets no program
 * look at the close of such a socket. */
#ifndef COLDMETER_BPF_UNIX_BPF_H
#define COLDMETER_BPF_UNIX_BPF_H

#include "bpf/ending.bpf.h"

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

#endif
