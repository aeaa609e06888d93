/* Agent, collector and dashboard together. */
#ifndef COLDMETER_TUI_RUN_H
#define COLDMETER_TUI_RUN_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "tui/child.h"
#include "tui/client.h"

enum { RUN_COLLECTOR, RUN_AGENT, RUN_CHILDREN };

/* When a child that has ended is started again. */
struct run_again {
	int64_t due_ms; /* 0: not set yet */
	int64_t started_ms;
	int tries; /* in a row that did not last */
};

struct run {
	struct owner owner;
	struct endpoint endpoint; /* of our collector */
	struct client *client;
	const char *listen;       /* "127.0.0.1:7077" */
	const char *max_overhead; /* the agent's option */
	const char *config;       /* likewise; NULL: none */
	char data[PATH_MAX / 2];
	char spool[PATH_MAX];
	int64_t interval_ms, for_ms;
	bool colour;
	bool said[RUN_CHILDREN]; /* that it ended */
	struct child children[RUN_CHILDREN];
	struct run_again again[RUN_CHILDREN];
	struct child dashboard;
};

/* Finds out who called and makes the directories. data NULL: the usual place. 0, or
 * negative with a sentence in why. */
int run_place(struct run *run, const char *data, char *why, size_t why_size);

/* Starts one of ours with its log in the data directory. 0, or negative with why. */
int run_start(struct run *run, int which, char *why, size_t why_size);

/* Whether a child has ended; then its name, end and last words are in why. Each end is
 * told once. */
bool run_has_lost(struct run *run, char *why, size_t why_size);

/* Starts again whoever has ended: after a second, and each time later, up to a minute,
 * while it does not last. now_ms: any clock that does not jump. */
void run_revive(struct run *run, int64_t now_ms);

/* Stops all of them, the agent before the collector, which takes its last batches. */
void run_stop(struct run *run);

#endif
