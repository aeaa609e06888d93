/* Bodies on their way to one address: sent in order, again while it does not answer,
 * within a limit. */
#ifndef COLDMETER_SERVE_EXPORTS_PUSH_H
#define COLDMETER_SERVE_EXPORTS_PUSH_H

#include <stdint.h>

#include "base/buffer.h"

#define PUSH_HEADERS_MAX 4

/* At most so much waits; beyond it the oldest goes: what is cumulative comes again. */
#define PUSH_BODIES_MAX 64
#define PUSH_BYTES_MAX ((size_t)64 << 20)

struct push;

struct push_target {
	const char *name;                      /* for log and metrics: "remote-write" */
	const char *url;                       /* a secret: never logged */
	const char *headers[PUSH_HEADERS_MAX]; /* "Content-Type: ..."; NULL: no more */
};

struct push_counts {
	uint64_t sent;     /* items, as are the next */
	uint64_t dropped;  /* no room, or refused for good */
	uint64_t failures; /* attempts that did not get through */
	uint64_t waiting;  /* bodies */
};

/* Starts its thread; target and what it points to outlive it. 0 or -errno. */
int push_start(const struct push_target *target, struct push **out);

/* Takes over the body's bytes, also when it drops them. items is what counts say. Does
 * not block. */
void push_add(struct push *push, struct buffer *body, uint64_t items);

/* Tries what waits once more, for 2 s at most, and stops. NULL is fine. */
void push_stop(struct push *push);

struct push_counts push_counts(struct push *push);
const char *push_name(const struct push *push);

/* Seconds until the next attempt after so many that failed: 1, 2, 4, ... 60; what the
 * answer asked for (0: nothing) goes before, up to 300. */
int push_delay_s(unsigned int failed, long retry_after_s);

#endif
