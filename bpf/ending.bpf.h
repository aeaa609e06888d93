/* What every end of an invocation or a sandbox does: count it, then its record. */
#ifndef COLDMETER_BPF_ENDING_BPF_H
#define COLDMETER_BPF_ENDING_BPF_H

#include "bpf/coldstart.bpf.h"
#include "bpf/container.bpf.h"
#include "bpf/cpu.bpf.h"
#include "bpf/door.bpf.h"
#include "bpf/memory.bpf.h"

/* How much of a record is needed: each of its cache lines was the agent's last, and has
 * to come from its CPU. */
enum record_room {
	ROOM_SHORT, /* no request id, no trace */
	ROOM_INVOCATION,
	ROOM_TARGETED
};

/* A record as far as it has room; NULL: it has none for that. */
struct record_parts {
	struct record_invocation *ids;
	struct record_targeted *target;
};

/* Whose it is, its pid, is the caller's to say, and the cold start that ends with it. */
static __always_inline struct record_invocation *begin_record_as(
    struct sandbox *s, __u64 id, enum record_room room, struct record_parts *parts)
{
	struct record_targeted *target = NULL;
	struct record_invocation *ids = NULL;
	struct record_invocation *r;

	count(COUNT_SEEN);
	__sync_fetch_and_add(&s->ended, 1);
	if (room == ROOM_TARGETED) {
		target = bpf_ringbuf_reserve(&records, sizeof(*target), 0);
		r = ids = (struct record_invocation *)target;
	} else if (room == ROOM_INVOCATION) {
		r = ids = bpf_ringbuf_reserve(&records, sizeof(*r), 0);
	} else {
		r = bpf_ringbuf_reserve(&records, RECORD_SHORT_BYTES, 0);
	}
	/* what it is stands in pointers: before 6.2 the verifier does not see that the
	 * same question has the same answer */
	barrier_var(target);
	barrier_var(ids);
	parts->target = target;
	parts->ids = ids;
	if (!r) {
		count(COUNT_LOST_RING);
		__sync_fetch_and_add(&s->lost, 1);
		return NULL;
	}
	__builtin_memset(r, 0, RECORD_SHORT_BYTES);
	if (ids)
		__builtin_memset(ids->request_id, 0, sizeof(*ids) - RECORD_SHORT_BYTES);
	r->kind = RECORD_INVOCATION;
	r->sandbox = id;
	r->function_kind = s->function_kind;
	return r;
}

static __always_inline struct record_invocation *begin_record(struct sandbox *s, __u64 id)
{
	struct record_parts parts;
	struct record_invocation *r;

	if (s->starting)
		coldstart_tell(s, id);
	r = begin_record_as(s, id, ROOM_INVOCATION, &parts);
	if (r)
		r->pid = bpf_get_current_pid_tgid() >> 32;
	return r;
}

/* What an end must not have to be shed. */
#define NOTABLE                                                                          \
	(INVOCATION_FIRST | INVOCATION_ERROR | INVOCATION_INIT_ERROR |                   \
	    INVOCATION_EXITED | INVOCATION_ABORTED | INVOCATION_OOM)

/* Whether an end is only counted, which is done then: one that is warm and went well,
 * while the agent sheds. Not a keep-warm ping: who pings waits for its record. */
static __always_inline bool is_shed(
    struct sandbox *s, __u32 flags, __u16 http_status, const char *trace)
{
	__u32 step = shed_step;

	if (step < SHED_MOST || flags & NOTABLE || http_status >= 500 ||
	    (step == SHED_MOST && (s->ended & SHED_KEPT_MASK) == 0) ||
	    (trace[0] && trace_is_ping(trace)))
		return false;
	count(COUNT_SEEN);
	count(COUNT_SHED);
	__sync_fetch_and_add(&s->ended, 1);
	__sync_fetch_and_add(&s->shed, 1);
	return true;
}

/* What inner servers and processes that ended meanwhile held is part of it. */
static __always_inline void fill_parts(
    struct task_struct *task, struct record_invocation *r, struct sandbox *s)
{
	__u64 pages = s->part_pages;
	__u64 rss;
	__u64 peak;

	if (!pages)
		return;
	s->part_pages = 0;
	read_memory(task, &rss, &peak);
	if ((rss + pages) << 12 > r->peak_bytes)
		r->peak_bytes = (rss + pages) << 12;
	r->flags &= ~INVOCATION_MEMORY_EXACT;
}

/* An invocation has no record: the time that it settles goes with the next one. */
static __always_inline void untold(struct sandbox *s, __u64 busy_ns)
{
	__sync_fetch_and_add(&s->busy_ns, busy_ns);
	s->part_pages = 0;
}

static __always_inline __u64 untold_busy(struct sandbox *s)
{
	return s->busy_ns ? __sync_lock_test_and_set(&s->busy_ns, 0) : 0;
}

static __always_inline void add_part(struct sandbox *s, __u64 pages)
{
	if (pages > s->part_pages)
		s->part_pages = pages;
}

