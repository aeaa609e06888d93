/* A cold start while it lasts: its moments, and whom its init waited for.
 *
 * Everything here runs between the first exec of a sandbox and the end of its first
 * invocation, which sandbox.starting tells; afterwards nothing does. */
#ifndef COLDMETER_BPF_COLDSTART_BPF_H
#define COLDMETER_BPF_COLDSTART_BPF_H

#include "bpf/container.bpf.h"
#include "bpf/sandbox.bpf.h"
#include "bpf/uncounted.bpf.h"

#define AF_INET 2
#define ANCESTORS_MAX 4 /* a shell, env, a supervisor, the runtime */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct record_coldstart);
} coldstarts SEC(".maps");

/* When each cgroup was made, boot clock: of those that live and that no sandbox has begun
 * in. Ids of several hierarchies overlap, addresses do not. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u64);
} cgroup_births SEC(".maps");

static const struct record_coldstart coldstart_empty;

/* Of a tick of the kernel's clock; the agent sets it before it loads. */
const volatile __u64 tick_ns = 0;

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_made, struct cgroup *group, const char *path)
{
	__u64 key = (__u64)group;
	__u64 now = bpf_ktime_get_boot_ns();

	bpf_map_update_elem(&cgroup_births, &key, &now, BPF_ANY);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_removed, struct cgroup *group, const char *path)
{
	__u64 key = (__u64)group;

	bpf_map_delete_elem(&cgroup_births, &key);
	return 0;
}

/* A cgroup is made for the first sandbox in it. */
static __always_inline __u64 take_cgroup_birth(struct task_struct *task)
{
	__u64 key = (__u64)cgroup_of(task);
	__u64 *birth = bpf_map_lookup_elem(&cgroup_births, &key);
	__u64 at = birth ? *birth : 0;

	if (birth)
		bpf_map_delete_elem(&cgroup_births, &key);
	return at;
}

static __always_inline void add_counters(
    struct coldstart_mark *mark, struct task_struct *thread)
{
	mark->cpu_ns += BPF_CORE_READ(thread, se.sum_exec_runtime);
	mark->major_faults += BPF_CORE_READ(thread, maj_flt);
	if (bpf_core_field_exists(thread->sched_info.run_delay))
		mark->run_queue_ns += BPF_CORE_READ(thread, sched_info.run_delay);
	if (bpf_core_field_exists(thread->ioac.read_bytes))
		mark->disk_bytes += BPF_CORE_READ(thread, ioac.read_bytes);
}

/* Threads of the process that ended, and children that it waited for. */
static __always_inline void add_ended(
    struct coldstart_mark *mark, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);

	mark->cpu_ns += BPF_CORE_READ(signal, sum_sched_runtime) +
			BPF_CORE_READ(signal, cutime) + BPF_CORE_READ(signal, cstime);
	mark->major_faults +=
	    BPF_CORE_READ(signal, maj_flt) + BPF_CORE_READ(signal, cmaj_flt);
	if (bpf_core_field_exists(signal->ioac.read_bytes))
		mark->disk_bytes += BPF_CORE_READ(signal, ioac.read_bytes);
}

/* The next process upwards, when it is of the same sandbox; else NULL. Apart, for the
 * sake of the frames of those who ask several times. */
static __noinline struct task_struct *ancestor_in(struct task_struct *task, __u64 sandbox)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	__u32 pid = BPF_CORE_READ(parent, tgid);
	struct process *p = process_of(pid);

	return p && p->sandbox == sandbox ? parent : NULL;
}

static __always_inline void add_thread_counters(
    struct coldstart_mark *mark, struct task_struct *thread)
{
	mark->cpu_ns += thread->se.sum_exec_runtime;
	mark->run_queue_ns += run_delay(thread);
	mark->major_faults += thread->maj_flt;
	if (bpf_core_field_exists(thread->ioac.read_bytes))
		mark->disk_bytes += thread->ioac.read_bytes;
}

/* All threads of the current process; of an ancestor, which waits, its first. Global for
 * the verifier's sake: it walks the threads once, not at each place that calls. */
