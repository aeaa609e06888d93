#include "tui/invoice/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tui/field.h"
#include "tui/format.h"
#include "tui/ledger.h"
#include "tui/rows.h"
#include "tui/table.h"

#define INVOICE_SOURCES_MAX 64
#define INVOICE_TEXT_BYTES 256

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

static void print_assumptions(const json_t *object, FILE *out)
{
	const json_t *assumptions = json_object_get(object, "assumptions");

	for (size_t i = 0; i < json_array_size(assumptions); i++) {
		char sentence[512] = "";
		const char *text = json_string_value(json_array_get(assumptions, i));

		(void)text_copy(sentence, sizeof(sentence), text ? text : "");
		text_make_printable(sentence);
		(void)fprintf(out, "  * %s\n", sentence);
	}
}

/* The member as people read money: "$12.50"; "-" when there is none. */
static const char *money_member(
    const json_t *object, const char *member, char out[FORMAT_BYTES])
{
	struct money money;

	if (!field_money(object, member, &money)) {
		(void)snprintf(out, FORMAT_BYTES, "-");
		return out;
	}
	return format_money(money, out);
}

static int print_plan(const json_t *plan, struct sources *sources, bool colour, FILE *out)
{
	const json_t *lines = json_object_get(plan, "lines");
	const json_t *companions = json_object_get(plan, "companions");
	const json_t *more = json_object_get(companions, "lines");
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char name[64], region[64], arch[32], money[FORMAT_BYTES];
	int err = table ? 0 : -ENOMEM;

	(void)fprintf(out, "%s  %s  %s\n", field_text(plan, "plan", name, sizeof(name)),
	    field_text(plan, "region", region, sizeof(region)),
	    field_text(plan, "arch", arch, sizeof(arch)));
	for (size_t i = 0; i < json_array_size(lines) && !err; i++)
		err = add_line(table, sources, json_array_get(lines, i));
	for (size_t i = 0; i < json_array_size(more) && !err; i++)
		err = add_line(table, sources, json_array_get(more, i));
	if (err)
		return -ENOMEM;
	table_print(table, colour, out);
	(void)fprintf(out, "total  %s\n", money_member(plan, "total_usd", money));
	if (companions)
		(void)fprintf(out, "with companions  %s\n",
		    money_member(plan, "with_companions_usd", money));
	print_assumptions(plan, out);
	print_assumptions(companions, out);
	(void)fputc('\n', out);
	return 0;
}

static int print_comparison(const json_t *comparison, bool colour, FILE *out)
{
	static const struct table_column heads[] = {
	    {"PLAN", TABLE_LEFT},
	    {"TOTAL", TABLE_RIGHT},
	    {"COMPUTE", TABLE_RIGHT},
	    {"COMPANIONS", TABLE_RIGHT},
	    {"MORE", TABLE_RIGHT},
	    {"SPEED", TABLE_RIGHT},
	};
	static const char *const members[] = {
	    "total_usd", "compute_usd", "companions_usd", "difference_usd"};
	AUTO(table)
	struct table *table = table_new(heads, sizeof(heads) / sizeof(heads[0]));
	const json_t *row;
	char text[INVOICE_TEXT_BYTES];
	size_t i;
	int err = table ? 0 : -ENOMEM;

	json_array_foreach(json_object_get(comparison, "plans"), i, row)
	{
		if (err)
			break;
		err = table_add(table, field_text(row, "plan", text, sizeof(text)));
		for (size_t k = 0; k < sizeof(members) / sizeof(members[0]); k++)
			err |= table_add(table, money_member(row, members[k], text));
		(void)field_text(row, "speed", text, sizeof(text));
		err |= table_add(table, text[0] ? text : "1");
	}
	if (err)
		return -ENOMEM;
	table_print(table, colour, out);
	print_assumptions(comparison, out);
	(void)fputc('\n', out);
	return 0;
}

static int add_part(struct table *table, const json_t *part)
{
	const json_t *total;
	char value[INVOICE_TEXT_BYTES], text[INVOICE_TEXT_BYTES];
	size_t i;
	int err = 0;

	(void)field_text(part, "value", value, sizeof(value));
	if (!json_object_get(part, "totals")) {
		err |= table_add(table, value[0] ? value : "(none)");
		err |=
		    table_add(table, field_text(part, "invocations", text, sizeof(text)));
		err |= table_add(table, "");
		return err | table_add(table, money_member(part, "total_usd", text));
	}
	json_array_foreach(json_object_get(part, "totals"), i, total)
	{
		err |= table_add(table, value[0] ? value : "(none)");
		err |=
		    table_add(table, field_text(part, "invocations", text, sizeof(text)));
		err |= table_add(table, field_text(total, "plan", text, sizeof(text)));
		err |= table_add(table, money_member(total, "total_usd", text));
	}
	return err;
}

