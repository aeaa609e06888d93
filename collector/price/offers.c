#include "price/offers.h"
#include "base/room.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void offers_done(struct offers *offers)
{
	free(offers->rows);
	*offers = (struct offers){0};
}

int offers_add(struct offers *offers, const struct offer *offer)
{
	if (offers->n == OFFERS_MAX)
		return -E2BIG;
	if (ROOM_FOR_ONE(offers->rows, offers->n, offers->room) < 0)
		return -ENOMEM;
	offers->rows[offers->n++] = *offer;
	return 0;
}

static int compare_place(const struct offer *a, const struct offer *b)
{
	int order = strcmp(a->key, b->key);

	return order ? order : strcmp(a->region, b->region);
}

static int compare(const void *a, const void *b)
{
	const struct offer *left = a;
	const struct offer *right = b;
	int order = compare_place(left, right);

	if (order)
		return order;
	if (left->tier_from != right->tier_from)
		return left->tier_from < right->tier_from ? -1 : 1;
	return money_compare(left->price, right->price);
}

static bool is_same(const struct offer *a, const struct offer *b)
{
	return !compare(a, b) && a->tier_until == b->tier_until;
}

size_t offers_tiers(const struct offers *offers, size_t at)
{
	size_t end = at;

	while (end < offers->n && !compare_place(&offers->rows[at], &offers->rows[end]))
		end++;
	return end - at;
}

/* Sorts, and drops what is there twice. */
static void arrange(struct offers *offers)
{
	size_t kept = 0;

	if (offers->n)
		qsort(offers->rows, offers->n, sizeof(*offers->rows), compare);
	for (size_t i = 0; i < offers->n; i++)
		if (kept == 0 || !is_same(&offers->rows[kept - 1], &offers->rows[i]))
			offers->rows[kept++] = offers->rows[i];
	offers->n = kept;
}

/* Whether they follow each other from 0 on, without an end. */
static bool is_sound(const struct offer *tiers, size_t n)
{
	uint64_t from = 0;
	size_t i = 0;

	for (; i < n && tiers[i].tier_from == from; i++)
		from = tiers[i].tier_until;
	return i == n && from == UINT64_MAX;
}

size_t offers_leave_out(struct offers *offers, struct offer *first)
{
	size_t kept = 0;
	size_t left_out = 0;

	arrange(offers);
	for (size_t at = 0, n; at < offers->n; at += n) {
		n = offers_tiers(offers, at);
		if (is_sound(&offers->rows[at], n)) {
			memmove(&offers->rows[kept], &offers->rows[at],
			    n * sizeof(*offers->rows));
			kept += n;
			continue;
		}
		if (left_out++ == 0)
			*first = offers->rows[at];
	}
	offers->n = kept;
	return left_out;
}

int offers_settle(struct offers *offers, char *why, size_t why_size)
{
	arrange(offers);
	for (size_t at = 0, n; at < offers->n; at += n) {
		n = offers_tiers(offers, at);
		if (is_sound(&offers->rows[at], n))
			continue;
		(void)snprintf(why, why_size,
		    "%s in %s has two prices, or tiers that do not follow each other",
		    offers->rows[at].key, offers->rows[at].region);
		return -EBADMSG;
	}
	return 0;
}

int offers_are_known(
    const struct book *book, const char *provider, const struct offer *tiers, size_t n)
{
	const struct price *known;
	size_t known_n = book_find(book, provider, tiers->key, tiers->region, &known);

	if (known_n != n)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (known[i].tier_from != tiers[i].tier_from ||
		    known[i].tier_until != tiers[i].tier_until ||
		    money_compare(known[i].list, tiers[i].price) != 0)
			return 0;
	return 1;
}
