#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tui/acts.h"
#include "tui/command.h"
#include "tui/format.h"
#include "tui/table.h"

struct advise_options {
	const char *function, *since;
	bool json;
};

#define AT(member) offsetof(struct advise_options, member)
static const struct option_row rows[] = {
    {"function", "NAME", "only for this function", OPTION_TEXT, AT(function)},
    {"since", "T", "on what was measured from then on (the collector's choice)",
	OPTION_TEXT, AT(since)},
    {"json", NULL, "the collector's answer, unchanged", OPTION_FLAG, AT(json)},
};
#undef AT

static const struct table_column columns[] = {
    {"FUNCTION", TABLE_LEFT},
    {"PROVISION", TABLE_RIGHT},
    {"NOW/MONTH", TABLE_RIGHT},
    {"THEN/MONTH", TABLE_RIGHT},
    {"SAVES/MONTH", TABLE_RIGHT},
    {"COLD NOW", TABLE_RIGHT},
    {"COLD THEN", TABLE_RIGHT},
    {"AVOIDED", TABLE_RIGHT},
    {"WHY", TABLE_LEFT},
};

static const char *per_month(double count, char *out)
{
	return count >= 0 ? format_count((uint64_t)(count + 0.5), out) : "-";
}

static int add_row(struct table *table, const struct advice_row *row)
{
	char text[FORMAT_BYTES];
	int err = table_add(table, row->function);

	err |= table_add(
	    table, row->enough ? format_count(row->provisioned, text) : "not yet");
	err |= table_add(table, row->enough ? format_money(row->cost_now, text) : "-");
	err |= table_add(table, row->enough ? format_money(row->cost_then, text) : "-");
	err |= table_add(table, row->enough ? format_money(row->saving, text) : "-");
	err |= table_add(table, row->enough ? per_month(row->cold_now, text) : "-");
	err |= table_add(table, row->enough ? per_month(row->cold_then, text) : "-");
	err |= table_add(table, row->enough ? per_month(row->cold_avoided, text) : "-");
	err |= table_add(table, row->why);
	return err;
}

static int show(struct call *call, const struct reply *reply, const struct path *path)
{
	AUTO(json) json_t *root = rows_root(reply->body, reply->body_bytes);
	AUTO(rows) struct rows list = {0};
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	if (rows_parse(root, &advice_kind, &list) < 0)
		return command_strange(call, path);
	for (size_t i = 0; i < list.items_n; i++)
		if (!table || add_row(table, (const struct advice_row *)list.items + i))
			return command_failed(call, "out of memory");
	if (!list.items_n)
		puts("no advice yet: it needs measured invocations of a function");
	else if (table)
		table_print(table, call->colour, stdout);
	return COMMAND_DONE;
}

static int run(struct call *call)
{
	const struct advise_options *options = call->options;
	const char *kind = call->operands_n ? call->operands[0] : "concurrency";
	AUTO(reply) struct reply reply = {0};
	struct path path;
	int status;

	if (call->operands_n > 1)
		return command_misused(
		    call, "takes one kind, not also %s", call->operands[1]);
	if (strcmp(kind, "concurrency") != 0)
		return command_misused(
		    call, "no advice is called %s: say concurrency", kind);
	path_start(&path, "/v1/advice");
	path_query(&path, "kind", kind);
	path_query(&path, "function", options->function);
	path_query(&path, "since", options->since);
	status = command_ask(call, "GET", &path, NULL, &reply);
	if (status != COMMAND_DONE)
		return status;
	return options->json ? command_print_json(&reply) : show(call, &reply, &path);
}

const struct command command_advise = {
    .name = "advise",
    .group = "Act",
    .summary = "provisioned concurrency: what it would cost and avoid",
    .usage = "[concurrency] [options]",
    .help =
	"  coldmeter advise\n  coldmeter advise concurrency --function hello --json\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct advise_options),
    .run = run,
};
