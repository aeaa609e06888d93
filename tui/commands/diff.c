#include <errno.h>
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

struct diff_options {
	const char *since, *until, *against, *function, *version;
	unsigned int limit;
	bool changed, json;
};

#define AT(member) offsetof(struct diff_options, member)
static const struct option_row rows[] = {
    {"since", "T", "from then on: 15m, 1h, 7d, a date or a time (1h)", OPTION_TEXT,
	AT(since)},
    {"until", "T", "until then (now)", OPTION_TEXT, AT(until)},
    {"against", "T", "so much earlier, or from that time on (just before)", OPTION_TEXT,
	AT(against)},
    {"function", "NAME", "only this one", OPTION_TEXT, AT(function)},
    {"versions", "A", "version A; with a B behind the options: against B", OPTION_TEXT,
	AT(version)},
    {"changed", NULL, "only what differs by more than noise", OPTION_FLAG, AT(changed)},
    {"limit", "N", "at most so many functions", OPTION_COUNT, AT(limit)},
    {"json", NULL, "the collector's answer, unchanged", OPTION_FLAG, AT(json)},
};
#undef AT

static const struct table_column columns[] = {
    {"FUNCTION", TABLE_LEFT},
    {"FIGURE", TABLE_LEFT},
    {"BEFORE", TABLE_RIGHT},
    {"NOW", TABLE_RIGHT},
    {"CHANGE", TABLE_RIGHT},
    {"", TABLE_LEFT},
};

static const char *as_percent(double value, char *out)
{
	return format_percent(value, out);
}

static const char *as_count(double value, char *out)
{
	return isnan(value) ? "-" : format_count((uint64_t)value, out);
}

/* The figures of a function, in the order of the lines. */
static const struct figure {
	const char *title;
	const char *key;
	const char *part; /* of the member; NULL: the member itself */
	const char *(*format)(double value, char *out); /* NULL: money */
} figures[] = {
    {"invocations", "invocations", NULL, as_count},
    {"cold", "cold_pct", NULL, as_percent},
    {"errors", "errors_pct", NULL, as_percent},
    {"P50", "duration_ms", "p50", format_duration},
    {"P95", "duration_ms", "p95", format_duration},
    {"P99", "duration_ms", "p99", format_duration},
    {"init P95", "init_ms", "p95", format_duration},
    {"memory P95", "memory_mb", "p95", format_memory},
    {"cost each", "cost_per_invocation_usd", NULL, NULL},
};

static int add_side(struct table *table, const struct figure *figure, const json_t *pair,
    const char *side)
{
	char text[MONEY_TEXT_BYTES + 1];
	struct money money;

	if (figure->format)
		return table_add(table, figure->format(field_number(pair, side), text));
	if (!field_money(pair, side, &money))
		return table_add(table, "-");
	text[0] = '$'; /* exact: one invocation costs less than people round to */
	money_format(money, text + 1);
	return table_add(table, text);
}

static const char *note_of(const char *verdict)
{
	if (strcmp(verdict, "up") == 0)
		return "more";
	if (strcmp(verdict, "down") == 0)
		return "less";
	if (strcmp(verdict, "same") == 0)
		return "no more than noise";
	return strcmp(verdict, "too_few") == 0 ? "too few to tell" : "";
}

static int add_figure(struct table *table, const char *name, const struct figure *figure,
    const json_t *pair)
{
	char verdict[16], change[FORMAT_BYTES] = "";
	double percent = field_number(pair, "change_pct");
	int err = table_add(table, name);

	if (isfinite(percent))
		(void)snprintf(change, sizeof(change), "%+.1f%%", percent);
	err |= table_add(table, figure->title);
	err |= add_side(table, figure, pair, "before");
	err |= add_side(table, figure, pair, "now");
	err |= table_add(table, change);
	err |= table_add(
	    table, note_of(field_text(pair, "verdict", verdict, sizeof(verdict))));
	return err;
}

static bool is_shown(const struct diff_options *options, const json_t *pair)
{
	char verdict[16];

	(void)field_text(pair, "verdict", verdict, sizeof(verdict));
	if (options->changed)
		return strcmp(verdict, "up") == 0 || strcmp(verdict, "down") == 0;
	return json_object_get(pair, "now") || json_object_get(pair, "before");
}

