/* One event handled by a function. */
#ifndef COLDMETER_MODEL_INVOCATION_H
#define COLDMETER_MODEL_INVOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "model/coldstart.h"
#include "model/function.h"

#define INVOCATION_ID_BYTES 72 /* request, sandbox and trace ids with their NUL */

/* A keep-warm ping carries this inside its trace id, so that it is known for what it is
 * wherever its record turns up: W3C traceparent "00-<PING_TRACE_MARK><16 hex>-...", AWS
 * "Root=1-<8 hex>-<PING_TRACE_MARK><8 hex>". */
#define PING_TRACE_MARK "c01dc01dc01dc01d"

enum invocation_kind { KIND_UNKNOWN, KIND_LAMBDA, KIND_HTTP, KIND_PROCESS, KIND_COUNT };

enum invocation_status {
	STATUS_OK,
	STATUS_ERROR,
	STATUS_TIMEOUT,
	STATUS_OOM,
	STATUS_CRASH,
	STATUS_INIT_ERROR,
	STATUS_ABORTED,
	STATUS_COUNT
};

/* Why a cold start happened. */
enum invocation_cause {
	CAUSE_UNKNOWN,
	CAUSE_FIRST,
	CAUSE_SCALE_OUT,
	CAUSE_IDLE_REAP,
	CAUSE_CRASH,
	CAUSE_OOM,
	CAUSE_TIMEOUT,
	CAUSE_DEPLOY,
	CAUSE_COUNT
};

/* How sure a cause is. */
enum invocation_certainty {
	CERTAINTY_UNKNOWN,
	CERTAINTY_GUESS,   /* nothing speaks against it */
	CERTAINTY_LIKELY,  /* something speaks for it */
	CERTAINTY_CERTAIN, /* the kernel told, or there is no other way */
	CERTAINTY_COUNT
};

enum invocation_start {
	START_UNKNOWN, /* the agent came after the sandbox's init, and it was the first
			  seen */
	START_WARM,
	START_COLD,     /* waited for an init */
	START_PREWARMED /* first of a sandbox that had been ready and idle */
};

/* Which optional figures are known. */
enum {
	HAS_RESPONSE = 1 << 0,    /* response_ns */
	HAS_INIT = 1 << 1,        /* init_ns: only on the first invocation of a sandbox */
	HAS_WAIT = 1 << 2,        /* wait_ns */
	HAS_CPU = 1 << 3,         /* cpu_ns */
	HAS_MEMORY = 1 << 4,      /* peak_memory_bytes */
	HAS_BUSY = 1 << 5,        /* busy_ns */
	HAS_HTTP_STATUS = 1 << 6, /* http_status */
	HAS_BYTES = 1 << 7,       /* request_bytes, response_bytes */
	HAS_DURATION = 1 << 8,    /* duration_ns; absent on init_error */
	HAS_RUN_QUEUE = 1 << 9,   /* run_queue_ns */
	HAS_INIT_STORY = 1 << 10, /* init: only beside init_ns */
	HAS_CERTAINTY = 1 << 11,  /* certainty: only beside cause */
	HAS_COLDSTART = 1 << 12,  /* coldstart: only beside init_ns */
	HAS_THROTTLED = 1 << 13,  /* throttled_ns: only when there was any */
	HAS_END = 1 << 14         /* the first bit that is none */
};

/* What is not exact, and how. A figure without a mark is exact. */
enum {
	QUALITY_MEMORY_BOUND = 1 << 0,       /* peak is at least this */
	QUALITY_CPU_ESTIMATE = 1 << 1,       /* overlapping invocations share it */
	QUALITY_START_ESTIMATE = 1 << 2,     /* start inferred (pipelined, late agent) */
	QUALITY_DURATION_ESTIMATE = 1 << 3,  /* end inferred */
	QUALITY_INIT_ESTIMATE = 1 << 4,      /* ready time inferred */
	QUALITY_INIT_UNKNOWN = 1 << 5,       /* sandbox older than the agent */
	QUALITY_STATUS_ESTIMATE = 1 << 6,    /* status inferred */
	QUALITY_REQUEST_ID_UNKNOWN = 1 << 7, /* no id seen on the wire */
	QUALITY_CLOCK_STEPPED = 1 << 8,      /* wall clock was set meanwhile */
	QUALITY_WAIT_ESTIMATE = 1 << 9,      /* to a tick of the clock, or by order */
	QUALITY_MEMORY_SANDBOX = 1 << 10     /* highest of its sandbox so far: at most */
};

/* What an init spent its time on, by the kernel's own counters of the process that became
 * ready, all its threads and programs; CPU time is good to a scheduler tick. Times count
 * from the start of the first process. */
