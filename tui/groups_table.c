#include "tui/groups_table.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/function.h"
#include "tui/field.h"
#include "tui/format.h"
#include "tui/rows.h"
#include "tui/table.h"

/* The first column's title is what the groups are. */
static const struct table_column text_columns[] = {
    {NULL, TABLE_LEFT},
    {"FUNCTIONS", TABLE_RIGHT},
    {"COUNT", TABLE_RIGHT},
    {"COLD", TABLE_RIGHT},
    {"INIT P95", TABLE_RIGHT},
    {"P50", TABLE_RIGHT},
    {"P95", TABLE_RIGHT},
    {"P99", TABLE_RIGHT},
    {"MEMORY", TABLE_RIGHT},
    {"BUSY", TABLE_RIGHT},
    {"ERRORS", TABLE_RIGHT},
    {"COST", TABLE_RIGHT},
    {"$/HOUR", TABLE_RIGHT},
};

static const struct table_column csv_columns[] = {
    {NULL, TABLE_LEFT},
    {"function", TABLE_LEFT},
    {"functions", TABLE_LEFT},
    {"invocations", TABLE_LEFT},
    {"cold", TABLE_LEFT},
    {"errors", TABLE_LEFT},
    {"init_p95_ms", TABLE_LEFT},
    {"duration_p50_ms", TABLE_LEFT},
    {"duration_p95_ms", TABLE_LEFT},
    {"duration_p99_ms", TABLE_LEFT},
    {"memory_p95_mb", TABLE_LEFT},
    {"concurrency_mean", TABLE_LEFT},
    {"cost_usd", TABLE_LEFT},
};

#define COLUMNS_MAX (sizeof(text_columns) / sizeof(text_columns[0]))

_Static_assert(
    sizeof(csv_columns) == sizeof(text_columns), "a column more or less: COLUMNS_MAX");

/* A group and what its name is called. */
struct item {
	const json_t *object;
	const char *by;
};

static const json_t *part(const struct item *item, const char *key)
{
	return json_object_get(item->object, key);
}

/* "version of function" where a version is one of a function. */
static int add_name(struct table *table, const struct item *item)
{
	char name[256], function[FUNCTION_NAME_BYTES];
	char both[sizeof(name) + sizeof(function) + 1];

	(void)field_text(item->object, item->by, name, sizeof(name));
	(void)field_text(item->object, "function", function, sizeof(function));
	if (strcmp(item->by, "version") != 0)
		return table_add(table, name[0] ? name : "-");
	(void)snprintf(both, sizeof(both), "%s %s", function, name);
	return table_add(table, both);
}

static int add_duration(
    struct table *table, const struct item *item, const char *figure, const char *q)
{
	char text[FORMAT_BYTES];

	return table_add(
	    table, format_duration(field_number(part(item, figure), q), text));
}

static int add_money(struct table *table, const struct item *item, const char *key)
{
	char text[FORMAT_BYTES];
	struct money money;

	return table_add(table,
	    field_money(item->object, key, &money) ? format_money(money, text) : "-");
}

static int add_text_row(struct table *table, const struct item *item)
{
	char text[FORMAT_BYTES];
	int err = add_name(table, item);

	err |=
	    table_add(table, format_count(field_count(item->object, "functions"), text));
	err |= table_add(
	    table, format_count(field_count(item->object, "invocations"), text));
	err |= table_add(
	    table, format_percent(field_number(item->object, "cold_pct"), text));
	err |= add_duration(table, item, "init_ms", "p95");
	err |= add_duration(table, item, "duration_ms", "p50");
	err |= add_duration(table, item, "duration_ms", "p95");
	err |= add_duration(table, item, "duration_ms", "p99");
	err |= table_add(
	    table, format_memory(field_number(part(item, "memory_mb"), "p95"), text));
	err |= table_add(
	    table, format_rate(field_number(part(item, "concurrency"), "mean"), text));
	err |= table_add(table, format_count(field_count(item->object, "errors"), text));
	err |= add_money(table, item, "cost_usd");
	err |= add_money(table, item, "cost_per_hour_usd");
	return err ? -ENOMEM : 0;
}

static int add_number(struct table *table, double value)
{
	char text[FORMAT_BYTES];

	(void)snprintf(text, sizeof(text), "%.6g", value);
	return table_add(table, isfinite(value) ? text : "");
}

static int add_field(struct table *table, const struct item *item, const char *key)
{
	char text[256];

	return table_add(table, field_text(item->object, key, text, sizeof(text)));
}

static int add_csv_row(struct table *table, const struct item *item)
{
	static const char *const quantiles[] = {"p50", "p95", "p99"};
	int err = add_field(table, item, item->by);

	err |= add_field(table, item, "function");
	err |= add_field(table, item, "functions");
	err |= add_field(table, item, "invocations");
	err |= add_field(table, item, "cold");
	err |= add_field(table, item, "errors");
	err |= add_number(table, field_number(part(item, "init_ms"), "p95"));
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		err |= add_number(
		    table, field_number(part(item, "duration_ms"), quantiles[i]));
	err |= add_number(table, field_number(part(item, "memory_mb"), "p95"));
	err |= add_number(table, field_number(part(item, "concurrency"), "mean"));
	err |= add_field(table, item, "cost_usd");
	return err ? -ENOMEM : 0;
}

static int fill(struct table *table, const json_t *list, const char *by,
    int (*add)(struct table *, const struct item *))
{
	size_t i;
	json_t *object;
	int err = 0;

	json_array_foreach(list, i, object)
	{
		const struct item item = {object, by};

		if (!err && json_is_object(object))
			err = add(table, &item);
	}
	return err;
}

static int print(const json_t *root, bool csv, bool colour, FILE *out)
{
	const json_t *list = json_object_get(root, "groups");
	struct table_column columns[COLUMNS_MAX];
	AUTO(table) struct table *table = NULL;
	char by[16] = "", title[16];
	int err;

	if (!json_is_array(list))
		return -EBADMSG;
	memcpy(columns, csv ? csv_columns : text_columns, sizeof(columns));
	(void)field_text(root, "by", by, sizeof(by));
	for (size_t i = 0; i < sizeof(title); i++)
		title[i] = (char)(by[i] >= 'a' && by[i] <= 'z' && !csv ? by[i] - 'a' + 'A'
								       : by[i]);
	columns[0].title = title;
	table = table_new(columns, COLUMNS_MAX);
	err = table ? fill(table, list, by, csv ? add_csv_row : add_text_row) : -ENOMEM;
	if (err)
		return err;
	if (csv)
		table_print_csv(table, out);
	else
		table_print(table, colour, out);
	return 0;
}

int groups_table_print(const json_t *root, bool colour, FILE *out)
{
	uint64_t missing = field_count(root, "unattributed");
	int err = print(root, false, colour, out);

	if (!err && missing)
		(void)fprintf(out,
		    "%" PRIu64 " more invocations of this window are in sums only, which "
		    "know no hosts: take a shorter window\n",
		    missing);
	return err;
}

int groups_table_csv(const json_t *root, FILE *out)
{
	return print(root, true, false, out);
}
