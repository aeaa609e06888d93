/* The dashboard: asks once a second, draws what changed, does what keys say. */
#ifndef COLDMETER_TUI_DASHBOARD_H
#define COLDMETER_TUI_DASHBOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "tui/client.h"

struct dashboard_options {
	const struct endpoint *endpoint;
	bool patient;   /* shows itself although no collector answers yet */
	int notices_fd; /* lines that come here are shown as warnings; -1: none */
	int64_t for_ms; /* ends by itself after that time; 0: never */
};

/* Runs until the user or a signal ends it. Returns an exit status; what was wrong has
 * been said on standard error. */
int dashboard_run(const struct dashboard_options *options);

#endif
