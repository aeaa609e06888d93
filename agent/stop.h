/* The signals that end the agent, or have it read its rules again. */
#ifndef COLDMETER_AGENT_STOP_H
#define COLDMETER_AGENT_STOP_H

#include <stdbool.h>

/* Blocks SIGINT, SIGTERM and SIGHUP, and SIGPIPE for good. Returns a descriptor that can
 * be polled for them, or a negative errno. */
int stop_open(void);

enum stop_told { STOP_NOTHING, STOP_HANG_UP, STOP_END };

/* Which of them has come: SIGHUP, or one of the others. */
enum stop_told stop_told(int signals);

/* Whether this process belongs to a terminal, whose end is told by SIGHUP too. */
bool stop_has_terminal(void);

#endif
