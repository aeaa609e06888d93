#include "tui/price/update.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "price/price_file.h"
#include "tui/price/book.h"
#include "tui/price/lists.h"
#include "tui/rows.h"
#include "tui/secret.h"
#include "tui/table.h"

#define REGIONS_MAX 128
#define PATH_BYTES 1024
#define WHY_BYTES 640
#define FILE_MAX_BYTES (4 << 20) /* as book_load() has it */

struct provider {
	const char *name;
	const char *key; /* a region that has this price is asked for */
	int (*read)(struct price_list *list, char *why, size_t why_size);
	const char *source; /* its id, before the date */
	const char *title;
	const char *url;
	bool has_key; /* its list is given to who has one */
};

static const struct provider providers[] = {
    {"aws", "lambda.requests", price_list_aws, "aws-price-list",
	"AWS Price List API, offer AWSLambda",
	"https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AWSLambda/current/"
	"region_index.json",
	false},
    {"azure", "consumption.executions", price_list_azure, "azure-retail",
	"Azure Retail Prices API, service Functions",
	"https://prices.azure.com/api/retail/prices", false},
    {"gcp", "run.requests", price_list_gcp, "gcp-billing-catalog",
	"Cloud Billing Catalog API, Cloud Run and Cloud Run functions",
	"https://cloudbilling.googleapis.com/v1/services/152E-C115-5142/skus", true},
};

static const struct table_column columns[] = {
    {"PRICE OF", TABLE_LEFT},
    {"REGION", TABLE_LEFT},
    {"FROM", TABLE_RIGHT},
    {"WAS", TABLE_RIGHT},
    {"IS", TABLE_RIGHT},
};

/* The work of one call. */
struct update {
	const struct call *call;
	const struct prices_update *options;
	const struct provider *provider;
	char file[PATH_BYTES];
	char *was; /* the file's text; NULL: there is none */
	struct book *book;
	const char *regions[REGIONS_MAX + 1];
	char key[SECRET_BYTES];
	struct price_list list;
	struct offers changes; /* of the list, what the book has not */
};

static int failed(const struct update *u, const char *why)
{
	return command_failed(u->call, "%s", why);
}

static int find_file(struct update *u)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	int n;

	if (u->options->file)
		n = snprintf(u->file, sizeof(u->file), "%s", u->options->file);
	else if (config && config[0] == '/')
		n = snprintf(u->file, sizeof(u->file), "%s/coldmeter/prices-%s.json",
		    config, u->provider->name);
	else if (home && home[0])
		n = snprintf(u->file, sizeof(u->file),
		    "%s/.config/coldmeter/prices-%s.json", home, u->provider->name);
	else
		return failed(u, "HOME is not set: say which file with --prices");
	return n < (int)sizeof(u->file) ? COMMAND_DONE
					: failed(u, "the file's name is too long");
}

/* The file's text, when there is one. */
static int read_file(struct update *u)
{
	AUTO(file) FILE *file = fopen(u->file, "re");
	size_t n;

	if (!file)
		return errno == ENOENT
			   ? COMMAND_DONE
			   : command_failed(u->call, "%s: %s", u->file, strerror(errno));
	u->was = malloc(FILE_MAX_BYTES + 1);
	if (!u->was)
		return failed(u, "out of memory");
	n = fread(u->was, 1, FILE_MAX_BYTES, file);
	u->was[n] = '\0';
	if (ferror(file) || strlen(u->was) != n)
		return command_failed(u->call, "%s: cannot be read", u->file);
	return COMMAND_DONE;
}

static void add_region(struct update *u, const char *region, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		if (!strcmp(u->regions[i], region))
			return;
	if (*n < REGIONS_MAX)
		u->regions[(*n)++] = region;
}

/* The region asked for, or those that the book has. */
static int find_regions(struct update *u)
{
	size_t n = 0;

	for (size_t i = 0; i < book_count(u->book); i++) {
		const struct price *p = book_at(u->book, i);

		if (!strcmp(p->provider, u->provider->name) &&
		    !strcmp(p->key, u->provider->key) && strcmp(p->region, "*") != 0 &&
		    (!u->options->region || !strcmp(u->options->region, p->region)))
			add_region(u, p->region, &n);
	}
	if (n == 0 && u->options->region)
		add_region(u, u->options->region, &n);
	return n ? COMMAND_DONE : failed(u, "the book has no region to ask for");
}

