/* What is remembered of each function: why its next sandbox begins follows from it. */
#ifndef COLDMETER_AGENT_SANDBOXES_KNOWN_FUNCTIONS_H
#define COLDMETER_AGENT_SANDBOXES_KNOWN_FUNCTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "agent/sandboxes/cause.h"
#include "model/function.h"

#define KNOWN_FUNCTIONS_BUCKETS 4096
#define KNOWN_FUNCTIONS_IDLE_MAX 4096 /* remembered without a sandbox */

struct known_function;

/* Starts zeroed. Those without a sandbox that were silent longest are forgotten. */
struct known_functions {
	size_t idle_n;
	struct known_function *idle_oldest;
	struct known_function *idle_newest;
	struct known_function *buckets[KNOWN_FUNCTIONS_BUCKETS];
};

void known_functions_done(struct known_functions *all);

/* A sandbox of it begins; *cause says why. NULL when out of memory. What is returned
 * lives until its last sandbox has ended. */
struct known_function *known_functions_begin(
    struct known_functions *all, const struct function *function, struct cause *cause);

/* A sandbox of it has ended: its last invocation so, after so long without work. */
void known_functions_end(struct known_functions *all, struct known_function *function,
    enum invocation_status last_end, uint64_t idle_ns);

#endif
