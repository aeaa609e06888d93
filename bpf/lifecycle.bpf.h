/* Who is a function, when its sandbox begins and ends, and kind process. */
#ifndef COLDMETER_BPF_LIFECYCLE_BPF_H
#define COLDMETER_BPF_LIFECYCLE_BPF_H

#include "bpf/ending.bpf.h"
#include "bpf/environment.bpf.h"
#include "bpf/exchange.bpf.h"
#include "bpf/http2.bpf.h"
#include "bpf/unix.bpf.h"

/* Whether a process of a sandbox that execs goes on being part of it: a link of an init
 * chain, a helper. Another name, or a runtime under its server, is a beginning. */
static __always_inline bool stays(
    const struct sandbox *old, const struct environment *v, __u64 name_hash)
{
	if (v->record.present & BIT(VARIABLE_LAMBDA_API) &&
	    old->declared != FUNCTION_LAMBDA)
		return false;
	return !name_hash || !old->name_hash || name_hash == old->name_hash;
}

/* A link of the chain of programs that the first process becomes; or a child's program,
 * which does not serve until it listens or is asked itself. */
static __always_inline void exec_continues(
    struct sandbox *s, struct process *p, __u32 pid, struct task_struct *task)
{
	__u64 id = p->sandbox;

	p->serves = 0;
	if (s->starting && !s->ready_ns)
		coldstart_exec(id, task);
	if (s->ready_ns || pid != s->first_pid)
		return;
	s->last_exec_ns = bpf_ktime_get_boot_ns();
	s->execs++;
}

static __always_inline void describe(
    struct sandbox *s, const struct environment *v, __u64 start, __u32 pid)
{
	struct cpu_total total;

	if (v->record.present & BIT(VARIABLE_LAMBDA_API))
		s->declared = FUNCTION_LAMBDA;
	else if (v->record.present & BIT(VARIABLE_KIND) &&
		 v->record.value[VARIABLE_KIND][0] == 'p')
		s->declared = FUNCTION_PROCESS;
	s->speaks = RECORD_SPEAKS(v->record.present);
	s->start_ns = start;
	s->first_pid = pid;
	s->processes = 1;
	s->function_kind = s->declared;
	s->open_start_ns = bpf_ktime_get_boot_ns();
	s->first_exec_ns = s->last_exec_ns = s->open_start_ns;
	s->execs = 1;
	s->members[0] = pid;
	read_process(&total, NULL, false);
	s->open_cpu.share_ns = total.cpu_ns;
	s->open_cpu.run_queue_ns = total.run_queue_ns;
	s->open_cpu.throttled_ns = read_throttled(bpf_get_current_task_btf());
}

/* A process that was not there before is part of a sandbox that is. */
static __always_inline void join(__u32 pid, __u64 start_ns, __u64 sandbox)
{
	struct sandbox *s = sandbox_of(sandbox);

	if (!s)
		return;
	if (!process_add(pid, sandbox, start_ns)) {
		count(COUNT_LOST_MAP);
		return;
	}
	__sync_fetch_and_add(&s->processes, 1);
	member_add(s, pid);
}

static __always_inline void begin_sandbox(struct task_struct *task, struct environment *v,
    struct sandbox *fresh, __u32 pid, __u64 start)
{
	struct namespaced key = {fresh->name_hash, pid_namespace_of(task)};
	struct sandbox *begun;
	__u64 id;

