/* Pages of Google's Cloud Billing Catalog API. What a page says is never repeated in an
 * error: whoever sent it was sent a key. */
#include "price/offers.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "price/json_check.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-"
#define DESCRIPTION_BYTES 128
#define TIERS_MAX 16
#define START_MAX 1e15 /* a double is exact up to there */
#define UNITS_MAX 100000
#define NANOS_MAX 999999999
#define PICO_PER_NANO 1000
#define PICO_PER_UNIT 1000000000000LL

/* Descriptions without "Tier 2" and without the region at the end; compared whatever the
 * case. Both ways of billing Cloud Run have these names since 2025; requests and
 * invocations are of all regions. */
static const struct row {
	const char *description;
	const char *unit;
	const char *key;
} rows[] = {
    {"Requests", "count", "run.requests"},
    {"Services CPU (Request-based billing)", "s", "run.cpu"},
    {"Services Memory (Request-based billing)", "GiBy.s", "run.memory"},
    {"Services Min Instance CPU (Request-based billing)", "s", "run.idle.cpu"},
    {"Services Min Instance Memory (Request-based billing)", "GiBy.s", "run.idle.memory"},
    {"Services CPU (Instance-based billing)", "s", "run.instance.cpu"},
    {"Services Memory (Instance-based billing)", "GiBy.s", "run.instance.memory"},
    {"Cloud Run functions (1st Gen) Invocations", "count", "functions1.invocations"},
    {"Cloud Run functions (1st Gen) Memory (Request-based billing)", "GiBy.s",
	"functions1.memory"},
    {"Cloud Run functions (1st Gen) CPU (Request-based billing)", "s", "functions1.cpu"},
    {"Cloud Run functions (1st Gen) Min Instance Memory (Request-based billing)",
	"GiBy.s", "functions1.idle.memory"},
    {"Cloud Run functions (1st Gen) Min Instance CPU (Request-based billing)", "s",
	"functions1.idle.cpu"},
};
#define ROWS_N (sizeof(rows) / sizeof(rows[0]))

struct reader {
	const struct check *check;
	struct offers *offers;
	const char *today;
};

/* The tiers of one SKU. */
struct tiers {
	struct offer row[TIERS_MAX];
	size_t n;
};

static void cleanup_json(json_t **root)
{
	json_decref(*root);
}

/* Words parted by one blank, without "Tier 2"; "" when it is too long to be one of ours.
 */
static void normalise(const char *text, char out[DESCRIPTION_BYTES])
{
	size_t at = 0;

	out[0] = '\0';
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t n = strcspn(text, " ");

		if (strncmp(text, "Tier 2", 6) == 0 && (!text[6] || text[6] == ' ')) {
			text += 6;
			continue;
		}
		if (at + n + 2 > DESCRIPTION_BYTES) {
			out[0] = '\0';
			return;
		}
		if (at > 0)
			out[at++] = ' ';
		memcpy(out + at, text, n);
		at += n;
		out[at] = '\0';
		text += n;
	}
}

static const struct row *find_row(const json_t *sku)
{
	const json_t *category = json_object_get(sku, "category");
	const char *usage = json_string_value(json_object_get(category, "usageType"));
	const char *text = json_string_value(json_object_get(sku, "description"));
	char description[DESCRIPTION_BYTES];

	if (!text || !usage || strcmp(usage, "OnDemand") != 0)
		return NULL;
	normalise(text, description);
	for (size_t i = 0; i < ROWS_N; i++) {
		size_t n = strlen(rows[i].description);

		if (strncasecmp(description, rows[i].description, n) == 0 &&
		    (!description[n] || strncmp(description + n, " in ", 4) == 0))
			return &rows[i];
	}
	return NULL;
}

