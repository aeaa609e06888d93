/* What the command line asks of the agent. */
#ifndef COLDMETER_AGENT_SETTINGS_H
#define COLDMETER_AGENT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/probes/backend.h"

struct settings {
	bool to_stdout;
	bool check;
	bool verbose;
	const char *collector;  /* NULL: none */
	const char *token_file; /* NULL: none */
	const char *ca_file;    /* NULL: what this host trusts */
	const char *spool;      /* NULL: in memory */
	const char *config;     /* NULL: none */
	uint64_t spool_limit_mb;
	enum backend backend;
	double max_overhead; /* share of the host's CPU time, 0 to 1 */
	unsigned int shed;   /* the least step of detail to leave out, enum record_shed */
	const char *deep;    /* function whose inits are sampled; NULL: none */
	const char *deep_out; /* NULL without deep */
};

/* Reads the command line. Returns 0 to go on, 1 when help or version was asked for and
 * printed, or -EINVAL after one line about what is wrong. Strings are borrowed from argv.
 */
int settings_parse(int argc, char **argv, struct settings *settings);

#endif
