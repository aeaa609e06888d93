/* The rules that name functions, read again while the agent runs. */
#ifndef COLDMETER_AGENT_NAMES_RULED_H
#define COLDMETER_AGENT_NAMES_RULED_H

#include "agent/names/rules.h"
#include "agent/probes.h"
#include "agent/sandboxes.h"

/* Puts the rules of the file in the place of *rules, which are freed: what runs is named
 * anew. Where the file is wrong, or cannot be read any more (see
 * privileges_drop), they stay as they were, and that is said. */
void ruled_again(const char *path, struct rules **rules, struct sandboxes *sandboxes,
    struct probes *probes);

#endif
