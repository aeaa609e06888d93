#include "tui/functions_table.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "tui/format.h"
#include "tui/table.h"

static const struct table_column text_columns[] = {
    {"FUNCTION", TABLE_LEFT},
    {"PLATFORM", TABLE_LEFT},
    {"INV/S", TABLE_RIGHT},
    {"COUNT", TABLE_RIGHT},
    {"COLD", TABLE_RIGHT},
    {"INIT P95", TABLE_RIGHT},
    {"P50", TABLE_RIGHT},
    {"P95", TABLE_RIGHT},
    {"P99", TABLE_RIGHT},
    {"MEMORY", TABLE_RIGHT},
    {"ERRORS", TABLE_RIGHT},
    {"COST", TABLE_RIGHT},
    {"$/HOUR", TABLE_RIGHT},
    {"$/MONTH", TABLE_RIGHT},
};

static const struct table_column csv_columns[] = {
    {"function", TABLE_LEFT},
    {"version", TABLE_LEFT},
    {"platform", TABLE_LEFT},
    {"region", TABLE_LEFT},
    {"invocations", TABLE_LEFT},
    {"rate", TABLE_LEFT},
    {"cold", TABLE_LEFT},
    {"prewarmed", TABLE_LEFT},
    {"errors", TABLE_LEFT},
    {"init_p95_ms", TABLE_LEFT},
    {"duration_p50_ms", TABLE_LEFT},
    {"duration_p95_ms", TABLE_LEFT},
    {"duration_p99_ms", TABLE_LEFT},
    {"memory_p95_mb", TABLE_LEFT},
    {"memory_limit_mb", TABLE_LEFT},
    {"plan", TABLE_LEFT},
    {"cost_usd", TABLE_LEFT},
    {"cost_month_usd", TABLE_LEFT},
    {"lost", TABLE_LEFT},
};

static int add_money(struct table *table, const struct function_row *row, struct money m)
{
	char text[FORMAT_BYTES];

	return table_add(table, row->has_cost ? format_money(m, text) : "-");
}

/* "1000", or "1000 +34" when 34 more were seen and lost. */
static int add_invocations(struct table *table, const struct function_row *row)
{
	char text[2 * FORMAT_BYTES + 3], count[FORMAT_BYTES], lost[FORMAT_BYTES];

	(void)snprintf(text, sizeof(text), row->ledger.lost ? "%s +%s" : "%s",
	    format_count(row->invocations, count), format_count(row->ledger.lost, lost));
	return table_add(table, text);
}

static int add_text_row(struct table *table, const struct function_row *row)
{
	char text[FORMAT_BYTES];
	int err = table_add(table, row->name);

	err |= table_add(table, row->platform);
	err |= table_add(table, format_rate(row->rate, text));
	err |= add_invocations(table, row);
	err |= table_add(table, format_percent(row->cold_pct, text));
	err |= table_add(table, format_duration(row->init.p95, text));
	err |= table_add(table, format_duration(row->duration.p50, text));
	err |= table_add(table, format_duration(row->duration.p95, text));
	err |= table_add(table, format_duration(row->duration.p99, text));
	err |= table_add(
	    table, format_memory_of(row->memory_p95_mb, row->memory_limit_mb, text));
	err |= table_add(table, format_count(row->errors, text));
	err |= add_money(table, row, row->cost);
	err |= add_money(table, row, row->cost_per_hour);
	err |= add_money(table, row, row->cost_month);
	return err ? -ENOMEM : 0;
}

static int add_number(struct table *table, double value)
{
	char text[FORMAT_BYTES];

	(void)snprintf(text, sizeof(text), "%.6g", value);
	return table_add(table, isfinite(value) ? text : "");
}

static int add_count(struct table *table, uint64_t value)
{
	char text[FORMAT_BYTES];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	return table_add(table, text);
}

static int add_exact_money(
    struct table *table, const struct function_row *row, struct money m)
{
	char text[MONEY_TEXT_BYTES];

	money_format(m, text);
	return table_add(table, row->has_cost ? text : "");
}

static int add_csv_row(struct table *table, const struct function_row *row)
{
	int err = table_add(table, row->name);

	err |= table_add(table, row->version);
	err |= table_add(table, row->platform);
	err |= table_add(table, row->region);
	err |= add_count(table, row->invocations);
	err |= add_number(table, row->rate);
	err |= add_count(table, row->cold);
	err |= add_count(table, row->prewarmed);
	err |= add_count(table, row->errors);
	err |= add_number(table, row->init.p95);
	err |= add_number(table, row->duration.p50);
	err |= add_number(table, row->duration.p95);
	err |= add_number(table, row->duration.p99);
	err |= add_number(table, row->memory_p95_mb);
	err |= add_number(table, row->memory_limit_mb);
	err |= table_add(table, row->plan);
	err |= add_exact_money(table, row, row->cost);
	err |= add_exact_money(table, row, row->cost_month);
	err |= add_count(table, row->ledger.lost);
	return err ? -ENOMEM : 0;
}

static int fill(struct table *table, const struct snapshot *snapshot, enum order order,
    bool reverse, int (*add)(struct table *, const struct function_row *))
{
	size_t n = snapshot->functions.items_n;
	AUTO(free) const struct function_row **sorted = calloc(n + 1, sizeof(*sorted));
	int err = sorted ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !err; i++)
		sorted[i] = snapshot_at(snapshot, i);
	if (!err)
		order_rows(sorted, n, order, reverse);
	for (size_t i = 0; i < n && !err; i++)
		err = add(table, sorted[i]);
	return err;
}

int functions_table_print(const struct snapshot *snapshot, enum order order, bool reverse,
    bool colour, FILE *out)
{
	AUTO(table)
	struct table *table =
	    table_new(text_columns, sizeof(text_columns) / sizeof(text_columns[0]));
	int err = table ? fill(table, snapshot, order, reverse, add_text_row) : -ENOMEM;
	char reasons[200];

	if (err)
		return err;
	table_print(table, colour, out);
	if (snapshot->ledger.lost)
		(void)fprintf(out,
		    "%" PRIu64 " of %" PRIu64 " invocations were lost before they could "
		    "be measured (%s): see `coldmeter doctor`\n",
		    snapshot->ledger.lost, snapshot->ledger.seen,
		    ledger_reasons(&snapshot->ledger, reasons, sizeof(reasons)));
	if (snapshot->functions.cut)
		(void)fputs(
		    "more functions than are shown: narrow with --function\n", out);
	return 0;
}

int functions_table_csv(
    const struct snapshot *snapshot, enum order order, bool reverse, FILE *out)
{
	AUTO(table)
	struct table *table =
	    table_new(csv_columns, sizeof(csv_columns) / sizeof(csv_columns[0]));
	int err = table ? fill(table, snapshot, order, reverse, add_csv_row) : -ENOMEM;

	if (!err)
		table_print_csv(table, out);
	return err;
}
