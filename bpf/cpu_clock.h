/* What a task has had of its CPU since the kernel last counted. Pure.
 *
 * A task's start on its CPU is told by a clock that leaves out interrupts and what the
 * hypervisor took, and so lags behind ours, differently on each CPU and ever more. A task
 * reads us soon after its start now and then: the least difference that was seen lately
 * is the lag. Times in nanoseconds. */
#ifndef COLDMETER_BPF_CPU_CLOCK_H
#define COLDMETER_BPF_CPU_CLOCK_H

#include "bpf/pure.h"

#define CLOCK_READINGS 32       /* after which a CPU's clock is compared anew */
#define RUNNING_MAX_NS 10000000 /* a tick, at least 100 a second, ends it */

struct cpu_clock {
	__s64 least;
	__s64 former; /* of the readings before these */
	__u32 n;
	__u32 has_former;
};

/* Only where there was a reading. */
static __always_inline __s64 cpu_clock_least(const struct cpu_clock *c)
{
	if (!c->has_former || (c->n && c->least < c->former))
		return c->least;
	return c->former;
}

/* A reading of the task that runs there: our time less that of its start. No task runs so
 * long uncounted, so one that is far above the least tells that the lag has grown. */
static __always_inline void cpu_clock_note(struct cpu_clock *c, __s64 lag)
{
	if ((c->n || c->has_former) && lag - cpu_clock_least(c) >= RUNNING_MAX_NS)
		c->n = c->has_former = 0;
	if (!c->n || lag < c->least)
		c->least = lag;
	c->n++;
	if (c->n < CLOCK_READINGS)
		return;
	c->former = c->least;
	c->has_former = 1;
	c->n = 0;
}

/* What a task has had since its start there; 0 where that is not known. */
static __always_inline __u64 cpu_clock_ran(const struct cpu_clock *c, __s64 lag)
{
	__s64 ran;

	if (!c->n && !c->has_former)
		return 0;
	ran = lag - cpu_clock_least(c);
	return ran > 0 && ran < RUNNING_MAX_NS ? ran : 0;
}

#endif
