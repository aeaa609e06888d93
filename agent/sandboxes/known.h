/* What sandboxes.c and sandboxes/losses.c share. */
#ifndef COLDMETER_AGENT_SANDBOXES_KNOWN_H
#define COLDMETER_AGENT_SANDBOXES_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/names/targets.h"
#include "agent/sandboxes.h"
#include "agent/sandboxes/known_functions.h"
#include "agent/sandboxes/outcome.h"

#define BUCKETS 4096 /* a host has hundreds of sandboxes, not millions */

/* Twice what the kernel's map holds: more is sandboxes whose end had no room in the ring.
 */
#define SANDBOXES_MAX 16384

struct known {
	struct known *next;
	struct known *older; /* in order of the last record */
	struct known *newer;
	uint64_t id;
	struct outcome_life life;
	uint64_t lost; /* told so far */
	uint64_t shed;
	uint64_t end_ns; /* it has ended, without a record; 0: not known to */
	enum invocation_status last_status;
	uint64_t last_work_ns; /* boot clock: it was ready, or an invocation ended */
	struct coldstart *coldstart;  /* until its first invocation; owned */
	char api[RECORD_VALUE_BYTES]; /* of its runtime, "" when it is none */
	bool is_lambda;
	bool has_worked; /* it had an invocation */
	struct known_function *owner;
	bool is_part;             /* of an adopted sandbox; it is no sandbox itself */
	struct function function; /* with the set-up of this sandbox */
	char told[FUNCTION_NAME_BYTES]; /* its name without rules */
	struct targets targets;
	char began[RECORD_PROCESS_BYTES];   /* what began it was called so, "" unknown */
	char process[RECORD_PROCESS_BYTES]; /* what it is called, "" unknown */
	uint16_t port;                      /* it listened on first, 0 unknown */
	char name[INVOCATION_ID_BYTES];
};

struct sandboxes {
	sandboxes_emit emit;
	const struct rules *rules;
	sandboxes_lose lose; /* NULL: nobody asks */
	void *context;
	uint32_t foreign_said; /* bits by enum foreign */
	size_t n;
	struct known *oldest;
	struct known *newest;
	struct adopted {
		uint32_t pid;
		uint64_t sandbox;
	} * adopted; /* until they are settled */
	size_t adopted_n;
	struct known *by_id[BUCKETS];
	struct known_functions functions;
};

/* Forgets it. end_ns: on the boot clock, 0: it was not told. */
void sandboxes_drop(struct sandboxes *s, uint64_t id, uint64_t end_ns);

/* Tells how many of its invocations have no record, since it was told last. Both only
 * grow. */
void sandboxes_tell_losses(
    struct sandboxes *s, struct known *k, uint64_t lost, uint64_t shed);

#endif
