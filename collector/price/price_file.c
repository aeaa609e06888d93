#include "price/price_file.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "price/keys.h"

static void cleanup_json(json_t **root)
{
	json_decref(*root);
}

/* Reads what is there, which must be a sound price file, or makes an empty one. */
static int open_file(const char *was, const struct price_file_source *source,
    json_t **root, char *why, size_t why_size)
{
	struct book *book;
	int err;

	if (!was) {
		*root = json_pack("{s:i,s:s,s:s,s:{},s:[]}", "schema", 1, "provider",
		    source->provider, "currency", "USD", "sources", "prices");
		return *root ? 0 : -ENOMEM;
	}
	err = book_parse(was, strlen(was), &book, why, why_size);
	if (err)
		return err;
	book_free(book);
	*root = json_loads(was, JSON_REJECT_DUPLICATES, NULL);
	if (!*root)
		return -ENOMEM;
	if (strcmp(json_string_value(json_object_get(*root, "provider")),
		source->provider) != 0) {
		(void)snprintf(
		    why, why_size, "it is of another provider than %s", source->provider);
		return -EBADMSG;
	}
	if (strcmp(json_string_value(json_object_get(*root, "currency")), "USD") != 0) {
		(void)snprintf(why, why_size, "it is in another currency than USD");
		return -EBADMSG;
	}
	return 0;
}

static bool is_offered(const struct offers *offers, const char *key, const char *region)
{
	for (size_t i = 0; i < offers->n; i++)
		if (!strcmp(offers->rows[i].key, key) &&
		    !strcmp(offers->rows[i].region, region))
			return true;
	return false;
}

/* Takes regions that are offered out of an entry. Whether any is left. */
static bool keep_entry(json_t *entry, const struct offers *offers)
{
	const char *key = json_string_value(json_object_get(entry, "key"));
	const char *region = json_string_value(json_object_get(entry, "region"));
	json_t *regions = json_object_get(entry, "regions");

	if (region)
		return !is_offered(offers, key, region);
	for (size_t i = json_array_size(regions); i-- > 0;)
		if (is_offered(
			offers, key, json_string_value(json_array_get(regions, i))))
			(void)json_array_remove(regions, i);
	return json_array_size(regions) > 0;
}

static int add_offer(
    json_t *prices, const struct offer *offer, const struct price_file_source *source)
{
	char price[MONEY_TEXT_BYTES];
	json_t *entry;

	money_format(offer->price, price);
	entry = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b}", "key", offer->key,
	    "region", offer->region, "unit", price_key_unit(source->provider, offer->key),
	    "price", price, "source", source->id, "as_of", source->date, "confidence",
	    "verified", "list", 1);
	if (offer->tier_from || offer->tier_until != UINT64_MAX)
		(void)json_object_set_new(
		    entry, "tier_from", json_integer((json_int_t)offer->tier_from));
	if (offer->tier_until != UINT64_MAX)
		(void)json_object_set_new(
		    entry, "tier_until", json_integer((json_int_t)offer->tier_until));
	return json_array_append_new(prices, entry) ? -ENOMEM : 0;
}

int price_file_with(const char *was, const struct offers *offers,
    const struct price_file_source *source, char **out, char *why, size_t why_size)
{
	AUTO(json) json_t *root = NULL;
	json_t *prices;
	int err = open_file(was, source, &root, why, why_size);

	if (err)
		return err;
	prices = json_object_get(root, "prices");
	if (!prices) { /* discounts alone */
		prices = json_array();
		(void)json_object_set_new(root, "prices", prices);
	}
	for (size_t i = json_array_size(prices); i-- > 0;)
		if (!keep_entry(json_array_get(prices, i), offers))
			(void)json_array_remove(prices, i);
	err = json_object_set_new(json_object_get(root, "sources"), source->id,
		  json_pack("{s:s,s:s,s:s}", "title", source->title, "url", source->url,
		      "date", source->date))
		  ? -ENOMEM
		  : 0;
	for (size_t i = 0; !err && i < offers->n; i++)
		err = add_offer(prices, &offers->rows[i], source);
	if (err)
		return err;
	*out = json_dumps(root, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	return *out ? 0 : -ENOMEM;
}
