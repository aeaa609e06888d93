/* A price file is checked member by member before any of it counts. */
#include "price/book.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "price/book_check.h"
#include "price/book_rows.h"
#include "price/keys.h"

#define SCHEMA 1
#define FILE_MAX_BYTES (4 << 20)
#define ROWS_MAX 20000 /* prices in a file, one for each region */
#define REGION_MAX_BYTES 31

/* A price with the entry it comes from, for messages. */
struct row {
	struct price price; /* first: price_compare() sorts rows, too */
	size_t entry;
};

struct reader {
	struct check check;
	const char *provider;
	const json_t *sources;
	struct row *rows;
	size_t rows_n;
	size_t rows_room;
};

int price_date_parse(const char *date, int64_t *day_ns)
{
	static const char first_day[] = "0000-01-01T00:00:00Z"; /* for what is left out */
	char moment[sizeof(first_day)];
	size_t len = strlen(date);

	if (len != 4 && len != 7 && len != 10)
		return -EINVAL;
	memcpy(moment, first_day, sizeof(first_day));
	memcpy(moment, date, len);
	return clock_parse_rfc3339(moment, day_ns);
}

static int parse_sources(const struct reader *r)
{
	static const char *const members[] = {"title", "url", "date", NULL};
	const char *id;
	json_t *source;

	json_object_foreach((json_t *)r->sources, id, source)
	{
		struct place at = {.object = source};
		const char *unused;

		(void)snprintf(at.path, sizeof(at.path), "sources.%.60s", id);
		int err = check_is_object(&r->check, &at);
		if (err == 0)
			err = check_members(&r->check, &at, members);
		if (err == 0)
			err = check_string(&r->check, &at, "title", &unused);
		if (err == 0)
			err = check_string(&r->check, &at, "url", &unused);
		if (err == 0)
			err = check_date(&r->check, &at, "date", &unused);
		if (err < 0)
			return err;
		if (strncmp(json_string_value(json_object_get(source, "url")), "https://",
			8) != 0)
			return check_refuse(
			    &r->check, &at, "url", "must begin with https://");
	}
	return 0;
}

static int parse_confidence(
    const struct check *c, const struct place *at, enum confidence *out)
{
	const char *word;
	int err = check_string(c, at, "confidence", &word);

	if (err < 0)
		return err;
	for (enum confidence i = CONFIDENCE_VERIFIED; i <= CONFIDENCE_UNVERIFIED; i++) {
		if (!strcmp(word, confidence_name(i))) {
			*out = i;
			return 0;
		}
	}
	return check_refuse(c, at, "confidence",
	    "must be verified, secondary or unverified, not \"%.40s\"", word);
}

static int parse_amount(
    const struct check *c, const struct place *at, struct price *price)
{
	static const struct money most = {.pico = (__int128)1000000 * 1000000000000LL};
	const char *text;
	struct money amount;
	int err = check_string(c, at, "price", &text);

	if (err < 0)
		return err;
	if (money_parse(text, &amount) < 0)
		return check_refuse(c, at, "price",
		    "\"%.40s\" is not a decimal number of at most 12 decimals", text);
	if (amount.pico < 0 || money_compare(amount, most) > 0)
		return check_refuse(
		    c, at, "price", "must be 0 to 1000000 dollars, not %.40s", text);
	price->amount = amount;
	return 0;
}

static int parse_tier(const struct check *c, const struct place *at, struct price *price)
{
	bool is_free = price_key_is_free(price->key);

	price->tier_from = 0;
	price->tier_until = UINT64_MAX;
	int err = check_count(c, at, "tier_from", &price->tier_from);
	if (err == 0)
		err = check_count(c, at, "tier_until", &price->tier_until);
	if (err < 0)
		return err;
	if (price->tier_until <= price->tier_from)
		return check_refuse(c, at, "tier_until", "must be above tier_from");
	if (!is_free)
		return 0;
	if (price->amount.pico != 0)
		return check_refuse(
		    c, at, "price", "must be 0, for it is a free quantity");
	if (price->tier_from != 0 || price->tier_until == UINT64_MAX)
		return check_refuse(
		    c, at, "tier_until", "must be there: it is the free quantity");
	return 0;
}

static int parse_key(const struct reader *r, const struct place *at, struct price *price)
{
	const char *unit;
	int err = check_string(&r->check, at, "key", &price->key);

	if (err == 0)
		err = check_string(&r->check, at, "unit", &price->unit);
	if (err < 0)
		return err;
	unit = price_key_unit(r->provider, price->key);
	if (!unit)
		return check_refuse(&r->check, at, "key", "%s has no price \"%.60s\"",
		    r->provider, price->key);
	if (strcmp(unit, price->unit) != 0)
		return check_refuse(&r->check, at, "unit",
		    "%s is priced per %s, not per %.40s", price->key, unit, price->unit);
	return 0;
}

