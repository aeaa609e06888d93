/* Deep mode: where the init of one function spends its time, by samples of its stacks.
 * Nothing of it runs unless the agent asks for it. */
#ifndef COLDMETER_BPF_DEEP_BPF_H
#define COLDMETER_BPF_DEEP_BPF_H

#include "bpf/sandbox.bpf.h"

#define DEEP_START 2 /* sandbox.starting of a function that is sampled */

/* The name of the function, padded with NUL; "" when none is sampled. */
const volatile char deep_function[DEEP_NAME_BYTES] = {0};

/* Whether a name, padded with NUL, is the one that was asked for. */
static __always_inline bool is_deep_name(const char *name)
{
	if (!deep_function[0])
		return false;
	for (int i = 0; i < DEEP_NAME_BYTES; i++)
		if (name[i] != deep_function[i])
			return false;
	return true;
}

/* Each CPU's clock, 99 times a second: returns at once but for an init of that function.
 */
SEC("perf_event")
int on_sample(struct bpf_perf_event_data *context)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct process *p = process_of(pid);
	struct sandbox *s = p ? sandbox_of(p->sandbox) : NULL;
	struct task_struct *task;
	struct record_sample *r;

	if (!s || s->starting != DEEP_START || s->ready_ns)
		return 0;
	r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);
	if (!r) {
		count(COUNT_LOST_SAMPLE);
		return 0;
	}
	task = (struct task_struct *)bpf_get_current_task();
	r->kind = RECORD_SAMPLE;
	r->pid = pid;
	r->sandbox = p->sandbox;
	r->memory = (__u64)BPF_CORE_READ(task, mm);
	bpf_get_current_comm(r->name, sizeof(r->name));
	r->user_bytes =
	    bpf_get_stack(context, r->user, sizeof(r->user), BPF_F_USER_STACK);
	r->kernel_bytes = bpf_get_stack(context, r->kernel, sizeof(r->kernel), 0);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}

#endif
