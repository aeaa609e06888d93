/* The ledger is the collector's: it does the work, in the place of this program. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tui/child.h"
#include "tui/commands/command.h"

struct store_options {
	const char *store, *password_file, *data;
};

#define AT(member) offsetof(struct store_options, member)
static const struct option_row rows[] = {
    {"store", "URL", "where to: clickhouse://[USER@]HOST[:PORT][/DB]", OPTION_TEXT,
	AT(store)},
    {"store-password-file", "FILE", "its password (else $COLDMETER_CLICKHOUSE_PASSWORD)",
	OPTION_TEXT, AT(password_file)},
    {"data", "DIR", "where from: the collector's state", OPTION_TEXT, AT(data)},
};
#undef AT

static int migrate(struct call *call)
{
	const struct store_options *options = call->options;
	char program[PATH_MAX];
	const char *argv[9] = {"coldmeter-collector", "--migrate"};
	size_t n = 2;

	if (!options->store)
		return command_misused(call, "migrate needs --store URL");
	argv[n++] = "--store";
	argv[n++] = options->store;
	if (options->password_file) {
		argv[n++] = "--store-password-file";
		argv[n++] = options->password_file;
	}
	if (options->data) {
		argv[n++] = "--data";
		argv[n++] = options->data;
	}
	if (child_find(argv[0], program, sizeof(program)) < 0)
		return command_failed(call, "cannot find %s", argv[0]);
	(void)execv(program, (char *const *)argv);
	return command_failed(call, "cannot run %s: %s", program, strerror(errno));
}

static int run(struct call *call)
{
	static const struct verb verbs[] = {{"migrate", NULL, migrate}, {0}};

	if (call->operands_n == 0)
		return command_misused(call, "what to do? migrate");
	return command_verb(call, verbs);
}

const struct command command_store = {
    .name = "store",
    .group = "Start",
    .summary = "move the ledger to ClickHouse",
    .usage = "migrate --store URL [options]",
    .help = "Sends what a collector has stored on this machine to a ClickHouse server, "
	    "where\n"
	    "`coldmeter-collector --store URL` goes on. Stop the collector first. Ended "
	    "half way, it\n"
	    "goes on where it was when it is run again.\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct store_options),
    .run = run,
};
