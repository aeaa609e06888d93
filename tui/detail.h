/* What the answers about one function say, as structs: its series and its invocations. */
#ifndef COLDMETER_TUI_DETAIL_H
#define COLDMETER_TUI_DETAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "model/function.h"
#include "model/invocation.h"
#include "tui/rows.h"
#include "tui/snapshot.h"

struct point_row {
	int64_t t_ns;
	uint64_t invocations, cold, errors;
	struct percentiles duration;
	double init_p95_ms;
};

struct invocation_row {
	char function[FUNCTION_NAME_BYTES];
	char request_id[INVOCATION_ID_BYTES];
	char host[SNAPSHOT_HOST_BYTES];
	char cause[16];
	char status[16];
	int64_t start_ns;
	double duration_ms, init_ms, wait_ms, cpu_ms; /* NAN: unknown */
	/* what its init was spent on; NAN: unknown */
	double init_exec_ms, init_execs, init_cpu_ms, init_run_queue_ms;
	double init_read_bytes, init_disk_bytes, init_major_faults;
	double memory_mb, memory_limit_mb;
	bool cold;
	bool start_known; /* whether the answer says cold or not */
	bool prewarmed;
	bool ping;
};

extern const struct row_kind point_kind;      /* "points": struct point_row */
extern const struct row_kind invocation_kind; /* "invocations": struct invocation_row */

#endif