/* Of the process that ends it, and what others beside it have then: of those a peak that
 * came and went is not known. */
static __always_inline void fill_memory(struct task_struct *task,
    struct record_invocation *r, const struct sandbox *s, __u64 rss0, __u64 peak0)
{
	bool alone = s->processes <= 1;
	__u64 rss;
	__u64 peak;

	read_memory(task, &rss, &peak);
	if (peak > peak0 || rss == 0) {
		if (alone && rss)
			r->flags |= INVOCATION_MEMORY_EXACT;
	} else {
		peak = rss > rss0 ? rss : rss0;
	}
	if (!alone)
		peak += pages_beside(s);
	r->peak_bytes = peak << 12;
}

static __always_inline void add_thread(struct record_ready *r, struct task_struct *thread)
{
	r->major_faults += thread->maj_flt;
	if (!bpf_core_field_exists(thread->ioac.read_bytes))
		return;
	r->read_bytes += thread->ioac.rchar;
	r->disk_bytes += thread->ioac.read_bytes;
}

/* What the threads of the process, ended and living, have read and waited for. */
static __always_inline void read_init(struct record_ready *r)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_struct *thread;
	struct task_struct *first;
	struct bpf_iter_task it;

	r->major_faults = task->signal->maj_flt;
	r->read_bytes = r->disk_bytes = 0;
	if (bpf_core_field_exists(task->ioac.read_bytes)) {
		r->read_bytes = task->signal->ioac.rchar;
		r->disk_bytes = task->signal->ioac.read_bytes;
	}
	first =
	    bpf_iter_task_new && bpf_task_from_pid ? bpf_task_from_pid(task->tgid) : NULL;
	if (!first) {
		add_thread(r, task);
		return;
	}
	bpf_iter_task_new(&it, first, THREADS_OF_PROCESS);
	for (__u32 i = count_from; i < THREADS_MAX && (thread = bpf_iter_task_next(&it));
	     i++)
		add_thread(r, thread);
	bpf_iter_task_destroy(&it);
	bpf_task_release(first);
}

static __noinline void mark_ready(
    struct sandbox *s, __u64 id, __u32 function_kind, __u64 ready_ns, __u16 port)
{
	struct cpu_total cpu;
	struct record_ready *r;

	if (s->ready_ns)
		return;
	s->ready_ns = ready_ns;
	s->function_kind = function_kind;
	init_ends(s);
	if (s->starting)
		coldstart_ready(id, s->first_pid, ready_ns);
	r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);
	if (!r)
		return;
	r->kind = RECORD_READY;
	r->pid = s->first_pid;
	r->sandbox = id;
	r->ready_ns = s->ready_ns;
	r->first_exec_ns = s->first_exec_ns;
	r->last_exec_ns = s->last_exec_ns;
	r->execs = s->execs;
	r->port = port;
	r->padding[0] = r->padding[1] = r->padding[2] = 0;
	read_process(&cpu, NULL, false);
	r->cpu_ns = cpu.cpu_ns;
	r->run_queue_ns = cpu.run_queue_ns;
	read_init(r);
	BPF_CORE_READ_STR_INTO(
	    &r->process, bpf_get_current_task_btf(), group_leader, comm);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* Forgets a sandbox whose processes and invocations have all ended. Processes end before
 * their sockets do, so whichever comes last gets here with nothing left. Without room for
 * its last record its state stays until the agent takes it. */
static __always_inline bool sandbox_gone(struct sandbox *s, __u64 id, __u32 pid)
{
	struct record_end *end;
	struct sandbox *server;
	bool stays = false;

	if (s->processes > 0 || s->in_flight > 0 || __sync_lock_test_and_set(&s->gone, 1))
		return false;
	init_ends(s);
	end = bpf_ringbuf_reserve(&records, sizeof(*end), 0);
	if (end) {
		end->kind = RECORD_END;
		end->pid = pid;
		end->sandbox = id;
		end->end_ns = bpf_ktime_get_boot_ns();
		end->ended = s->ended;
		end->lost = s->lost;
		end->shed = s->shed;
		bpf_ringbuf_submit(end, BPF_RB_NO_WAKEUP);
	} else if (!s->untold) {
		stays = true;
	}
	if (s->pid_namespace) {
		struct namespaced key = {s->name_hash, s->pid_namespace};
		__u64 *living = bpf_map_lookup_elem(&namespaced_sandboxes, &key);

		if (living && *living == id)
			bpf_map_delete_elem(&namespaced_sandboxes, &key);
	}
	if (s->starting)
		bpf_map_delete_elem(&coldstarts, &id);
	bpf_map_delete_elem(&doors, &id);
	server = s->server ? sandbox_of(s->server) : NULL;
	if (server)
		__sync_fetch_and_add(&server->runtimes, -1);
	if (!stays) {
		sandbox_forget(s, id);
		return true;
	}
	s->end_ns = bpf_ktime_get_boot_ns();
	count(COUNT_LOST_END);
	return true;
}

#endif
