#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tui/acts.h"
#include "tui/commands/command.h"
#include "tui/format.h"
#include "tui/table.h"
#include "tui/whom.h"

struct budget_options {
	const char *limit, *period, *function;
	struct whom whom;
	struct option_list thresholds;
	bool json;
};

#define AT(member) offsetof(struct budget_options, member)
static const struct option_row rows[] = {
    {"limit", "USD", "set: the most it may cost, such as 5.00", OPTION_TEXT, AT(limit)},
    {"period", "P", "set: hour, day, week or month (day)", OPTION_TEXT, AT(period)},
    {"function", "NAME", "set: one function (all of them)", OPTION_TEXT, AT(function)},
    {"threshold", "PERCENT", "set: warn there; may be given again (80 and 100)",
	OPTION_LIST, AT(thresholds)},
    WHOM_OPTIONS(AT(whom)),
    {"json", NULL, "the collector's answer", OPTION_FLAG, AT(json)},
};
#undef AT

static const struct table_column columns[] = {
    {"BUDGET", TABLE_LEFT},
    {"FUNCTION", TABLE_LEFT},
    {"SPENT", TABLE_RIGHT},
    {"LIMIT", TABLE_RIGHT},
    {"USED", TABLE_RIGHT},
    {"FORECAST", TABLE_RIGHT},
    {"STATE", TABLE_LEFT},
    {"DEAREST", TABLE_LEFT},
    {"WARNS AT", TABLE_LEFT},
    {"TELLS", TABLE_LEFT},
};

static int add_row(struct table *table, const struct budget_row *row)
{
	char text[FORMAT_BYTES], limit[FORMAT_BYTES + sizeof(row->period) + 1];
	int err = table_add(table, row->name);

	err |= table_add(table, row->function[0] ? row->function : "all");
	err |= table_add(table, format_money(row->spent, text));
	(void)snprintf(
	    limit, sizeof(limit), "%s/%s", format_money(row->limit, text), row->period);
	err |= table_add(table, limit);
	err |= table_add(table, format_percent(row->percent, text));
	err |=
	    table_add(table, row->has_forecast ? format_money(row->forecast, text) : "-");
	err |= table_add(table, row->state);
	err |= table_add(table, row->top_function[0] ? row->top_function : "-");
	err |= table_add(table, row->thresholds);
	err |= table_add(table, row->notify[0] ? row->notify : "nobody");
	return err;
}

static int list(struct call *call, const struct reply *reply, const struct path *path)
{
	AUTO(json) json_t *root = rows_root(reply->body, reply->body_bytes);
	AUTO(rows) struct rows budgets = {0};
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	if (rows_parse(root, &budget_kind, &budgets) < 0)
		return command_strange(call, path);
	for (size_t i = 0; i < budgets.items_n; i++)
		if (!table ||
		    add_row(table, (const struct budget_row *)budgets.items + i))
			return command_failed(call, "out of memory");
	if (!budgets.items_n)
		puts("no budgets: make one with `coldmeter budget set NAME --limit 5.00 "
		     "--period day`");
	else if (table)
		table_print(table, call->colour, stdout);
	return COMMAND_DONE;
}

static int do_list(struct call *call)
{
	const struct budget_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	struct path path;
	int status;

	path_start(&path, "/v1/budgets");
	status = command_ask(call, "GET", &path, NULL, &reply);
	if (status != COMMAND_DONE)
		return status;
	return options->json ? command_print_json(&reply) : list(call, &reply, &path);
}

static int add_thresholds(struct call *call, json_t *body)
{
	const struct budget_options *options = call->options;
	json_t *thresholds = json_array();

	for (size_t i = 0; i < options->thresholds.items_n; i++) {
		const char *text = options->thresholds.items[i];
		char *end = NULL;
		long percent = strtol(text, &end, 10);

		if (end == text || (*end && strcmp(end, "%") != 0) || percent < 1 ||
		    percent > 1000) {
			json_decref(thresholds);
			return command_misused(
			    call, "--threshold wants 1 to 1000 percent, not %s", text);
		}
		(void)json_array_append_new(thresholds, json_integer(percent));
	}
	if (options->thresholds.items_n)
		return json_object_set_new(body, "thresholds", thresholds);
	json_decref(thresholds);
	return COMMAND_DONE;
}

