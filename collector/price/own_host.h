/* What the user's own machine costs, as the prices of the plan own-host. */
#ifndef COLDMETER_PRICE_OWN_HOST_H
#define COLDMETER_PRICE_OWN_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "model/money.h"
#include "price/book.h"
#include "price/json_check.h"

struct own_host {
	bool is_there;
	struct money hour;     /* what all of it costs in an hour */
	uint64_t vcpus_micro;  /* millionths of a CPU */
	uint64_t memory_micro; /* millionths of a GiB */
};

/* Reads the members host_usd_per_hour, host_vcpus and host_memory_gb, all or none of
 * which must be there. 0 or -EBADMSG. */
int own_host_read(const struct check *c, const struct place *at, struct own_host *host);

bool own_host_is_same(const struct own_host *a, const struct own_host *b);

/* Lays the machine's prices over the book: half of the hour for its CPUs and half for its
 * memory, each rounded half to even at a pico-dollar. 0 or -ENOMEM. */
int own_host_price(const struct own_host *host, struct book *book);

#endif
