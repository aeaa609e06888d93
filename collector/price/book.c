#include "price/book.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "price/book/commitment.h"
#include "price/book/discount.h"
#include "price/book/rows.h"
#include "price/embedded.h"

const char *confidence_name(enum confidence c)
{
	switch (c) {
	case CONFIDENCE_VERIFIED:
		return "verified";
	case CONFIDENCE_SECONDARY:
		return "secondary";
	case CONFIDENCE_UNVERIFIED:
		return "unverified";
	}
	return "unverified";
}

int price_compare_place(const struct price *a, const struct price *b)
{
	int order = strcmp(a->provider, b->provider);

	if (order == 0)
		order = strcmp(a->key, b->key);
	return order != 0 ? order : strcmp(a->region, b->region);
}

int price_compare(const void *a, const void *b)
{
	const struct price *left = a;
	const struct price *right = b;
	int order = price_compare_place(left, right);

	if (order != 0)
		return order;
	return (left->tier_from > right->tier_from) -
	       (left->tier_from < right->tier_from);
}

static void cleanup_book(struct book **book)
{
	book_free(*book);
}

int book_open_embedded(struct book **out)
{
	AUTO(book) struct book *all = NULL;
	char why[256];

	for (const struct embedded_file *f = embedded_books; f->name; f++) {
		struct book *one;
		int err =
		    book_parse((const char *)f->bytes, f->size, &one, why, sizeof(why));

		if (err < 0)
			return err;
		if (!all) {
			all = one;
			continue;
		}
		err = book_overlay(all, one);
		if (err < 0)
			return err;
	}
	*out = TAKE(all);
	return 0;
}

