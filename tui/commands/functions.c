#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tui/commands/command.h"
#include "tui/format.h"
#include "tui/functions_table.h"
#include "tui/groups_table.h"
#include "tui/order.h"
#include "tui/snapshot.h"
#include "tui/table.h"

struct functions_options {
	const char *since, *until, *function, *sort, *by;
	unsigned int limit;
	bool reverse, json, csv;
};

#define AT(member) offsetof(struct functions_options, member)
static const struct option_row rows[] = {
    {"since", "T", "from then on: 15m, 1h, 7d, a date or a time (1h)", OPTION_TEXT,
	AT(since)},
    {"until", "T", "until then (now)", OPTION_TEXT, AT(until)},
    {"function", "NAME", "only this one", OPTION_TEXT, AT(function)},
    {"sort", "KEY", "order of the rows (invocations)", OPTION_TEXT, AT(sort)},
    {"reverse", NULL, "the other way around", OPTION_FLAG, AT(reverse)},
    {"limit", "N", "only so many, the first in that order", OPTION_COUNT, AT(limit)},
    {"by", "WHAT", "rows are not functions but one of host, version, platform, region",
	OPTION_TEXT, AT(by)},
    {"json", NULL, "the collector's answer, unchanged", OPTION_FLAG, AT(json)},
    {"csv", NULL, "comma-separated, plain numbers in ms, MB and dollars", OPTION_FLAG,
	AT(csv)},
};
#undef AT

static int show(struct call *call, const struct reply *reply, const struct path *path,
    enum order order)
{
	const struct functions_options *options = call->options;
	struct snapshot snapshot = {0};
	int status = COMMAND_DONE;

	if (snapshot_parse(reply->body, reply->body_bytes, &snapshot) < 0)
		return command_strange(call, path);
	if (options->csv) {
		status = functions_table_csv(&snapshot, order, options->reverse, stdout);
	} else {
		status = functions_table_print(
		    &snapshot, order, options->reverse, call->colour, stdout);
		if (snapshot.functions.items_n == 0)
			puts("no invocations in this window: start a function, or look "
			     "further "
			     "back with --since 24h");
	}
	snapshot_done(&snapshot);
	return status < 0 ? command_failed(call, "out of memory") : COMMAND_DONE;
}

static int show_groups(
    struct call *call, const struct reply *reply, const struct path *path)
{
	const struct functions_options *options = call->options;
	AUTO(json) json_t *root = rows_root(reply->body, reply->body_bytes);
	int err = options->csv ? groups_table_csv(root, stdout)
			       : groups_table_print(root, call->colour, stdout);

	if (err == -EBADMSG)
		return command_strange(call, path);
	return err ? command_failed(call, "out of memory") : COMMAND_DONE;
}

static void make_path(
    const struct functions_options *options, enum order order, struct path *path)
{
	char limit[16] = "";

	if (options->limit)
		(void)snprintf(limit, sizeof(limit), "%u", options->limit);
	path_start(path, "/v1/functions");
	path_query(path, "since", options->since ? options->since : "1h");
	path_query(path, "until", options->until);
	path_query(path, "function", options->function);
	path_query(path, "by", options->by);
	path_query(path, "limit", limit);
	/* as it comes, it is in the order of names */
	if (options->limit || options->sort || options->by)
		path_query(path, "sort", order_name(order));
	path_query(path, "reverse", options->reverse ? "true" : NULL);
}

static int run(struct call *call)
{
	const struct functions_options *options = call->options;
	enum order order = order_find(options->sort ? options->sort : "invocations");
	AUTO(reply) struct reply reply = {0};
	struct path path;
	int status;
	char list[160];

	if (call->operands_n)
		return command_misused(call, "takes no %s", call->operands[0]);
	if (order == ORDER_COUNT) {
		order_list(list, sizeof(list));
		return command_misused(
		    call, "cannot sort by %s: say one of %s", options->sort, list);
	}
	make_path(options, order, &path);
	status = command_ask(call, "GET", &path, NULL, &reply);
	if (status != COMMAND_DONE)
		return status;
	if (options->json)
		return command_print_json(&reply);
	return options->by ? show_groups(call, &reply, &path)
			   : show(call, &reply, &path, order);
}

const struct command command_functions = {
    .name = "functions",
    .group = "Look",
    .summary = "functions: invocations, cold starts, latency, memory, cost",
    .usage = "[options]",
    .help = "Keys for --sort: name, platform, rate, invocations, cold, init, p50, p95, "
	    "p99,\nmemory, errors, cost. A window of a week or more begins with a whole "
	    "hour.\n\n"
	    "  coldmeter functions --since 24h --sort cost\n"
	    "  coldmeter functions --sort p95 --limit 10\n"
	    "  coldmeter functions --by host --since 15m\n"
	    "  coldmeter functions --csv > functions.csv\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct functions_options),
    .run = run,
};
