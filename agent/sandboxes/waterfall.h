/* What the kernel's record of a cold start says: its phases and peers. */
#ifndef COLDMETER_AGENT_SANDBOXES_WATERFALL_H
#define COLDMETER_AGENT_SANDBOXES_WATERFALL_H

#include <stdbool.h>

#include "bpf/record.h"
#include "model/coldstart.h"

/* What else is known of the sandbox. */
struct waterfall_sandbox {
	uint64_t start_ns; /* boot clock, as the record's times */
	bool is_lambda;
	const char *api; /* address of its Runtime API, which is no peer; "" when none */
};

/* Fills *out; with no phases when the record does not fit the sandbox. Names that came
 * from outside are made printable. */
void waterfall_read(const struct record_coldstart *record,
    const struct waterfall_sandbox *sandbox, struct coldstart *out);

#endif
