/* What a cold start went through, phase by phase, and whom its init waited for. */
#ifndef COLDMETER_MODEL_COLDSTART_H
#define COLDMETER_MODEL_COLDSTART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COLDSTART_PHASES_MAX 12 /* cgroup, fork, 8 programs, ready, event */
#define COLDSTART_PEERS_MAX 4
#define COLDSTART_PHASE_BYTES 24 /* "exec " and 15 characters of a program */
#define COLDSTART_PEER_BYTES 56  /* "[", 45 characters of IPv6, "]:65535" */

/* One phase, until the next begins. In this order, each when it happened:
 *   "cgroup"    its cgroup was made
 *   "fork"      its first process began
 *   "exec NAME" a program is in place; the last of them is the runtime, until it is ready
 *   "listen"    (kind http) or "next" (kind lambda): ready; the first event is awaited
 *   "event"     the first byte of the first event, until the first response or its end */
struct coldstart_phase {
	char name[COLDSTART_PHASE_BYTES];
	int64_t start_ns; /* since the fork of the first process; the cgroup may be older
			   */
	uint64_t wall_ns;
	bool has_counters; /* the figures below are known */
	uint64_t cpu_ns;
	uint64_t run_queue_ns; /* waiting for a CPU */
	uint64_t disk_bytes;   /* read from a disk */
	uint32_t major_faults;
};

/* A peer of the init's own connections: connects, and from each send until something
 * came. */
struct coldstart_wait {
	char peer[COLDSTART_PEER_BYTES]; /* "10.0.0.5:5432" */
	uint64_t wait_ns;
	uint32_t waits;
};

struct coldstart {
	struct coldstart_phase phases[COLDSTART_PHASES_MAX];
	size_t phases_n;
	struct coldstart_wait peers[COLDSTART_PEERS_MAX]; /* the longest waits first */
	size_t peers_n;
	uint64_t others_wait_ns; /* of all other peers */
	uint32_t others;         /* their waits */
	uint32_t helpers; /* programs that ended before it was ready, or did not lead to
			     it */
};

/* Longest wait first. */
void coldstart_sort_peers(struct coldstart *coldstart);

bool coldstart_is_same(const struct coldstart *a, const struct coldstart *b);

#endif
