/* What GET /v1/functions said, as structs. */
#ifndef COLDMETER_TUI_SNAPSHOT_H
#define COLDMETER_TUI_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/function.h"
#include "model/money.h"
#include "tui/ledger.h"
#include "tui/rows.h"

#define SNAPSHOT_TREND 30
#define SNAPSHOT_HOST_BYTES 64

/* Milliseconds; NAN where there were no values. */
struct percentiles {
	double p50, p95, p99, max;
};

struct function_row {
	char name[FUNCTION_NAME_BYTES];
	char version[FUNCTION_VERSION_BYTES];
	char region[FUNCTION_REGION_BYTES];
	char platform[24];
	char kind[16];
	char arch[16];
	char plan[32];
	char cost_basis[32];
	uint64_t invocations, cold, prewarmed, errors;
	uint64_t errors_by[8]; /* by enum invocation_status */
	double rate;           /* invocations a second, the last 10 s */
	double cold_pct;
	struct percentiles duration, warm_duration, cold_duration, init;
	double memory_p95_mb, memory_max_mb, memory_limit_mb;
	double cpu_ms_mean;
	double concurrency_mean, concurrency_max;
	bool has_cost;
	struct money cost, cost_per_hour,
	    cost_month;       /* over the window; an hour; 730 h */
	struct ledger ledger; /* lost: on top of every total here */
	uint64_t pings;
	struct money pings_cost;
	int64_t last_seen_ns;
	uint32_t trend[SNAPSHOT_TREND]; /* invocations, oldest first */
};

struct agent_row {
	char host[SNAPSHOT_HOST_BYTES];
	double age_s; /* since its last batch */
	bool silent;  /* for longer than an agent that lives is */
	struct ledger ledger;
	/* shares of the host's CPU time in percent; NAN: not known */
	double agent_pct, probes_pct, max_pct;
	double resident_bytes, shed;
	uint64_t tls, http2; /* connections that cannot be read */
	uint64_t read_faults, map_full, exec_lost, io_uring, missed_runs;
};

/* So many functions are kept; of more, what an answer tells first. */
#define SNAPSHOT_FUNCTIONS_MAX 5000

struct snapshot {
	struct rows functions; /* struct function_row */
	struct rows agents;    /* struct agent_row; none when the answer names none */
	uint64_t hosts;
	uint64_t functions_told; /* in the answer, more than items where they are cut */
	struct ledger ledger;
	int64_t since_ns, until_ns;
	uint64_t known;        /* functions at any time, told where the window has none */
	int64_t known_last_ns; /* when the last of them was seen */
};

/* Replaces *snapshot. 0, -EBADMSG when it is not such an answer, or -ENOMEM; *snapshot
 * is untouched then. A snapshot starts zeroed. */
int snapshot_parse(const char *body, size_t body_bytes, struct snapshot *snapshot);
void snapshot_done(struct snapshot *snapshot);

/* What agent and probes take together; of the agent alone where that is all that is
 * known. NAN: nothing is. */
double agent_row_cost_pct(const struct agent_row *row);

/* The row at i, and the first of that name (NULL: none). */
const struct function_row *snapshot_at(const struct snapshot *snapshot, size_t i);
const struct function_row *snapshot_find(
    const struct snapshot *snapshot, const char *name);

#endif