/* The first price not before place, which has the tier 0. */
static size_t lower_bound(const struct book *book, const struct price *place)
{
	size_t low = 0;
	size_t high = book->prices_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (price_compare(&book->prices[middle], place) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t find_exact(
    const struct book *book, const struct price *place, const struct price **tiers)
{
	size_t first = lower_bound(book, place);
	size_t end = first;

	while (end < book->prices_n && !price_compare_place(&book->prices[end], place))
		end++;
	if (end > first)
		*tiers = &book->prices[first];
	return end - first;
}

/* The same without its discount, for what no commitment pays. */
static int keep_on_demand(struct book *book, struct price *price)
{
	struct price **more =
	    reallocarray(book->on_demand, book->on_demand_n + 1, sizeof(struct price *));
	struct price *twin = malloc(sizeof(*twin));

	if (more)
		book->on_demand = more;
	if (!more || !twin) {
		free(twin);
		return -ENOMEM;
	}
	*twin = *price;
	twin->amount = twin->list;
	twin->discount = NULL;
	twin->on_demand = NULL;
	book->on_demand[book->on_demand_n++] = twin;
	price->on_demand = twin;
	return 0;
}

/* Takes off the discount that matches, the first one from place first on. */
static int take_discount(struct book *book, size_t first, struct price *price)
{
	size_t k = first;

	while (k < book->applied_n && !discount_matches(book->applied[k], price))
		k++;
	if (k == book->applied_n)
		return 0;
	price->discount = book->applied[k];
	price->amount = discount_take(book->applied[k], price->list);
	price->on_demand = NULL;
	return price->discount->commitment ? keep_on_demand(book, price) : 0;
}

/* Takes over the commitments, which discounts point to. */
static int take_commitments(struct book *base, struct book *over)
{
	struct commitment **all;

	if (over->commitments_n == 0)
		return 0;
	all = reallocarray(base->commitments, base->commitments_n + over->commitments_n,
	    sizeof(struct commitment *));
	if (!all)
		return -ENOMEM;
	memcpy(all + base->commitments_n, over->commitments,
	    over->commitments_n * sizeof(struct commitment *));
	base->commitments = all;
	base->commitments_n += over->commitments_n;
	over->commitments_n = 0;
	return 0;
}

/* Off the provider's prices in base, and those of over that are of the list. */
static int apply_discounts(struct book *base, struct book *over)
{
	const size_t first = base->applied_n;
	struct discount **applied;
	int err = take_commitments(base, over);

	if (err || over->discounts_n == 0)
		return err;
	applied =
	    reallocarray(base->applied, first + over->discounts_n, sizeof(*applied));
	if (!applied)
		return -ENOMEM;
	base->applied = applied;
	for (size_t i = 0; i < over->discounts_n; i++) {
		struct discount *discount = malloc(sizeof(*discount));

		if (!discount)
			return -ENOMEM;
		*discount = over->discounts[i];
		applied[base->applied_n++] = discount;
	}
	for (size_t i = 0; !err && i < base->prices_n; i++)
		if (!strcmp(base->prices[i].provider, over->provider))
			err = take_discount(base, first, &base->prices[i]);
	for (size_t i = 0; !err && i < over->prices_n; i++)
		if (over->prices[i].is_list)
			err = take_discount(base, first, &over->prices[i]);
	return err;
}

int book_overlay(struct book *base, struct book *over)
{
	size_t kept = 0;
	AUTO(free)
	struct price *prices =
	    calloc(base->prices_n + over->prices_n + 1, sizeof(*prices));
	json_t **texts =
	    realloc(base->texts, (base->texts_n + over->texts_n + 1) * sizeof(json_t *));

	if (texts)
		base->texts = texts;
	if (!prices || !texts || apply_discounts(base, over) < 0) {
		book_free(over);
		return -ENOMEM;
	}
	for (size_t i = 0; i < base->prices_n; i++) {
		struct price place = base->prices[i];
		const struct price *replaced;

		place.tier_from = 0;
		if (find_exact(over, &place, &replaced) == 0)
			prices[kept++] = base->prices[i];
	}
	memcpy(prices + kept, over->prices, over->prices_n * sizeof(*prices));
	memcpy(
	    base->texts + base->texts_n, over->texts, over->texts_n * sizeof(json_t *));
	base->texts_n += over->texts_n;
	base->prices_n = kept + over->prices_n;
	free(base->prices);
	base->prices = TAKE(prices);
	qsort(base->prices, base->prices_n, sizeof(*base->prices), price_compare);
	over->texts_n = 0; /* they are base's now */
	book_free(over);
	return 0;
}

void book_free(struct book *book)
{
	if (!book)
		return;
	for (size_t i = 0; i < book->texts_n; i++)
		json_decref(book->texts[i]);
	for (size_t i = 0; i < book->applied_n; i++)
		free(book->applied[i]);
	for (size_t i = 0; i < book->on_demand_n; i++)
		free(book->on_demand[i]);
	free(book->on_demand);
	book_commitments_free(book->commitments, book->commitments_n);
	free(book->applied);
	free(book->discounts);
	free(book->texts);
	free(book->prices);
	free(book);
}

size_t book_find(const struct book *book, const char *provider, const char *key,
    const char *region, const struct price **tiers)
{
	struct price place = {.provider = provider, .key = key, .region = region};
	size_t n = find_exact(book, &place, tiers);

	if (n > 0)
		return n;
	place.region = "*";
	return find_exact(book, &place, tiers);
}

size_t book_count(const struct book *book)
{
	return book->prices_n;
}

const struct price *book_at(const struct book *book, size_t i)
{
	assert(i < book->prices_n);
	return &book->prices[i];
}

const struct commitment *book_commitment(const struct book *book, size_t i)
{
	return i < book->commitments_n ? book->commitments[i] : NULL;
}

int book_has_region(const struct book *book, const char *provider, const char *region)
{
	if (!strcmp(region, "*"))
		return 0;
	for (size_t i = 0; i < book->prices_n; i++) {
		if (!strcmp(book->prices[i].provider, provider) &&
		    !strcmp(book->prices[i].region, region))
			return 1;
	}
	return 0;
}