	fresh->pid_namespace = key.pid_namespace;
	describe(fresh, v, start, pid);
	id = sandbox_add(start << 10 ^ pid ^ fresh->name_hash, fresh);
	begun = sandbox_of(id);
	if (!begun || !process_add(pid, id, start)) {
		if (begun)
			sandbox_forget(begun, id);
		count(COUNT_LOST_MAP);
		return;
	}
	coldstart_begin(id, task, is_deep(v) ? DEEP_START : 1);
	if (key.pid_namespace)
		bpf_map_update_elem(&namespaced_sandboxes, &key, &id, BPF_ANY);
	v->record.kind = RECORD_EXEC;
	v->record.pid = pid;
	v->record.parent = BPF_CORE_READ(task, real_parent, tgid);
	v->record.sandbox = id;
	v->record.start_ns = start;
	v->record.exec_ns = fresh->open_start_ns;
	v->record.memory_limit_bytes = container_memory_bytes(task, v->record.cgroup);
	read_cgroup_name(task, v->record.cgroup);
	bpf_get_current_comm(v->record.process, RECORD_PROCESS_BYTES);
	if (!bpf_ringbuf_output(
		&records, &v->record, sizeof(v->record), BPF_RB_NO_WAKEUP))
		return;
	count(COUNT_LOST_EXEC);
	begun->untold = 1;
}

/* A program that may be a kernel of its own, by the start of its name; the agent looks
 * closer. gVisor's sandbox is "exe": /proc/self/exe. */
static __always_inline void notice_foreign(struct task_struct *task)
{
	struct record_blind *r;
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), task->comm);
	if (word != WORD('e', 'x', 'e', 0, 0, 0, 0, 0) &&
	    word != WORD('f', 'i', 'r', 'e', 'c', 'r', 'a', 'c') &&
	    word != WORD('c', 'l', 'o', 'u', 'd', '-', 'h', 'y') &&
	    word != WORD('q', 'e', 'm', 'u', '-', 's', 'y', 's') &&
	    word != WORD('d', 'r', 'a', 'g', 'o', 'n', 'b', 'a'))
		return;
	r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);
	if (!r)
		return;
	*r = (struct record_blind){
	    .kind = RECORD_BLIND, .pid = task->tgid, .why = BLIND_FOREIGN};
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* A runtime begins, in a process of its server's or of what was one under another name.
 */
static __always_inline void begin_runtime(
    struct sandbox *old, struct sandbox *runtime, __u64 id)
{
	struct sandbox *server = old;

	old->hosts_runtimes = 1;
	if (old->declared == FUNCTION_LAMBDA) {
		id = old->server;
		server = sandbox_of(id);
	}
	if (!server)
		return;
	__sync_fetch_and_add(&server->runtimes, 1);
	runtime->server = id;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	__u32 pid = task->tgid;
	__u64 start = BPF_CORE_READ(task, group_leader, start_boottime);
	struct process *p = process_of(pid);
	struct sandbox *old = p ? sandbox_of(p->sandbox) : NULL;
	struct environment *v = read_environment(task);
	struct sandbox *fresh;
	__u64 visited;

	notice_foreign(task);
	if (!v || !(v->record.present & (NAMED | MARKED))) {
		if (old)
			exec_continues(old, p, pid, task);
		return 0;
	}
	fresh = &v->fresh;
	__builtin_memset(fresh, 0, sizeof(*fresh));
	fresh->name_hash = hash_name(v);
	if (old) {
		if (stays(old, v, fresh->name_hash)) {
			exec_continues(old, p, pid, task);
			return 0;
		}
		if (v->record.present & BIT(VARIABLE_LAMBDA_API))
			begin_runtime(old, fresh, p->sandbox);
		__sync_fetch_and_add(&old->processes, -1);
		member_remove(old, pid);
		sandbox_gone(old, p->sandbox, pid);
	}
	visited = old ? 0 : visited_sandbox(task, fresh->name_hash);
	if (visited)
		join(pid, start, visited);
	else
		begin_sandbox(task, v, fresh, pid, start);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 parent_pid = parent->tgid;
	__u32 pid = child->tgid;
	struct process *born;
	struct process *p;
	struct sandbox *s;

