/* AWS's Price List bulk files. */
#include "price/offers.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "price/json_check.h"

/* Compared whole: Lambda@Edge and ephemeral storage have names that begin alike. */
static const struct {
	const char *group;
	const char *key;
} groups[] = {
    {"AWS-Lambda-Requests", "lambda.requests"},
    {"AWS-Lambda-Duration", "lambda.duration.x86_64"},
    {"AWS-Lambda-Duration-ARM", "lambda.duration.arm64"},
    {"AWS-Lambda-Storage-Duration", "lambda.ephemeral"},
    {"AWS-Lambda-Provisioned-Concurrency", "lambda.provisioned.idle.x86_64"},
    {"AWS-Lambda-Provisioned-Concurrency-ARM", "lambda.provisioned.idle.arm64"},
    {"AWS-Lambda-Duration-Provisioned", "lambda.provisioned.duration.x86_64"},
    {"AWS-Lambda-Duration-Provisioned-ARM", "lambda.provisioned.duration.arm64"},
};

struct reader {
	struct check check;
	struct offers *offers;
	const char *region;
};

static void cleanup_json(json_t **root)
{
	json_decref(*root);
}

static json_t *load(const char *json, size_t bytes, const struct check *check)
{
	struct place top = {.object = NULL};
	json_error_t error;
	json_t *root = json_loadb(json, bytes, 0, &error);

	if (root && json_is_object(root))
		return root;
	if (root)
		(void)check_refuse(check, &top, NULL, "must be an object");
	else
		(void)check_refuse(check, &top, NULL, "line %d, column %d: %s",
		    error.line, error.column, error.text);
	json_decref(root);
	return NULL;
}

/* A path on the same server, and nothing that could lead elsewhere. */
static bool is_path(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789/._-");

	return strncmp(text, "/offers/", 8) == 0 && text[n] == '\0' &&
	       !strstr(text, "//") && !strstr(text, "..");
}

int offers_aws_region(const char *json, size_t bytes, const char *name,
    struct aws_region *out, const struct check *check)
{
	struct place at = {.path = "regions"};
	AUTO(json) json_t *root = load(json, bytes, check);
	struct aws_region found;
	const char *path;
	int err;

	if (!root)
		return -EBADMSG;
	at.object = json_object_get(root, "regions");
	err = check_is_object(check, &at);
	if (err)
		return err;
	at.object = json_object_get(at.object, name);
	if (!at.object)
		return -ENOENT;
	(void)snprintf(at.path, sizeof(at.path), "regions.%.40s", name);
	err = check_is_object(check, &at);
	if (!err)
		err = check_string(check, &at, "currentVersionUrl", &path);
	if (err)
		return err;
	if (!is_path(path) || !text_copy(found.path, sizeof(found.path), path) ||
	    !text_copy(found.name, sizeof(found.name), name))
		return check_refuse(check, &at, "currentVersionUrl",
		    "must be a path below /offers/, not \"%.80s\"", path);
	*out = found;
	return 0;
}

/* "0", "6000000000", "Inf". */
static int parse_range(const char *text, uint64_t *out)
{
	char *end;

	if (!strcmp(text, "Inf")) {
		*out = UINT64_MAX;
		return 0;
	}
	if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 18 || !*text)
		return -EINVAL;
	*out = strtoull(text, &end, 10);
	return *end ? -EINVAL : 0;
}

/* One rate of a term: a tier. A rate of 0 is a free quantity, which is not a tier here.
 */
