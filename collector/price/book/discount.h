/* What a price file says against the list: discounts, and a rate of its currency. */
#ifndef COLDMETER_PRICE_BOOK_DISCOUNT_H
#define COLDMETER_PRICE_BOOK_DISCOUNT_H

#include <stdbool.h>

#include "price/book/entry.h"

/* Reads "rate": {"usd","source","as_of"}, dollars for one unit of the currency, which a
 * file in another currency must have and one in USD must not. 0 or -EBADMSG. */
int book_rate_read(struct book_reader *r, const struct place *top, const char *currency);

/* Reads "discounts": [{"key","region","percent","kind","commitment","source","as_of",
 * "note"}], if there are any. 0, -EBADMSG or -ENOMEM. */
int book_discounts_read(struct book_reader *r, const json_t *root);

/* Fills the source of a price from the file's sources. 0 or -EBADMSG. */
int book_check_source(
    const struct book_reader *r, const struct place *at, struct price *price);

/* Whether it is of that price; never of a free quantity. */
bool discount_matches(const struct discount *discount, const struct price *price);

/* What is left of a price, rounded half to even at a pico-dollar. */
struct money discount_take(const struct discount *discount, struct money list);

#endif
