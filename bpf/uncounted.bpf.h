/* CPU time that a running thread has had and the kernel's sums do not have yet: they are
 * brought up to date when the thread stops, and once in a tick.
 *
 * The run queue that a thread is on has two clocks, both set when its sums are and now
 * and then between: all time, and all time but what interrupts and the hypervisor took,
 * by which the kernel counts. So a thread has had what the second went on by since its
 * sums were, and what has passed since the clocks were set. The latter is told by our own
 * clock, which is ahead of the first by a lead that is the same on all CPUs and changes
 * only as the time of day is corrected. A thread reads us soon after the clocks were set
 * now and then: the least lead that was seen lately is the lead. */
#ifndef COLDMETER_BPF_UNCOUNTED_BPF_H
#define COLDMETER_BPF_UNCOUNTED_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Time of day is corrected by 500 ppm at most (kernel/time/ntp.c, MAXFREQ), mostly by a
 * tenth of it: the lead may be that much too small of a window and the one before. */
#define LEAD_WINDOW_NS 1000000000

/* How long the clocks of a run queue are not set at most; what is beyond the hypervisor
 * took. The agent sets it before it loads. */
const volatile __u64 uncounted_max_ns = 0;

static __u64 lead_began_ns; /* the window did; 0: none yet */
static __s64 lead_least;    /* in it */
static __s64 lead_former;   /* in the one before, or this one's first where that was
			     * long ago */

/* Of a thread on a CPU, when it was read. */
struct uncounted {
	__s64 lead; /* of our clock before that of its run queue */
	__s64 had;  /* when that was set */
};

/* False: a kernel whose threads do not know their run queue (no CONFIG_FAIR_GROUP_SCHED),
 * so that only what it has counted is known. */
static __always_inline bool uncounted_is_known(void)
{
	return bpf_core_field_exists(((struct sched_entity *)0)->cfs_rq);
}

/* Of a thread that the verifier knows to live. */
static __always_inline struct uncounted uncounted_read(
    struct task_struct *thread, __u64 now)
{
	struct uncounted u = {};

	if (uncounted_is_known()) {
		struct rq *rq = thread->se.cfs_rq->rq;

		u.lead = (__s64)(now - rq->clock);
		u.had = (__s64)(rq->clock_task - thread->se.exec_start);
	}
	return u;
}

/* Likewise, of one that was found by reading. */
static __always_inline struct uncounted uncounted_found(
    struct task_struct *thread, __u64 now)
{
	struct uncounted u = {};

	if (uncounted_is_known()) {
		struct rq *rq = BPF_CORE_READ(thread, se.cfs_rq, rq);

		u.lead = (__s64)(now - BPF_CORE_READ(rq, clock));
		u.had = (__s64)(BPF_CORE_READ(rq, clock_task) -
				BPF_CORE_READ(thread, se.exec_start));
	}
	return u;
}

/* What the current thread was read as. */
static __always_inline void lead_note(const struct uncounted *u, __u64 now)
{
	__u64 since = now - lead_began_ns;

	if (since >= LEAD_WINDOW_NS) {
		lead_former = since < 2 * LEAD_WINDOW_NS ? lead_least : u->lead;
		lead_least = u->lead;
		lead_began_ns = now;
	} else if (u->lead < lead_least) {
		lead_least = u->lead;
	}
}

/* Of the current thread, ahead by the lead: what lies between two such is exact, also
 * before the lead is known. */
static __always_inline __s64 uncounted_and_lead(struct task_struct *task)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct uncounted u = uncounted_read(task, now);

	lead_note(&u, now);
	return u.lead + u.had;
}

static __always_inline __u64 uncounted_ns(const struct uncounted *u)
{
	__s64 least = lead_former < lead_least ? lead_former : lead_least;
	__s64 since = u->lead - least;

	if (!lead_began_ns)
		return 0;
	if (since > (__s64)uncounted_max_ns)
		since = (__s64)uncounted_max_ns;
	if (since < 0)
		since = 0;
	return u->had > 0 ? (__u64)(since + u->had) : (__u64)since;
}

#endif
