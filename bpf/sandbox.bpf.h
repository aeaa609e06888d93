/* Maps and state of processes and sandboxes; what a boundary reads from the kernel. */
#ifndef COLDMETER_BPF_SANDBOX_BPF_H
#define COLDMETER_BPF_SANDBOX_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/record.h"

#define AF_UNIX 1
#define MSG_PEEK 2

struct process {
	__u64 sandbox;
	__u64 start_ns;
};

/* One execution environment. lambda holds its one open invocation; http invocations live
 * with their socket. */
struct sandbox {
	__u64 start_ns;
	__u64 ready_ns;
	__u64 seen;
	__u64 ended;
	__u64 busy_since_ns;
	__u64 busy_ns; /* of the busy period, not yet settled */
	__u32 first_pid;
	__s32 processes;
	__s32 in_flight;
	__u32 function_kind;
	__u32 oom;
	__u32 declared; /* kind the environment asked for, FUNCTION_UNDECIDED: none */
	__u32 open;     /* lambda: an invocation is open */
	__u32 open_flags;
	__u64 open_start_ns;
	__u64 open_response_ns;
	__u64 open_cpu_ns;
	__u64 open_rss;
	__u64 open_peak;
	__u64 open_request_bytes;
	__u64 open_response_bytes;
	__u64 open_deadline_ms;
	char open_request_id[RECORD_ID_BYTES];
	char open_trace_id[RECORD_TRACE_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct process);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct sandbox);
} sandboxes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RECORD_COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static __always_inline void count(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&counts, &what);

	if (n)
		(*n)++;
}

static __always_inline struct sandbox *sandbox_of(__u64 id)
{
	return bpf_map_lookup_elem(&sandboxes, &id);
}

static __always_inline struct process *current_process(void)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	return bpf_map_lookup_elem(&processes, &pid);
}

static __always_inline __u64 pages_resident(struct mm_struct *mm)
{
	__s64 file = BPF_CORE_READ(mm, rss_stat[0].count);
	__s64 anon = BPF_CORE_READ(mm, rss_stat[1].count);
	__s64 shared = BPF_CORE_READ(mm, rss_stat[3].count);
	__s64 all = file + anon + shared;

	return all > 0 ? all : 0;
}

/* Resident pages now, and the highest so far as far as the kernel noted it. */
static __always_inline void read_memory(struct task_struct *task, __u64 *rss, __u64 *peak)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	*rss = *peak = 0;
	if (!mm)
		return;
	*rss = pages_resident(mm);
	*peak = BPF_CORE_READ(mm, hiwater_rss);
	if (*peak < *rss)
		*peak = *rss;
}

/* CPU time of the threads that have ended and of the current one. */
static __always_inline __u64 read_cpu(struct task_struct *task)
{
	__u64 sum = BPF_CORE_READ(task, se.sum_exec_runtime);
	__u64 since = BPF_CORE_READ(task, se.exec_start);
	__u64 now = bpf_ktime_get_ns();

	sum += BPF_CORE_READ(task, signal, sum_sched_runtime);
	if (task == bpf_get_current_task_btf() && now > since && now - since < 10000000)
		sum += now - since;
	return sum;
}

static __always_inline void busy_begin(struct sandbox *sandbox, __u64 now)
{
	if (__sync_fetch_and_add(&sandbox->in_flight, 1) == 0)
		sandbox->busy_since_ns = now;
}

/* Time that the sandbox was busy and that this end settles. */
static __always_inline __u64 busy_end(struct sandbox *sandbox, __u64 now)
{
	__u64 busy = 0;

	if (__sync_fetch_and_add(&sandbox->in_flight, -1) == 1 &&
	    now > sandbox->busy_since_ns)
		busy = now - sandbox->busy_since_ns;
	return busy;
}

#endif
