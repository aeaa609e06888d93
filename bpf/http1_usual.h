/* The usual response of HTTP/1: whole, of a known length. Pure. */
#ifndef COLDMETER_BPF_HTTP1_USUAL_H
#define COLDMETER_BPF_HTTP1_USUAL_H

#include "bpf/http1.h"

/* Whether what is sent next may be one. */
static __always_inline bool http1_awaits_usual(const struct exchange *e)
{
	return e->phase == PHASE_REQUEST && !e->is_unusual && !e->is_head &&
	       !e->rest.bytes && e->target_kind != TARGET_FRONT_DOOR;
}

/* Whether m, scanned, is one. status: what it begins with. */
static __always_inline bool http1_is_usual(const struct message *m, __u32 status)
{
	return status >= 200 && status != 204 && status != 304 && m->is_whole && m->end &&
	       m->length >= 0 && !m->chunked && !m->h2c &&
	       m->end + m->length == m->head_len;
}

/* One of n bytes was sent: as http1_sent(), which says HTTP1_ENDS. */
static __always_inline void http1_answered(
    struct exchange *e, int n, __u32 status, __u64 now)
{
	e->over = e->left = 0;
	e->response_bytes += n;
	e->status = (__u16)status;
	e->last_send_ns = now;
	(void)http1_ends(e, now, INVOCATION_RESPONDED);
}

#endif
