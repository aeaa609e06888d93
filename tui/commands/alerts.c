#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tui/acts.h"
#include "tui/commands/command.h"
#include "tui/format.h"
#include "tui/table.h"

struct alerts_options {
	const char *span;
	bool all, json;
};

#define AT(member) offsetof(struct alerts_options, member)
static const struct option_row rows[] = {
    {"all", NULL, "list: resolved ones as well", OPTION_FLAG, AT(all)},
    {"for", "SPAN", "snooze: how long, such as 30m or 4h (1h)", OPTION_TEXT, AT(span)},
    {"json", NULL, "the collector's answer", OPTION_FLAG, AT(json)},
};
#undef AT

static const struct table_column columns[] = {
    {"ID", TABLE_LEFT},
    {"RULE", TABLE_LEFT},
    {"STATE", TABLE_LEFT},
    {"SINCE (UTC)", TABLE_LEFT},
    {"AT", TABLE_RIGHT},
    {"SPENT", TABLE_RIGHT},
    {"LIMIT", TABLE_RIGHT},
    {"TOLD", TABLE_LEFT},
    {"MESSAGE", TABLE_LEFT},
};

/* "$4.10", or of an anomaly "+$12.40": what it makes more than usual. */
static const char *spent_text(const struct alert_row *row, char *out)
{
	out[0] = '+';
	(void)format_money(
	    row->spent, out + (!row->has_limit && row->spent.pico >= 0 ? 1 : 0));
	return out;
}

static int add_row(struct table *table, const struct alert_row *row)
{
	char text[FORMAT_BYTES + 1];
	int err = table_add(table, row->id);

	err |= table_add(table, row->budget);
	err |= table_add(table, row->state);
	err |= table_add(table, format_time(row->since_ns, 0, text));
	err |=
	    table_add(table, row->has_limit ? format_percent(row->threshold, text) : "-");
	err |= table_add(table, spent_text(row, text));
	err |= table_add(table, row->has_limit ? format_money(row->limit, text) : "-");
	err |= table_add(table, row->delivery[0] ? row->delivery : "nobody");
	err |= table_add(table, row->message);
	return err;
}

static int list(struct call *call, const struct reply *reply, const struct path *path)
{
	const struct alerts_options *options = call->options;
	AUTO(json) json_t *root = rows_root(reply->body, reply->body_bytes);
	AUTO(rows) struct rows alerts = {0};
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	if (rows_parse(root, &alert_kind, &alerts) < 0)
		return command_strange(call, path);
	for (size_t i = 0; i < alerts.items_n; i++) {
		const struct alert_row *row = (const struct alert_row *)alerts.items + i;

		if (!options->all && strcmp(row->state, "resolved") == 0)
			continue;
		if (!table || add_row(table, row))
			return command_failed(call, "out of memory");
	}
	if (table && table_rows(table))
		table_print(table, call->colour, stdout);
	else
		puts(options->all ? "no alerts yet"
				  : "no alerts now (--all lists resolved ones)");
	return COMMAND_DONE;
}

static int do_list(struct call *call)
{
	const struct alerts_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	struct path path;
	int status;

	path_start(&path, "/v1/alerts");
	status = command_ask(call, "GET", &path, NULL, &reply);
	if (status != COMMAND_DONE)
		return status;
	return options->json ? command_print_json(&reply) : list(call, &reply, &path);
}

static int act(struct call *call, const char *verb, const char *body, const char *done)
{
	const struct alerts_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	struct path path;
	int status;

	path_start(&path, "/v1/alerts");
	path_segment(&path, call->operands[1]);
	path_segment(&path, verb);
	status = command_ask(call, "POST", &path, body, &reply);
	if (status != COMMAND_DONE)
		return status;
	if (options->json)
		return command_print_done("alert", call->operands[1], done, &reply);
	printf("alert %s is %s\n", call->operands[1], done);
	return COMMAND_DONE;
}

static int do_ack(struct call *call)
{
	return act(call, "ack", "{}", "acknowledged");
}

static int do_snooze(struct call *call)
{
	const struct alerts_options *options = call->options;
	const char *span = options->span ? options->span : "1h";
	char body[64];
	int64_t span_ns = 0;

	if (strlen(span) > 16 || clock_parse_span(span, &span_ns) < 0 || span_ns <= 0)
		return command_misused(
		    call, "--for wants a span such as 30m or 4h, not %s", span);
	(void)snprintf(body, sizeof(body), "{\"for\":\"%s\"}", span);
	return act(call, "snooze", body, "snoozed");
}

static int do_test(struct call *call)
{
	const struct alerts_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	AUTO(json) json_t *body = json_pack("{s:s}", "budget", call->operands[1]);
	AUTO(free) char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	struct path path;
	int status;

	if (!text)
		return command_failed(call, "the name is no valid UTF-8");
	path_start(&path, "/v1/alerts/test");
	status = command_ask(call, "POST", &path, text, &reply);
	if (status != COMMAND_DONE)
		return status;
	if (options->json)
		return command_print_done("budget", call->operands[1], "tested", &reply);
	printf(
	    "a test message is on its way to everyone that budget %s tells; `coldmeter "
	    "alerts list` shows how it went\n",
	    call->operands[1]);
	return COMMAND_DONE;
}

static const struct verb verbs[] = {{"list", NULL, do_list}, {"ack", "ID", do_ack},
    {"snooze", "ID", do_snooze}, {"test", "BUDGET", do_test}, {0}};

static int run(struct call *call)
{
	return command_verb(call, verbs);
}

const struct command command_alerts = {
    .name = "alerts",
    .group = "Act",
    .summary = "what fired, budgets and anomalies: list, ack, snooze, test",
    .usage = "[list | ack ID | snooze ID --for SPAN | test BUDGET]",
    .help = "  coldmeter alerts\n  coldmeter alerts snooze 3 --for 4h\n"
	    "  coldmeter alerts test all     sends a test message through a budget's "
	    "channels\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct alerts_options),
    .run = run,
};
