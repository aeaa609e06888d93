/* coldmeter price */
#include "tui/commands/price.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "price/estimate.h"
#include "price/invoice_json.h"
#include "tui/price/book.h"
#include "tui/price/help.h"
#include "tui/price/usage_input.h"
#include "tui/rows.h"
#include "tui/table.h"

#define WHY_BYTES 512
#define HELP_COLUMNS 80

struct price_options {
	const char *plan, *region, *arch, *prices, *usage;
	bool free_tier, json;
};

#define AT(member) offsetof(struct price_options, member)
static const struct option_row rows[] = {
    {"plan", "P", "a plan, or all to compare them", OPTION_TEXT, AT(plan)},
    {"usage", "FILE", "what to price; - reads standard input", OPTION_TEXT, AT(usage)},
    {"region", "R", "prices of that region (what the input says, or the plan's own)",
	OPTION_TEXT, AT(region)},
    {"arch", "A", "x86_64 or arm64 (what the input says, or x86_64)", OPTION_TEXT,
	AT(arch)},
    {"free-tier", NULL, "take the monthly free tier off", OPTION_FLAG, AT(free_tier)},
    {"prices", "FILE", "a price file whose entries replace the built-in ones",
	OPTION_TEXT, AT(prices)},
    {"json", NULL, "exact figures as JSON", OPTION_FLAG, AT(json)},
};
#undef AT
#define ROWS_N (sizeof(rows) / sizeof(rows[0]))

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

/* The work of one call. */
struct calculator {
	struct call *call;
	const struct price_options *options;
	const struct book *book;
	const struct estimate *estimate;
	bool all;
	struct price_sources sources;
	json_t *plans;
	json_t *skipped;
	size_t priced; /* plans */
};

static void print_help(void)
{
	size_t column = 11;

	printf(
	    "usage: coldmeter price --plan P --usage FILE|- [options]\n\n%s\nPlans: all",
	    price_help);
	for (const struct plan *const *p = plans; *p; p++) {
		size_t n = strlen((*p)->name) + 2;
		bool wraps = column + n > HELP_COLUMNS;

		printf(",%s%s", wraps ? "\n       " : " ", (*p)->name);
		column = wraps ? 7 + n : column + n;
	}
	(void)putchar('\n');
	options_print(rows, ROWS_N, stdout);
}

static int read_usage(const struct call *call, const struct price_options *options,
    struct estimate *estimate)
{
	bool is_stdin = !strcmp(options->usage, "-");
	AUTO(file) FILE *file = is_stdin ? NULL : fopen(options->usage, "re");
	const char *name = is_stdin ? "standard input" : options->usage;
	char why[WHY_BYTES];

	if (!is_stdin && !file)
		return command_failed(call, "%s: %s", name, strerror(errno));
	if (usage_input_read(is_stdin ? stdin : file, estimate, why, sizeof(why)) < 0)
		return command_failed(call, "%s: %s", name, why);
	return COMMAND_DONE;
}

/* With all plans a region of one provider is no error to the others, but one of none is.
 */
static int check_regions(const struct calculator *c)
{
	for (size_t i = 0; i < c->estimate->parts_n; i++) {
		const char *region = c->estimate->parts[i].region;
		bool known = !region[0];

		for (const struct plan *const *p = plans; *p && !known; p++)
			known = book_has_region(c->book, (*p)->provider, region);
		if (!known)
			return command_failed(c->call,
			    "no price in region \"%s\" (see `coldmeter prices show`)",
			    region);
	}
	return COMMAND_DONE;
}

static int add_row(
    struct calculator *c, struct table *table, const struct invoice_line *line)
{
	char text[MONEY_TEXT_BYTES + 1] = "$";
	char item[64];
	int err;

	(void)snprintf(
	    item, sizeof(item), "%s%s", line->item, line->free ? " (free tier)" : "");
	err = table_add(table, item);
	err |= table_add(table, line->quantity);
	err |= table_add(table, line->unit);
	money_format(line->price->amount, text + 1);
	err |= table_add(table, text);
	money_format(line->amount, text + 1);
	err |= table_add(table, text);
	err |= table_add(table, line->price->as_of);
	err |= table_add(table, confidence_name(line->price->confidence));
	price_sources_mark(&c->sources, line->price, text, sizeof(text));
	return err | table_add(table, text);
}

