/* Why back-ends do not work here. */
#ifndef COLDMETER_AGENT_PROBES_REFUSALS_H
#define COLDMETER_AGENT_PROBES_REFUSALS_H

#include "agent/probes/backend.h"

#define REFUSAL_BYTES 96
#define REFUSALS_BYTES (BACKENDS * (REFUSAL_BYTES + 16UL))

struct refusals {
	char why[BACKENDS][REFUSAL_BYTES]; /* "": it was not tried */
};

/* Writes what failed and the text of err, a negative errno. Returns err. */
int refusals_say(char why[REFUSAL_BYTES], int err, const char *what);

/* "tracepoint: this kernel lacks ...; fentry: ...", "" without any. Returns list. */
const char *refusals_list(const struct refusals *refusals, char list[REFUSALS_BYTES]);

#endif
