#include "price/book/discount.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "price/book/commitment.h"
#include "price/keys.h"

#define DISCOUNTS_MAX 500
#define PPM 1000000ULL
/* A percent is read as money, so in units of 10^-12. */
#define PICO_PER_PPM ((__int128)100000000)
#define RATE_MAX ((__int128)1000000 * 1000000000000LL)

static bool is_currency(const char *text)
{
	return strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

/* The source of a rate, discount or commitment must be among the file's. */
int book_check_source(
    const struct book_reader *r, const struct place *at, struct price *price)
{
	const char *id;
	int err = check_string(&r->check, at, "source", &id);
	const json_t *source = err ? NULL : json_object_get(r->sources, id);
	const char *url = json_string_value(json_object_get(source, "url"));

	if (err)
		return err;
	if (!source)
		return check_refuse(
		    &r->check, at, "source", "\"%.60s\" is not among the sources", id);
	price->source = id;
	price->source_title = json_string_value(json_object_get(source, "title"));
	price->source_url = url ? url : "";
	return 0;
}

int book_rate_read(struct book_reader *r, const struct place *top, const char *currency)
{
	static const char *const members[] = {"usd", "source", "as_of", NULL};
	struct place at = {
	    .object = json_object_get(top->object, "rate"), .path = "rate"};
	const char *text = "";
	struct price unused = {.source = NULL};
	const char *as_of;
	struct money rate;
	int err;

	if (!is_currency(currency))
		return check_refuse(&r->check, top, "currency",
		    "must be a code of three letters such as EUR, not \"%.40s\"",
		    currency);
	if (!strcmp(currency, "USD"))
		return at.object ? check_refuse(&r->check, top, "rate",
				       "must not be there: prices are in USD")
				 : 0;
	if (!at.object)
		return check_refuse(&r->check, top, "rate",
		    "is missing: say what one %s is in dollars", currency);
	err = check_is_object(&r->check, &at);
	if (!err)
		err = check_members(&r->check, &at, members);
	if (!err)
		err = check_string(&r->check, &at, "usd", &text);
	if (!err)
		err = book_check_source(r, &at, &unused);
	if (!err)
		err = book_check_date(&r->check, &at, "as_of", &as_of);
	if (err)
		return err;
	if (money_parse(text, &rate) < 0 || rate.pico <= 0 || rate.pico > RATE_MAX)
		return check_refuse(&r->check, &at, "usd",
		    "must be a decimal above 0 and at most 1000000, not \"%.40s\"", text);
	r->rate = rate;
	return 0;
}

static int parse_percent(
    const struct book_reader *r, const struct place *at, struct discount *out)
{
	const char *text;
	struct money percent; /* it reads decimals, exactly */
	int err = check_string(&r->check, at, "percent", &text);

	if (err)
		return err;
	if (money_parse(text, &percent) < 0 || percent.pico <= 0 ||
	    percent.pico > 1000000 * PICO_PER_PPM || percent.pico % (PICO_PER_PPM) != 0 ||
	    strlen(text) >= sizeof(out->percent))
		return check_refuse(&r->check, at, "percent",
		    "must be a decimal above 0 and at most 100 with at most 4 decimals, "
		    "not \"%.40s\"",
		    text);
	(void)snprintf(out->percent, sizeof(out->percent), "%s", text);
	out->ppm = (uint32_t)(percent.pico / PICO_PER_PPM);
	return 0;
}

static int parse_kind(
    const struct book_reader *r, const struct place *at, struct discount *out)
{
	int err;

	out->kind = "negotiated";
	if (!json_object_get(at->object, "kind"))
		return 0;
	err = check_string(&r->check, at, "kind", &out->kind);
	if (!err && strcmp(out->kind, "negotiated") != 0 &&
	    strcmp(out->kind, "savings-plan") != 0)
		err = check_refuse(&r->check, at, "kind",
		    "must be negotiated or savings-plan, not \"%.40s\"", out->kind);
	return err;
}

/* A key of the provider, or the beginning of some and a star. */
static int parse_key(
    const struct book_reader *r, const struct place *at, struct discount *out)
{
	int err = check_string(&r->check, at, "key", &out->key);

	if (!err && !price_key_matches_any(r->provider, out->key))
		err = check_refuse(&r->check, at, "key", "%s has no price \"%.60s\"",
		    r->provider, out->key);
	out->region = "*";
	if (!err && json_object_get(at->object, "region"))
		err = check_string(&r->check, at, "region", &out->region);
	return err;
}

static int read_one(struct book_reader *r, const json_t *object, size_t i)
{
	static const char *const members[] = {"key", "region", "percent", "kind",
	    "commitment", "source", "as_of", "note", NULL};
	struct discount *out = &r->discounts[r->discounts_n];
	struct place at = {.object = object};
	struct price from = {.source = NULL};
	const char *note;
	int err;

	(void)snprintf(at.path, sizeof(at.path), "discounts[%zu]", i);
	err = check_is_object(&r->check, &at);
	if (!err)
		err = check_members(&r->check, &at, members);
	if (!err)
		err = parse_key(r, &at, out);
	if (!err)
		err = parse_percent(r, &at, out);
	if (!err)
		err = parse_kind(r, &at, out);
	if (!err)
		err = book_commitment_find(r, &at, &out->commitment);
	if (!err && out->commitment && strcmp(out->kind, "savings-plan") != 0)
		err = check_refuse(
		    &r->check, &at, "commitment", "is of kind savings-plan alone");
	if (!err)
		err = book_check_source(r, &at, &from);
	if (!err)
		err = book_check_date(&r->check, &at, "as_of", &out->as_of);
	if (!err) {
		out->source = from.source;
		out->source_title = from.source_title;
	}
	if (!err && json_object_get(object, "note"))
		err = check_string(&r->check, &at, "note", &note);
	r->discounts_n += !err;
	return err;
}

int book_discounts_read(struct book_reader *r, const json_t *root)
{
	const json_t *list = json_object_get(root, "discounts");
	struct place top = {.object = root};
	const json_t *object;
	size_t i;

	if (!list)
		return 0;
	if (!json_is_array(list) || json_array_size(list) == 0 ||
	    json_array_size(list) > DISCOUNTS_MAX)
		return check_refuse(&r->check, &top, "discounts",
		    "must be a list of 1 to %d discounts", DISCOUNTS_MAX);
	r->discounts = calloc(json_array_size(list), sizeof(*r->discounts));
	if (!r->discounts)
		return -ENOMEM;
	json_array_foreach(list, i, object)
	{
		int err = read_one(r, object, i);

		if (err)
			return err;
	}
	return 0;
}

bool discount_matches(const struct discount *discount, const struct price *price)
{
	return !price_key_is_free(price->key) &&
	       price_key_matches(discount->key, price->key) &&
	       (!strcmp(discount->region, "*") ||
		   !strcmp(discount->region, price->region));
}

struct money discount_take(const struct discount *discount, struct money list)
{
	return money_scale(list, PPM - discount->ppm, PPM);
}
