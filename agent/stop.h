/* The signals that end the agent. */
#ifndef COLDMETER_AGENT_STOP_H
#define COLDMETER_AGENT_STOP_H

#include <stdbool.h>

/* Blocks SIGINT, SIGTERM and SIGHUP, and SIGPIPE for good. Returns a descriptor that can
 * be polled for them, or a negative errno. */
int stop_open(void);

/* Whether one of them has come. */
bool stop_is_told(int signals);

#endif
