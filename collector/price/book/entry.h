/* One entry of a price file: checked, then a price for each of its regions. */
#ifndef COLDMETER_PRICE_BOOK_ENTRY_H
#define COLDMETER_PRICE_BOOK_ENTRY_H

#include "price/book.h"
#include "price/json_check.h"

/* A price with the entry it comes from, for messages. */
struct book_row {
	struct price price; /* first: price_compare() sorts rows, too */
	size_t entry;
};

/* A file while it is read. rows and discounts are the caller's to free. */
struct book_reader {
	struct check check;
	const char *provider;
	const json_t *sources;
	struct money rate; /* dollars for one unit of the file's currency */
	struct discount *discounts;
	size_t discounts_n;
	struct commitment **commitments; /* theirs */
	size_t commitments_n;
	struct book_row *rows;
	size_t rows_n;
	size_t rows_room;
};

/* Reads prices[entry] into rows. 0, -EBADMSG with the sentence written, or -ENOMEM. */
int book_entry_read(struct book_reader *r, const json_t *object, size_t entry);

/* A date that must be there, as price_date_parse() takes it. */
int book_check_date(
    const struct check *c, const struct place *at, const char *member, const char **out);

#endif