/* Units and nanos of a dollar; each may be left out where it is 0. */
static int read_price(const struct reader *r, const struct place *at, struct money *out)
{
	const json_t *price = json_object_get(at->object, "unitPrice");
	const char *currency = json_string_value(json_object_get(price, "currencyCode"));
	const json_t *units = json_object_get(price, "units");
	const json_t *nanos = json_object_get(price, "nanos");
	const char *digits = units ? json_string_value(units) : "0";
	long whole = 0;

	if (!currency || strcmp(currency, "USD") != 0)
		return check_refuse(
		    r->check, at, "unitPrice.currencyCode", "must be USD");
	if (digits && *digits && strlen(digits) < 10 &&
	    strspn(digits, "0123456789") == strlen(digits))
		whole = strtol(digits, NULL, 10);
	else
		whole = UNITS_MAX + 1;
	if (whole > UNITS_MAX)
		return check_refuse(r->check, at, "unitPrice.units",
		    "must be a string of digits, at most \"%d\"", UNITS_MAX);
	if (nanos && (!json_is_integer(nanos) || json_integer_value(nanos) < 0 ||
			 json_integer_value(nanos) > NANOS_MAX))
		return check_refuse(r->check, at, "unitPrice.nanos",
		    "must be a whole number from 0 to %d", NANOS_MAX);
	out->pico = (__int128)whole * PICO_PER_UNIT +
		    (__int128)json_integer_value(nanos) * PICO_PER_NANO;
	return 0;
}

/* A rate of 0 that comes first is a free quantity, which is no tier here: what comes
 * after it is the price from 0 on. */
static int read_rate(const struct reader *r, const struct place *at, struct tiers *tiers)
{
	const json_t *start = json_object_get(at->object, "startUsageAmount");
	double from = json_number_value(start);
	struct money price = {0};
	struct offer *tier = &tiers->row[tiers->n];
	int err = check_is_object(r->check, at);

	if (!err)
		err = read_price(r, at, &price);
	if (err)
		return err;
	if ((start && !json_is_number(start)) || !(from >= 0 && from < START_MAX) ||
	    (double)(uint64_t)from != from)
		return check_refuse(r->check, at, "startUsageAmount",
		    "must be a whole number from 0 to 10^15");
	if (price.pico == 0 && tiers->n == 0)
		return 0;
	*tier = (struct offer){.tier_until = UINT64_MAX, .price = price};
	if (tiers->n > 0) {
		tier->tier_from = (uint64_t)from;
		if (tier->tier_from <= tier[-1].tier_from)
			return check_refuse(r->check, at, "startUsageAmount",
			    "must be more than that of the rate before");
		tier[-1].tier_until = tier->tier_from;
	}
	tiers->n++;
	return 0;
}

static int read_expression(const struct reader *r, const struct place *at,
    const struct row *row, struct tiers *tiers)
{
	const json_t *expression = json_object_get(at->object, "pricingExpression");
	const json_t *rates = json_object_get(expression, "tieredRates");
	const char *unit = json_string_value(json_object_get(expression, "usageUnit"));
	struct place one = {.object = NULL};
	const json_t *rate;
	size_t i;

	if (!unit || strcmp(unit, row->unit) != 0)
		return check_refuse(r->check, at, "pricingExpression.usageUnit",
		    "must be \"%s\" for %s", row->unit, row->description);
	if (!json_is_array(rates) || json_array_size(rates) == 0 ||
	    json_array_size(rates) > TIERS_MAX)
		return check_refuse(r->check, at, "pricingExpression.tieredRates",
		    "must be a list of 1 to %d rates", TIERS_MAX);
	json_array_foreach(rates, i, rate)
	{
		int err;

		one.object = rate;
		(void)snprintf(
		    one.path, sizeof(one.path), "%.60s.tieredRates[%zu]", at->path, i);
		err = read_rate(r, &one, tiers);
		if (err)
			return err;
	}
	return 0;
}

/* The last of the prices that holds today; they are in order of time. NULL in *info: none
 * does yet. */