static int print_parts(const json_t *by, bool colour, FILE *out)
{
	char key[64];
	AUTO(table) struct table *table = NULL;
	struct table_column heads[] = {
	    {NULL, TABLE_LEFT},
	    {"INVOCATIONS", TABLE_RIGHT},
	    {"PLAN", TABLE_LEFT},
	    {"AMOUNT", TABLE_RIGHT},
	};
	const json_t *part;
	size_t i;
	int err = 0;

	(void)field_text(by, "key", key, sizeof(key));
	for (char *c = key; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	heads[0].title = key;
	table = table_new(heads, sizeof(heads) / sizeof(heads[0]));
	json_array_foreach(json_object_get(by, "parts"), i, part)
	{
		err |= table ? add_part(table, part) : -ENOMEM;
	}
	if (err || !table)
		return -ENOMEM;
	table_print(table, colour, out);
	print_assumptions(by, out);
	(void)fputc('\n', out);
	return 0;
}

/* "$0.000012" or "1200": an anomaly's figure. */
static int add_figure(struct table *table, const json_t *anomaly, const char *member)
{
	char text[INVOICE_TEXT_BYTES];

	if (json_is_string(json_object_get(anomaly, member)))
		return table_add(table, money_member(anomaly, member, text));
	return table_add(table, field_text(anomaly, member, text, sizeof(text)));
}

static int print_anomalies(const json_t *anomalies, bool colour, FILE *out)
{
	static const struct table_column heads[] = {
	    {"FUNCTION", TABLE_LEFT},
	    {"DAY", TABLE_LEFT},
	    {"WHAT", TABLE_LEFT},
	    {"VALUE", TABLE_RIGHT},
	    {"USUAL", TABLE_RIGHT},
	    {"LOW", TABLE_RIGHT},
	    {"HIGH", TABLE_RIGHT},
	    {"CAUSE", TABLE_LEFT},
	};
	static const char *const texts[] = {"function", "day", "what"};
	static const char *const figures[] = {"value", "usual", "low", "high"};
	AUTO(table)
	struct table *table = table_new(heads, sizeof(heads) / sizeof(heads[0]));
	const json_t *row;
	char text[INVOICE_TEXT_BYTES];
	size_t i;
	int err = table ? 0 : -ENOMEM;

	json_array_foreach(anomalies, i, row)
	{
		for (size_t k = 0; !err && k < 3; k++)
			err = table_add(
			    table, field_text(row, texts[k], text, sizeof(text)));
		for (size_t k = 0; !err && k < 4; k++)
			err = add_figure(table, row, figures[k]);
		if (!err)
			err = table_add(
			    table, field_text(row, "cause", text, sizeof(text)));
	}
	if (err)
		return -ENOMEM;
	if (json_array_size(anomalies))
		table_print(table, colour, out);
	else
		(void)fputs("no function left its band\n", out);
	(void)fputc('\n', out);
	return 0;
}

static void print_forecast(const json_t *forecast, FILE *out)
{
	char total[FORMAT_BYTES], low[FORMAT_BYTES], high[FORMAT_BYTES], method[32],
	    hours[32], percent[32];

	(void)fprintf(out, "forecast for the month  %s",
	    money_member(forecast, "total_usd", total));
	if (json_object_get(forecast, "low_usd"))
		(void)fprintf(out, "  (%s%%: %s to %s)",
		    field_text(forecast, "interval_percent", percent, sizeof(percent)),
		    money_member(forecast, "low_usd", low),
		    money_member(forecast, "high_usd", high));
	(void)fprintf(out, "  by %s of %s hours\n\n",
	    field_text(forecast, "method", method, sizeof(method)),
	    field_text(forecast, "hours", hours, sizeof(hours)));
}

static void print_foot(const json_t *root, const struct sources *sources, FILE *out)
{
	struct ledger ledger = ledger_parse(root, "ledger");
	const json_t *forecast = json_object_get(root, "forecast");
	char reasons[200];

	if (forecast)
		print_forecast(forecast, out);
	if (!json_array_size(json_object_get(root, "plans")))
		(void)fputs("nothing was measured in this month\n", out);
	if (ledger.lost)
		(void)fprintf(out,
		    "+ up to %" PRIu64 " invocations that were seen and lost (%s): what "
		    "they used is in none of these\n",
		    ledger.lost, ledger_reasons(&ledger, reasons, sizeof(reasons)));
	for (size_t i = 0; i < sources->n; i++)
		(void)fprintf(out, "[%zu] %s\n", i + 1, sources->texts[i]);
}

/* The plans that could not be priced, each with the collector's reason. */
static void print_left_out(const json_t *left_out, FILE *out)
{
	char name[64], reason[300];
	const json_t *plan;
	size_t i;

	json_array_foreach(left_out, i, plan)(void) fprintf(out, "%s  left out: %s\n",
	    field_text(plan, "plan", name, sizeof(name)),
	    field_text(plan, "reason", reason, sizeof(reason)));
	if (json_array_size(left_out) > 0)
		(void)fputc('\n', out);
}

int invoice_table_print(const json_t *root, bool brief, bool colour, FILE *out)
{
	AUTO(free) struct sources *sources = calloc(1, sizeof(*sources));
	const json_t *plans = json_object_get(root, "plans");
	const json_t *comparison = json_object_get(root, "comparison");
	const json_t *by = json_object_get(root, "by");
	char month[16], total[FORMAT_BYTES];
	const json_t *plan;
	size_t i;
	int err = 0;

	if (!json_is_array(plans))
		return -EBADMSG;
	if (!sources)
		return -ENOMEM;
	(void)fprintf(
	    out, "month %s\n\n", field_text(root, "month", month, sizeof(month)));
	if (comparison)
		err = print_comparison(comparison, colour, out);
	print_left_out(json_object_get(root, "not_priced"), out);
	if (!err && by)
		err = print_parts(by, colour, out);
	if (!err && json_object_get(root, "anomalies"))
		err = print_anomalies(json_object_get(root, "anomalies"), colour, out);
	json_array_foreach(plans, i, plan)
	{
		if (!err && !brief)
			err = print_plan(plan, sources, colour, out);
	}
	if (!err && json_array_size(plans) > 1 && json_object_get(root, "total_usd"))
		(void)fprintf(out, "all  %s\n", money_member(root, "total_usd", total));
	if (!err && json_object_get(root, "with_companions_usd"))
		(void)fprintf(out, "all with companions  %s\n",
		    money_member(root, "with_companions_usd", total));
	if (!err)
		print_foot(root, sources, out);
	return err;
}
