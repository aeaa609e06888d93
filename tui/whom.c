#include "tui/whom.h"

#include <stdio.h>
#include <string.h>

#include "tui/secret.h"

int whom_check(struct call *call, const struct whom *whom)
{
	if (whom->slack && strcmp(whom->slack, "-") != 0)
		return command_misused(call,
		    "a Slack webhook address is a secret that the process list would "
		    "show: "
		    "put it in a file and say --slack-file FILE, or --slack - for stdin");
	return COMMAND_DONE;
}

/* from_argv may be NULL. */
static int add_channel(struct call *call, json_t *notify, const char *type,
    const char *from_argv, const char *file)
{
	char address[SECRET_BYTES] = "";
	int err = 0;

	if (from_argv && strcmp(from_argv, "-") != 0)
		(void)snprintf(address, sizeof(address), "%s", from_argv);
	else if (from_argv || file)
		err = secret_read(from_argv ? "-" : file, address);
	else
		return COMMAND_DONE;
	if (err)
		return command_failed(call, "cannot read the %s address from %s: %s",
		    type, from_argv ? "-" : file, strerror(-err));
	if (!secret_is_address(address))
		return command_misused(
		    call, "the %s address is no http:// or https:// address", type);
	err = json_array_append_new(
	    notify, json_pack("{s:s, s:s}", "type", type, "url", address));
	return err ? command_failed(call, "out of memory") : COMMAND_DONE;
}

int whom_add(struct call *call, const struct whom *whom, json_t *notify)
{
	int status = add_channel(call, notify, "slack", whom->slack, whom->slack_file);

	return status == COMMAND_DONE ? add_channel(call, notify, "webhook",
					    whom->webhook, whom->webhook_file)
				      : status;
}