static int find_info(const struct reader *r, const struct place *at, const json_t **info)
{
	const json_t *list = json_object_get(at->object, "pricingInfo");
	const json_t *one;
	size_t i;

	*info = NULL;
	if (!json_is_array(list))
		return check_refuse(r->check, at, "pricingInfo", "must be a list");
	json_array_foreach(list, i, one)
	{
		const char *since =
		    json_string_value(json_object_get(one, "effectiveTime"));
		char day[11] = "";
		int64_t ns;

		if (since)
			(void)snprintf(day, sizeof(day), "%.10s", since);
		if (strlen(day) != 10 || price_date_parse(day, &ns) < 0)
			return check_refuse(
			    r->check, at, "pricingInfo", "has no effectiveTime");
		if (strcmp(day, r->today) <= 0)
			*info = one;
	}
	return 0;
}

/* Adds the tiers for each region; that of all is "*". */
static int add_regions(
    const struct reader *r, const struct place *at, const char *key, struct tiers *tiers)
{
	const json_t *regions = json_object_get(at->object, "serviceRegions");
	const json_t *one;
	size_t i;

	if (!json_is_array(regions) || json_array_size(regions) == 0)
		return check_refuse(
		    r->check, at, "serviceRegions", "must be a list of regions");
	json_array_foreach(regions, i, one)
	{
		const char *name = json_string_value(one);

		if (!name || !*name || strspn(name, NAME_CHARACTERS) != strlen(name) ||
		    strlen(name) >= OFFER_REGION_BYTES)
			return check_refuse(
			    r->check, at, "serviceRegions", "has what is no region");
		for (size_t tier = 0; tier < tiers->n; tier++) {
			struct offer *offer = &tiers->row[tier];
			int err;

			offer->key = key;
			(void)text_copy(offer->region, sizeof(offer->region),
			    strcmp(name, "global") != 0 ? name : "*");
			err = offers_add(r->offers, offer);
			if (err)
				return err;
		}
	}
	return 0;
}

static int read_sku(const struct reader *r, const struct place *at)
{
	const struct row *row = find_row(at->object);
	struct tiers tiers = {.n = 0};
	struct place info = {.object = NULL};
	int err = check_is_object(r->check, at);

	if (err || !row)
		return err;
	err = find_info(r, at, &info.object);
	if (err || !info.object)
		return err;
	(void)snprintf(info.path, sizeof(info.path), "%.60s.pricingInfo", at->path);
	err = read_expression(r, &info, row, &tiers);
	return err ? err : add_regions(r, at, row->key, &tiers);
}

/* A copy of nextPageToken, or NULL where it is not there or empty. */
static int take_token(const struct check *check, const struct place *top, char **next)
{
	const json_t *token = json_object_get(top->object, "nextPageToken");

	*next = NULL;
	if (!token || json_is_null(token))
		return 0;
	if (!json_is_string(token) || strlen(json_string_value(token)) > OFFER_TOKEN_MAX)
		return check_refuse(check, top, "nextPageToken",
		    "must be a string of at most %d bytes", OFFER_TOKEN_MAX);
	if (json_string_length(token) == 0)
		return 0;
	*next = strdup(json_string_value(token));
	return *next ? 0 : -ENOMEM;
}

int offers_gcp_read(struct offers *offers, const char *json, size_t bytes,
    const char *today, char **next, const struct check *check)
{
	const struct reader r = {check, offers, today};
	struct place at = {.object = NULL};
	json_error_t error;
	AUTO(json) json_t *root = json_loadb(json, bytes, 0, &error);
	struct place top = {.object = root};
	const json_t *skus = json_object_get(root, "skus");
	size_t i;

	if (!root)
		return check_refuse(check, &top, NULL, "line %d, column %d: is no JSON",
		    error.line, error.column);
	if (!json_is_object(root))
		return check_refuse(check, &top, NULL, "must be an object");
	if (skus && !json_is_array(skus))
		return check_refuse(check, &top, "skus", "must be a list");
	json_array_foreach(skus, i, at.object)
	{
		int err;

		(void)snprintf(at.path, sizeof(at.path), "skus[%zu]", i);
		err = read_sku(&r, &at);
		if (err)
			return err;
	}
	return take_token(check, &top, next);
}
