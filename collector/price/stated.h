/* Quantities that no invocation tells, such as units kept ready: stated by who asks,
 * never kept in the ledger. */
#ifndef COLDMETER_PRICE_STATED_H
#define COLDMETER_PRICE_STATED_H

#include <stdbool.h>
#include <stdint.h>

#include "model/usage.h"

/* They go on where the items of usage end, so that a line of a plan can name either. */
enum stated_item {
	STATED_FIRST = USAGE_ITEMS,
	STATED_AWS_STREAM_BYTES = STATED_FIRST, /* beyond the free ones of each request */
	STATED_AWS_STREAM_PAID_BYTES,  /* the same, the monthly grant being used up */
	STATED_AWS_PC_MB_MS,           /* MiB-ms of provisioned concurrency */
	STATED_AWS_PC_RUN_MB_MS,       /* MiB-ms of USAGE_AWS_MB_MS that ran on it */
	STATED_AWS_SNAP_CACHE_MB_MS,   /* MiB-ms of snapshots kept */
	STATED_AWS_EDGE_REQUESTS,      /* requests of Lambda@Edge */
	STATED_AWS_EDGE_MB_MS,         /* MiB-ms of Lambda@Edge */
	STATED_AWS_TENANT_MB,          /* MiB of environments made for one tenant each */
	STATED_AWS_KAFKA_EPU,          /* millionths of an hour of an event poller unit */
	STATED_AWS_SQS_EPU,            /* millionths of such an hour, too */
	STATED_AWS_DURABLE_OPERATIONS, /* operations */
	STATED_AWS_DURABLE_WRITTEN,    /* millionths of a GB */
	STATED_AWS_DURABLE_RETAINED,   /* millionths of a GB-month */
	STATED_MANAGED_C7I_XLARGE_MS,  /* ms that these instances exist: who states */
	STATED_MANAGED_C7G_XLARGE_MS,  /* one of the two, states both */
	STATED_FLEX_READY_MB_MS,       /* MiB-ms of instances always ready */
	STATED_FLEX_READY_RUN_MB_MS,   /* MiB-ms of USAGE_FLEX_MB_MS that ran on them */
	STATED_FLEX_READY_EXECUTIONS,  /* executions on them */
	STATED_PREMIUM_MCPU_MS,        /* thousandths of a vCPU x ms */
	STATED_PREMIUM_MB_MS,          /* MiB-ms */
	STATED_RUN_IDLE_MCPU_MS,       /* of minimum instances with nothing to do */
	STATED_RUN_IDLE_MB_MS,         /* MiB-ms of them */
	STATED_RUN_INSTANCE_MCPU_MS,   /* thousandths of a vCPU x ms an instance lived */
	STATED_RUN_INSTANCE_MB_MS,     /* MiB-ms of the same */
	STATED_GCF_IDLE_MHZ_MS,  /* MHz-ms of minimum instances with nothing to do */
	STATED_GCF_IDLE_MB_MS,   /* MiB-ms of them */
	STATED_GCP_EGRESS_BYTES, /* bytes sent out of Google's network */
	STATED_HOST_CPU_US,      /* us of CPU time that a host has while it is kept */
	STATED_HOST_MB_MS,       /* MiB-ms that it has */
	STATED_END
};

#define STATED_ITEMS (STATED_END - STATED_FIRST)
_Static_assert(STATED_ITEMS <= 64, "given has a bit for each");

struct stated {
	uint64_t given; /* a bit for each item that was stated, even as 0 */
	uint64_t item[STATED_ITEMS];
};

/* Adds to an item, which is given from then on. Returns whether the sum fits; it is left
 * as it was when not. */
bool stated_add(struct stated *stated, enum stated_item item, uint64_t quantity);

/* Adds all of from. Returns whether every sum fits; *into is untouched when not. */
bool stated_merge(struct stated *into, const struct stated *from);

/* stated may be NULL: nothing is. */
bool stated_is_given(const struct stated *stated, enum stated_item item);

/* The quantity of either kind: an enum usage_item or an enum stated_item. */
uint64_t stated_quantity(
    const struct usage *usage, const struct stated *stated, unsigned int item);

#endif
