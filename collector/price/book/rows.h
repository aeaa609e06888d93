/* The inside of a book, shared by its parser and its look-ups only. */
#ifndef COLDMETER_PRICE_BOOK_ROWS_H
#define COLDMETER_PRICE_BOOK_ROWS_H

#include <jansson.h>

#include "price/book.h"

struct book {
	struct price *prices; /* sorted by provider, key, region, tier */
	size_t prices_n;
	struct discount *discounts; /* that book_overlay() is to apply */
	size_t discounts_n;
	const char *provider;      /* of the discounts */
	struct discount **applied; /* that prices point to; owned */
	size_t applied_n;
	struct price **on_demand; /* that prices point to; owned, as these are: */
	size_t on_demand_n;
	struct commitment **commitments;
	size_t commitments_n;
	json_t **texts; /* the parsed files: the prices' strings live in them */
	size_t texts_n;
};

/* Order of provider, key and region. */
int price_compare_place(const struct price *a, const struct price *b);

/* The same, then the tier; for qsort. */
int price_compare(const void *a, const void *b);

#endif
