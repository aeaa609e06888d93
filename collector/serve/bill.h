/* Usage of a month under one plan or several: priced as a whole, then shared out. */
#ifndef COLDMETER_SERVE_BILL_H
#define COLDMETER_SERVE_BILL_H

#include <stdbool.h>

#include "price/commitment.h"
#include "price/companions.h"
#include "price/compare.h"
#include "price/invoice.h"
#include "serve/figures/cost_rules.h"

/* What is asked. */
struct bill_terms {
	const struct book *book;
	const struct cost_rules *rules; /* NULL: none */
	const struct plan *plan;        /* NULL: see own */
	bool own;           /* each function under its own platform's plan; else all */
	const char *region; /* NULL, or none of the plan's provider: each function's */
	bool free_tier;
	/* How long savings plans committed to something, so far and by the end of the
	 * month. 0: they are no part of this bill, such as of that of one function. */
	uint64_t committed_ms;
	uint64_t month_committed_ms;
	struct commitment_hours hours; /* when usage was; the caller keeps them */
	struct speeds speeds;
};

#define BILL_WHY_BYTES 256

/* What one part of the whole (a function, a day, a host, ...) used of a group. */
struct bill_share {
	size_t part;
	struct usage usage;
	uint64_t stood; /* what plan->stand() says of its functions */
	struct companions calls;
};

/* Usage that is priced together: tiers count by plan, region and architecture. */
struct bill_group {
	const struct plan *plan;
	char region[FUNCTION_REGION_BYTES];
	enum arch arch;
	struct usage usage;
	uint64_t stood; /* as of a share */
	struct companions
	    calls; /* of all architectures: in the first group of a region */
	struct bill_share *shares; /* rising by part */
	size_t shares_n;
	size_t shares_room;
	struct invoice *invoice; /* NULL until bill_price() */
	struct companion_bill *companions;
	char why_not[BILL_WHY_BYTES]; /* why it has no price; "": it has */
};

struct bill_part {
	char key[FUNCTION_NAME_BYTES]; /* "": what has none, such as no tag */
	uint64_t invocations;
};

struct bill {
	struct bill_terms terms;
	struct bill_group *groups;
	size_t n;
	size_t room;
	struct bill_part *parts;
	size_t parts_n;
	size_t parts_room;
	uint32_t *places;   /* of parts by the hash of their keys, plus 1; 0: free */
	size_t places_n;    /* a power of two, at least twice parts_room */
	size_t unused_part; /* that bears what a commitment pays for nobody: "" */
};

/* What a function used in one part. */
struct bill_cell {
	size_t part;
	uint64_t invocations; /* pings too: they are billed */
	struct usage usage;
};

void bill_done(struct bill *bill);

/* The part of that key, made when there is none. 0 or -ENOMEM. */
int bill_part_of(struct bill *bill, const char *key, size_t *part);

/* Adds a function's cells under each plan asked for; it was there for active_ms. 0 or
 * -ENOMEM. */
int bill_add(struct bill *bill, const struct function *function, uint64_t active_ms,
    const struct bill_cell *cells, size_t n);

/* Prices every group; a bill without usage still has its lines, at 0. 0, -ENOENT with
 * *missing (a price key), -ENODATA with *missing (in words, what the plan bills and no
 * invocation tells), -E2BIG or -ENOMEM. Of all plans, one that lacks either is left out,
 * with all of its groups. */
int bill_price(struct bill *bill, const char **missing);

/* Why a plan was left out; NULL: it was not. */
const char *bill_why_not(const struct bill *bill, const struct plan *plan);

/* What a group's functions bill for being there, as the plan needs it. */
struct stated bill_stated(const struct bill_group *group, uint64_t stood);

/* Of all groups (of a plan, unless it is NULL), companions included. */
struct money bill_total(const struct bill *bill, const struct plan *plan);
struct money bill_companions(const struct bill *bill, const struct plan *plan);

/* What all of it would cost with numerator / denominator times its usage by the end of
 * the month: free quantities, tiers and commitments count anew. 0 or the errors of
 * bill_price(). */
int bill_scaled(const struct bill *bill, struct money numerator, struct money denominator,
    struct money *total);

/* Whether the region asked for is one of the plan's provider. */
bool bill_has_region(const struct bill *bill, const struct plan *plan);

#endif