	if (pid == parent_pid)
		return 0;
	p = process_of(parent_pid);
	s = p ? sandbox_of(p->sandbox) : NULL;
	if (!s)
		return 0;
	born = process_add(pid, p->sandbox, BPF_CORE_READ(child, start_boottime));
	if (!born) {
		count(COUNT_LOST_MAP);
		return 0;
	}
	born->serves = p->serves;
	remember_task(born, child);
	__sync_fetch_and_add(&s->processes, 1);
	member_add(s, pid);
	return 0;
}

/* A sandbox that never listened and never asked for an event was one invocation itself.
 */
static __always_inline void process_end(
    struct sandbox *s, __u64 id, __u64 now, __u32 exit_code)
{
	struct record_invocation *r = begin_record(s, id);

	if (!r)
		return;
	r->start_ns = s->open_start_ns;
	r->end_ns = now;
	r->busy_ns = now - s->open_start_ns;
	cpu_ends_alone(r, &s->open_cpu, s);
	r->flags |= INVOCATION_EXITED | INVOCATION_FIRST | (s->oom ? INVOCATION_OOM : 0);
	r->exit_code = exit_code;
	r->concurrency = 1;
	r->function_kind =
	    s->declared == FUNCTION_LAMBDA ? FUNCTION_LAMBDA : FUNCTION_PROCESS;
	if (s->open_flags & INVOCATION_INIT_ERROR || s->declared == FUNCTION_LAMBDA)
		r->flags |= INVOCATION_INIT_ERROR;
	fill_memory(bpf_get_current_task_btf(), r, s, 0, 0);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* A process that others of its sandbox outlive: when it was begun by the invocation in
 * progress, as a helper or for each request, what it had belongs to that. */
static __always_inline void part_ends(
    struct task_struct *task, struct sandbox *s, __u64 start_ns)
{
	__u64 rss;
	__u64 peak;

	if (s->in_flight <= 0 || start_ns < s->busy_since_ns)
		return;
	read_memory(task, &rss, &peak);
	add_part(s, peak);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	__u32 pid = task->tgid;
	__u64 now = bpf_ktime_get_boot_ns();
	struct process *p;
	struct sandbox *s;
	bool stays;
	__u64 start_ns;
	__u64 id;
	__u32 code;

	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0;
	p = process_of(pid);
	/* threads that are killed together may all find that none lives */
	if (!p || __sync_lock_test_and_set(&p->gone, 1))
		return 0;
	id = p->sandbox;
	start_ns = p->start_ns;
	s = sandbox_of(id);
	if (s)
		member_remove(s, pid);
	stays = s && cpu_of_ended(p, s);
	if (stays && s->unix_in_flight > 0 && !unix_closes_told) {
		exit_on_unix_sockets(s, id, now);
		stays = false;
	}
	if (!stays)
		process_forget(p, pid);
	if (s && s->starting && !s->ready_ns && pid != s->first_pid)
		coldstart_forget(id, pid);
	if (!s)
		return 0;
	if (__sync_fetch_and_add(&s->processes, -1) > 1) {
		part_ends(task, s, start_ns);
		return 0;
	}
	code = BPF_CORE_READ(task, signal, group_exit_code);
	if (!code)
		code = BPF_CORE_READ(task, exit_code);
	if (s->open)
		lambda_end(
		    s, id, now, INVOCATION_EXITED | (s->oom ? INVOCATION_OOM : 0), code);
	else if (!s->ready_ns)
		process_end(s, id, now, code);
	if (s->unix_in_flight > 0 && !unix_closes_told) {
		end_on_unix_sockets(s, id, now, code);
		http2_forget_sandbox(id);
	}
	if (sandbox_gone(s, id, pid))
		process_forget(p, pid);
	return 0;
}

SEC("tp_btf/mark_victim")
int on_victim(__u64 *context)
{
	__u32 pid = victim_pid(context);
	struct process *p = process_of(pid);
	struct sandbox *s = p ? sandbox_of(p->sandbox) : NULL;

	if (s)
		s->oom = 1;
	return 0;
}

#endif