__noinline int coldstart_mark(struct coldstart_mark *mark, __u64 sandbox, __u64 at_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_struct *up = task;
	struct task_struct *thread;
	struct task_struct *first;
	struct bpf_iter_task it;

	if (!mark)
		return 0;
	__builtin_memset(mark, 0, sizeof(*mark));
	mark->at_ns = at_ns;
	mark->pid = task->tgid;
	mark->running_ns = uncounted_and_lead(task);
	add_ended(mark, task);
	/* from its first thread on: a walk goes no further than the end of the list */
	first = bpf_iter_task_new && bpf_task_from_pid && task->signal->nr_threads > 1
		    ? bpf_task_from_pid(task->tgid)
		    : NULL;
	if (!first) {
		add_counters(mark, task);
	} else {
		bpf_iter_task_new(&it, first, THREADS_OF_PROCESS);
		for (__u32 i = count_from;
		     i < THREADS_MAX && (thread = bpf_iter_task_next(&it)); i++)
			add_thread_counters(mark, thread);
		bpf_iter_task_destroy(&it);
		bpf_task_release(first);
	}
	for (int i = 0; i < ANCESTORS_MAX; i++) {
		up = ancestor_in(up, sandbox);
		if (!up)
			break;
		add_ended(mark, up);
		add_counters(mark, BPF_CORE_READ(up, group_leader));
	}
	return 0;
}

static __always_inline void set_exec(
    struct coldstart_exec *exec, __u64 id, struct task_struct *task)
{
	coldstart_mark(&exec->mark, id, bpf_ktime_get_boot_ns());
	bpf_probe_read_kernel_str(exec->name, sizeof(exec->name), task->comm);
}

/* The sandbox is in its map. how: what its starting becomes. */
static __always_inline void coldstart_begin(__u64 id, struct task_struct *task, __u64 how)
{
	struct sandbox *s = sandbox_of(id);
	struct record_coldstart *c;

	if (!s || bpf_map_update_elem(&coldstarts, &id, &coldstart_empty, BPF_ANY))
		return;
	c = bpf_map_lookup_elem(&coldstarts, &id);
	if (!c)
		return;
	c->kind = RECORD_COLDSTART;
	c->sandbox = id;
	c->cgroup_ns = take_cgroup_birth(task);
	set_exec(&c->execs[0], id, task);
	s->starting = how;
	if (s->declared != FUNCTION_PROCESS)
		init_begins(s);
}

/* A program more, before ready. Without room the last one goes: what matters is where it
 * began and where it got to. */
static __always_inline void coldstart_exec(__u64 id, struct task_struct *task)
{
	struct record_coldstart *c = bpf_map_lookup_elem(&coldstarts, &id);
	__u32 i = 0;

	if (!c)
		return;
	while (i < COLDSTART_EXECS - 1 && c->execs[i].mark.at_ns)
		i++;
	if (c->execs[i & (COLDSTART_EXECS - 1)].mark.at_ns)
		c->helpers++;
	set_exec(&c->execs[i & (COLDSTART_EXECS - 1)], id, task);
}

/* A process that ends before ready was a helper. */
static __always_inline void coldstart_forget(__u64 id, __u32 pid)
{
	struct record_coldstart *c = bpf_map_lookup_elem(&coldstarts, &id);

	if (!c)
		return;
	for (int i = 0; i < COLDSTART_EXECS; i++) {
		struct coldstart_mark *mark = &c->execs[i].mark;

		if (!mark->at_ns || mark->pid != pid)
			continue;
		mark->at_ns = 0;
		c->helpers++;
	}
}

/* Who is ready, its ancestors and the first process were on the way; other programs were
 * helpers. */
static __noinline int keep_ancestors(
    struct record_coldstart *c, __u64 id, __u32 first_pid)
{
	struct task_struct *up = bpf_get_current_task_btf();
	__u32 pids[ANCESTORS_MAX + 2] = {first_pid, up->tgid};

