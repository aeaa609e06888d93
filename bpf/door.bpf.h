/* Events at the front door of a Runtime API server that is itself a function, until its
 * runtimes get them: how long each waited.
 *
 * A request at the door and an event at a runtime have no number in common. Events go to
 * runtimes in their order of arrival, as the server has one queue; what cannot be told
 * from others is not told. */
#ifndef COLDMETER_BPF_DOOR_BPF_H
#define COLDMETER_BPF_DOOR_BPF_H

#include "bpf/sandbox.bpf.h"

#define DOOR_EVENTS 32 /* at once; of more nothing is known */

struct door {
	__u64 arrived_ns[DOOR_EVENTS]; /* no runtime has them yet; 0: free */
	/* until nothing is open at the door: */
	__u32 crowded; /* what is in it is not what waits */
	__u32 guessed; /* which event a runtime got was told by order */
};

/* By the server's sandbox. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct door);
} doors SEC(".maps");

static const struct door empty_door;

/* Asked for anew each time, so that no compiler walks along by an address that the
 * verifier cannot follow. */
static __always_inline __u64 *door_place(struct door *d, __u32 i)
{
	barrier_var(i);
	return &d->arrived_ns[i & (DOOR_EVENTS - 1)];
}

/* alone: nothing else is open at the door. */
static __noinline int door_opens(__u64 server, __u64 now, bool alone)
{
	struct door *d;

	if (alone)
		bpf_map_update_elem(&doors, &server, &empty_door, BPF_ANY);
	d = bpf_map_lookup_elem(&doors, &server);
	if (!d)
		return 0;
	for (__u32 i = count_from; i < DOOR_EVENTS; i++) {
		__u64 *place = door_place(d, i);

		if (!*place && !__sync_val_compare_and_swap(place, 0, now))
			return 0;
	}
	d->crowded = 1;
	return 0;
}

/* The answer has gone; no runtime may have had the event. */
static __noinline int door_leaves(__u64 server, __u64 arrived_ns)
{
	struct door *d = bpf_map_lookup_elem(&doors, &server);

	if (!d)
		return 0;
	for (__u32 i = count_from; i < DOOR_EVENTS; i++) {
		__u64 *place = door_place(d, i);

		if (*place == arrived_ns)
			__sync_val_compare_and_swap(place, arrived_ns, 0);
	}
	return 0;
}

/* A runtime gets an event: of one that waits, or, where there is but one runtime, of
 * several the first. Which that is stands in the runtime's memory meanwhile: of what
 * stands in its own registers the verifier would follow each value. */
static __noinline int door_delivers(struct sandbox *runtime)
{
	struct sandbox *server = sandbox_of(runtime->server);
	struct door *d = bpf_map_lookup_elem(&doors, &runtime->server);
	volatile __u64 *first = &runtime->open_wait_ns;
	bool several = false;

	if (!server || !d || d->crowded)
		return 0;
	*first = 0;
	for (__u32 i = count_from; i < DOOR_EVENTS; i++) {
		__u64 arrived_ns = *door_place(d, i);

		if (!arrived_ns)
			continue;
		if (*first)
			several = true;
		if (!*first || arrived_ns < *first)
			*first = arrived_ns;
	}
	if (!*first || *first > runtime->open_start_ns)
		return 0;
	if (several && server->runtimes > 1) {
		d->crowded = 1;
		return 0;
	}
	if (several)
		d->guessed = 1;
	door_leaves(runtime->server, *first);
	*first = runtime->open_start_ns - *first;
	runtime->open_flags |=
	    INVOCATION_WAITED | (d->guessed ? 0 : INVOCATION_WAIT_EXACT);
	return 0;
}

#endif
