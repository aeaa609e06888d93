#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "tui/commands/command.h"
#include "tui/invoice/csv.h"
#include "tui/invoice/focus.h"
#include "tui/invoice/table.h"
#include "tui/rows.h"

#define SPEED_BYTES 512

struct invoice_options {
	const char *month, *plan, *region, *function, *by;
	struct option_list speed;
	bool free_tier, anomalies, brief, json, csv, focus;
};

#define AT(member) offsetof(struct invoice_options, member)
static const struct option_row rows[] = {
    {"month", "YYYY-MM", "the month (this one, so far)", OPTION_TEXT, AT(month)},
    {"plan", "P", "a plan, or all to compare them (each function's own)", OPTION_TEXT,
	AT(plan)},
    {"region", "R", "prices of that region", OPTION_TEXT, AT(region)},
    {"function", "NAME", "only this function", OPTION_TEXT, AT(function)},
    {"free-tier", NULL, "take the monthly free tier off", OPTION_FLAG, AT(free_tier)},
    {"by", "KEY",
	"also the share of each function, day, host, region, platform or tag:KEY",
	OPTION_TEXT, AT(by)},
    {"speed", "[PLAN=]FACTOR",
	"how fast functions run there: 2 takes half the time (may be given again)",
	OPTION_LIST, AT(speed)},
    {"anomalies", NULL, "also the functions that left their band lately, and why",
	OPTION_FLAG, AT(anomalies)},
    {"brief", NULL, "totals only, no lines", OPTION_FLAG, AT(brief)},
    {"csv", NULL, "a row for each line, exact figures", OPTION_FLAG, AT(csv)},
    {"focus", NULL, "the same in the columns of FOCUS 1.0 (by function unless --by day)",
	OPTION_FLAG, AT(focus)},
    {"json", NULL, "the collector's answer, unchanged", OPTION_FLAG, AT(json)},
};
#undef AT

static bool is_month(const char *text)
{
	struct tm tm = {0};
	const char *end = strlen(text) == 7 ? strptime(text, "%Y-%m", &tm) : NULL;

	return end && !*end;
}

/* "FACTOR" and "PLAN=FACTOR" as one value of the query. False: too long. */
static bool join_speeds(const struct option_list *list, char out[SPEED_BYTES])
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < list->items_n; i++) {
		int n = snprintf(
		    out + at, SPEED_BYTES - at, "%s%s", i ? "," : "", list->items[i]);

		if (n < 0 || (size_t)n >= SPEED_BYTES - at)
			return false;
		at += (size_t)n;
	}
	return true;
}

static int show(struct call *call, const struct reply *reply, const struct path *path)
{
	const struct invoice_options *options = call->options;
	AUTO(json) json_t *root = rows_root(reply->body, reply->body_bytes);
	int err;

	if (options->focus)
		err = invoice_focus_print(root, stdout);
	else if (options->csv)
		err = invoice_csv_print(root, stdout);
	else
		err = invoice_table_print(root, options->brief, call->colour, stdout);
	if (err == -EBADMSG)
		return command_strange(call, path);
	return err ? command_failed(call, "out of memory") : COMMAND_DONE;
}

/* An exit status, after one line when options do not go together. */
static int check(struct call *call)
{
	const struct invoice_options *options = call->options;
	const char *by = options->by;

	if (call->operands_n)
		return command_misused(call, "takes no %s", call->operands[0]);
	if (options->month && !is_month(options->month))
		return command_misused(
		    call, "--month wants YYYY-MM, not %s", options->month);
	if (options->json + options->csv + options->focus > 1)
		return command_misused(
		    call, "--json, --csv and --focus do not go together");
	if (options->focus && options->plan && strcmp(options->plan, "all") == 0)
		return command_misused(call, "--focus is of one plan, not of all");
	if (options->focus && by && strcmp(by, "day") != 0 && strcmp(by, "function") != 0)
		return command_misused(call, "--focus is by function or by day");
	return COMMAND_DONE;
}

static int run(struct call *call)
{
	const struct invoice_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	struct path path;
	char speed[SPEED_BYTES];
	int status = check(call);

	if (status != COMMAND_DONE)
		return status;
	if (!join_speeds(&options->speed, speed))
		return command_misused(call, "--speed is too long");
	path_start(&path, "/v1/invoice");
	path_query(&path, "month", options->month);
	path_query(&path, "plan", options->plan);
	path_query(&path, "region", options->region);
	path_query(&path, "function", options->function);
	path_query(&path, "free_tier", options->free_tier ? "true" : NULL);
	path_query(&path, "speed", speed);
	path_query(&path, "anomalies", options->anomalies ? "true" : NULL);
	path_query(&path, "by",
	    options->by      ? options->by
	    : options->focus ? "function"
			     : NULL);
	status = command_ask(call, "GET", &path, NULL, &reply);
	if (status != COMMAND_DONE)
		return status;
	return options->json ? command_print_json(&reply) : show(call, &reply, &path);
}

const struct command command_invoice = {
    .name = "invoice",
    .group = "Money",
    .summary = "what the clouds would bill for what was measured",
    .usage = "[options]",
    .help =
	"Plans: aws-lambda, azure-consumption, gcp-run-request, ... Each line names the "
	"price it\nrests on: its date, how sure it is, and its source. With all plans "
	"they "
	"are compared,\ncheapest first, with the companions that the collector's "
	"settings "
	"state.\n\n"
	"  coldmeter invoice --plan all --speed azure-consumption=0.8\n"
	"  coldmeter invoice --by tag:team --brief\n"
	"  coldmeter invoice --focus > focus.csv\n"
	"  coldmeter invoice --month 2026-11 --plan aws-lambda --region eu-central-1\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct invoice_options),
    .run = run,
};
