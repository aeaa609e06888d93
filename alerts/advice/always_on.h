/* What would carry a function's load if it ran all the time: sizes, counts and prices. */
#ifndef COLDMETER_ALERTS_ADVICE_ALWAYS_ON_H
#define COLDMETER_ALERTS_ADVICE_ALWAYS_ON_H

#include <stddef.h>
#include <stdint.h>

#include "model/function.h"
#include "price/book.h"

#define ALWAYS_ON_MAX 8
#define ALWAYS_ON_SIZE_BYTES 64

/* What must be there in the busiest hour. */
struct always_on_need {
	const char *provider; /* "aws" */
	const char *region;   /* "" when not known */
	enum arch arch;       /* ARCH_UNKNOWN: x86_64 */
	uint64_t cpu_milli;   /* thousandths of a vCPU */
	uint64_t memory_mb;
	uint64_t least_memory_mb; /* of one instance of it */
	uint64_t least_cpu_milli; /* what one invocation uses while it runs */
};

struct always_on {
	const char *kind; /* "fargate", "vm", "container-apps", "cloud-run-instance" */
	char size[ALWAYS_ON_SIZE_BYTES]; /* of one: "0.25 vCPU, 0.5 GB", "t4g.small" */
	uint64_t count;
	struct money month;        /* of all of them, 730 hours */
	const struct price *price; /* of one of its prices; borrowed from the book */
};

/* The cheapest size of each kind that the provider has, cheapest kind first, in its
 * region or, where the book has no price of that there, in the one that it has. Returns
 * how many. */
size_t always_on_find(const struct book *book, const struct always_on_need *need,
    struct always_on out[ALWAYS_ON_MAX]);

#endif