struct init_story {
	uint64_t first_exec_ns; /* its first program is in place */
	uint64_t last_exec_ns;  /* the last program of the chain is: the runtime itself */
	uint64_t cpu_ns;
	uint64_t run_queue_ns; /* waiting for a CPU */
	uint64_t read_bytes;   /* by read calls: modules, from disk or cache */
	uint64_t disk_bytes;   /* of those and of mapped files, what came from a disk */
	uint32_t major_faults; /* waits for a page from a disk */
	uint32_t execs;
};

/* Times of our own agent are whole microseconds (agent/sandboxes/resolution.h); others
 * tell what they like. */
struct invocation {
	const struct function *function; /* borrowed; outlives the invocation */
	enum invocation_kind kind;
	enum invocation_status status;
	enum invocation_start start_type;
	enum invocation_cause cause;
	enum invocation_certainty certainty;
	bool ping;        /* a keep-warm ping, kept out of the function's figures */
	uint32_t has;     /* HAS_* */
	uint32_t quality; /* QUALITY_* */
	int64_t start_ns; /* since the epoch, UTC */
	uint64_t duration_ns;
	uint64_t init_ns;
	uint64_t wait_ns; /* from arrival to start, where the platform shows it */
	uint64_t cpu_ns;
	/* Time the sandbox was busy, settled by this invocation: the sum over a sandbox's
	 * invocations is the union of their intervals. What instance-billed plans count.
	 */
	uint64_t busy_ns;
	uint64_t peak_memory_bytes;
	uint32_t concurrency; /* in flight in the sandbox at its start, itself included;
				 >= 1 */
	uint32_t pid;         /* in the host's pid namespace */
	uint64_t request_bytes;
	uint64_t response_bytes;
	uint64_t sandbox_hash; /* see invocation_sandbox(); 0: not reckoned yet */
	/* What is counted for everybody ends here: two or three cache lines. */
	uint64_t response_ns;  /* start until the response was written */
	uint64_t run_queue_ns; /* its process waited for a CPU so long */
	uint64_t
	    throttled_ns; /* its cgroups were not let run, on each CPU, by their limits */
	uint16_t http_status;
	struct init_story init;
	const struct coldstart *coldstart;    /* borrowed; NULL: not known */
	char request_id[INVOCATION_ID_BYTES]; /* "" when unknown */
	char sandbox[INVOCATION_ID_BYTES];
	char trace_id[INVOCATION_ID_BYTES];
};

/* One of which nothing is known. Its texts are ended, not cleared: they are half of it.
 */
static inline void invocation_init(struct invocation *invocation)
{
	memset(invocation, 0, offsetof(struct invocation, request_id));
	invocation->request_id[0] = '\0';
	invocation->sandbox[0] = '\0';
	invocation->trace_id[0] = '\0';
}
_Static_assert(sizeof(struct invocation) ==
		   offsetof(struct invocation, request_id) + 3 * INVOCATION_ID_BYTES,
    "the texts are its end");

/* A number for its sandbox, never 0: the same for those of one sandbox. Who reads many of
 * a sandbox reckons it once and keeps it in them (invocation_hash() of the text). */
uint64_t invocation_hash(const char id[INVOCATION_ID_BYTES]);
static inline uint64_t invocation_sandbox(const struct invocation *invocation)
{
	return invocation->sandbox_hash ? invocation->sandbox_hash
					: invocation_hash(invocation->sandbox);
}

/* The words of the wire and of answers; the _find ones return the _UNKNOWN or _COUNT
 * value for a stranger: KIND_UNKNOWN, STATUS_COUNT, CAUSE_UNKNOWN, ... */
const char *invocation_kind_name(enum invocation_kind kind);
enum invocation_kind invocation_kind_find(const char *name);
const char *invocation_status_name(enum invocation_status status);
enum invocation_status invocation_status_find(const char *name);
const char *invocation_cause_name(enum invocation_cause cause);
enum invocation_cause invocation_cause_find(const char *name);
const char *invocation_certainty_name(enum invocation_certainty certainty);
enum invocation_certainty invocation_certainty_find(const char *name);

/* The word of one QUALITY_ bit, such as "peak_memory:bound"; NULL beyond the last. bit
 * counts from 0. invocation_quality_find returns the bit mask of a word, 0 if unknown. */
const char *invocation_quality_name(unsigned int bit);
uint32_t invocation_quality_find(const char *name);

/* Any status but ok: what the errors column counts. */
bool invocation_is_error(const struct invocation *invocation);

/* Whether the trace id is one of our own pings'. */
bool invocation_trace_is_ping(const char *trace_id);

/* A ping is known by its trace, whoever sends it. */
static inline void invocation_mark_ping(struct invocation *inv)
{
	inv->ping |= inv->trace_id[0] && invocation_trace_is_ping(inv->trace_id);
}

#endif