/* "checkout 8", or "checkout 7 -> 8" between versions. */
static void title_of(const json_t *object, char *out, size_t size)
{
	char name[FUNCTION_NAME_BYTES];
	char version[FUNCTION_VERSION_BYTES], against[FUNCTION_VERSION_BYTES];
	bool differ;

	(void)field_text(object, "function", name, sizeof(name));
	(void)field_text(object, "version", version, sizeof(version));
	(void)field_text(object, "against_version", against, sizeof(against));
	differ = against[0] && strcmp(against, version) != 0;
	(void)snprintf(out, size, "%s%s%s%s%s", name, version[0] ? " " : "",
	    differ ? against : "", differ ? " -> " : "", version);
}

/* The function's name stands on its first line only. */
static int add_function(
    struct table *table, const struct diff_options *options, const json_t *object)
{
	char title[FUNCTION_NAME_BYTES + 2 * FUNCTION_VERSION_BYTES + 8];
	bool is_first = true;
	int err = 0;

	title_of(object, title, sizeof(title));
	for (size_t i = 0; !err && i < sizeof(figures) / sizeof(figures[0]); i++) {
		const json_t *pair = json_object_get(object, figures[i].key);

		if (figures[i].part)
			pair = json_object_get(pair, figures[i].part);
		if (!is_shown(options, pair))
			continue;
		err = add_figure(table, is_first ? title : "", &figures[i], pair);
		is_first = false;
	}
	return err;
}

static void print_windows(const json_t *root)
{
	const json_t *windows[] = {
	    json_object_get(root, "against"), json_object_get(root, "window")};
	char since[2][FORMAT_BYTES], until[2][FORMAT_BYTES];

	for (size_t i = 0; i < 2; i++) {
		(void)format_time(field_time(windows[i], "since"), 0, since[i]);
		(void)format_time(field_time(windows[i], "until"), 0, until[i]);
	}
	printf("before: %s to %s; now: %s to %s (UTC)\n", since[0], until[0], since[1],
	    until[1]);
}

static int show(struct call *call, const struct reply *reply, const struct path *path)
{
	const struct diff_options *options = call->options;
	AUTO(json) json_t *root = rows_root(reply->body, reply->body_bytes);
	const json_t *list = json_object_get(root, "functions");
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	if (!json_is_array(list))
		return command_strange(call, path);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!table || add_function(table, options, json_array_get(list, i)))
			return command_failed(call, "out of memory");
	print_windows(root);
	if (table && table_rows(table))
		table_print(table, call->colour, stdout);
	else
		puts(options->changed ? "nothing differs by more than noise"
				      : "no invocations in either window");
	return COMMAND_DONE;
}

static int run(struct call *call)
{
	const struct diff_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	char limit[16] = "";
	struct path path;
	int status;

	if (call->operands_n > (options->version ? 1 : 0))
		return command_misused(
		    call, "takes no %s", call->operands[call->operands_n - 1]);
	if (options->version && !call->operands_n && !options->against)
		return command_misused(
		    call, "--versions A takes a B behind it, or --against T");
	if (options->limit)
		(void)snprintf(limit, sizeof(limit), "%u", options->limit);
	path_start(&path, "/v1/diff");
	path_query(&path, "since", options->since ? options->since : "1h");
	path_query(&path, "until", options->until);
	path_query(&path, "against", options->against);
	path_query(&path, "function", options->function);
	path_query(&path, "version", options->version);
	if (call->operands_n)
		path_query(&path, "against_version", call->operands[0]);
	path_query(&path, "limit", limit);
	status = command_ask(call, "GET", &path, NULL, &reply);
	if (status != COMMAND_DONE)
		return status;
	return options->json ? command_print_json(&reply) : show(call, &reply, &path);
}

const struct command command_diff = {
    .name = "diff",
    .group = "Look",
    .summary = "two windows or two versions compared, and what is more than noise",
    .usage = "[options] [B]",
    .help =
	"Compares whole minutes. A difference is called more or less when it would be "
	"rarer\nthan 1 in 100 between two samples of the same, figure by figure; "
	"percentiles also by\nmore than the histogram's error of 1.083 %. Many figures "
	"asked for at once make one\nof them stand out by chance.\n\n"
	"  coldmeter diff --since 1h --against 1d\n"
	"  coldmeter diff --function checkout --since 1h --versions 8 7\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct diff_options),
    .run = run,
};
