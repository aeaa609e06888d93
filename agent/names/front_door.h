/* Servers that show themselves to be a front door of Lambda's invoke API. */
#ifndef COLDMETER_AGENT_NAMES_FRONT_DOOR_H
#define COLDMETER_AGENT_NAMES_FRONT_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a command line, as in /proc/PID/cmdline, is one of serverless-offline
 * ("serverless offline", "sls offline", "node .../sf-core.js offline") or of the SAM
 * command line ("sam local start-lambda"), whatever stands before and between. */
bool front_door_shown(const char *command_line, size_t bytes);

/* The same of a process; false when it has gone or cannot be read. */
bool front_door_process(uint32_t pid);

#endif
