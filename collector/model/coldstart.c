#include "model/coldstart.h"

#include <string.h>

void coldstart_sort_peers(struct coldstart *c)
{
	for (size_t i = 1; i < c->peers_n; i++) {
		struct coldstart_wait wait = c->peers[i];
		size_t at = i;

		for (; at > 0 && c->peers[at - 1].wait_ns < wait.wait_ns; at--)
			c->peers[at] = c->peers[at - 1];
		c->peers[at] = wait;
	}
}

static bool is_same_phase(
    const struct coldstart_phase *a, const struct coldstart_phase *b)
{
	if (strcmp(a->name, b->name) != 0 || a->start_ns != b->start_ns ||
	    a->wall_ns != b->wall_ns || a->has_counters != b->has_counters)
		return false;
	return !a->has_counters ||
	       (a->cpu_ns == b->cpu_ns && a->run_queue_ns == b->run_queue_ns &&
		   a->disk_bytes == b->disk_bytes && a->major_faults == b->major_faults);
}

bool coldstart_is_same(const struct coldstart *a, const struct coldstart *b)
{
	if (a->phases_n != b->phases_n || a->peers_n != b->peers_n ||
	    a->others_wait_ns != b->others_wait_ns || a->others != b->others ||
	    a->helpers != b->helpers)
		return false;
	for (size_t i = 0; i < a->phases_n; i++)
		if (!is_same_phase(&a->phases[i], &b->phases[i]))
			return false;
	for (size_t i = 0; i < a->peers_n; i++)
		if (strcmp(a->peers[i].peer, b->peers[i].peer) != 0 ||
		    a->peers[i].wait_ns != b->peers[i].wait_ns ||
		    a->peers[i].waits != b->peers[i].waits)
			return false;
	return true;
}
