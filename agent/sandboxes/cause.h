/* Why a sandbox came to be, and how sure that is. Pure. */
#ifndef COLDMETER_AGENT_SANDBOXES_CAUSE_H
#define COLDMETER_AGENT_SANDBOXES_CAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/invocation.h"

/* What is known of its function when a sandbox begins. */
struct cause_history {
	bool was_seen;       /* with this version, since the agent runs */
	bool was_other_seen; /* with another version */
	bool is_changed;     /* set up otherwise than its last sandbox: memory size */
	uint32_t alive;      /* sandboxes */
	enum invocation_status last_end; /* of the last invocation of its last sandbox */
	uint64_t last_idle_ns; /* its last sandbox had nothing to do so long, then ended
				*/
};

struct cause {
	enum invocation_cause cause;
	enum invocation_certainty certainty;
};

struct cause cause_of(const struct cause_history *history);

#endif
