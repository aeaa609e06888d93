/* What one record of the kernel says of its invocation. */
#ifndef COLDMETER_AGENT_SANDBOXES_OUTCOME_H
#define COLDMETER_AGENT_SANDBOXES_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/sandboxes/cause.h"
#include "bpf/record.h"
#include "model/invocation.h"

/* How the sandbox came to be; boot clock. */
struct outcome_life {
	uint64_t start_ns;
	uint64_t ready_ns;                 /* 0: not yet */
	struct cause cause;                /* of its init */
	struct init_story story;           /* execs 0: not known */
	const struct coldstart *coldstart; /* NULL: not known */
	bool is_late; /* older than the agent: its init is not known */
};

/* Fills *inv but for its function and its sandbox. boot_to_wall_ns turns the record's
 * times into wall time. */
void outcome_read(const struct record_invocation *record, const struct outcome_life *life,
    int64_t boot_to_wall_ns, struct invocation *inv);

/* Takes when and how the sandbox became ready, the first time. A second record, of a
 * server that was told to become a function (execs is 0) and has not worked before, moves
 * both: its init is its start until it listened and what it was asked then, without the
 * time in between. Returns whether anything was taken. */
bool outcome_ready(
    struct outcome_life *life, const struct record_ready *ready, bool has_worked);

#endif
