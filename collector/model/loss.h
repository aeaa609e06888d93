/* Why an invocation that was seen has no record. */
#ifndef COLDMETER_MODEL_LOSS_H
#define COLDMETER_MODEL_LOSS_H

/* The order is the wire's and the store's: append, never reorder or reuse. */
enum lost_reason {
	LOST_RING_FULL,  /* the kernel's ring buffer had no room */
	LOST_MAP_FULL,   /* no room for the state of a sandbox or a process */
	LOST_UNNAMED,    /* the sandbox is not known to the agent */
	LOST_SPOOL_FULL, /* the agent's spool did not take it, or not give it back */
	LOST_READ_FAULT, /* bytes of the function could not be read */
	LOST_AGENT_GONE, /* its agent ended before it had written it down or sent it */
	LOST_REFUSED,    /* the collector could not take the batch it was in */
	LOST_SHED,       /* left out by the agent, to stay below its --max-overhead */
	LOST_REASONS
};

const char *lost_reason_name(enum lost_reason reason); /* "ring_full", ... */

#endif