/* Writes the budget as the collector takes it into *body. An exit status. */
static int describe(struct call *call, json_t *body)
{
	const struct budget_options *options = call->options;
	json_t *notify = json_array();
	int status;

	(void)json_object_set_new(body, "limit_usd", json_string(options->limit));
	(void)json_object_set_new(
	    body, "period", json_string(options->period ? options->period : "day"));
	if (options->function)
		(void)json_object_set_new(
		    body, "function", json_string(options->function));
	if (json_object_set_new(body, "notify", notify))
		return command_failed(call, "out of memory");
	status = add_thresholds(call, body);
	return status == COMMAND_DONE ? whom_add(call, &options->whom, notify) : status;
}

static int check_set(struct call *call)
{
	const struct budget_options *options = call->options;
	static const char *const periods[] = {"hour", "day", "week", "month"};
	struct money limit = {0};
	size_t i = 0;

	if (!options->limit)
		return command_misused(call, "set needs --limit USD");
	if (money_parse(options->limit, &limit) < 0 || limit.pico <= 0)
		return command_misused(call,
		    "--limit wants dollars above 0, such as 5.00, not %s",
		    options->limit);
	while (options->period && i < 4 && strcmp(options->period, periods[i]) != 0)
		i++;
	if (i == 4)
		return command_misused(call,
		    "--period wants hour, day, week or month, not %s", options->period);
	return whom_check(call, &options->whom);
}

static int do_set(struct call *call)
{
	const struct budget_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	AUTO(json) json_t *body = json_object();
	AUTO(free) char *text = NULL;
	struct path path;
	int status = check_set(call);

	if (status == COMMAND_DONE)
		status = describe(call, body);
	if (status != COMMAND_DONE)
		return status;
	text = json_dumps(body, JSON_COMPACT);
	if (!text)
		return command_failed(call, "a name or address is no valid UTF-8");
	path_start(&path, "/v1/budgets");
	path_segment(&path, call->operands[1]);
	status = command_ask(call, "PUT", &path, text, &reply);
	if (status != COMMAND_DONE)
		return status;
	if (options->json)
		return command_print_done("budget", call->operands[1], "set", &reply);
	printf("budget %s: $%s a %s%s%s\n", call->operands[1], options->limit,
	    options->period ? options->period : "day", options->function ? " for " : "",
	    options->function ? options->function : "");
	return COMMAND_DONE;
}

static int do_rm(struct call *call)
{
	const struct budget_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	struct path path;
	int status;

	path_start(&path, "/v1/budgets");
	path_segment(&path, call->operands[1]);
	status = command_ask(call, "DELETE", &path, NULL, &reply);
	if (status != COMMAND_DONE)
		return status;
	if (options->json)
		return command_print_done("budget", call->operands[1], "removed", &reply);
	printf("budget %s is removed\n", call->operands[1]);
	return COMMAND_DONE;
}

static const struct verb verbs[] = {
    {"list", NULL, do_list}, {"set", "NAME", do_set}, {"rm", "NAME", do_rm}, {0}};

static int run(struct call *call)
{
	return command_verb(call, verbs);
}

const struct command command_budget = {
    .name = "budget",
    .group = "Act",
    .summary = "limits on what functions may cost: list, set, rm",
    .usage = "[list | set NAME --limit USD [options] | rm NAME]",
    .help = "set replaces a budget of that name, with its thresholds and whom it tells.\n"
	    "A webhook address is a secret. Slack's is read from a file or from standard "
	    "input only;\nany other may be given as it is when it holds no secret.\n\n"
	    "  coldmeter budget set all --limit 5.00 --period day --slack-file "
	    "~/.slack-hook\n"
	    "  coldmeter budget set hello --limit 20 --period month --function hello "
	    "--threshold 50\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct budget_options),
    .run = run,
};
