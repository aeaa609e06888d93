/* What each plan bills, as whole numbers that add up: kept in the ledger, priced later.
 */
#ifndef COLDMETER_MODEL_USAGE_H
#define COLDMETER_MODEL_USAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One counter a plan adds to. Stored by position: append, never reorder or reuse. Each is
 * rounded by its plan's rule per invocation or per sandbox before it is added. */
enum usage_item {
	USAGE_AWS_REQUESTS,     /* requests */
	USAGE_AWS_BILLED_MS,    /* ms: ceil(duration + init) */
	USAGE_AWS_MB_MS,        /* MiB-ms: configured (else observed) size x billed ms */
	USAGE_AZURE_EXECUTIONS, /* executions */
	USAGE_AZURE_MB_MS,      /* MB-ms: observed in 128 MB steps, at least 100 ms */
	USAGE_RUN_REQUESTS,     /* requests */
	USAGE_RUN_BILLED_MS,    /* ms of busy instance time in 100 ms steps */
	USAGE_RUN_MCPU_MS,      /* thousandths of a vCPU x ms */
	USAGE_RUN_MB_MS,        /* MiB-ms */
	USAGE_AWS_TMP_MB_MS,    /* MiB-ms of /tmp above the free 512 MiB x billed ms */
	USAGE_FLEX_MB_MS,       /* MiB-ms: instance size x busy time, at least 1000 ms */
	USAGE_GCF_MB_MS,        /* MiB-ms: size of the step x duration in 100 ms steps */
	USAGE_GCF_MHZ_MS,       /* MHz of that size x the same time */
	USAGE_HOST_CPU_US,      /* us of CPU time in use */
	USAGE_HOST_MB_MS,       /* MiB-ms in use: peak x busy time */
	USAGE_AWS_INIT_MB_MS,   /* MiB-ms: what init added to USAGE_AWS_MB_MS */
	USAGE_AWS_RESTORE_MB,   /* MiB: the sizes of the sandboxes that started cold */
	USAGE_ITEMS
};

struct usage {
	uint64_t item[USAGE_ITEMS];
};

/* Sums; each item saturates at its maximum. */
void usage_add(struct usage *into, const struct usage *from);

/* into - from, each item at least 0. */
void usage_subtract(struct usage *into, const struct usage *from);

/* The key of an item in answers: "aws_requests", "aws_mb_ms", ... */
const char *usage_item_name(enum usage_item item);

/* Coding: a varint for the number of items, then a varint for each; items that are 0 at
 * the end are left out. decode takes fewer items (the rest are 0) and skips more (a newer
 * writer's). Returns bytes, or -ENOSPC /
 * -EBADMSG. */
#define USAGE_ENCODED_MAX (10 * (USAGE_ITEMS + 1))
ssize_t usage_encode(const struct usage *usage, uint8_t *out, size_t size);
ssize_t usage_decode(const uint8_t *in, size_t size, struct usage *usage);

#endif
