#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tui/acts.h"
#include "tui/commands/command.h"
#include "tui/format.h"
#include "tui/secret.h"
#include "tui/table.h"

struct keepwarm_options {
	const char *ping, *method, *body;
	int64_t idle_life_ns;
	bool json;
};

#define AT(member) offsetof(struct keepwarm_options, member)
static const struct option_row rows[] = {
    {"ping", "URL", "on: the address that runs the function", OPTION_TEXT, AT(ping)},
    {"method", "M", "on: GET or POST (GET)", OPTION_TEXT, AT(method)},
    {"body", "TEXT", "on: what a POST sends", OPTION_TEXT, AT(body)},
    {"idle-life", "SPAN", "on: how long the platform keeps it (learned)", OPTION_SPAN,
	AT(idle_life_ns)},
    {"json", NULL, "the collector's answer", OPTION_FLAG, AT(json)},
};
#undef AT

static const struct table_column columns[] = {
    {"FUNCTION", TABLE_LEFT},
    {"STATE", TABLE_LEFT},
    {"IDLE LIFE", TABLE_RIGHT},
    {"PINGS", TABLE_RIGHT},
    {"COLD PINGS", TABLE_RIGHT},
    {"AVOIDED", TABLE_RIGHT},
    {"COST", TABLE_RIGHT},
    {"SAVED", TABLE_RIGHT},
    {"NET", TABLE_RIGHT},
    {"NEXT PING (UTC)", TABLE_LEFT},
    {"PING", TABLE_LEFT},
};

static int add_row(struct table *table, const struct keepwarm_row *row)
{
	char text[FORMAT_BYTES];
	int err = table_add(table, row->function);

	err |= table_add(table, row->state);
	err |= table_add(table, format_duration(row->idle_life_s * 1000, text));
	err |= table_add(table, format_count(row->pings, text));
	err |= table_add(table, format_count(row->pings_cold, text));
	err |= table_add(table, format_count(row->cold_avoided, text));
	err |= table_add(table, format_money(row->ping_cost, text));
	err |= table_add(table, format_money(row->saved, text));
	err |= table_add(table, format_money(row->net, text));
	err |= table_add(table, format_time(row->next_ping_ns, 0, text));
	err |= table_add(table, row->ping_url);
	return err;
}

static void print_troubles(const struct rows *functions)
{
	const struct keepwarm_row *rows_of = functions->items;

	for (size_t i = 0; i < functions->items_n; i++)
		if (rows_of[i].trouble[0])
			printf("%s: %s\n", rows_of[i].function, rows_of[i].trouble);
}

static int list(struct call *call, const struct reply *reply, const struct path *path)
{
	AUTO(json) json_t *root = rows_root(reply->body, reply->body_bytes);
	AUTO(rows) struct rows functions = {0};
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	if (rows_parse(root, &keepwarm_kind, &functions) < 0)
		return command_strange(call, path);
	for (size_t i = 0; i < functions.items_n; i++)
		if (!table ||
		    add_row(table, (const struct keepwarm_row *)functions.items + i))
			return command_failed(call, "out of memory");
	if (!functions.items_n)
		puts("nothing is kept warm: `coldmeter keepwarm on NAME --ping URL`");
	else if (table)
		table_print(table, call->colour, stdout);
	print_troubles(&functions);
	return COMMAND_DONE;
}

static int do_list(struct call *call)
{
	const struct keepwarm_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	struct path path;
	int status;

	path_start(&path, "/v1/keepwarm");
	status = command_ask(call, "GET", &path, NULL, &reply);
	if (status != COMMAND_DONE)
		return status;
	return options->json ? command_print_json(&reply) : list(call, &reply, &path);
}

static int put(struct call *call, json_t *body, const char *state)
{
	const struct keepwarm_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	AUTO(free) char *text = json_dumps(body, JSON_COMPACT);
	struct path path;
	int status;

	if (!text)
		return command_failed(call, "an option is no valid UTF-8");
	path_start(&path, "/v1/keepwarm");
	path_segment(&path, call->operands[1]);
	status = command_ask(call, "PUT", &path, text, &reply);
	if (status != COMMAND_DONE)
		return status;
	if (options->json)
		return command_print_done("function", call->operands[1], state, &reply);
	printf("keep-warm of %s is %s\n", call->operands[1], state);
	return COMMAND_DONE;
}

static int do_on(struct call *call)
{
	const struct keepwarm_options *options = call->options;
	AUTO(json) json_t *body = json_object();

	if (!options->ping || !secret_is_address(options->ping))
		return command_misused(call,
		    "on needs --ping URL, the http:// or https:// address that runs the "
		    "function");
	if (options->method && strcmp(options->method, "GET") != 0 &&
	    strcmp(options->method, "POST") != 0)
		return command_misused(
		    call, "--method wants GET or POST, not %s", options->method);
	(void)json_object_set_new(body, "enabled", json_true());
	(void)json_object_set_new(body, "ping_url", json_string(options->ping));
	if (options->method)
		(void)json_object_set_new(body, "method", json_string(options->method));
	if (options->body)
		(void)json_object_set_new(body, "body", json_string(options->body));
	if (options->idle_life_ns)
		(void)json_object_set_new(body, "idle_life_s",
		    json_integer(
			(options->idle_life_ns + CLOCK_NS_PER_S - 1) / CLOCK_NS_PER_S));
	return put(call, body, "on");
}

static int do_off(struct call *call)
{
	AUTO(json) json_t *body = json_pack("{s:b}", "enabled", 0);

	return put(call, body, "off");
}

static const struct verb verbs[] = {
    {"list", NULL, do_list}, {"on", "FUNCTION", do_on}, {"off", "FUNCTION", do_off}, {0}};

static int run(struct call *call)
{
	return command_verb(call, verbs);
}

const struct command command_keepwarm = {
    .name = "keepwarm",
    .group = "Act",
    .summary = "pings that keep a function warm: list, on, off",
    .usage = "[list | on FUNCTION --ping URL [options] | off FUNCTION]",
    .help =
	"A ping goes out just before the platform would stop an idle sandbox; how long "
	"that is,\nis learned from the gaps seen, or said with --idle-life. Pings are "
	"not counted as\ninvocations; their cost is shown, and a budget overrun stops "
	"them.\n\n"
	"  coldmeter keepwarm on hello --ping http://127.0.0.1:8080/\n"
	"  coldmeter keepwarm off hello\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct keepwarm_options),
    .run = run,
};
