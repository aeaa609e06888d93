/* coldmeter prices show|check|update */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "price/keys.h"
#include "tui/commands/price.h"
#include "tui/price/book.h"
#include "tui/price/update.h"
#include "tui/rows.h"
#include "tui/table.h"

#define NS_PER_DAY (86400 * CLOCK_NS_PER_S)
#define DEFAULT_MAX_AGE_DAYS 180

struct prices_options {
	const char *provider, *region, *prices, *from, *key_file;
	int64_t max_age_ns;
	bool yes, json;
};

#define AT(member) offsetof(struct prices_options, member)
static const struct option_row rows[] = {
    {"provider", "P", "only that of aws, azure, gcp, ...", OPTION_TEXT, AT(provider)},
    {"region", "R", "only that region (and what holds for all)", OPTION_TEXT, AT(region)},
    {"max-age", "SPAN", "check: how old a price may be, such as 90d (180d)", OPTION_SPAN,
	AT(max_age_ns)},
    {"older-than", "SPAN", "the same", OPTION_SPAN, AT(max_age_ns)},
    {"prices", "FILE", "a price file whose entries replace the built-in ones",
	OPTION_TEXT, AT(prices)},
    {"from", "URL", "update: read the list from this server", OPTION_TEXT, AT(from)},
    {"key-file", "FILE", "update: gcp's API key is its first line (-: standard input)",
	OPTION_TEXT, AT(key_file)},
    {"yes", NULL, "update: write without asking", OPTION_FLAG, AT(yes)},
    {"json", NULL, "as JSON", OPTION_FLAG, AT(json)},
};
#undef AT
#define ROWS_N (sizeof(rows) / sizeof(rows[0]))

static const char help[] =
    "show lists the prices, each with its date, how sure it is, and its source.\n"
    "check lists those to read again: older than --max-age, or unverified. It exits 0\n"
    "also when there are some; a price file that is wrong is one line and exit 1.\n"
    "update reads the public list of --provider aws (AWS's Price List files of Lambda),\n"
    "azure (its Retail Prices API) or gcp (its Cloud Billing Catalog API, which asks "
    "for\n"
    "a --key-file), shows what differs, and asks before it writes it to --prices FILE, "
    "or\n"
    "to ~/.config/coldmeter/prices-PROVIDER.json.\n"
    "\n"
    "  coldmeter prices show --provider aws --region eu-central-1\n"
    "  coldmeter prices check --older-than 90d\n"
    "  coldmeter prices check --prices my-prices.json\n"
    "  coldmeter prices update --provider azure --prices my-prices.json\n"
    "  coldmeter prices update --provider gcp --key-file ~/.config/gcp-key\n";

static const struct table_column columns[] = {
    {"PROVIDER", TABLE_LEFT}, {"PRICE OF", TABLE_LEFT}, {"REGION", TABLE_LEFT},
    {"USD", TABLE_RIGHT}, {"PER", TABLE_LEFT}, {"FROM", TABLE_RIGHT},
    {"UNTIL", TABLE_RIGHT}, {"AS OF", TABLE_LEFT}, {"CONFIDENCE", TABLE_LEFT},
    {"SOURCE", TABLE_LEFT}, {"WHY", TABLE_LEFT}, /* check only */
};
#define SHOW_COLUMNS_N (sizeof(columns) / sizeof(columns[0]) - 1)

/* The work of one call. */
struct listing {
	const struct call *call;
	const struct prices_options *options;
	const struct book *book;
	bool check;
	int64_t now_ns;
	struct price_sources sources;
	struct table *table;
	json_t *array;
	size_t looked_at;
	size_t listed;
};

static bool is_wanted(const struct listing *l, const struct price *price)
{
	const struct prices_options *o = l->options;

	if (o->provider && strcmp(o->provider, price->provider) != 0)
		return false;
	return !o->region || !strcmp(o->region, price->region) ||
	       !strcmp(price->region, "*");
}