static int print_invoice(struct calculator *c, const struct invoice *invoice)
{
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char total[MONEY_TEXT_BYTES];
	int err = table ? 0 : -ENOMEM;

	for (size_t i = 0; i < invoice->lines_n && !err; i++)
		err = add_row(c, table, &invoice->lines[i]);
	if (err)
		return command_failed(c->call, "out of memory");
	printf("%s  %s%s%s\n", invoice->plan->name, invoice->region,
	    invoice->plan->has_arch ? "  " : "",
	    invoice->plan->has_arch ? arch_name(invoice->arch) : "");
	table_print(table, c->call->colour, stdout);
	money_format(invoice->total, total);
	printf("total  $%s\n", total);
	return COMMAND_DONE;
}

static int print_bill(
    struct calculator *c, const struct plan *plan, const struct estimate_bill *bill)
{
	struct money sum = {0};
	char text[PLAN_MOVED_BYTES];

	for (size_t i = 0; i < bill->invoices_n; i++) {
		if (print_invoice(c, &bill->invoices[i]) != COMMAND_DONE)
			return COMMAND_FAILED;
		sum = money_add(sum, bill->invoices[i].total);
	}
	if (bill->invoices_n > 1) {
		money_format(sum, text);
		printf("all %zu  $%s\n", bill->invoices_n, text);
	}
	if (bill->moved)
		printf("  * %s\n", plan_moved(plan, plan->default_region, text));
	for (const char *const *s = plan->assumptions; s && *s; s++)
		printf("  * %s\n", *s);
	if (bill->invoices_n > 0 && bill->invoices[0].assumption)
		printf("  * %s\n", bill->invoices[0].assumption);
	(void)putchar('\n');
	return COMMAND_DONE;
}

static int keep_json(
    struct calculator *c, const struct plan *plan, const struct estimate_bill *bill)
{
	char text[PLAN_MOVED_BYTES];
	int err = 0;

	(void)plan_moved(plan, plan->default_region, text);
	for (size_t i = 0; i < bill->invoices_n; i++) {
		json_t *one = invoice_to_json(&bill->invoices[i]);

		if (bill->moved)
			err |= json_array_insert_new(
			    json_object_get(one, "assumptions"), 0, json_string(text));
		err |= json_array_append_new(c->plans, one);
	}
	return err ? command_failed(c->call, "out of memory") : COMMAND_DONE;
}

static int price_plan(struct calculator *c, const struct plan *plan)
{
	const struct estimate_terms terms = {c->book, plan, c->all};
	struct estimate_bill bill = {0};
	char why[WHY_BYTES] = "out of memory";
	int status;

	if (estimate_price(c->estimate, &terms, &bill, why, sizeof(why)) < 0) {
		if (!c->all)
			return command_failed(c->call, "%s", why);
		if (!c->options->json)
			printf("%s  left out: %s\n\n", plan->name, why);
		(void)json_array_append_new(
		    c->skipped, json_pack("{ss ss}", "plan", plan->name, "reason", why));
		return COMMAND_DONE;
	}
	c->priced++;
	status =
	    c->options->json ? keep_json(c, plan, &bill) : print_bill(c, plan, &bill);
	estimate_bill_done(&bill);
	return status;
}

/* What was counted, in whole base units: how durations and sizes were rounded. */
static json_t *usage_json(const struct estimate *estimate)
{
	json_t *out = json_object();

	for (int i = 0; i < USAGE_ITEMS; i++) {
		uint64_t sum = 0;

		for (size_t k = 0; k < estimate->parts_n; k++) {
			if (__builtin_add_overflow(
				sum, estimate->parts[k].usage.item[i], &sum))
				sum = UINT64_MAX;
		}
		if (sum > 0 && sum <= INT64_MAX)
			(void)json_object_set_new(out,
			    usage_item_name((enum usage_item)i),
			    json_integer((json_int_t)sum));
	}
	return out;
}

