/* Pages of Azure's Retail Prices API. */
#include "price/offers.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "price/json_check.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789"
#define PRICE_MAX 100000.0

static const struct {
	const char *product;
	const char *meter;
	const char *unit;
	uint64_t units; /* of the key, in that unit */
	const char *key;
} meters[] = {
    {"Functions", "Standard Total Executions", "10", 10, "consumption.executions"},
    {"Functions", "Standard Execution Time", "1 GB Second", 1, "consumption.duration"},
    {"Flex Consumption", "On Demand Total Executions", "10", 10, "flex.executions"},
    {"Flex Consumption", "On Demand Execution Time", "1 GB Second", 1, "flex.duration"},
    {"Flex Consumption", "Always Ready Baseline", "1 GB Second", 1,
	"flex.ready.baseline"},
    {"Flex Consumption", "Always Ready Execution Time", "1 GB Second", 1,
	"flex.ready.duration"},
    {"Premium Functions", "Premium vCPU Duration", "1 Hour", 1, "premium.vcpu"},
    {"Premium Functions", "Premium Memory Duration", "1 GiB Hour", 1, "premium.memory"},
};
#define METERS_N (sizeof(meters) / sizeof(meters[0]))

static void cleanup_json(json_t **root)
{
	json_decref(*root);
}

static const char *text(const json_t *item, const char *member)
{
	const char *value = json_string_value(json_object_get(item, member));

	return value ? value : "";
}

/* JSON has the price as a number. A double holds 15 digits, so below 100,000 dollars the
 * decimal that was written, of at most 9 decimals, comes back when rounded to 12. */
static int parse_price(const json_t *item, struct money *out)
{
	const json_t *value = json_object_get(item, "retailPrice");
	char digits[32];
	double number = json_number_value(value);

	if (!json_is_number(value) || !(number >= 0 && number < PRICE_MAX))
		return -EINVAL;
	(void)snprintf(digits, sizeof(digits), "%.12f", number);
	return money_parse(digits, out);
}

static int read_item(
    struct offers *offers, const struct check *check, const struct place *at)
{
	const json_t *item = at->object;
	const char *region = text(item, "armRegionName");
	struct offer offer = {.tier_until = UINT64_MAX};
	struct money price;
	size_t i = 0;

	if (!json_is_object(item))
		return check_refuse(check, at, NULL, "must be an object");
	while (
	    i < METERS_N && (strcmp(meters[i].product, text(item, "productName")) != 0 ||
				strcmp(meters[i].meter, text(item, "meterName")) != 0))
		i++;
	if (i == METERS_N || strcmp(text(item, "type"), "Consumption") != 0 || !*region)
		return 0; /* of something else, or of no region */
	if (strcmp(text(item, "currencyCode"), "USD") != 0)
		return check_refuse(check, at, "currencyCode", "must be USD");
	if (strcmp(text(item, "unitOfMeasure"), meters[i].unit) != 0)
		return check_refuse(check, at, "unitOfMeasure",
		    "must be \"%s\" for %s, not \"%.40s\"", meters[i].unit,
		    meters[i].meter, text(item, "unitOfMeasure"));
	if (strspn(region, NAME_CHARACTERS) != strlen(region) ||
	    !text_copy(offer.region, sizeof(offer.region), region))
		return check_refuse(check, at, "armRegionName", "is no region's name");
	if (parse_price(item, &price) < 0)
		return check_refuse(
		    check, at, "retailPrice", "must be a number from 0 to 100000");
	if (price.pico == 0)
		return 0; /* the free quantity, which comes first and is no tier here */
	offer.key = meters[i].key;
	offer.price = money_scale(price, 1, meters[i].units);
	return offers_add(offers, &offer);
}

static int read_items(
    struct offers *offers, const json_t *root, const struct check *check)
{
	const json_t *items = json_object_get(root, "Items");
	struct place at = {.object = root};
	const json_t *item;
	size_t i;

	if (!json_is_array(items))
		return check_refuse(check, &at, "Items", "must be a list");
	json_array_foreach(items, i, item)
	{
		int err;

		at.object = item;
		(void)snprintf(at.path, sizeof(at.path), "Items[%zu]", i);
		err = read_item(offers, check, &at);
		if (err)
			return err;
	}
	return 0;
}

int offers_azure_read(struct offers *offers, const char *json, size_t bytes, char **next,
    const struct check *check)
{
	struct place top = {.object = NULL};
	json_error_t error;
	AUTO(json) json_t *root = json_loadb(json, bytes, 0, &error);
	const json_t *link = json_object_get(root, "NextPageLink");
	char *copy = NULL;
	int err;

	if (!root)
		return check_refuse(check, &top, NULL, "line %d, column %d: %s",
		    error.line, error.column, error.text);
	if (!json_is_object(root))
		return check_refuse(check, &top, NULL, "must be an object");
	if (link && !json_is_null(link) && !json_is_string(link))
		return check_refuse(check, &top, "NextPageLink", "must be a string");
	err = read_items(offers, root, check);
	if (err)
		return err;
	if (json_is_string(link) && json_string_length(link) > 0) {
		copy = strdup(json_string_value(link));
		if (!copy)
			return -ENOMEM;
	}
	*next = copy;
	return 0;
}