/* Why a price is to be read again; false: it is not. */
static bool is_stale(
    const struct listing *l, const struct price *p, char *why, size_t size)
{
	int64_t day_ns = 0;
	bool unverified = p->confidence == CONFIDENCE_UNVERIFIED;

	(void)price_date_parse(p->as_of, &day_ns); /* checked when the book was read */
	int64_t age_ns = l->now_ns - day_ns;
	bool old = age_ns > l->options->max_age_ns;

	(void)snprintf(why, size, "%s", unverified ? "unverified" : "");
	if (old)
		(void)snprintf(why, size, "%s%jd days old",
		    unverified ? "unverified, " : "", (intmax_t)(age_ns / NS_PER_DAY));
	return unverified || old;
}

static int add_row(struct listing *l, const struct price *p, const char *why)
{
	char amount[MONEY_TEXT_BYTES];
	char text[MONEY_TEXT_BYTES + 32];
	int err = table_add(l->table, p->provider);

	err |= table_add(l->table, p->key);
	err |= table_add(l->table, p->region);
	money_format(p->amount, amount);
	(void)snprintf(text, sizeof(text), "%s%s%s%s", amount, p->discount ? " (-" : "",
	    p->discount ? p->discount->percent : "", p->discount ? "%)" : "");
	err |= table_add(l->table, text);
	err |= table_add(l->table, p->unit);
	(void)snprintf(text, sizeof(text), "%ju", (uintmax_t)p->tier_from);
	err |= table_add(l->table, p->tier_from ? text : "");
	(void)snprintf(text, sizeof(text), "%ju", (uintmax_t)p->tier_until);
	err |= table_add(l->table, p->tier_until != UINT64_MAX ? text : "");
	err |= table_add(l->table, p->as_of);
	err |= table_add(l->table, confidence_name(p->confidence));
	price_sources_mark(&l->sources, p, text, sizeof(text));
	err |= table_add(l->table, text);
	return l->check ? err | table_add(l->table, why) : err;
}

static int add_json(struct listing *l, const struct price *p, const char *why)
{
	char text[MONEY_TEXT_BYTES];
	int err;

	money_format(p->amount, text);
	json_t *object = json_pack("{ss ss ss ss ss sI ss ss ss ss ss}", "provider",
	    p->provider, "key", p->key, "region", p->region, "price", text, "unit",
	    p->unit, "tier_from", (json_int_t)p->tier_from, "source", p->source,
	    "source_title", p->source_title, "source_url", p->source_url, "as_of",
	    p->as_of, "confidence", confidence_name(p->confidence));

	err = object ? 0 : -ENOMEM;
	if (!err && p->tier_until != UINT64_MAX)
		err = json_object_set_new(
		    object, "tier_until", json_integer((json_int_t)p->tier_until));
	if (!err && p->discount) {
		money_format(p->list, text);
		err = json_object_set_new(object, "list_price", json_string(text));
		err |= json_object_set_new(
		    object, "discount_percent", json_string(p->discount->percent));
	}
	if (!err && l->check)
		err = json_object_set_new(object, "why", json_string(why));
	return err | json_array_append_new(l->array, object);
}

static int list(struct listing *l)
{
	char why[64];

	for (size_t i = 0; i < book_count(l->book); i++) {
		const struct price *p = book_at(l->book, i);

		if (!is_wanted(l, p))
			continue;
		l->looked_at++;
		if (l->check && !is_stale(l, p, why, sizeof(why)))
			continue;
		l->listed++;
		if (l->options->json ? add_json(l, p, why) : add_row(l, p, why))
			return command_failed(l->call, "out of memory");
	}
	return COMMAND_DONE;
}

static int print_json(const struct listing *l)
{
	AUTO(json)
	json_t *root = json_pack("{sO}", l->check ? "stale" : "prices", l->array);
	int err = root ? 0 : -ENOMEM;

	if (!err && l->check)
		err = json_object_set_new(
			  root, "checked", json_integer((json_int_t)l->looked_at)) |
		      json_object_set_new(root, "max_age_days",
			  json_integer(l->options->max_age_ns / NS_PER_DAY));
	if (err || json_dumpf(root, stdout, JSON_COMPACT))
		return command_failed(l->call, "cannot write the answer");
	(void)putchar('\n');
	return COMMAND_DONE;
}

