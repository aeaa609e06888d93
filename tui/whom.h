/* Options that say whom the collector is to tell: --slack-file, --webhook, ... */
#ifndef COLDMETER_TUI_WHOM_H
#define COLDMETER_TUI_WHOM_H

#include <jansson.h>
#include <stddef.h>

#include "tui/commands/command.h"

struct whom {
	const char *slack, *slack_file, *webhook, *webhook_file; /* NULL: not given */
};

/* Their rows of a table of options; at: where the struct whom lies in what is filled. */
#define WHOM_OPTIONS(at)                                                                 \
	{"slack-file", "FILE",                                                           \
	    "set: a file that holds a Slack webhook address, - for stdin", OPTION_TEXT,  \
	    (at) + offsetof(struct whom, slack_file)},                                   \
	    {"slack", "-", "set: read the Slack webhook address from standard input",    \
		OPTION_TEXT, (at) + offsetof(struct whom, slack)},                       \
	    {"webhook", "URL",                                                           \
		"set: POST alerts as JSON there; - reads the address from stdin",        \
		OPTION_TEXT, (at) + offsetof(struct whom, webhook)},                     \
	{                                                                                \
		"webhook-file", "FILE", "set: the same, the address being in a file",    \
		    OPTION_TEXT, (at) + offsetof(struct whom, webhook_file)              \
	}

/* A Slack address is no word of a command line. COMMAND_DONE, or the status after it was
 * said. */
int whom_check(struct call *call, const struct whom *whom);

/* Adds a {"type","url"} to the list for each; "-" and files are read. An exit status. */
int whom_add(struct call *call, const struct whom *whom, json_t *notify);

#endif
