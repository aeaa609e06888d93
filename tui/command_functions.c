#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tui/command.h"
#include "tui/format.h"
#include "tui/functions_table.h"
#include "tui/order.h"
#include "tui/snapshot.h"
#include "tui/table.h"

struct functions_options {
	const char *since, *until, *function, *sort;
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
	path_start(&path, "/v1/functions");
	path_query(&path, "since", options->since ? options->since : "1h");
	path_query(&path, "until", options->until);
	path_query(&path, "function", options->function);
	status = command_ask(call, "GET", &path, NULL, &reply);
	if (status != COMMAND_DONE)
		return status;
	return options->json ? command_print_json(&reply)
			     : show(call, &reply, &path, order);
}

const struct command command_functions = {
    .name = "functions",
    .group = "Look",
    .summary = "functions: invocations, cold starts, latency, memory, cost",
    .usage = "[options]",
    .help = "Keys for --sort: name, platform, rate, invocations, cold, init, p50, p95, "
	    "p99,\nmemory, errors, cost.\n\n"
	    "  coldmeter functions --since 24h --sort cost\n"
	    "  coldmeter functions --csv > functions.csv\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct functions_options),
    .run = run,
};
