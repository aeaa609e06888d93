/* Usage of invocations that are described or listed: what the price calculator reads. */
#ifndef COLDMETER_PRICE_ESTIMATE_H
#define COLDMETER_PRICE_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/function.h"
#include "model/usage.h"
#include "price/book.h"
#include "price/invoice.h"
#include "price/own_host.h"
#include "price/plan.h"

/* Which plans can bill a part: some inputs say nothing to the others. */
enum {
	ESTIMATE_AWS = 1 << 0,
	ESTIMATE_AZURE = 1 << 1,
	ESTIMATE_GCP_RUN = 1 << 2,
	ESTIMATE_GCP_FUNCTIONS = 1 << 3,
	ESTIMATE_OWN = 1 << 4,
	ESTIMATE_ALL = ESTIMATE_AWS | ESTIMATE_AZURE | ESTIMATE_GCP_RUN |
		       ESTIMATE_GCP_FUNCTIONS | ESTIMATE_OWN
};

/* Invocations of one place, added up. */
struct estimate_part {
	char region[FUNCTION_REGION_BYTES]; /* "" when not said */
	enum arch arch;                     /* ARCH_UNKNOWN when not said */
	bool free_tier;
	unsigned int billable; /* ESTIMATE_* */
	uint32_t memory_mb;    /* the largest size asked for; 0: none */
	struct usage usage;
	struct stated stated;
	struct own_host host; /* of a description; the estimate keeps it for all */
};

/* What the command line says; it goes before what the input says. */
struct estimate_options {
	const char *region; /* NULL: as the input says */
	enum arch arch;     /* ARCH_UNKNOWN: as the input says */
	bool free_tier;     /* true: for all; false: as the input says */
};

struct estimate {
	struct estimate_options options;
	struct estimate_part *parts; /* one for each place */
	size_t parts_n;
	size_t parts_room;
	struct own_host host; /* the user's machine, where one is described */
};

/* options are borrowed strings that outlive the estimate. NULL when out of memory. */
struct estimate *estimate_new(const struct estimate_options *options);
void estimate_free(struct estimate *estimate);

/* Adds what a JSON object, or an array of them, describes. 0, -EBADMSG or -ENOMEM with a
 * sentence in why that names the line or the member; what came before it is kept. */
int estimate_add_described(struct estimate *estimate, const char *json, size_t json_bytes,
    char *why, size_t why_size);

/* Adds one invocation, counted by every plan's rule. 0, -ERANGE when a sum would not fit
 * 64 bits, -E2BIG beyond 4096 places, or -ENOMEM. */
int estimate_add_invocation(struct estimate *estimate, const struct invocation *inv);

/* The same read under a plan. */
struct estimate_bill {
	struct invoice *invoices; /* one for each region and architecture, sorted */
	size_t invoices_n;
	bool moved; /* a region that the provider has not was replaced by its default */
};

/* Makes the invoices; the parts with the free tier share one grant. With move_regions a
 * region that the provider has not becomes the plan's default one. 0, -ENOMEM, or
 * -EINVAL with a sentence in why (no such region, no price, a size or an input that the
 * plan cannot bill). *out is to be released with estimate_bill_done(). */
struct estimate_terms {
	const struct book *book;
	const struct plan *plan;
	bool move_regions;
};
int estimate_price(const struct estimate *estimate, const struct estimate_terms *terms,
    struct estimate_bill *out, char *why, size_t why_size);
void estimate_bill_done(struct estimate_bill *bill);

#endif
