/* Invocations added up by what they have in common: a host, a version, a platform. */
#ifndef COLDMETER_SERVE_FIGURES_GROUPS_H
#define COLDMETER_SERVE_FIGURES_GROUPS_H

#include <stdbool.h>

#include "model/rollup.h"
#include "price/book.h"

#define GROUPS_MAX 4096
#define GROUPS_FUNCTIONS_MAX 65536 /* in all groups together: 25 MB */
#define GROUP_NAME_BYTES 256

/* The usage of each function in it: prices depend on the function. */
struct group_function {
	struct function function;
	struct usage usage;
	uint32_t group; /* its index */
};

struct group {
	char name[GROUP_NAME_BYTES];
	char function[FUNCTION_NAME_BYTES]; /* a version is one of a function; else "" */
	struct rollup rollup;
	int64_t first_s; /* start of the first minute with something in it */
	size_t functions_n;
};

/* Zero-initialised is empty; released with groups_done(). */
struct groups {
	struct group *rows; /* as they came, until sorted */
	size_t n;
	size_t room;
	struct group_function *functions;
	size_t functions_n;
	size_t functions_room;
	uint32_t *table; /* places in functions + 1, by hash; 0: free */
	size_t table_size;
	uint16_t places[2 * GROUPS_MAX]; /* the same of rows, by their keys */
	size_t last; /* the group found last: the next one is most often the same */
};

/* The group of that name (of that function, where names are not one of a kind without),
 * and in it the place of the function; made when they are not there. Both pointers live
 * until the next call. 0; -ENOMEM; -E2BIG beyond the limits. */
struct group_key {
	const char *name;
	const char *of; /* "" or the function that the name is one of */
};
int groups_find(struct groups *groups, const struct group_key *key,
    const struct function *function, struct group **group,
    struct group_function **member);

/* What each group costs, by the plans of its functions' platforms, each priced as
 * GET /v1/functions does: costs[i] of rows[i]. Where known[i] is false a price is
 * missing. Both hold groups->n. */
void groups_price(const struct groups *groups, const struct book *book,
    struct money *costs, bool *known);

void groups_done(struct groups *groups);

#endif