	for (int i = 2; i < ANCESTORS_MAX + 2 && up; i++) {
		up = ancestor_in(up, id);
		pids[i] = up ? BPF_CORE_READ(up, tgid) : 0;
	}
	for (int i = 0; i < COLDSTART_EXECS; i++) {
		struct coldstart_mark *mark = &c->execs[i].mark;
		bool kept = false;

		for (int k = 0; k < ANCESTORS_MAX + 2; k++)
			kept |= mark->pid == pids[k];
		if (!mark->at_ns || kept)
			continue;
		mark->at_ns = 0;
		c->helpers++;
	}
	return 0;
}

static __noinline void coldstart_ready(__u64 id, __u32 first_pid, __u64 ready_ns)
{
	struct record_coldstart *c = bpf_map_lookup_elem(&coldstarts, &id);

	if (!c)
		return;
	coldstart_mark(&c->marks[MARK_READY], id, ready_ns);
	keep_ancestors(c, id, first_pid);
}

/* Only the first time counts. */
static __noinline void coldstart_reach(
    __u64 id, enum coldstart_moment moment, __u64 at_ns)
{
	struct record_coldstart *c = bpf_map_lookup_elem(&coldstarts, &id);

	if (c && !c->marks[moment].at_ns)
		coldstart_mark(&c->marks[moment], id, at_ns);
}

/* The end, without a response; the counters are those of a process of the sandbox, which
 * may be dying, not of whom a packet happened to interrupt. */
static __always_inline void mark_end(
    struct record_coldstart *c, const struct sandbox *s, __u64 id)
{
	struct process *p = current_process();
	__u64 now = bpf_ktime_get_boot_ns();

	if ((p && p->sandbox == id) || bpf_get_current_pid_tgid() >> 32 == s->first_pid)
		coldstart_mark(&c->marks[MARK_RESPONSE], id, now);
	else
		c->marks[MARK_RESPONSE].at_ns = now;
}

/* Its first invocation ends. One that never got ready and is no runtime is no cold start
 * but one invocation of kind process. */
static __noinline int coldstart_tell(struct sandbox *s, __u64 id)
{
	struct record_coldstart *c = bpf_map_lookup_elem(&coldstarts, &id);

	s->starting = 0;
	if (!c)
		return 0;
	c->pid = s->first_pid;
	if (!c->marks[MARK_RESPONSE].at_ns)
		mark_end(c, s, id);
	if (s->ready_ns || s->declared == FUNCTION_LAMBDA)
		bpf_ringbuf_output(&records, c, sizeof(*c), BPF_RB_NO_WAKEUP);
	bpf_map_delete_elem(&coldstarts, &id);
	return 0;
}

/* --- whom it waits for -------------------------------------------------------------- */

/* Whether an init is under way. */
static __always_inline bool peer_waits(const struct sandbox *s)
{
	return s->starting && !s->ready_ns;
}

/* The name that the other end of a unix socket was bound to; NULL: none. */
static __always_inline struct unix_address *unix_peer_name(const struct sock *sk)
{
	struct sock *peer = BPF_CORE_READ((struct unix_sock *)sk, peer);

	return peer ? BPF_CORE_READ((struct unix_sock *)peer, addr) : NULL;
}

static __always_inline __u32 unix_path_bytes(const struct unix_address *name)
{
	__u32 len = BPF_CORE_READ(name, len);

	return len > sizeof(sa_family_t) ? len - sizeof(sa_family_t) : 0;
}

/* All connections to one listener share its name. */
static __always_inline void read_unix_peer(
    struct coldstart_peer *peer, const struct sock *sk)
{
	const struct unix_address *name = unix_peer_name(sk);
	__u32 len = name ? unix_path_bytes(name) : 0;

	*(const struct unix_address **)peer->address = name;
	if (len >= COLDSTART_PATH_BYTES)
		peer->port = (__u16)(len - (COLDSTART_PATH_BYTES - 1));
}

static __always_inline void read_unix_path(
    char path[COLDSTART_PATH_BYTES], const struct coldstart_peer *peer)
{
	const struct unix_address *name = *(struct unix_address *const *)peer->address;
	__u32 len = unix_path_bytes(name) - peer->port;

	__builtin_memset(path, 0, COLDSTART_PATH_BYTES);
	if (len < COLDSTART_PATH_BYTES)
		bpf_probe_read_kernel(
		    path, len, (const char *)name->name->sun_path + peer->port);
}

