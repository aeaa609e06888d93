/* What was measured of each function over a window, as the advice on its size and its
 * place needs it. */
#ifndef COLDMETER_ALERTS_ADVICE_MEASURED_H
#define COLDMETER_ALERTS_ADVICE_MEASURED_H

#include <stdbool.h>
#include <stdint.h>

#include "model/rollup.h"
#include "store/store.h"

#define MEASURED_MAX_FUNCTIONS 512
#define MEASURED_MAX_HOURS (31 * 24LL) /* a window is cut to that */

#define MEASURED_PEERS                                                                   \
	16 /* of a function; of further ones it is known that there are some */

/* Whom inits of a function waited for. */
struct measured_peer {
	char peer[COLDSTART_PEER_BYTES]; /* "10.0.0.5:5432" */
	uint64_t starts;                 /* cold starts that did */
	uint64_t wait_ns;                /* sum */
};

/* Times in ns; a figure of 0 is not known, but for counts. */
struct measured {
	struct function function;
	int64_t since_ns; /* of the window, or when it was first seen in it */
	int64_t until_ns;
	uint64_t invocations;
	uint64_t cold;
	uint64_t timeouts;
	uint64_t ooms;
	uint64_t duration_ns;  /* sum */
	uint64_t cpu_ns;       /* sum */
	uint64_t busy_ns;      /* sum, of all sandboxes */
	uint64_t hour_busy_ns; /* the same of its busiest hour */
	uint64_t hour_cpu_ns;  /* of the hour with the most */
	uint64_t memory_max_bytes;
	uint64_t concurrency_max;
	double duration_p99_ns; /* warm and cold */
	double duration_max_ns;
	double warm_p50_ns;
	double warm_p95_ns;
	double first_p50_ns; /* of the first of a sandbox, without its init */
	uint64_t firsts;     /* how many those are */
	double init_p50_ns;
	struct usage usage;
	uint64_t upgraded;    /* connections that were switched to another protocol */
	uint64_t upgraded_ns; /* sum of their durations */
	uint64_t scanned;     /* invocations among which those were looked for */
	uint64_t phased;      /* cold starts among them whose peers are known: */
	struct measured_peer peers[MEASURED_PEERS]; /* in the order seen, newest first */
	size_t peers_n;
	bool more_peers;
};

struct measured_list {
	struct measured *rows; /* in order of name */
	size_t n;
	int64_t since_ns; /* on the hour, and where the ledger has hours */
	int64_t until_ns;
	bool cut; /* there were more functions */
};

/* function NULL: all. connections: looks for upgraded ones, and for the peers of
 * inits, among the newest ADVICE_MAX_INTERVALS invocations. 0, -ENOMEM or the store's
 * error; release with measured_done(). */
struct measured_query {
	int64_t since_ns;
	int64_t until_ns;
	const char *function;
	bool connections;
};
int measured_read(
    struct store *store, const struct measured_query *query, struct measured_list *out);
void measured_done(struct measured_list *list);

#endif