static int find_changes(struct update *u)
{
	const struct offers *all = &u->list.offers;
	int err = 0;

	for (size_t at = 0, n; !err && at < all->n; at += n) {
		n = offers_tiers(all, at);
		if (offers_are_known(u->book, u->provider->name, &all->rows[at], n))
			continue;
		for (size_t i = 0; !err && i < n; i++)
			err = offers_add(&u->changes, &all->rows[at + i]);
	}
	return err ? failed(u, "out of memory") : COMMAND_DONE;
}

/* The list price that the book has for a tier; "-": none. */
static const char *known_price(
    const struct update *u, const struct offer *offer, char out[MONEY_TEXT_BYTES])
{
	const struct price *tiers;
	size_t n =
	    book_find(u->book, u->provider->name, offer->key, offer->region, &tiers);

	(void)snprintf(out, MONEY_TEXT_BYTES, "-");
	for (size_t i = 0; i < n; i++)
		if (tiers[i].tier_from == offer->tier_from)
			money_format(tiers[i].list, out);
	return out;
}

static int show(const struct update *u)
{
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	int err = table ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < u->changes.n; i++) {
		const struct offer *offer = &u->changes.rows[i];
		char text[MONEY_TEXT_BYTES];

		err = table_add(table, offer->key);
		err |= table_add(table, offer->region);
		(void)snprintf(text, sizeof(text), "%ju", (uintmax_t)offer->tier_from);
		err |= table_add(table, offer->tier_from ? text : "");
		err |= table_add(table, known_price(u, offer, text));
		money_format(offer->price, text);
		err |= table_add(table, text);
	}
	if (err)
		return failed(u, "out of memory");
	if (u->changes.n > 0)
		table_print(table, u->call->colour, stdout);
	printf("%zu of %zu prices of %s of %s differ from the book\n", u->changes.n,
	    u->list.offers.n, u->provider->name, u->list.date);
	if (u->list.left_out > 0)
		printf("%zu that the list has two amounts of stay as they are, such as "
		       "%s in %s\n",
		    u->list.left_out, u->list.doubtful.key, u->list.doubtful.region);
	return COMMAND_DONE;
}

static int show_json(const struct update *u, bool written)
{
	json_t *changes = json_array();
	AUTO(json)
	json_t *root = json_pack("{s:s,s:s,s:I,s:I,s:s,s:b,s:o}", "provider",
	    u->provider->name, "date", u->list.date, "read", (json_int_t)u->list.offers.n,
	    "left_out", (json_int_t)u->list.left_out, "file", u->file, "written", written,
	    "changes", changes);

	for (size_t i = 0; root && i < u->changes.n; i++) {
		const struct offer *offer = &u->changes.rows[i];
		char was[MONEY_TEXT_BYTES], is[MONEY_TEXT_BYTES];

		money_format(offer->price, is);
		(void)known_price(u, offer, was);
		(void)json_array_append_new(changes,
		    json_pack("{s:s,s:s,s:I,s:s*,s:s}", "key", offer->key, "region",
			offer->region, "tier_from", (json_int_t)offer->tier_from, "was",
			strcmp(was, "-") ? was : NULL, "is", is));
	}
	if (!root || json_dumpf(root, stdout, JSON_COMPACT))
		return failed(u, "cannot write the answer");
	(void)putchar('\n');
	return COMMAND_DONE;
}

/* Makes the folders of the user's own file. */
static void make_folders(const char *file)
{
	char path[PATH_BYTES];

	(void)text_copy(path, sizeof(path), file);
	for (char *c = strchr(path + 1, '/'); c; c = strchr(c + 1, '/')) {
		*c = '\0';
		(void)mkdir(path, 0755); /* where it cannot be, open() says so */
		*c = '/';
	}
}

/* The whole new file, or the old one. */
static int write_file(const struct update *u, const char *text)
{
	char path[PATH_BYTES + 8];
	size_t n = strlen(text);
	struct stat was;
	bool ok;
	int fd;

	if (!u->options->file)
		make_folders(u->file);
	(void)snprintf(path, sizeof(path), "%s.new", u->file);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return command_failed(u->call, "%s: %s", path, strerror(errno));
	/* who may read a contract's prices stays as it was */
	ok = stat(u->file, &was) < 0 || fchmod(fd, was.st_mode & 0777) == 0;
	ok = ok && write(fd, text, n) == (ssize_t)n && write(fd, "\n", 1) == 1 &&
	     fsync(fd) == 0;
	ok = close(fd) == 0 && ok;
	if (ok && rename(path, u->file) == 0)
		return COMMAND_DONE;
	(void)unlink(path);
	return command_failed(u->call, "%s: cannot be written", u->file);
}

