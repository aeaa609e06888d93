/* A price file is checked member by member before any of it counts. */
#include "price/book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "price/book/commitment.h"
#include "price/book/discount.h"
#include "price/book/entry.h"
#include "price/book/rows.h"
#include "price/json_check.h"
#include "price/keys.h"

#define SCHEMA 1
#define FILE_MAX_BYTES (4 << 20)

static int parse_sources(const struct book_reader *r)
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
		/* What the user's own machine costs stands on no page. */
		bool has_url = price_provider_is_vendor(r->provider) ||
			       json_object_get(source, "url");
		if (err == 0 && has_url)
			err = check_string(&r->check, &at, "url", &unused);
		if (err == 0)
			err = book_check_date(&r->check, &at, "date", &unused);
		if (err < 0)
			return err;
		if (has_url && strncmp(json_string_value(json_object_get(source, "url")),
				   "https://", 8) != 0)
			return check_refuse(
			    &r->check, &at, "url", "must begin with https://");
	}
	return 0;
}
/* Tiers of one price must follow each other from 0 to no end. rows are sorted. */
static int check_tiers(const struct book_reader *r)
{
	for (size_t i = 0; i < r->rows_n; i++) {
		const struct book_row *row = &r->rows[i];
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

static int parse_head(struct book_reader *r, const struct place *top)
{
	static const char *const members[] = {"schema", "provider", "currency", "rate",
	    "sources", "prices", "discounts", "commitments", NULL};
	uint64_t schema = 0;
	const char *currency = "";
	char providers[PRICE_PROVIDERS_BYTES];
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
		    "must be one of %s, not \"%.40s\"", price_provider_list(providers),
		    r->provider);
	r->sources = json_object_get(top->object, "sources");
	if (!json_is_object(r->sources))
		return check_refuse(
		    &r->check, top, "sources", "must be an object of {title, url, date}");
	err = parse_sources(r);
	return err ? err : book_rate_read(r, top, currency);
}

static int parse_rows(struct book_reader *r, const struct place *top)
{
	const json_t *entries = json_object_get(top->object, "prices");
	const json_t *entry;
	size_t i;

	if (!entries && r->discounts_n > 0)
		return 0; /* a file may hold discounts alone */
	if (!json_is_array(entries) || json_array_size(entries) == 0)
		return check_refuse(&r->check, top, "prices", "must be a list of prices");
	json_array_foreach(entries, i, entry)
	{
		int err = book_entry_read(r, entry, i);

		if (err < 0)
			return err;
	}
	if (r->rows_n > 0)
		qsort(r->rows, r->rows_n, sizeof(*r->rows), price_compare);
	return check_tiers(r);
}

/* Makes the book that owns root. */
static int make_book(struct book_reader *r, json_t *root, struct book **out)
{
	struct book *book = calloc(1, sizeof(*book));

	if (!book)
		return -ENOMEM;
	book->prices = calloc(r->rows_n + 1, sizeof(*book->prices));
	book->texts = calloc(1, sizeof(json_t *));
	if (!book->prices || !book->texts) {
		book_free(book);
		return -ENOMEM;
	}
	for (size_t i = 0; i < r->rows_n; i++)
		book->prices[i] = r->rows[i].price;
	book->prices_n = r->rows_n;
	book->discounts = calloc(r->discounts_n + 1, sizeof(*book->discounts));
	if (!book->discounts) {
		book_free(book);
		return -ENOMEM;
	}
	for (size_t i = 0; i < r->discounts_n; i++)
		book->discounts[i] = r->discounts[i];
	book->discounts_n = r->discounts_n;
	book->provider = r->provider;
	book->commitments = r->commitments;
	book->commitments_n = r->commitments_n;
	r->commitments = NULL;
	r->commitments_n = 0;
	book->texts[0] = json_incref(root);
	book->texts_n = 1;
	*out = book;
	return 0;
}

int book_parse(
    const char *json, size_t json_bytes, struct book **out, char *why, size_t why_size)
{
	struct book_reader r = {.check = {.why = why, .why_size = why_size},
	    .rate = {.pico = 1000000000000LL}};
	struct place top = {.object = NULL};
	json_error_t error;
	json_t *root = json_loadb(json, json_bytes, JSON_REJECT_DUPLICATES, &error);

	if (!root)
		return check_refuse(&r.check, &top, NULL, "line %d, column %d: %s",
		    error.line, error.column, error.text);
	top.object = root;
	int err = parse_head(&r, &top);
	if (err == 0)
		err = book_commitments_read(&r, root);
	if (err == 0)
		err = book_discounts_read(&r, root);
	if (err == 0)
		err = book_commitments_check(&r);
	if (err == 0)
		err = parse_rows(&r, &top);
	if (err == 0)
		err = make_book(&r, root, out);
	if (err == -ENOMEM)
		(void)snprintf(why, why_size, "out of memory");
	free(r.rows);
	free(r.discounts);
	book_commitments_free(r.commitments, r.commitments_n);
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
