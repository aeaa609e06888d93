/* Like invocations, as a JSON object describes them: between reading and counting. */
#ifndef COLDMETER_PRICE_ESTIMATE_DESCRIPTION_H
#define COLDMETER_PRICE_ESTIMATE_DESCRIPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "price/estimate.h"
#include "price/json_check.h"

/* Invocations that are kept ready for, by provisioned concurrency or by instances that
 * are always ready. */
struct description_ready {
	bool is_there;
	bool is_azure;  /* always ready instances; else provisioned concurrency */
	uint64_t units; /* kept */
	uint64_t ms;    /* for so long, each */
	uint64_t requests;
	uint64_t duration_ns;
};

struct description {
	uint64_t requests; /* but those of ready */
	uint64_t cold_starts;
	uint64_t duration_ns;
	uint64_t init_ns;
	uint64_t cpu_ns;
	bool has_cpu;
	uint64_t memory_mb;   /* 0: not said */
	uint64_t observed_mb; /* 0: not said */
	uint64_t tmp_mb;
	uint64_t concurrency;
	uint64_t vcpus_micro; /* millionths of a vCPU; 0: not said */
	int64_t start_ns;
	bool init_always_billed; /* an image or a custom runtime: at any date */
	bool is_java;            /* a managed runtime of Java */
	bool is_edge;            /* Lambda@Edge */
	struct description_ready ready;
};

/* Reads duration, requests and what is kept ready for some of them. 0 or -EBADMSG. */
int description_read_requests(
    const struct check *c, const struct place *at, struct description *d);

/* Counts a description by every plan's rule. 0, or -ERANGE when it is too much for 64
 * bits. */
int description_count(const struct description *d, struct estimate_part *part);

/* Reads what no invocation tells: instances, snapshots, streams, .... Comes after the
 * count, for some of it depends on how busy the invocations keep an instance. 0 or
 * -EBADMSG. */
int description_read_stated(const struct check *c, const struct place *at,
    const struct description *d, struct estimate_part *part);

/* Bytes that are streamed beyond the free ones of each request: members streamed,
 * streamed_bytes and streaming_free_used. 0 or -EBADMSG. */
int description_read_streamed(const struct check *c, const struct place *at,
    uint64_t requests, struct estimate_part *part);

/* All requests, those of ready included. */
static inline uint64_t description_all_requests(const struct description *d)
{
	return d->requests + d->ready.requests;
}

#endif