static int print_json(const struct calculator *c)
{
	AUTO(json)
	json_t *root =
	    json_pack("{sO so}", "plans", c->plans, "usage", usage_json(c->estimate));
	int err = root ? 0 : -ENOMEM;

	if (!err && json_array_size(c->skipped) > 0)
		err = json_object_set(root, "skipped", c->skipped);
	if (err || json_dumpf(root, stdout, JSON_COMPACT))
		return command_failed(c->call, "cannot write the answer");
	(void)putchar('\n');
	return COMMAND_DONE;
}

static int price_plans(struct calculator *c)
{
	const struct plan *one = c->all ? NULL : plan_find(c->options->plan);
	int status = c->all ? check_regions(c) : COMMAND_DONE;

	for (const struct plan *const *p = plans; *p && status == COMMAND_DONE; p++) {
		if (c->all || *p == one)
			status = price_plan(c, *p);
	}
	if (status == COMMAND_DONE && c->priced == 0)
		status = command_failed(c->call, "no plan can bill this input");
	if (status != COMMAND_DONE)
		return status;
	if (c->options->json)
		return print_json(c);
	price_sources_print(&c->sources);
	return COMMAND_DONE;
}

static void cleanup_estimate(struct estimate **estimate)
{
	estimate_free(*estimate);
}

static int wrong_plan(const struct call *call, const char *name)
{
	char names[PLAN_LIST_BYTES];

	return command_misused(
	    call, "unknown plan \"%s\": say one of all, %s", name, plan_list(names));
}

static int run(struct call *call, const struct price_options *options)
{
	AUTO(book) struct book *book = NULL;
	AUTO(estimate) struct estimate *estimate = NULL;
	AUTO(json) json_t *plans_json = json_array();
	AUTO(json) json_t *skipped = json_array();
	struct estimate_options wanted = {
	    .region = options->region, .free_tier = options->free_tier};
	struct calculator c = {.call = call,
	    .options = options,
	    .plans = plans_json,
	    .skipped = skipped,
	    .all = !strcmp(options->plan, "all")};

	if (!c.all && !plan_find(options->plan))
		return wrong_plan(call, options->plan);
	if (options->arch && (wanted.arch = arch_find(options->arch)) == ARCH_UNKNOWN)
		return command_misused(
		    call, "unknown arch \"%s\": x86_64 or arm64", options->arch);
	if (options->region && strlen(options->region) >= FUNCTION_REGION_BYTES)
		return command_misused(call, "unknown region \"%s\"", options->region);
	estimate = estimate_new(&wanted);
	if (!estimate || !plans_json || !skipped)
		return command_failed(call, "out of memory");
	if (price_book_open(call, options->prices, &book) != COMMAND_DONE ||
	    read_usage(call, options, estimate) != COMMAND_DONE)
		return COMMAND_FAILED;
	if (estimate->host.is_there && own_host_price(&estimate->host, book) < 0)
		return command_failed(call, "out of memory");
	c.book = book;
	c.estimate = estimate;
	return price_plans(&c);
}

int command_price(int argc, char **argv)
{
	struct call call = {.program = "coldmeter price"};
	struct price_options options = {0};
	const struct option_set set = {call.program, rows, ROWS_N, false};
	int n = options_parse(&set, argc, argv, &options);

	if (n == -ECANCELED) {
		print_help();
		return COMMAND_DONE;
	}
	if (n < 0)
		return COMMAND_WRONG_USAGE;
	if (n > 0)
		return command_misused(
		    &call, "takes no \"%s\": name a file with --usage", argv[1]);
	if (!options.plan)
		return command_misused(&call, "needs --plan");
	if (!options.usage)
		return command_misused(&call, "needs --usage FILE, or --usage -");
	call.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	int status = run(&call, &options);

	if ((fflush(stdout) || ferror(stdout)) && status == COMMAND_DONE)
		return command_failed(&call, "cannot write the answer");
	return status;
}
