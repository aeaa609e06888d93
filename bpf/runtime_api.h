/* The Runtime API as a runtime speaks it: what each message means. Pure, as http1.h.
 *
 * Requests begin with GET /2018-06-01/runtime/... or POST /2018-06-01/runtime/...; the
 * date has 10 characters in every version of the API
 * (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html). */
#ifndef COLDMETER_BPF_RUNTIME_API_H
#define COLDMETER_BPF_RUNTIME_API_H

#include "bpf/http_head.h"

enum runtime_step {
	RUNTIME_GOES_ON,
	RUNTIME_ASKS,       /* for the next event */
	RUNTIME_GETS_EVENT, /* m->id, m->deadline and m->trace say where its fields are */
	RUNTIME_ANSWERS,    /* the response begins */
	RUNTIME_FAILS,      /* the handler's error begins */
	RUNTIME_FAILS_INIT,
	RUNTIME_ANSWERS_ON /* more of a response or an error */
};

#define RUNTIME_ID_AT 36 /* in "POST /2018-06-01/runtime/invocation/<id>/response" */

/* "GET " + "/2018-06-01/" is 16 bytes, "POST " one more. */
static __always_inline enum runtime_step runtime_request(
    struct exchange *e, const struct message *m)
{
	const char *h = m->head;

	if (load_u32(h) == 0x20544547 &&
	    load_u64(h + 16) == WORD('r', 'u', 'n', 't', 'i', 'm', 'e', '/')) {
		e->phase = PHASE_NEXT;
		e->rest.bytes = e->rest.cut = 0;
		e->start_ns = 0;
		return RUNTIME_ASKS;
	}
	if (load_u32(h) != 0x54534f50 ||
	    load_u64(h + 17) != WORD('r', 'u', 'n', 't', 'i', 'm', 'e', '/'))
		return RUNTIME_GOES_ON;
	e->phase = PHASE_POST;
	if (load_u64(h + 25) == WORD('i', 'n', 'i', 't', '/', 'e', 'r', 'r'))
		return RUNTIME_FAILS_INIT;
	/* "invocation/" + id of 36, then "/response" or "/error" */
	return h[73] == 'e' ? RUNTIME_FAILS : RUNTIME_ANSWERS;
}

/* The runtime sent something; m: its text, or NULL when it could not be read. */
static __always_inline enum runtime_step runtime_sent(
    struct exchange *e, const struct message *m)
{
	enum runtime_step step = RUNTIME_GOES_ON;

	if (m && m->head_len >= 40)
		step = runtime_request(e, m);
	if (step == RUNTIME_GOES_ON && e->phase == PHASE_POST)
		return RUNTIME_ANSWERS_ON;
	return step;
}

/* Whether the text of what was received has to be read. */
static __always_inline bool runtime_reads_received(const struct exchange *e)
{
	return e->phase == PHASE_NEXT;
}

/* The runtime received something; m as above, with what e->rest holds in front. The
 * reply to `next` may come in pieces: e->start_ns is when its first one came. */
static __always_inline enum runtime_step runtime_received(
    struct exchange *e, struct message *m, __u64 now)
{
	bool continued = e->start_ns != 0;

	if (e->phase == PHASE_POST) /* the answer was taken */
		e->phase = PHASE_IDLE;
	if (e->phase != PHASE_NEXT || !m)
		return RUNTIME_GOES_ON;
	if (!continued && (m->head_len < 4 || load_u32(m->head) != 0x50545448)) {
		e->phase = PHASE_IDLE;
		return RUNTIME_GOES_ON;
	}
	if (!continued)
		e->start_ns = now;
	scan_head(m, &e->rest, continued);
	if (m->id && m->id + 37 <= m->head_len) {
		e->phase = PHASE_IDLE;
		return RUNTIME_GETS_EVENT;
	}
	if (m->end)
		e->phase = PHASE_IDLE;
	else
		keep_rest(m, &e->rest);
	return RUNTIME_GOES_ON;
}

#endif
