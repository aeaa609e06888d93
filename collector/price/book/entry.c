#include "price/book/entry.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/room.h"
#include "price/keys.h"

#define ROWS_MAX 20000 /* prices in a file, one for each region */
#define REGION_MAX_BYTES 31

int price_date_parse(const char *date, int64_t *day_ns)
{
	static const char first_day[] = "0000-01-01T00:00:00Z"; /* for what is left out */
	char moment[sizeof(first_day)];
	size_t len = strlen(date);

	if (len != 4 && len != 7 && len != 10)
		return -EINVAL;
	memcpy(moment, first_day, sizeof(first_day));
	for (size_t i = 0; i < len; i++)
		moment[i] = date[i];
	return clock_parse_rfc3339(moment, day_ns);
}

int book_check_date(
    const struct check *c, const struct place *at, const char *member, const char **out)
{
	const char *date;
	int64_t day_ns;
	int err = check_string(c, at, member, &date);

	if (err < 0)
		return err;
	if (price_date_parse(date, &day_ns) < 0)
		return check_refuse(c, at, member,
		    "must be a date YYYY-MM-DD, or its beginning YYYY-MM or YYYY, not "
		    "\"%.40s\"",
		    date);
	*out = date;
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

/* x times the rate, rounded half to even at a pico-dollar. */
static struct money in_dollars(struct money x, struct money rate)
{
	return money_scale(x, (uint64_t)rate.pico, 1000000000000ULL);
}

static int parse_amount(
    const struct book_reader *r, const struct place *at, struct price *price)
{
	const struct check *c = &r->check;

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
	price->amount = in_dollars(amount, r->rate);
	price->list = price->amount;
	return 0;
}

static int parse_list(const struct check *c, const struct place *at, bool *out)
{
	const json_t *value = json_object_get(at->object, "list");

	if (value && !json_is_boolean(value))
		return check_refuse(c, at, "list", "must be true or false");
	*out = json_is_true(value);
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

static int parse_key(
    const struct book_reader *r, const struct place *at, struct price *price)
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
    const struct book_reader *r, const struct place *at, struct price *price)
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
	if (!price->source_url)
		price->source_url = "";
	return 0;
}

static int add_row(struct book_reader *r, const struct price *price, size_t entry)
{
	if (ROOM_FOR_ONE(r->rows, r->rows_n, r->rows_room) < 0)
		return -ENOMEM;
	r->rows[r->rows_n++] = (struct book_row){.price = *price, .entry = entry};
	return 0;
}

static bool region_is_valid(const char *region)
{
	size_t len = strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return !strcmp(region, "*") ||
	       (len > 0 && len <= REGION_MAX_BYTES && region[len] == '\0');
}

static int add_region(struct book_reader *r, const struct place *at, const json_t *region,
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
    struct book_reader *r, const struct place *at, struct price *price, size_t entry)
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

int book_entry_read(struct book_reader *r, const json_t *object, size_t entry)
{
	static const char *const members[] = {"key", "region", "regions", "unit", "price",
	    "tier_from", "tier_until", "source", "as_of", "confidence", "list", "note",
	    NULL};
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
		err = parse_amount(r, &at, &price);
	if (err == 0)
		err = parse_list(&r->check, &at, &price.is_list);
	if (err == 0)
		err = parse_tier(&r->check, &at, &price);
	if (err == 0)
		err = parse_source(r, &at, &price);
	if (err == 0)
		err = book_check_date(&r->check, &at, "as_of", &price.as_of);
	if (err == 0)
		err = parse_confidence(&r->check, &at, &price.confidence);
	if (err == 0 && json_object_get(object, "note"))
		err = check_string(&r->check, &at, "note", &note);
	return err == 0 ? add_regions(r, &at, &price, entry) : err;
}
