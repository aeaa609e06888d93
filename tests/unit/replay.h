/* Plays a connection through the kernel's state machines, as the kernel side does it. */
#ifndef COLDMETER_TESTS_REPLAY_H
#define COLDMETER_TESTS_REPLAY_H

#include <stdlib.h>
#include <string.h>

#include "bpf/http1_usual.h"
#include "bpf/runtime_api.h"

struct replay {
	struct exchange e;
	struct message m;
	__u64 now_ns; /* one more with every call */
	int begun, ended;
	bool tls, http2, http2_late, upgraded;
};

/* What read_message() of exchange.bpf.h leaves: the pieces behind what rest holds. */
static inline struct message *replay_message(struct replay *r, const void *text, size_t n,
    const void *second, size_t second_n, const struct head_rest *rest)
{
	const char *last = second_n ? second : text;
	size_t last_n = second_n ? second_n : n;
	struct message *m = &r->m;
	size_t at = rest ? rest->bytes : 0;
	size_t seen = n < HEAD_BYTES ? n : HEAD_BYTES;

	memset(m, 0xff, sizeof(*m)); /* what was there before says nothing */
	if (at)
		memcpy(m->head, rest->text, HEAD_REST_BYTES);
	memcpy(m->head + at, text, seen);
	at += seen;
	if (second_n && at < HEAD_BYTES) {
		seen = second_n < HEAD_BYTES ? second_n : HEAD_BYTES;
		memcpy(m->head + at, second, seen);
		at += seen;
	}
	m->head_len = (__u32)(at < HEAD_BYTES ? at : HEAD_BYTES);
	m->head[m->head_len] = 0;
	m->is_whole = m->head_len == n + second_n + (rest ? rest->bytes : 0);
	m->tail_len = 0;
	if (!m->is_whole && last_n >= TAIL_BYTES) {
		memcpy(m->tail, last + last_n - TAIL_BYTES, TAIL_BYTES);
		m->tail_len = TAIL_BYTES;
	}
	return m;
}

static inline void replay_step(struct replay *r, enum http1_step step)
{
	r->begun += step == HTTP1_BEGINS || step == HTTP1_BEGINS_AND_ENDS;
	r->ended += step == HTTP1_ENDS || step == HTTP1_BEGINS_AND_ENDS;
	r->tls = r->tls || step == HTTP1_TLS;
	r->http2 = r->http2 || step == HTTP1_HTTP2;
	r->http2_late = r->http2_late || step == HTTP1_HTTP2_LATE;
	r->upgraded = r->upgraded || step == HTTP1_UPGRADES;
}

/* A scan for a request finds of it what that for all does. */
static inline void replay_scan(const struct message *text)
{
	const struct head_rest rest = {0};
	struct message all = *text;
	struct message some = *text;

	(void)scan_head(&all, &rest, false);
	scan_for(&some, SCAN_REQUEST);
	if (some.end != all.end || some.trace != all.trace || some.probe != all.probe)
		abort();
}

static inline void replay_receive(struct replay *r, const void *text, size_t n)
{
	struct message *m = NULL;
	enum http1_step step;

	r->now_ns++;
	if (http1_reads_received(&r->e) || http1_is_unbounded(&r->e))
		m = replay_message(r, text, n, NULL, 0, NULL);
	if (m)
		replay_scan(m);
	replay_step(r, http1_before_received(&r->e, m));
	step = http1_received(&r->e, m, (int)n, r->now_ns);
	if (step == HTTP1_BEGINS && m)
		http1_keep_target(&r->e, m, false);
	replay_step(r, step);
}

/* What the kernel side does with a usual response instead of http1_sent(), on a copy.
 * False: it is none. */
static inline bool replay_usual(
    const struct replay *r, struct exchange *copy, struct message *m, int n)
{
	__u32 status = m ? http1_status(m) : 0;

	*copy = r->e;
	if (!http1_awaits_usual(copy) || !status)
		return false;
	scan_for(m, SCAN_RESPONSE);
	if (!http1_is_usual(m, status))
		return false;
	http1_answered(copy, n, status, r->now_ns);
	return true;
}

/* In one call, in two pieces of memory as writev() has them: second_n may be 0. */
static inline void replay_send(
    struct replay *r, const void *text, size_t n, const void *second, size_t second_n)
{
	const struct head_rest *rest = r->e.phase == PHASE_IDLE ? NULL : &r->e.rest;
	struct message *m = NULL;
	struct exchange usual;
	enum http1_step step;
	bool is_usual;

	r->now_ns++;
	if (http1_reads_sent(&r->e))
		m = replay_message(r, text, n, second, second_n, rest);
	is_usual = replay_usual(r, &usual, m, (int)(n + second_n));
	step = http1_sent(&r->e, m, (int)(n + second_n), r->now_ns);
	if (is_usual && (step != HTTP1_ENDS || memcmp(&usual, &r->e, sizeof(usual)) != 0))
		abort();
	replay_step(r, step);
}

/* Several heads or responses in one call, one behind the other, as the kernel side takes
 * them. */
static inline void replay_send_several(struct replay *r, const char *text, size_t n)
{
	size_t left = n;

	do {
		replay_send(r, text + n - left, left, NULL, 0);
		left = (size_t)r->e.over;
	} while (http1_goes_over(&r->e) && left < n);
}

static inline void replay_close(struct replay *r, bool dying)
{
	r->now_ns++;
	replay_step(r, http1_closed(&r->e, dying, r->now_ns));
}

static inline enum runtime_step replay_runtime_sends(
    struct replay *r, const void *text, size_t n)
{
	r->now_ns++;
	return runtime_sent(&r->e, replay_message(r, text, n, NULL, 0, NULL));
}

static inline enum runtime_step replay_runtime_receives(
    struct replay *r, const void *text, size_t n)
{
	struct message *m = NULL;

	r->now_ns++;
	if (runtime_reads_received(&r->e))
		m = replay_message(r, text, n, NULL, 0, &r->e.rest);
	return runtime_received(&r->e, m, r->now_ns);
}

#endif
