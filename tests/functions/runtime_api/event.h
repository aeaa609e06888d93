/* Events of the Runtime API server: waiting, running, and what is written down of each.
 */
#ifndef COLDMETER_TESTS_EVENT_H
#define COLDMETER_TESTS_EVENT_H

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include "tests/functions/runtime_api/connection.h"

#define EVENTS_MAX 4096 /* waiting; beyond, callers are told to come later */
#define ID_BYTES 37
#define TRACE_BYTES 128

struct event {
	struct event *next;
	struct connection *caller; /* NULL: gone, or never waited */
	char id[ID_BYTES];
	char trace[TRACE_BYTES];
	struct bytes payload;
	int64_t arrived_ns; /* wall clock, all */
	int64_t delivered_ns;
	int64_t responded_ns;
	int64_t next_ns;
	int64_t init_ns; /* of the sandbox, when this is its first event */
	size_t bytes_out;
	bool cold;
	const char *status;
};

struct events {
	struct event *first;
	struct event **last;
	size_t n;
};

static inline void event_random(void *to, size_t n)
{
	if (getrandom(to, n, 0) != (ssize_t)n)
		abort();
}

static inline void event_new_id(char id[ID_BYTES])
{
	uint8_t r[16];

	event_random(r, sizeof(r));
	r[6] = (uint8_t)((r[6] & 0x0f) | 0x40);
	r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
	(void)snprintf(id, ID_BYTES,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0],
	    r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12],
	    r[13], r[14], r[15]);
}

static inline bool event_trace_is_sound(struct http_text trace)
{
	for (size_t i = 0; i < trace.bytes; i++) {
		if (trace.at[i] < 0x21 || trace.at[i] > 0x7e)
			return false;
	}
	return trace.bytes > 0 && trace.bytes < TRACE_BYTES;
}

static inline void event_new_trace(char trace[TRACE_BYTES])
{
	uint64_t r[3];

	event_random(r, sizeof(r));
	(void)snprintf(trace, TRACE_BYTES,
	    "Root=1-%08" PRIx64 "-%08" PRIx64 "%016" PRIx64 ";Parent=%016" PRIx64
	    ";Sampled=0",
	    (uint64_t)(wall_ns() / 1000000000), r[0] & 0xffffffff, r[1], r[2]);
}

static inline struct event *event_new(const struct connection *c)
{
	struct event *e = calloc(1, sizeof(*e));
	struct http_text trace = http_field(&c->request, "X-Amzn-Trace-Id");

	if (!e)
		abort();
	event_new_id(e->id);
	if (event_trace_is_sound(trace))
		memcpy(e->trace, trace.at, trace.bytes);
	else
		event_new_trace(e->trace);
	bytes_add(&e->payload, c->body.at, c->body.len);
	e->arrived_ns = c->read_ns;
	return e;
}

static inline void event_free(struct event *e)
{
	if (e)
		bytes_done(&e->payload);
	free(e);
}

static inline void events_add(struct events *events, struct event *e)
{
	if (!events->first)
		events->last = &events->first;
	*events->last = e;
	events->last = &e->next;
	events->n++;
}

static inline struct event *events_take(struct events *events)
{
	struct event *e = events->first;

	if (!e)
		return NULL;
	events->first = e->next;
	events->n--;
	e->next = NULL;
	return e;
}

static inline void print_ns(FILE *to, const char *name, int64_t ns)
{
	if (ns)
		(void)fprintf(to, ",\"%s\":%" PRId64, name, ns);
}

/* One line of what really happened; a moment that did not come is absent. */
static inline void event_write(FILE *to, const struct event *e)
{
	(void)fprintf(
	    to, "{\"request_id\":\"%s\",\"arrived_ns\":%" PRId64, e->id, e->arrived_ns);
	print_ns(to, "delivered_ns", e->delivered_ns);
	print_ns(to, "responded_ns", e->responded_ns);
	print_ns(to, "next_ns", e->next_ns);
	if (e->init_ns)
		(void)fprintf(to, ",\"init_ms\":%.3f", (double)e->init_ns / 1e6);
	(void)fprintf(to,
	    ",\"cold\":%s,\"status\":\"%s\",\"trace_id\":\"%s\","
	    "\"bytes_in\":%zu,\"bytes_out\":%zu}\n",
	    e->cold ? "true" : "false", e->status, e->trace, e->payload.len,
	    e->bytes_out);
	(void)fflush(to);
}

#endif
