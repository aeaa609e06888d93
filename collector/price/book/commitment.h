/* Commitments of savings plans, as a price file says them. */
#ifndef COLDMETER_PRICE_BOOK_COMMITMENT_H
#define COLDMETER_PRICE_BOOK_COMMITMENT_H

#include "price/book/entry.h"

/* Reads "commitments": [{"name","usd_per_hour","source","as_of","note"}], if there are
 * any, which comes before the discounts that name them. 0, -EBADMSG or -ENOMEM. */
int book_commitments_read(struct book_reader *r, const json_t *root);

/* Finds what a discount's member "commitment" names; NULL in *out: it names none. 0 or
 * -EBADMSG. */
int book_commitment_find(
    const struct book_reader *r, const struct place *at, const struct commitment **out);

/* Whether each has a discount; one without would be paid for nothing. 0 or -EBADMSG. */
int book_commitments_check(const struct book_reader *r);

void book_commitments_free(struct commitment **commitments, size_t n);

#endif
