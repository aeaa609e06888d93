/* The price book: every price with unit, region, source, date and confidence. */
#ifndef COLDMETER_PRICE_BOOK_H
#define COLDMETER_PRICE_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/money.h"

enum confidence { CONFIDENCE_VERIFIED, CONFIDENCE_SECONDARY, CONFIDENCE_UNVERIFIED };

const char *confidence_name(
    enum confidence c); /* "verified", "secondary", "unverified" */

/* One tier of one price. Strings live as long as the book. */
struct price {
	const char *provider; /* "aws" */
	const char *key;      /* "lambda.duration.x86_64" */
	const char *region;   /* "us-east-1", or "*" for everywhere */
	const char *unit;     /* "GB-s" */
	uint64_t tier_from;   /* quantity in units from which this price holds */
	uint64_t tier_until;  /* UINT64_MAX: no end */
	struct money amount;  /* per unit */
	struct money list;    /* the same before discounts */
	const char *source;   /* its id in the book's sources */
	const char *as_of; /* "YYYY", "YYYY-MM" or "YYYY-MM-DD", as the source dates it */
	enum confidence confidence;
	const char *source_title;
	const char *source_url; /* "" for a machine of the user's that has none */
	bool is_list;           /* in a price file: discounts of the file hold for it */
	/* What made amount of list; NULL: nothing did. */
	const struct discount *discount;
	/* Where a commitment pays for the discount, the same price without: of what is
	 * beyond it. Else NULL. */
	const struct price *on_demand;
};

/* Dollars of each hour that a savings plan asks for, used or not. */
struct commitment {
	const char *name;
	struct money per_hour;
	struct price price; /* of a line about what is not used: a dollar for a dollar */
};

/* A part of the list price that the user does not pay. */
struct discount {
	const char *key;    /* of a price, or its beginning and a star: "lambda.*" */
	const char *region; /* "*": everywhere */
	const char *kind;   /* "negotiated" or "savings-plan" */
	char percent[16];   /* as it was written: "12.5" */
	uint32_t ppm;       /* of the price that comes off: 125000 */
	const char *source; /* its id, title and date */
	const char *source_title;
	const char *as_of;
	const struct commitment *commitment; /* what pays for it; NULL: is not said */
};

/* Reads a date of a book, "YYYY", "YYYY-MM" or "YYYY-MM-DD", as its first day. 0 or
 * -EINVAL. */
int price_date_parse(const char *date, int64_t *day_ns);

struct book;

/* The book embedded in the program. 0 or -ENOMEM; it cannot be malformed (a test holds).
 */
int book_open_embedded(struct book **out);

/* A book from JSON text. Its currency may be another than USD when it says a rate. Its
 * discounts do not hold for its own prices, which are what the user pays, but for those
 * that say "list": true; only book_overlay() applies them. Errors go to why (a sentence
 * with path and reason, cut to fit). 0, -EBADMSG, -ENOMEM. Entries of a later book
 * replace those of an earlier one: book_overlay() takes its discounts off the prices that
 * match (the first one that does), moves everything of over into base and frees over. */
int book_parse(
    const char *json, size_t json_bytes, struct book **out, char *why, size_t why_size);
int book_load(const char *path, struct book **out, char *why, size_t why_size);
int book_overlay(struct book *base, struct book *over);
void book_free(struct book *book);

/* The tiers of a price in a region (or of "*"), lowest first. Returns their number, 0
 * when the book has none. *tiers points into the book. */
size_t book_find(const struct book *book, const char *provider, const char *key,
    const char *region, const struct price **tiers);

/* The i-th commitment of the files laid over the book; NULL: there are no more. */
const struct commitment *book_commitment(const struct book *book, size_t i);

/* Walks all prices in order (provider, key, region, tier). */
size_t book_count(const struct book *book);
const struct price *book_at(const struct book *book, size_t i);

/* Whether the provider has any price in that region; "*" is no region. */
int book_has_region(const struct book *book, const char *provider, const char *region);

#endif