static int print(const struct listing *l)
{
	if (l->options->json)
		return print_json(l);
	if (l->listed > 0)
		table_print(l->table, l->call->colour, stdout);
	if (l->listed > 0)
		(void)putchar('\n');
	price_sources_print(&l->sources);
	if (l->check)
		printf("%zu of %zu prices to read again: older than %jd days, or "
		       "unverified\n",
		    l->listed, l->looked_at,
		    (intmax_t)(l->options->max_age_ns / NS_PER_DAY));
	return COMMAND_DONE;
}

static bool has_provider(const struct book *book, const char *provider)
{
	for (size_t i = 0; i < book_count(book); i++) {
		if (!strcmp(book_at(book, i)->provider, provider))
			return true;
	}
	return false;
}

static int check_filters(const struct listing *l)
{
	const struct prices_options *o = l->options;
	bool found = !o->region;
	char providers[PRICE_PROVIDERS_BYTES];

	if (o->provider && !has_provider(l->book, o->provider))
		return command_failed(l->call, "no price of \"%s\": one of %s",
		    o->provider, price_provider_list(providers));
	for (size_t i = 0; i < book_count(l->book) && !found; i++) {
		const struct price *p = book_at(l->book, i);

		found = !strcmp(p->region, o->region) &&
			(!o->provider || !strcmp(p->provider, o->provider));
	}
	return found ? COMMAND_DONE
		     : command_failed(l->call, "no price in region \"%s\"", o->region);
}

static int run(struct call *call, const struct prices_options *options)
{
	AUTO(book) struct book *book = NULL;
	AUTO(json) json_t *array = json_array();
	bool check = call->operands_n == 1 && !strcmp(call->operands[0], "check");
	AUTO(table)
	struct table *table = table_new(columns, SHOW_COLUMNS_N + (check ? 1 : 0));
	struct listing l = {.call = call,
	    .options = options,
	    .check = check,
	    .now_ns = clock_wall_ns(),
	    .table = table,
	    .array = array};

	if (!array || !table)
		return command_failed(call, "out of memory");
	if (price_book_open(call, options->prices, &book) != COMMAND_DONE)
		return COMMAND_FAILED;
	l.book = book;
	if (check_filters(&l) != COMMAND_DONE || list(&l) != COMMAND_DONE)
		return COMMAND_FAILED;
	return print(&l);
}

static bool is_verb(const char *word)
{
	return !strcmp(word, "show") || !strcmp(word, "check") || !strcmp(word, "update");
}

static int run_update(const struct call *call, const struct prices_options *options)
{
	const struct prices_update update = {.provider = options->provider,
	    .region = options->region,
	    .file = options->prices,
	    .from = options->from,
	    .key_file = options->key_file,
	    .yes = options->yes,
	    .json = options->json};

	return prices_update(call, &update);
}

int command_prices(int argc, char **argv)
{
	struct call call = {.program = "coldmeter prices"};
	struct prices_options options = {.max_age_ns = DEFAULT_MAX_AGE_DAYS * NS_PER_DAY};
	const struct option_set set = {call.program, rows, ROWS_N, false};
	int n = options_parse(&set, argc, argv, &options);

	if (n == -ECANCELED) {
		printf(
		    "usage: coldmeter prices [show|check|update] [options]\n\n%s", help);
		options_print(rows, ROWS_N, stdout);
		return COMMAND_DONE;
	}
	if (n < 0)
		return COMMAND_WRONG_USAGE;
	if (n > 0 && !is_verb(argv[1]))
		return command_misused(
		    &call, "cannot %s: show, check or update", argv[1]);
	if (n > 1)
		return command_misused(&call, "takes no \"%s\"", argv[2]);
	call.operands = argv + 1;
	call.operands_n = n;
	call.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	int status = n > 0 && !strcmp(argv[1], "update") ? run_update(&call, &options)
							 : run(&call, &options);

	if ((fflush(stdout) || ferror(stdout)) && status == COMMAND_DONE)
		return command_failed(&call, "cannot write the answer");
	return status;
}
