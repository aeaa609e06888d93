/* The tables of sandboxes and processes: plain memory that the kernel's programs and the
 * agent share, since to find something in a map takes three calls, and each invocation
 * asks four times. Pure.
 *
 * A sandbox's number says where it stands. A process stands where its pid says, or in one
 * of the places behind. Whoever takes a place marks it as taken, fills it in, and writes
 * its number last: until then nobody finds it. */
#ifndef COLDMETER_BPF_TABLES_H
#define COLDMETER_BPF_TABLES_H

#include "bpf/pure.h"

/* Powers of two: 4 and 2 MB of memory. */
#define SANDBOXES_MAX 8192
#define PROCESSES_MAX 16384
#define SANDBOX_PLACES 64 /* that a sandbox may stand in, from a seed on */
#define PROCESS_PLACES 8
#define PLACE_TAKEN 1 /* in place of a sandbox's number, which are all larger */
#define PROCESS_TAKEN 0xffffffffU /* in place of a pid */
#define NO_PLACE 0xffffffffU

_Static_assert(sizeof(struct sandbox) == 512, "whole cache lines");
_Static_assert(sizeof(struct process) == 128, "whole cache lines");

/* The number of a sandbox in that place, from what tells it from others. */
static __always_inline __u64 sandbox_number(__u64 seed, __u32 place)
{
	return (seed & ~(__u64)(SANDBOXES_MAX - 1)) | SANDBOXES_MAX | place;
}

static __always_inline __u32 sandbox_place(__u64 number)
{
	return (__u32)number & (SANDBOXES_MAX - 1);
}

/* Takes the place if it is free. */
static __always_inline bool sandbox_take(struct sandbox *s)
{
	return !s->number && !__sync_val_compare_and_swap(&s->number, 0, PLACE_TAKEN);
}

/* Fills a place that was taken; what fresh has for a number does not count. */
static __always_inline void sandbox_fill(
    struct sandbox *s, const struct sandbox *fresh, __u64 number)
{
	__builtin_memcpy((char *)s + sizeof(s->number),
	    (const char *)fresh + sizeof(s->number), sizeof(*s) - sizeof(s->number));
	__sync_val_compare_and_swap(&s->number, PLACE_TAKEN, number);
}

/* Frees its place, unless that was done already. */
static __always_inline void sandbox_forget(struct sandbox *s, __u64 number)
{
	__sync_val_compare_and_swap(&s->number, number, 0);
}

static __always_inline __u32 process_place(__u32 pid, __u32 i)
{
	return (pid + i) & (PROCESSES_MAX - 1);
}

static __always_inline bool process_take(struct process *p)
{
	return !p->pid && !__sync_val_compare_and_swap(&p->pid, 0, PROCESS_TAKEN);
}

/* was: its number until now, PROCESS_TAKEN or, of a program that follows another, pid. */
static __always_inline void process_fill(
    struct process *p, __u32 was, __u32 pid, __u64 sandbox, __u64 start_ns)
{
	__builtin_memset((char *)p + sizeof(p->pid), 0, sizeof(*p) - sizeof(p->pid));
	p->sandbox = sandbox;
	p->start_ns = start_ns;
	__sync_val_compare_and_swap(&p->pid, was, pid);
}

static __always_inline void process_forget(struct process *p, __u32 pid)
{
	__sync_val_compare_and_swap(&p->pid, pid, 0);
}

#endif