static int parse_source(
    const struct reader *r, const struct place *at, struct price *price)
{
	int err = check_string(&r->check, at, "source", &price->source);

	if (err < 0)
		return err;

	const json_t *source = json_object_get(r->sources, price->source);

	if (!source)
		return check_refuse(&r->check, at, "source",
		    "\"%.60s\" is not among the sources", price->source);
	price->source_title = json_string_value(json_object_get(source, "title"));
	price->source_url = json_string_value(json_object_get(source, "url"));
	return 0;
}

static int add_row(struct reader *r, const struct price *price, size_t entry)
{
	if (r->rows_n == r->rows_room) {
		size_t room = r->rows_room ? r->rows_room * 2 : 64;
		struct row *rows = realloc(r->rows, room * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		r->rows = rows;
		r->rows_room = room;
	}
	r->rows[r->rows_n++] = (struct row){.price = *price, .entry = entry};
	return 0;
}

static bool region_is_valid(const char *region)
{
	size_t len = strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return !strcmp(region, "*") ||
	       (len > 0 && len <= REGION_MAX_BYTES && region[len] == '\0');
}

static int add_region(struct reader *r, const struct place *at, const json_t *region,
    struct price *price, size_t entry)
{
	const char *text = json_string_value(region);

	if (!text || !region_is_valid(text))
		return check_refuse(&r->check, at, NULL,
		    "a region must be a name such as \"us-east-1\", or \"*\" for all");
	if (r->rows_n == ROWS_MAX)
		return check_refuse(&r->check, at, NULL, "more than %d prices", ROWS_MAX);
	price->region = text;
	return add_row(r, price, entry);
}

static int add_regions(
    struct reader *r, const struct place *at, struct price *price, size_t entry)
{
	const json_t *one = json_object_get(at->object, "region");
	const json_t *several = json_object_get(at->object, "regions");
	const json_t *region;
	size_t i;

	if (!one == !several)
		return check_refuse(
		    &r->check, at, NULL, "needs region or regions, and not both");
	if (one)
		return add_region(r, at, one, price, entry);
	if (!json_is_array(several) || json_array_size(several) == 0)
		return check_refuse(&r->check, at, "regions", "must be a list of names");
	json_array_foreach(several, i, region)
	{
		int err = add_region(r, at, region, price, entry);

		if (err < 0)
			return err;
	}
	return 0;
}

static int parse_entry(struct reader *r, const json_t *object, size_t entry)
{
	static const char *const members[] = {"key", "region", "regions", "unit", "price",
	    "tier_from", "tier_until", "source", "as_of", "confidence", "note", NULL};
	struct place at = {.object = object};
	struct price price = {.provider = r->provider};
	const char *note;

	(void)snprintf(at.path, sizeof(at.path), "prices[%zu]", entry);
	int err = check_is_object(&r->check, &at);
	if (err == 0)
		err = check_members(&r->check, &at, members);
	if (err == 0)
		err = parse_key(r, &at, &price);
	if (err == 0)
		err = parse_amount(&r->check, &at, &price);
	if (err == 0)
		err = parse_tier(&r->check, &at, &price);
	if (err == 0)
		err = parse_source(r, &at, &price);
	if (err == 0)
		err = check_date(&r->check, &at, "as_of", &price.as_of);
	if (err == 0)
		err = parse_confidence(&r->check, &at, &price.confidence);
	if (err == 0 && json_object_get(object, "note"))
		err = check_string(&r->check, &at, "note", &note);
	return err == 0 ? add_regions(r, &at, &price, entry) : err;
}

/* Tiers of one price must follow each other from 0 to no end. rows are sorted. */
static int check_tiers(const struct reader *r)
{
	for (size_t i = 0; i < r->rows_n; i++) {
		const struct row *row = &r->rows[i];
		const struct price *p = &row->price;
		bool is_first =
		    i == 0 || price_compare_place(&r->rows[i - 1].price, p) != 0;
		bool is_last = i + 1 == r->rows_n ||
			       price_compare_place(p, &r->rows[i + 1].price) != 0;
		uint64_t from = is_first ? 0 : r->rows[i - 1].price.tier_until;
		struct place at = {.object = NULL};

		(void)snprintf(at.path, sizeof(at.path), "prices[%zu]", row->entry);
		if (p->tier_from < from)
			return check_refuse(&r->check, &at, "tier_from",
			    "overlaps prices[%zu] in %s", r->rows[i - 1].entry,
			    p->region);
		if (p->tier_from > from)
			return check_refuse(&r->check, &at, "tier_from",
			    "leaves no price from %ju to %ju in %s", (uintmax_t)from,
			    (uintmax_t)p->tier_from, p->region);
		if (is_last && p->tier_until != UINT64_MAX && !price_key_is_free(p->key))
			return check_refuse(&r->check, &at, "tier_until",
			    "the last tier must have no end, in %s", p->region);
	}
	return 0;
}

static int parse_head(struct reader *r, const struct place *top)
{
	static const char *const members[] = {
	    "schema", "provider", "currency", "sources", "prices", NULL};
	uint64_t schema = 0;
	const char *currency;
	int err = check_is_object(&r->check, top);

	if (err == 0)
		err = check_members(&r->check, top, members);
	if (err == 0)
		err = check_count(&r->check, top, "schema", &schema);
	if (err < 0)
		return err;
	if (schema != SCHEMA)
		return check_refuse(
		    &r->check, top, "schema", "must be %d, the only one known", SCHEMA);
	err = check_string(&r->check, top, "provider", &r->provider);
	if (err == 0)
		err = check_string(&r->check, top, "currency", &currency);
	if (err < 0)
		return err;
	if (!price_provider_is_known(r->provider))
		return check_refuse(&r->check, top, "provider",
		    "must be aws, azure or gcp, not \"%.40s\"", r->provider);
	if (strcmp(currency, "USD") != 0)
		return check_refuse(&r->check, top, "currency", "must be USD");
	r->sources = json_object_get(top->object, "sources");
	if (!json_is_object(r->sources))
		return check_refuse(
		    &r->check, top, "sources", "must be an object of {title, url, date}");
	return parse_sources(r);
}

static int parse_rows(struct reader *r, const struct place *top)
{
	const json_t *entries = json_object_get(top->object, "prices");
	const json_t *entry;
	size_t i;

	if (!json_is_array(entries) || json_array_size(entries) == 0)
		return check_refuse(&r->check, top, "prices", "must be a list of prices");
	json_array_foreach(entries, i, entry)
	{
		int err = parse_entry(r, entry, i);

		if (err < 0)
			return err;
	}
	qsort(r->rows, r->rows_n, sizeof(*r->rows), price_compare);
	return check_tiers(r);
}

/* Makes the book that owns root. */
static int make_book(const struct reader *r, json_t *root, struct book **out)
{
	struct book *book = calloc(1, sizeof(*book));

	if (!book)
		return -ENOMEM;
	book->prices = calloc(r->rows_n, sizeof(*book->prices));
	book->texts = calloc(1, sizeof(json_t *));
	if (!book->prices || !book->texts) {
		book_free(book);
		return -ENOMEM;
	}
	for (size_t i = 0; i < r->rows_n; i++)
		book->prices[i] = r->rows[i].price;
	book->prices_n = r->rows_n;
	book->texts[0] = json_incref(root);
	book->texts_n = 1;
	*out = book;
	return 0;
}

int book_parse(
    const char *json, size_t json_bytes, struct book **out, char *why, size_t why_size)
{
	struct reader r = {.check = {.why = why, .why_size = why_size}};
	struct place top = {.object = NULL};
	json_error_t error;
	json_t *root = json_loadb(json, json_bytes, JSON_REJECT_DUPLICATES, &error);

	if (!root)
		return check_refuse(&r.check, &top, NULL, "line %d, column %d: %s",
		    error.line, error.column, error.text);
	top.object = root;
	int err = parse_head(&r, &top);
	if (err == 0)
		err = parse_rows(&r, &top);
	if (err == 0)
		err = make_book(&r, root, out);
	if (err == -ENOMEM)
		(void)snprintf(why, why_size, "out of memory");
	free(r.rows);
	json_decref(root);
	return err;
}

int book_load(const char *path, struct book **out, char *why, size_t why_size)
{
	AUTO(file) FILE *file = fopen(path, "re");
	AUTO(free) char *text = malloc(FILE_MAX_BYTES + 1);
	char reason[384];

	if (!file || !text) {
		int err = file ? -ENOMEM : -errno;

		(void)snprintf(why, why_size, "%s: %s", path, strerror(-err));
		return err;
	}

	size_t bytes = fread(text, 1, FILE_MAX_BYTES + 1, file);

	if (ferror(file)) {
		(void)snprintf(why, why_size, "%s: cannot be read", path);
		return -EIO;
	}
	if (bytes > FILE_MAX_BYTES) {
		(void)snprintf(
		    why, why_size, "%s: more than %d bytes", path, FILE_MAX_BYTES);
		return -EBADMSG;
	}

	int err = book_parse(text, bytes, out, reason, sizeof(reason));

	if (err < 0)
		(void)snprintf(why, why_size, "%s: %s", path, reason);
	return err;
}
