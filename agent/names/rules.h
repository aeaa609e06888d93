/* The user's rules that name functions: which sandbox, which request, which name. */
#ifndef COLDMETER_AGENT_NAMES_RULES_H
#define COLDMETER_AGENT_NAMES_RULES_H

#include <stdbool.h>
#include <stdint.h>

#define RULES_MAX 256
#define RULES_PATTERN_BYTES 256 /* with its NUL */

struct rules;

/* What is known of a sandbox, and of a request to it; NULL: nothing. */
struct rules_subject {
	const char *function; /* its name without rules */
	const char *process;  /* what the kernel calls it: 15 bytes */
	const char *began;    /* so it called what began it: either will do */
	const char *container;
	uint16_t port; /* of this host that it is served on, 0: not known, or none */
	const char *method;
	const char *path; /* without the query, cut where the record ends */
};

/* Reads the agent's configuration file. 0, or -EINVAL, -ENOENT, ... after one line with
 * file, line and column. The rules are freed with rules_free(), which takes NULL. */
int rules_load(const char *path, struct rules **out);
void rules_free(struct rules *rules);

/* Whether a rule looks at requests. rules may be NULL, here and below. */
bool rules_want_targets(const struct rules *rules);

/* Whether a rule that names looks at ports: a sandbox may listen on several. */
bool rules_want_ports(const struct rules *rules);

/* Whether a rule says that this is a front door of Lambda's invoke API, whose requests
 * name functions. */
bool rules_front_door(const struct rules *rules, const struct rules_subject *subject);

/* The name that the first rule gives which matches, or NULL. It lives as long as rules.
 */
const char *rules_name(const struct rules *rules, const struct rules_subject *subject);

#endif