static __always_inline void read_peer(struct coldstart_peer *peer, struct sock *sk)
{
	peer->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (peer->family == AF_UNIX) {
		read_unix_peer(peer, sk);
		return;
	}
	peer->port = BPF_CORE_READ(sk, __sk_common.skc_dport);
	if (peer->family == AF_INET)
		bpf_core_read(peer->address, 4, &sk->__sk_common.skc_daddr);
	else
		bpf_core_read(peer->address, 16, &sk->__sk_common.skc_v6_daddr);
}

static __always_inline bool is_same_peer(
    const struct coldstart_peer *a, const struct coldstart_peer *b)
{
	const __u64 *x = (const __u64 *)a->address;
	const __u64 *y = (const __u64 *)b->address;

	return a->waits && a->port == b->port && a->family == b->family && x[0] == y[0] &&
	       x[1] == y[1];
}

/* The longest waits stay; the others are summed. */
static __noinline int add_peer_wait(
    struct record_coldstart *c, const struct coldstart_peer *peer)
{
	__u32 at = 0;

	for (__u32 i = 0; i < COLDSTART_PEERS; i++) {
		if (is_same_peer(&c->peers[i], peer)) {
			c->peers[i].wait_ns += peer->wait_ns;
			c->peers[i].waits++;
			return 0;
		}
	}
	for (__u32 i = 1; i < COLDSTART_PEERS; i++) {
		if (c->peers[i].wait_ns < c->peers[at & (COLDSTART_PEERS - 1)].wait_ns)
			at = i;
	}
	at &= COLDSTART_PEERS - 1;
	if (c->peers[at].waits && c->peers[at].wait_ns >= peer->wait_ns) {
		c->others_wait_ns += peer->wait_ns;
		c->others++;
		return 0;
	}
	if (c->peers[at].waits) {
		c->others_wait_ns += c->peers[at].wait_ns;
		c->others++;
	}
	c->peers[at] = *peer;
	if (peer->family == AF_UNIX)
		read_unix_path(c->paths[at], peer);
	return 0;
}

/* What was awaited has come, or will not. */
static __noinline void peer_settle(struct exchange *e, struct sandbox *s, struct sock *sk)
{
	struct record_coldstart *c;
	struct coldstart_peer peer = {.waits = 1};
	__u64 now = bpf_ktime_get_boot_ns();

	if (!e->awaits_ns || !peer_waits(s))
		return;
	c = bpf_map_lookup_elem(&coldstarts, &e->sandbox);
	peer.wait_ns = now > e->awaits_ns ? now - e->awaits_ns : 0;
	e->awaits_ns = 0;
	read_peer(&peer, sk);
	if (c)
		add_peer_wait(c, &peer);
}

/* It sent something that no Runtime API knows: it awaits an answer. */
static __always_inline void peer_sent(struct exchange *e, struct sandbox *s)
{
	if (peer_waits(s))
		e->awaits_ns = bpf_ktime_get_boot_ns();
}

/* Its connect() has ended one way or the other; connected, the peer may speak first. */
static __always_inline void peer_connected(
    struct exchange *e, struct sandbox *s, struct sock *sk, bool connected)
{
	peer_settle(e, s, sk);
	if (connected && peer_waits(s))
		e->awaits_ns = bpf_ktime_get_boot_ns();
}

/* --- who waits for it -----------------------------------------------------------------
 */

/* How long what is read now has lain in the socket: the kernel notes the tick in which
 * the last data came. 0 below two ticks, of which one may be rounding. */
static __always_inline __u64 waited_ns(struct sock *sk)
{
	const struct inet_connection_sock *icsk = (const void *)sk;
	__u32 ticks;

	if (BPF_CORE_READ(icsk, icsk_inet.sk.__sk_common.skc_family) == AF_UNIX)
		return 0;
	ticks = (__u32)bpf_jiffies64() - BPF_CORE_READ(icsk, icsk_ack.lrcvtime);
	return ticks >= 2 && ticks < 1U << 31 ? ticks * tick_ns : 0;
}

#endif
