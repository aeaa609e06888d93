/* A billing rule: how a provider counts an invocation and what it charges for the count.
 */
#ifndef COLDMETER_PRICE_PLAN_H
#define COLDMETER_PRICE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "model/invocation.h"
#include "model/usage.h"
#include "price/stated.h"

#define PLAN_MAX_LINES 20

/* One kind of charge of a plan: which quantity, in which unit, at which price. */
struct plan_line {
	const char *item;          /* "requests", "compute" */
	const char *price_key;     /* key in the price book; "{arch}" in it is replaced */
	unsigned int quantity;     /* enum usage_item, or enum stated_item */
	unsigned int less;         /* of which this is billed by another line; 0: none */
	uint64_t unit_size;        /* usage per priced unit: 1024000 MB-ms in a GB-s */
	const char *unit;          /* "request", "GB-s" */
	const char *free_tier_key; /* monthly free quantity in the book; NULL: none */
	bool optional;             /* left out of an invoice while its quantity is 0 */
};

struct plan {
	const char *name;     /* "aws-lambda" */
	const char *provider; /* of the price book: "aws", "azure", "gcp" */
	const char *default_region;
	bool has_arch; /* prices differ by architecture */
	/* Adds what this plan bills for one invocation to *usage. Pure. Plans that bill
	 * the same counts share it. NULL: it bills none of an invocation. */
	void (*count)(const struct invocation *inv, struct usage *usage);
	/* What a function bills for being there for so long, from its first to its last
	 * invocation: a quantity of needs. NULL: nothing. */
	uint64_t (*stand)(const struct function *function, uint64_t ms);
	/* What must be stated, for no invocation tells it; 0: nothing. needs_words says
	 * so to people: "pc_units and pc_seconds: ...". */
	enum stated_item needs;
	const char *needs_words;
	const struct plan_line *lines;
	size_t lines_n;
	/* What the counting takes for granted, a sentence each; NULL-terminated. */
	const char *const *assumptions;
	bool observed_memory;   /* bills the memory in use, not the configured size */
	uint32_t memory_max_mb; /* the largest size it offers */
	/* The free quantity is a credit: worth its price in default_region, so fewer
	 * units where units are dearer. */
	bool free_is_credit;
	bool is_placeless; /* it has one region, default_region, that goes for all */
};

/* The plans, a NULL-terminated table. */
extern const struct plan *const plans[];

const struct plan *plan_find(const char *name); /* NULL: no such plan */

/* "aws-lambda, azure-consumption, ...": for a message to who asked for another. Returns
 * out. */
#define PLAN_LIST_BYTES 320
const char *plan_list(char out[PLAN_LIST_BYTES]);

/* The plan that a function's own platform bills by; aws-lambda where it bills by none. */
const struct plan *plan_of_platform(enum platform platform);

/* The assumption of a bill whose region none of the plan's provider is. Returns out. */
#define PLAN_MOVED_BYTES 160
const char *plan_moved(
    const struct plan *plan, const char *region, char out[PLAN_MOVED_BYTES]);

/* "configured memory" or "observed memory": what the plan's cost rests on for a function
 * of that configured size (0: unknown). */
const char *plan_cost_basis(const struct plan *plan, uint32_t memory_limit_mb);

/* What every plan bills for one invocation: the usage that the ledger stores. */
void plan_count_all(const struct invocation *inv, struct usage *usage);

#endif
