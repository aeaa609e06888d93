#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/function.h"
#include "tui/commands/command.h"
#include "tui/field.h"
#include "tui/format.h"
#include "tui/rows.h"
#include "tui/table.h"

struct trace_options {
	const char *since, *until;
	bool json;
};

#define AT(member) offsetof(struct trace_options, member)
static const struct option_row rows[] = {
    {"since", "T", "look back to then: 15m, 1h, a date or a time (24h)", OPTION_TEXT,
	AT(since)},
    {"until", "T", "until then (now)", OPTION_TEXT, AT(until)},
    {"json", NULL, "the collector's answer, unchanged", OPTION_FLAG, AT(json)},
};
#undef AT

static const struct table_column columns[] = {
    {"FUNCTION", TABLE_LEFT},
    {"PLATFORM", TABLE_LEFT},
    {"AFTER", TABLE_RIGHT},
    {"COUNT", TABLE_RIGHT},
    {"COLD", TABLE_RIGHT},
    {"ERRORS", TABLE_RIGHT},
    {"DURATION", TABLE_RIGHT},
    {"INIT", TABLE_RIGHT},
    {"COST", TABLE_RIGHT},
};

static int add_row(struct table *table, const json_t *object)
{
	char name[FUNCTION_NAME_BYTES], text[FORMAT_BYTES];
	struct money cost;
	int err = table_add(table, field_text(object, "function", name, sizeof(name)));

	err |= table_add(table, field_text(object, "platform", text, sizeof(text)));
	err |= table_add(table, format_duration(field_number(object, "after_ms"), text));
	err |= table_add(table, format_count(field_count(object, "invocations"), text));
	err |= table_add(table, format_count(field_count(object, "cold"), text));
	err |= table_add(table, format_count(field_count(object, "errors"), text));
	err |=
	    table_add(table, format_duration(field_number(object, "duration_ms"), text));
	err |= table_add(table, format_duration(field_number(object, "init_ms"), text));
	err |= table_add(table,
	    field_money(object, "cost_usd", &cost) ? format_money(cost, text) : "-");
	return err;
}

static void print_total(const json_t *total)
{
	char count[FORMAT_BYTES], span[FORMAT_BYTES], cost[MONEY_TEXT_BYTES];
	struct money money;
	bool known = field_money(total, "cost_usd", &money);

	if (known)
		money_format(money, cost);
	printf("total: %s invocation%s, %s from the first start to the last end, %s%s\n",
	    format_count(field_count(total, "invocations"), count),
	    field_count(total, "invocations") == 1 ? "" : "s",
	    format_duration(field_number(total, "span_ms"), span), known ? "$" : "",
	    known ? cost : "its cost is not known");
}

static int show(struct call *call, const struct reply *reply, const struct path *path)
{
	AUTO(json) json_t *root = rows_root(reply->body, reply->body_bytes);
	const json_t *list = json_object_get(root, "functions");
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char when[CLIENT_WHY_BYTES];

	if (!json_is_array(list))
		return command_strange(call, path);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!table || add_row(table, json_array_get(list, i)))
			return command_failed(call, "out of memory");
	if (table)
		table_print(table, call->colour, stdout);
	print_total(json_object_get(root, "total"));
	if (field_is_true(root, "truncated"))
		printf("there was too much to look at before %s: --until chooses an "
		       "earlier end\n",
		    field_text(root, "looked_back_to", when, sizeof(when)));
	return COMMAND_DONE;
}

static int run(struct call *call)
{
	const struct trace_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	struct path path;
	int status;

	if (call->operands_n != 1)
		return command_misused(
		    call, call->operands_n ? "takes one ID" : "takes the ID of a trace");
	path_start(&path, "/v1/traces");
	path_segment(&path, call->operands[0]);
	path_query(&path, "since", options->since ? options->since : "24h");
	path_query(&path, "until", options->until);
	status = command_ask(call, "GET", &path, NULL, &reply);
	if (status != COMMAND_DONE)
		return status;
	return options->json ? command_print_json(&reply) : show(call, &reply, &path);
}

const struct command command_trace = {
    .name = "trace",
    .group = "Look",
    .summary = "what one event cost, over all functions that it went through",
    .usage = "ID [options]",
    .help =
	"One line a function, in the order in which the event reached them: AFTER is "
	"from its\nfirst start to theirs, the others are sums over their invocations. "
	"The ID is that of\na W3C traceparent, or an X-Amzn-Trace-Id as the function "
	"got it.\n\n"
	"  coldmeter trace 4bf92f3577b34da6a3ce929d0e0e4736\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct trace_options),
    .run = run,
};
