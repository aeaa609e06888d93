#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/money.h"
#include "tui/commands/command.h"
#include "tui/field.h"
#include "tui/format.h"
#include "tui/rows.h"
#include "tui/whom.h"

struct anomalies_options {
	const char *least;
	struct whom whom;
	bool json;
};

#define AT(member) offsetof(struct anomalies_options, member)
static const struct option_row rows[] = {
    {"least", "USD",
	"set: the money, more or less a day, from which on it is told (1.00)",
	OPTION_TEXT, AT(least)},
    WHOM_OPTIONS(AT(whom)),
    {"json", NULL, "the collector's answer", OPTION_FLAG, AT(json)},
};
#undef AT

static void print_settings(const json_t *root)
{
	const json_t *notify = json_object_get(root, "notify");
	struct money least = {0};
	char text[FORMAT_BYTES];
	char type[32];
	char url[256];
	const json_t *one;
	size_t i;

	if (!field_is_true(root, "enabled")) {
		puts(
		    "anomalies are no alerts; `coldmeter anomalies set` makes them some");
		return;
	}
	(void)field_money(root, "least_usd", &least);
	printf("a function that leaves its band by %s a day or more is an alert\n",
	    format_money(least, text));
	json_array_foreach(notify, i, one)
	{
		printf("  tells %s %s\n", field_text(one, "type", type, sizeof(type)),
		    field_text(one, "url", url, sizeof(url)));
	}
	if (!json_array_size(notify))
		puts("  tells nobody: see --slack-file and --webhook of `coldmeter "
		     "anomalies set`");
}

/* Asks, and prints what holds then. */
static int ask(struct call *call, const char *method, const char *body)
{
	const struct anomalies_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	AUTO(json) json_t *root = NULL;
	struct path path;
	int status;

	path_start(&path, "/v1/anomalies");
	status = command_ask(call, method, &path, body, &reply);
	if (status != COMMAND_DONE)
		return status;
	if (options->json)
		return command_print_json(&reply);
	root = rows_root(reply.body, reply.body_bytes);
	if (!json_is_object(root))
		return command_strange(call, &path);
	print_settings(root);
	return COMMAND_DONE;
}

static int do_show(struct call *call)
{
	return ask(call, "GET", NULL);
}

static int do_off(struct call *call)
{
	return ask(call, "PUT", "{\"enabled\":false}");
}

static int do_set(struct call *call)
{
	const struct anomalies_options *options = call->options;
	AUTO(json) json_t *body = json_object();
	AUTO(free) char *text = NULL;
	json_t *notify = json_array();
	struct money least = {0};
	int status = COMMAND_DONE;

	if (options->least && (money_parse(options->least, &least) < 0 || least.pico < 0))
		status = command_misused(call,
		    "--least wants dollars of 0 or more, such as 5.00, not %s",
		    options->least);
	else if (options->least)
		(void)json_object_set_new(body, "least_usd", json_string(options->least));
	if (json_object_set_new(body, "notify", notify))
		return command_failed(call, "out of memory");
	if (status == COMMAND_DONE)
		status = whom_check(call, &options->whom);
	if (status == COMMAND_DONE)
		status = whom_add(call, &options->whom, notify);
	if (status != COMMAND_DONE)
		return status;
	text = json_dumps(body, JSON_COMPACT);
	return text ? ask(call, "PUT", text)
		    : command_failed(call, "an address is no valid UTF-8");
}

static int do_test(struct call *call)
{
	const struct anomalies_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	struct path path;
	int status;

	path_start(&path, "/v1/alerts/test");
	status = command_ask(call, "POST", &path, "{\"anomalies\":true}", &reply);
	if (status != COMMAND_DONE)
		return status;
	if (options->json)
		return command_print_json(&reply);
	puts("a test message is on its way to everyone that anomalies tell; `coldmeter "
	     "alerts list --json` shows how it went");
	return COMMAND_DONE;
}

static const struct verb verbs[] = {{"show", NULL, do_show}, {"set", NULL, do_set},
    {"off", NULL, do_off}, {"test", NULL, do_test}, {0}};

static int run(struct call *call)
{
	return command_verb(call, verbs);
}

const struct command command_anomalies = {
    .name = "anomalies",
    .group = "Act",
    .summary = "alerts on functions that leave their band: show, set, off, test",
    .usage = "[show | set [options] | off | test]",
    .help =
	"What `coldmeter invoice --anomalies` reports is an alert, too: one for each\n"
	"function until it is back in its band. What begins between two looks, five\n"
	"minutes apart, is told in one message. set replaces what was set before.\n\n"
	"  coldmeter anomalies set --least 5.00 --slack-file ~/.slack-hook\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct anomalies_options),
    .run = run,
};
