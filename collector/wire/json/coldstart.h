/* A cold start as members of its invocation's object:
 *
 *   "init_phases":[{"phase":"exec node","start_ms":1.5,"wall_ms":40,"cpu_ms":38,
 *     "run_queue_ms":0.4,"disk_bytes":0,"major_faults":0}],
 *   "init_peers":[{"peer":"10.0.0.5:5432","wait_ms":12.5,"waits":3}],
 *   "init_other_peers":{"wait_ms":1.5,"waits":2},
 *   "init_helpers":1
 *
 * start_ms counts from the fork of the first process and is negative before it; counters
 * that are not known are absent. The last three are absent when there is nothing to tell.
 */
#ifndef COLDMETER_WIRE_JSON_COLDSTART_H
#define COLDMETER_WIRE_JSON_COLDSTART_H

#include <stddef.h>

#include "model/invocation.h"
#include "wire/json/put.h"

/* What the members take at most: 8 keys of 18 and 8 numbers of 28 bytes a phase, 3 of
 * each a peer, and the rest. */
#define JSON_COLDSTART_MAX                                                               \
	(COLDSTART_PHASES_MAX * (8 * 46 + JSON_TEXT_MAX(COLDSTART_PHASE_BYTES)) +        \
	    COLDSTART_PEERS_MAX * (3 * 46 + JSON_TEXT_MAX(COLDSTART_PEER_BYTES)) + 400)

/* Writes the members behind others; returns the place behind them. */
char *json_put_coldstart(char *at, const struct coldstart *coldstart);

/* Reads them out of the object that inv was read from. Returns 0, with *out filled and
 * inv->coldstart set to it when there are phases, or -EBADMSG with *why a constant
 * sentence; outputs are untouched then. */
int json_parse_coldstart(const char *line, size_t len, struct invocation *inv,
    struct coldstart *out, const char **why);

#endif
