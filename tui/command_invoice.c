#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tui/command.h"
#include "tui/field.h"
#include "tui/format.h"
#include "tui/ledger.h"
#include "tui/rows.h"
#include "tui/table.h"

#define INVOICE_SOURCES_MAX 32
#define INVOICE_TEXT_BYTES 256

struct invoice_options {
	const char *month, *plan, *region, *function;
	bool free_tier, json;
};

#define AT(member) offsetof(struct invoice_options, member)
static const struct option_row rows[] = {
    {"month", "YYYY-MM", "the month (this one, so far)", OPTION_TEXT, AT(month)},
    {"plan", "P", "a plan, or all to compare them (each function's own)", OPTION_TEXT,
	AT(plan)},
    {"region", "R", "prices of that region", OPTION_TEXT, AT(region)},
    {"function", "NAME", "only this function", OPTION_TEXT, AT(function)},
    {"free-tier", NULL, "take the monthly free tier off", OPTION_FLAG, AT(free_tier)},
    {"json", NULL, "the collector's answer, unchanged", OPTION_FLAG, AT(json)},
};
#undef AT

static const struct table_column columns[] = {
    {"ITEM", TABLE_LEFT},
    {"QUANTITY", TABLE_RIGHT},
    {"UNIT", TABLE_LEFT},
    {"PRICE", TABLE_RIGHT},
    {"AMOUNT", TABLE_RIGHT},
    {"AS OF", TABLE_LEFT},
    {"CONFIDENCE", TABLE_LEFT},
    {"SOURCE", TABLE_LEFT},
};

/* Each source once, in the order of its first line. */
struct sources {
	char texts[INVOICE_SOURCES_MAX][INVOICE_TEXT_BYTES];
	size_t n;
};

/* The number of a source, from 1; 0 when there is none, or no room. */
static size_t source_number(struct sources *sources, const json_t *line)
{
	char text[INVOICE_TEXT_BYTES], title[128], url[120];
	size_t i = 0;

	(void)field_text(line, "source_title", title, sizeof(title));
	(void)field_text(line, "source_url", url, sizeof(url));
	(void)snprintf(text, sizeof(text), "%s%s%s", title, title[0] ? "  " : "", url);
	if (!text[0])
		(void)field_text(line, "source", text, sizeof(text));
	while (i < sources->n && strcmp(sources->texts[i], text) != 0)
		i++;
	if (!text[0] || i == INVOICE_SOURCES_MAX)
		return 0;
	if (i == sources->n)
		(void)text_copy(sources->texts[sources->n++], INVOICE_TEXT_BYTES, text);
	return i + 1;
}

static int add_line(struct table *table, struct sources *sources, const json_t *line)
{
	char text[INVOICE_TEXT_BYTES], price[INVOICE_TEXT_BYTES + 1],
	    item[INVOICE_TEXT_BYTES];
	struct money amount = {0};
	size_t source = source_number(sources, line);
	int err;

	(void)field_text(line, "item", text, sizeof(text));
	(void)snprintf(item, sizeof(item), "%.200s%s", text,
	    field_is_true(line, "free") ? " (free tier)" : "");
	err = table_add(table, item);
	err |= table_add(table, field_text(line, "quantity", text, sizeof(text)));
	err |= table_add(table, field_text(line, "unit", text, sizeof(text)));
	(void)field_text(line, "price", text, sizeof(text));
	(void)snprintf(price, sizeof(price), "%s%s", text[0] ? "$" : "-", text);
	err |= table_add(table, price);
	(void)field_money(line, "amount_usd", &amount);
	err |= table_add(table, format_money(amount, text));
	err |= table_add(table, field_text(line, "as_of", text, sizeof(text)));
	err |= table_add(table, field_text(line, "confidence", text, sizeof(text)));
	(void)snprintf(text, sizeof(text), "[%zu]", source);
	return err | table_add(table, source ? text : "-");
}

static int show_plan(struct call *call, const json_t *plan, struct sources *sources)
{
	const json_t *lines = json_object_get(plan, "lines");
	const json_t *assumptions = json_object_get(plan, "assumptions");
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char name[64], region[64], arch[32], money[FORMAT_BYTES];
	struct money total = {0};
	int err = table ? 0 : -1;

	printf("%s  %s  %s\n", field_text(plan, "plan", name, sizeof(name)),
	    field_text(plan, "region", region, sizeof(region)),
	    field_text(plan, "arch", arch, sizeof(arch)));
	for (size_t i = 0; i < json_array_size(lines) && !err; i++)
		err = add_line(table, sources, json_array_get(lines, i));
	if (err)
		return command_failed(call, "out of memory");
	table_print(table, call->colour, stdout);
	(void)field_money(plan, "total_usd", &total);
	printf("total  %s\n", format_money(total, money));
	for (size_t i = 0; i < json_array_size(assumptions); i++) {
		char sentence[512] = "";
		const char *text = json_string_value(json_array_get(assumptions, i));

		(void)text_copy(sentence, sizeof(sentence), text ? text : "");
		text_make_printable(sentence);
		printf("  * %s\n", sentence);
	}
	(void)putchar('\n');
	return COMMAND_DONE;
}

static int show(struct call *call, const struct reply *reply, const struct path *path)
{
	AUTO(json) json_t *root = rows_root(reply->body, reply->body_bytes);
	AUTO(free) struct sources *sources = calloc(1, sizeof(*sources));
	const json_t *plans = json_object_get(root, "plans");
	struct ledger ledger = ledger_parse(root, "ledger");
	char month[16], reasons[200];
	int status = COMMAND_DONE;

	if (!json_is_array(plans))
		return command_strange(call, path);
	if (!sources)
		return command_failed(call, "out of memory");
	printf("month %s\n\n", field_text(root, "month", month, sizeof(month)));
	for (size_t i = 0; i < json_array_size(plans) && status == COMMAND_DONE; i++)
		status = show_plan(call, json_array_get(plans, i), sources);
	if (!json_array_size(plans))
		puts("nothing was measured in this month");
	if (ledger.lost)
		printf("+ up to %" PRIu64
		       " invocations that were seen and lost (%s): what "
		       "they used is in none of these\n",
		    ledger.lost, ledger_reasons(&ledger, reasons, sizeof(reasons)));
	for (size_t i = 0; i < sources->n; i++)
		printf("[%zu] %s\n", i + 1, sources->texts[i]);
	return status;
}

static bool is_month(const char *text)
{
	struct tm tm = {0};
	const char *end = strlen(text) == 7 ? strptime(text, "%Y-%m", &tm) : NULL;

	return end && !*end;
}

static int run(struct call *call)
{
	const struct invoice_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	struct path path;
	int status;

	if (call->operands_n)
		return command_misused(call, "takes no %s", call->operands[0]);
	if (options->month && !is_month(options->month))
		return command_misused(
		    call, "--month wants YYYY-MM, not %s", options->month);
	path_start(&path, "/v1/invoice");
	path_query(&path, "month", options->month);
	path_query(&path, "plan", options->plan);
	path_query(&path, "region", options->region);
	path_query(&path, "function", options->function);
	path_query(&path, "free_tier", options->free_tier ? "true" : NULL);
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
	"price it\nrests on: its date, how sure it is, and its source.\n\n"
	"  coldmeter invoice --plan all\n"
	"  coldmeter invoice --month 2026-11 --plan aws-lambda --region eu-central-1\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct invoice_options),
    .run = run,
};
