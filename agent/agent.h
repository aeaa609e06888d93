/* The agent at work: records drained, invocations handed on, counts kept. */
#ifndef COLDMETER_AGENT_AGENT_H
#define COLDMETER_AGENT_AGENT_H

#include "agent/settings.h"

/* Runs until a signal asks to stop. 0, or a negative errno after it was said. */
int agent_run(const struct settings *settings);

#endif
