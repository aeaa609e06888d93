#include "tui/invoice/csv.h"

#include <errno.h>

#include "base/cleanup.h"
#include "tui/field.h"
#include "tui/table.h"

#define TEXT_BYTES 512

static const struct table_column columns[] = {
    {"by", TABLE_LEFT},
    {"value", TABLE_LEFT},
    {"plan", TABLE_LEFT},
    {"region", TABLE_LEFT},
    {"arch", TABLE_LEFT},
    {"item", TABLE_LEFT},
    {"quantity", TABLE_RIGHT},
    {"unit", TABLE_LEFT},
    {"price", TABLE_RIGHT},
    {"amount_usd", TABLE_RIGHT},
    {"sku", TABLE_LEFT},
    {"free", TABLE_LEFT},
};

/* owner has plan, region and arch: the line itself, or its invoice. */
static int add_line(struct table *table, const char *by, const char *value,
    const json_t *owner, const json_t *line)
{
	static const char *const own[] = {"plan", "region", "arch"};
	static const char *const figures[] = {
	    "item", "quantity", "unit", "price", "amount_usd", "sku"};
	char text[TEXT_BYTES];
	int err = table_add(table, by) | table_add(table, value);

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		err |= table_add(table, field_text(owner, own[i], text, sizeof(text)));
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		err |= table_add(table, field_text(line, figures[i], text, sizeof(text)));
	return err | table_add(table, field_is_true(line, "free") ? "true" : "false");
}

static int add_plans(struct table *table, const json_t *plans)
{
	const json_t *plan;
	const json_t *line;
	size_t i;
	size_t k;
	int err = 0;

	json_array_foreach(plans, i, plan)
	{
		const json_t *companions = json_object_get(plan, "companions");

		json_array_foreach(json_object_get(plan, "lines"), k, line)
		{
			err |= add_line(table, "", "", plan, line);
		}
		json_array_foreach(json_object_get(companions, "lines"), k, line)
		{
			err |= add_line(table, "", "", plan, line);
		}
	}
	return err;
}

/* With all plans the parts have totals alone. */
static int add_totals(
    struct table *table, const char *by, const char *value, const json_t *part)
{
	const json_t *total;
	char text[TEXT_BYTES];
	size_t i;
	int err = 0;

	json_array_foreach(json_object_get(part, "totals"), i, total)
	{
		err |= table_add(table, by) | table_add(table, value);
		err |= table_add(table, field_text(total, "plan", text, sizeof(text)));
		for (size_t k = 0; k < 2; k++)
			err |= table_add(table, "");
		err |= table_add(table, "total");
		for (size_t k = 0; k < 3; k++)
			err |= table_add(table, "");
		err |=
		    table_add(table, field_text(total, "total_usd", text, sizeof(text)));
		err |= table_add(table, "") | table_add(table, "");
	}
	return err;
}

static int add_parts(struct table *table, const json_t *by)
{
	char key[TEXT_BYTES];
	char value[TEXT_BYTES];
	const json_t *part;
	const json_t *line;
	size_t i;
	size_t k;
	int err = 0;

	(void)field_text(by, "key", key, sizeof(key));
	json_array_foreach(json_object_get(by, "parts"), i, part)
	{
		(void)field_text(part, "value", value, sizeof(value));
		json_array_foreach(json_object_get(part, "lines"), k, line)
		{
			err |= add_line(table, key, value, line, line);
		}
		err |= add_totals(table, key, value, part);
	}
	return err;
}

int invoice_csv_print(const json_t *root, FILE *out)
{
	const json_t *plans = json_object_get(root, "plans");
	const json_t *by = json_object_get(root, "by");
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	int err;

	if (!json_is_array(plans))
		return -EBADMSG;
	if (!table)
		return -ENOMEM;
	err = by ? add_parts(table, by) : add_plans(table, plans);
	if (!err)
		table_print_csv(table, out);
	return err ? -ENOMEM : 0;
}