static int read_rate(
    const struct reader *r, const struct place *at, const struct offer *of)
{
	struct place price = {.object = json_object_get(at->object, "pricePerUnit")};
	struct offer offer = *of;
	const char *from = "";
	const char *until = "";
	const char *usd = "";
	int err = check_is_object(&r->check, at);

	(void)snprintf(price.path, sizeof(price.path), "%.70s.pricePerUnit", at->path);
	if (!err)
		err = check_string(&r->check, at, "beginRange", &from);
	if (!err)
		err = check_string(&r->check, at, "endRange", &until);
	if (!err)
		err = check_is_object(&r->check, &price);
	if (!err)
		err = check_string(&r->check, &price, "USD", &usd);
	if (err)
		return err;
	if (parse_range(from, &offer.tier_from) < 0 ||
	    parse_range(until, &offer.tier_until) < 0 ||
	    offer.tier_until <= offer.tier_from)
		return check_refuse(&r->check, at, NULL,
		    "the range \"%.20s\" to \"%.20s\" is none", from, until);
	if (money_parse(usd, &offer.price) < 0 || offer.price.pico < 0)
		return check_refuse(&r->check, &price, "USD",
		    "\"%.40s\" is not a decimal number of at most 12 decimals", usd);
	return offer.price.pico ? offers_add(r->offers, &offer) : 0;
}

static int read_terms(
    const struct reader *r, const json_t *terms, const char *sku, const struct offer *of)
{
	struct place at = {.object = terms};
	const char *code;
	json_t *term;
	int err;

	(void)snprintf(at.path, sizeof(at.path), "terms.OnDemand.%.40s", sku);
	err = check_is_object(&r->check, &at);
	if (err)
		return err;
	json_object_foreach((json_t *)terms, code, term)
	{
		json_t *rates = json_object_get(term, "priceDimensions");
		const char *rate_code;
		json_t *rate;

		if (!json_is_object(rates))
			return check_refuse(
			    &r->check, &at, NULL, "a term lacks its priceDimensions");
		json_object_foreach(rates, rate_code, rate)
		{
			at.object = rate;
			err = read_rate(r, &at, of);
			if (err)
				return err;
		}
	}
	return 0;
}

/* The price key of a product; NULL: it is none of ours, or a free quantity of all
 * regions. */
static const char *key_of(const json_t *product)
{
	const json_t *attributes = json_object_get(product, "attributes");
	const char *group = json_string_value(json_object_get(attributes, "group"));
	const char *usage = json_string_value(json_object_get(attributes, "usagetype"));

	if (!group || (usage && strncmp(usage, "Global-", 7) == 0))
		return NULL;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (!strcmp(groups[i].group, group))
			return groups[i].key;
	return NULL;
}

static int read_products(const struct reader *r, const json_t *root)
{
	json_t *products = json_object_get(root, "products");
	const json_t *terms = json_object_get(json_object_get(root, "terms"), "OnDemand");
	struct place top = {.object = root};
	size_t before = r->offers->n;
	const char *sku;
	json_t *product;

	if (!json_is_object(products) || !json_is_object(terms))
		return check_refuse(&r->check, &top, NULL,
		    "must have objects products and terms.OnDemand");
	json_object_foreach(products, sku, product)
	{
		struct offer of = {.key = key_of(product)};
		int err;

		if (!of.key)
			continue;
		(void)text_copy(of.region, sizeof(of.region), r->region);
		err = read_terms(r, json_object_get(terms, sku), sku, &of);
		if (err)
			return err;
	}
	return r->offers->n > before
		   ? 0
		   : check_refuse(&r->check, &top, NULL, "holds no price of Lambda");
}

int offers_aws_read(struct offers *offers, const char *json, size_t bytes,
    const char *region, char date[11], const struct check *check)
{
	struct reader r = {.check = *check, .offers = offers, .region = region};
	AUTO(json) json_t *root = load(json, bytes, &r.check);
	struct place top = {.object = root};
	const char *published;
	char day[11];
	int64_t ns;
	int err;

	if (!root)
		return -EBADMSG;
	err = check_string(&r.check, &top, "publicationDate", &published);
	if (err)
		return err;
	(void)snprintf(day, sizeof(day), "%.10s", published);
	if (strlen(day) != 10 || price_date_parse(day, &ns) < 0)
		return check_refuse(
		    &r.check, &top, "publicationDate", "\"%.40s\" is no date", published);
	err = read_products(&r, root);
	if (!err)
		(void)text_copy(date, sizeof(day), day);
	return err;
}
