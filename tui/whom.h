/* Options that say whom the collector is to tell: --slack-file, --webhook, ... */
#ifndef COLDMETER_TUI_WHOM_H
#define COLDMETER_TUI_WHOM_H

#include <jansson.h>

#include "tui/command.h"

struct whom {
	const char *slack, *slack_file, *webhook, *webhook_file; /* NULL: not given */
};

/* A Slack address is no word of a command line. COMMAND_DONE, or the status after it was
 * said. */
int whom_check(struct call *call, const struct whom *whom);

/* Adds a {"type","url"} to the list for each; "-" and files are read. An exit status. */
int whom_add(struct call *call, const struct whom *whom, json_t *notify);

#endif