/* The file's text with the offers in it. */
static int make_text(const struct update *u, const struct offers *offers, char **text)
{
	char why[WHY_BYTES] = "out of memory";
	char id[64];
	const struct price_file_source source = {.provider = u->provider->name,
	    .id = id,
	    .title = u->provider->title,
	    .url = u->provider->url,
	    .date = u->list.date};

	(void)snprintf(id, sizeof(id), "%s-%s", u->provider->source, u->list.date);
	if (price_file_with(u->was, offers, &source, text, why, sizeof(why)) < 0)
		return command_failed(u->call, "%s: %s", u->file, why);
	return COMMAND_DONE;
}

static int write_changes(const struct update *u)
{
	AUTO(free) char *text = NULL;
	int status = make_text(u, &u->changes, &text);

	return status == COMMAND_DONE ? write_file(u, text) : status;
}

/* Before anything is asked for: whether the file can be added to. */
static int check_file(const struct update *u)
{
	const struct offers none = {0};
	AUTO(free) char *text = NULL;

	return make_text(u, &none, &text);
}

/* Whether to write; without a terminal only --yes says so. */
static bool is_allowed(const struct update *u)
{
	char answer[16] = "";

	if (u->options->yes || u->options->json || !isatty(STDIN_FILENO))
		return u->options->yes;
	printf("write them to %s? [y/N] ", u->file);
	(void)fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

static int apply(const struct update *u)
{
	bool written = false;
	int status = u->options->json ? COMMAND_DONE : show(u);

	if (status == COMMAND_DONE && u->changes.n > 0 && is_allowed(u)) {
		status = write_changes(u);
		written = status == COMMAND_DONE;
	}
	if (status != COMMAND_DONE)
		return status;
	if (u->options->json)
		return show_json(u, written);
	if (written)
		printf("written to %s: coldmeter price --prices, coldmeter-collector "
		       "--prices read it\n",
		    u->file);
	else if (u->changes.n > 0)
		puts("nothing was written: --yes does");
	return COMMAND_DONE;
}

static int open_all(struct update *u)
{
	int status = find_file(u);

	if (status == COMMAND_DONE)
		status = read_file(u);
	if (status == COMMAND_DONE)
		status = price_book_open(u->call, u->was ? u->file : NULL, &u->book);
	if (status == COMMAND_DONE)
		status = check_file(u);
	return status == COMMAND_DONE ? find_regions(u) : status;
}

/* The key of a list that asks for one. */
static int read_key(struct update *u)
{
	const char *file = u->options->key_file;
	int err;

	if (!u->provider->has_key)
		return file ? command_misused(u->call, "--key-file is of gcp alone")
			    : COMMAND_DONE;
	if (!file)
		return command_misused(
		    u->call, "the list of %s needs --key-file", u->provider->name);
	err = secret_read(file, u->key);
	if (err)
		return command_failed(u->call, "the key in %s: %s", file, strerror(-err));
	if (!price_list_is_key(u->key))
		return command_failed(u->call,
		    "the key in %s: must be letters, digits, - and _, fewer than %d",
		    file, PRICE_LIST_KEY_BYTES);
	u->list.key = u->key;
	return COMMAND_DONE;
}

static int update_one(struct update *u)
{
	char why[WHY_BYTES] = "out of memory";
	int status = read_key(u);

	if (status == COMMAND_DONE)
		status = open_all(u);
	u->list.regions = u->regions;
	u->list.from = u->options->from;
	if (status != COMMAND_DONE)
		return status;
	if (u->provider->read(&u->list, why, sizeof(why)) < 0 ||
	    offers_settle(&u->list.offers, why, sizeof(why)) < 0)
		return failed(u, why);
	status = find_changes(u);
	return status == COMMAND_DONE ? apply(u) : status;
}

int prices_update(const struct call *call, const struct prices_update *options)
{
	const char *name = options->provider ? options->provider : "aws";
	int status;

	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
		struct update u = {
		    .call = call, .options = options, .provider = &providers[i]};

		if (strcmp(providers[i].name, name) != 0)
			continue;
		status = update_one(&u);
		offers_done(&u.list.offers);
		offers_done(&u.changes);
		book_free(u.book);
		free(u.was);
		explicit_bzero(u.key, sizeof(u.key));
		return status;
	}
	return command_misused(
	    call, "update reads the lists of aws, azure and gcp, not \"%s\"", name);
}
