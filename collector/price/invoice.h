/* Usage read under a plan: lines and a total. */
#ifndef COLDMETER_PRICE_INVOICE_H
#define COLDMETER_PRICE_INVOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/money.h"
#include "model/usage.h"
#include "price/book.h"
#include "price/plan.h"

#define INVOICE_QUANTITY_BYTES 48
#define INVOICE_MAX_LINES 48

struct invoice_line {
	const char *item;
	const struct plan_line *line; /* of the plan; borrowed from its table */
	/* exact decimal, in unit; of hours, cut after 18 decimals */
	char quantity[INVOICE_QUANTITY_BYTES];
	uint64_t units; /* the same in base units of the plan line */
	const char *unit;
	const struct price
	    *price; /* borrowed from the book: amount, source, as_of, confidence */
	struct money amount; /* exact; not rounded to cents */
	struct money list;   /* the same at the price before discounts */
	bool free;           /* the part that the free tier takes off: amount 0 */
};

struct invoice {
	const struct plan *plan;
	char region[32];
	enum arch arch;
	struct invoice_line lines[INVOICE_MAX_LINES];
	size_t lines_n;
	struct money total;
	/* What is taken for granted of a savings plan's commitment, static; NULL: none
	 * was settled against it. */
	const char *assumption;
};

/* What earlier invoices of the same plan and month took of the free tier, by line. */
struct invoice_grant {
	uint64_t used[PLAN_MAX_LINES]; /* usage */
	/* Of a credit (plan->free_is_credit), exactly: usage times the price in pico. */
	unsigned __int128 spent[PLAN_MAX_LINES];
};

struct invoice_options {
	const char *region; /* NULL or "": the plan's default */
	enum arch arch;     /* ARCH_UNKNOWN: x86_64 */
	bool free_tier;
	/* With free_tier, shares one month's grant between several invoices of a plan
	 * (its free tier belongs to the account, across regions and architectures): each
	 * takes what it uses. NULL: this invoice has the whole grant. Start with {0}. */
	struct invoice_grant *grant;
	const struct stated *stated; /* NULL: nothing is */
};

/* What a line bills of a usage, in base units: without what another line bills of it.
 * stated may be NULL. */
uint64_t invoice_quantity(
    const struct plan_line *line, const struct usage *usage, const struct stated *stated);

/* 0, or -ENOENT when the book has no price for a line in that region (*missing, when not
 * NULL, points to the price key), or -E2BIG when a book has so many tiers that they do
 * not fit. *out is untouched on failure. */
int invoice_make(const struct book *book, const struct plan *plan,
    const struct usage *usage, const struct invoice_options *options, struct invoice *out,
    const char **missing);

/* The same of quantities[plan->lines_n], one for each line of the plan, whatever they
 * count. */
int invoice_make_of(const struct book *book, const struct plan *plan,
    const uint64_t *quantities, const struct invoice_options *options,
    struct invoice *out, const char **missing);

/* quantity / unit_size as a decimal, exact up to 18 decimals (where the unit size is a
 * product of 2 and 5; it is not where it is an hour). out holds INVOICE_QUANTITY_BYTES.
 */
void invoice_format_quantity(uint64_t quantity, uint64_t unit_size, char *out);

#endif
