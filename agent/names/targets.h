/* Names of functions out of what requests ask for. */
#ifndef COLDMETER_AGENT_NAMES_TARGETS_H
#define COLDMETER_AGENT_NAMES_TARGETS_H

#include <stddef.h>
#include <stdint.h>

#include "agent/names/rules.h"
#include "bpf/record.h"
#include "model/function.h"

#define TARGETS_FRONT_DOORS_MAX 256 /* names of one sandbox that strangers may make */

/* The names that came in at one front door; all zero is empty. */
struct targets {
	uint64_t *hash; /* owned */
	size_t n;
	uint32_t pid; /* of the server that was looked at last, 0 none */
	bool is_door;
};

void targets_done(struct targets *targets);

/* Gives *function, which is the sandbox's, the name that a rule gives its request, or the
 * one that was asked for at a front door of Lambda's invoke API: NAME, an ARN, with
 * :QUALIFIER. A front door is what a rule says is one, or what its command line shows to
 * be one. A name counts once the door has answered for it with a 2xx; one that it answers
 * with 404 (nobody has it), one that was cut, and the 257th of a sandbox do not. process
 * and container may be NULL. Names come from strangers: they are cut to fit and made
 * printable. */
void targets_name(struct targets *targets, const struct rules *rules,
    const struct record_targeted *record, struct rules_subject subject,
    struct function *function);

/* Gives *function the name in what a server was told when it became one: OpenWhisk's
 * /init, {"value":{"name":"NAME",...}}, or Fission's /v2/specialize,
 * {...,"FunctionMetadata":{"name":"NAME",...}}. Returns whether there was one. */
bool targets_became(const char text[RECORD_NAME_BYTES], struct function *function);

#endif
