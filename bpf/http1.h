/* HTTP/1 on one connection: when an invocation begins and when it ends. Pure: what the
 * kernel runs is what the tests run.
 *
 * The caller reads the text of a message only when asked for it, tells what was moved,
 * and does what the step says: a begin or an end needs memory, CPU time and a record. */
#ifndef COLDMETER_BPF_HTTP1_H
#define COLDMETER_BPF_HTTP1_H

#include "bpf/http_head.h"

#define HTTP1_METHOD_BYTES 8 /* "OPTIONS " */
#define HTTP1_CHUNK_DIGITS 8 /* of the size of a chunk: 4 GiB */

enum http1_step {
	HTTP1_GOES_ON,
	HTTP1_BEGINS,          /* start_ns is set */
	HTTP1_ENDS,            /* end_ns and flags are set */
	HTTP1_BEGINS_AND_ENDS, /* a response to a request that came with an earlier one */
	HTTP1_TLS,             /* what follows on this connection cannot be read */
	HTTP1_HTTP2,           /* the preface of HTTP/2: what follows is told in frames */
	HTTP1_HTTP2_LATE,      /* likewise, the preface was before the probes */
	HTTP1_UPGRADES /* likewise, in the last e->over bytes; the request is stream 1 */
};

/* What a request may begin with: capital letters, but not the preface of HTTP/2. */
static __always_inline bool http1_is_method(const struct message *m)
{
	const char *p = m->head;

	for (__u32 i = 0; i < 3 && i < m->head_len; i++) {
		if (p[i] < 'A' || p[i] > 'Z')
			return false;
	}
	return !(p[0] == 'P' && p[1] == 'R' && p[2] == 'I');
}

/* What a connection of HTTP/2 receives in the middle of its life: HEADERS of a client's
 * stream, in a frame of the size that is allowed (RFC 9113 section 4.2). */
static __always_inline bool http1_is_headers_frame(const struct message *m)
{
	const __u8 *p = (const __u8 *)m->head;

	return m->head_len > 9 && p[0] == 0 && p[1] <= 0x40 && p[3] == 1 &&
	       !(p[5] & 0x80) && p[8] & 1;
}

static __always_inline enum http1_step http1_ends(
    struct exchange *e, __u64 end_ns, __u32 flags)
{
	e->end_ns = end_ns;
	e->flags |= flags;
	e->phase = PHASE_IDLE;
	return HTTP1_ENDS;
}

static __always_inline void http1_begin(struct exchange *e, __u64 start_ns, __u32 flags)
{
	e->phase = PHASE_REQUEST;
	e->start_ns = start_ns;
	e->request_bytes = e->response_bytes = 0;
	e->last_send_ns = 0;
	e->status = 0;
	e->left = -1;
	e->chunked = e->is_head = e->is_h2c = 0;
	e->flags = flags;
	e->rest.bytes = e->rest.cut = 0;
	e->tail[0] = 0;
	e->trace_id[0] = 0;
	e->target_kind = TARGET_NONE;
	e->control = CONTROL_NONE;
}

/* What the request asks for, when names may come from that. */
static __always_inline void http1_keep_target(
    struct exchange *e, const struct message *m, bool wanted)
{
	if (is_front_door(m)) {
		e->target_kind = TARGET_FRONT_DOOR;
		__builtin_memcpy(
		    e->target, m->head + FRONT_DOOR_BYTES, RECORD_TARGET_BYTES);
	} else if (wanted) {
		e->target_kind = TARGET_REQUEST;
		__builtin_memcpy(e->target, m->head, RECORD_TARGET_BYTES);
	}
}

/* Whether the head that is being sent is none of the response's: 100 Continue, 103 Early
 * Hints. */
static __always_inline bool http1_is_interim(const struct exchange *e)
{
	return e->status >= 100 && e->status < 200 && e->status != 101;
}

/* Only its end of life or the next request can end a response without a length. */
static __always_inline bool http1_is_unbounded(const struct exchange *e)
{
	return (e->phase == PHASE_HEAD && !http1_is_interim(e)) ||
	       (e->phase == PHASE_RESPONSE && e->left < 0 && !e->chunked);
}

/* Whether the text of what was received has to be read. */
static __always_inline bool http1_reads_received(const struct exchange *e)
{
	return e->phase == PHASE_IDLE || (e->phase == PHASE_RESPONSE && e->chunked);
}

/* Whether a message begins as a request does: a method, a blank, and what it is for. */
static __always_inline bool http1_is_request(const struct message *m)
{
	for (__u32 i = 0; i < HTTP1_METHOD_BYTES && i + 1 < m->head_len; i++) {
		char c = m->head[i];

		if (c == ' ')
			return i > 2 && (m->head[i + 1] == '/' || m->head[i + 1] == '*');
		if (c < 'A' || c > 'Z')
			return false;
	}
	return false;
}

/* The next request on a connection whose response had no length, or chunks whose end was
 * not seen, behind a trailer for one: that one has ended. To be asked before
 * http1_received(). */
static __always_inline enum http1_step http1_before_received(
    struct exchange *e, const struct message *m)
{
	bool next = e->phase == PHASE_RESPONSE && e->chunked && m && http1_is_request(m);

	if (!next && !http1_is_unbounded(e))
		return HTTP1_GOES_ON;
	return http1_ends(
	    e, e->last_send_ns, INVOCATION_RESPONDED | INVOCATION_END_INFERRED);
}

/* A request of n bytes, whose head was scanned, or nothing of which can be read. */
static __always_inline void http1_asked(
    struct exchange *e, const struct message *m, int n, __u64 now)
{
	e->last_receive_ns = now;
	http1_begin(e, now, 0);
	e->request_bytes = n;
	if (m) {
		e->is_head = m->head[0] == 'H';
		copy_trace(m, e->trace_id);
	}
}

/* n bytes were received; m: their text, or NULL when it was not asked for or could not be
 * read. */
static __always_inline enum http1_step http1_received(
    struct exchange *e, struct message *m, int n, __u64 now)
{
	e->last_receive_ns = now;
	if (e->phase != PHASE_IDLE) {
		e->request_bytes += n;
		return HTTP1_GOES_ON;
	}
	if (m && !http1_is_method(m)) {
		if (m->head[0] == 0x16) { /* a TLS handshake record */
			e->phase = PHASE_IGNORE;
			return HTTP1_TLS;
		}
		if (m->head[0] == 'P' && m->head[1] == 'R') {
			e->phase = PHASE_HTTP2;
			return HTTP1_HTTP2;
		}
		if (e->is_adopted && http1_is_headers_frame(m)) {
			e->phase = PHASE_HTTP2;
			return HTTP1_HTTP2_LATE;
		}
		return HTTP1_GOES_ON; /* the rest of a body that was not waited for */
	}
	if (m)
		scan_head(m, &e->rest, false);
	http1_asked(e, m, n, now);
	return HTTP1_BEGINS;
}

/* Whether the text of what was sent has to be read. */
static __always_inline bool http1_reads_sent(const struct exchange *e)
{
	return e->phase == PHASE_REQUEST || e->phase == PHASE_HEAD ||
	       (e->phase == PHASE_RESPONSE && e->chunked) ||
	       (e->phase == PHASE_IDLE && e->last_receive_ns);
}

/* The status that a response begins with, 0: it does not. */
static __always_inline __u32 http1_status(const struct message *m)
{
	if (m->head_len < 12 || load_u32(m->head) != 0x50545448) /* HTTP */
		return 0;
	return (__u32)((m->head[9] - '0') * 100 + (m->head[10] - '0') * 10 +
		       (m->head[11] - '0'));
}

/* Whether a message begins as a chunk does: its size, in hexadecimal, on a line. */
static __always_inline bool http1_is_chunk(const struct message *m)
{
	for (__u32 i = 0; i < HTTP1_CHUNK_DIGITS + 1 && i + 1 < m->head_len; i++) {
		char c = m->head[i];

		if (c == '\r')
			return i > 0 && m->head[i + 1] == '\n';
		if (!(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f'))
			return false;
	}
	return false;
}

/* A response that streams since before the probes were there: chunks, the first that is
 * seen of the connection. Without them nothing tells where it would end. */
static __always_inline bool http1_is_under_way(
    const struct exchange *e, const struct message *m)
{
	return e->phase == PHASE_IDLE && e->is_adopted && !e->start_ns &&
	       http1_is_chunk(m);
}

/* What is behind the end of a head or of a response in this write: the final response
 * behind one that is not, the rest of a long head, the next response of a pipeline. */
static __always_inline void http1_over(struct exchange *e, __s64 bytes)
{
	if (bytes <= 0)
		return;
	e->over = bytes;
	e->response_bytes -= bytes;
}

/* Whether what is behind is to be given again. */
static __always_inline bool http1_goes_over(const struct exchange *e)
{
	return e->over > 0 && e->phase != PHASE_HTTP2;
}

/* The head has not ended in what was looked at. What is behind that is looked at next,
 * from the start of the last line; bytes as below. */
static __always_inline void http1_head_goes_on(
    struct exchange *e, const struct message *m, __s64 bytes)
{
	e->phase = PHASE_HEAD;
	keep_rest(m, &e->rest);
	if (bytes <= m->head_len && m->head_len < HEAD_BYTES)
		return;
	if (m->line) {
		e->rest.bytes = e->rest.cut = 0;
		http1_over(e, bytes - m->line);
	} else {
		http1_over(e, bytes - m->head_len);
	}
}

/* Takes what a piece of the response's head says; bytes: of the piece, with what was left
 * of the one before. */
static __always_inline void http1_head(
    struct exchange *e, const struct message *m, __s64 bytes)
{
	if (m->chunked)
		e->chunked = 1;
	if (m->length >= 0)
		e->left = m->length;
	/* Lambda's invoke API answers 200 for it */
	if (m->failed && e->target_kind == TARGET_FRONT_DOOR)
		e->flags |= INVOCATION_ERROR;
	if (m->h2c)
		e->is_h2c = 1;
	if (!m->end || m->end > m->head_len) {
		http1_head_goes_on(e, m, bytes);
		return;
	}
	e->phase = PHASE_RESPONSE;
	e->rest.bytes = e->rest.cut = 0;
	if (http1_is_interim(e)) {
		e->phase = PHASE_REQUEST;
		e->chunked = e->is_h2c = 0;
		e->left = -1;
		http1_over(e, bytes - (__s64)m->end);
	} else if (e->is_head || e->status == 204 || e->status == 304) {
		e->chunked = 0;
		e->left = 0;
		http1_over(e, bytes - (__s64)m->end);
	} else if (e->status == 101) {
		e->phase = e->is_h2c ? PHASE_HTTP2 : PHASE_SESSION;
		e->over = e->is_h2c ? bytes - (__s64)m->end : 0;
	} else if (e->chunked) {
		e->left = -1;
	} else if (e->left >= 0) {
		e->left -= bytes - (__s64)m->end;
		http1_over(e, -e->left);
		if (e->left < 0)
			e->left = 0;
	}
}

/* Whether a response has begun with m, or goes on with it. */
static __always_inline bool http1_is_response(
    struct exchange *e, struct message *m, __u32 status)
{
	if (e->phase == PHASE_HEAD)
		return true;
	if (m->head_len < 12 && m->head[0] == 'H' && e->phase == PHASE_REQUEST) {
		m->line = 0; /* a status line in pieces */
		keep_rest(m, &e->rest);
		return false;
	}
	if (status < 100)
		return false;
	e->rest.bytes = 0;
	e->status = (__u16)status;
	return true;
}

/* A response while no request is open answers one that came in the same read as an
 * earlier one, or while that was being answered. 400 and 408 answer no request of HTTP.
 */
static __always_inline bool http1_is_pipelined(const struct exchange *e, __u32 status)
{
	return e->phase == PHASE_IDLE && status >= 100 && status != 101 &&
	       status != 400 && status != 408;
}

/* A response that nobody can read: it ends with the next request or the connection. */
static __always_inline void http1_unread(struct exchange *e)
{
	e->phase = PHASE_RESPONSE;
	e->left = -1;
	e->chunked = 0;
	e->status = 0;
	e->flags |= INVOCATION_END_INFERRED;
}

/* n bytes were sent; m as for http1_received(), with what e->rest holds in front. When
 * http1_goes_over() then, the last e->over of them are to be given again, as a write of
 * their own. After HTTP1_UPGRADES e->over says how many are behind the head. */
static __always_inline enum http1_step http1_sent(
    struct exchange *e, struct message *m, int n, __u64 now)
{
	__s64 bytes = n + (e->phase == PHASE_IDLE ? 0 : e->rest.bytes);
	__u32 status = m ? http1_status(m) : 0;
	bool late = m && http1_is_under_way(e, m);
	bool begins = late || (m && http1_is_pipelined(e, status));

	e->over = 0;
	if (begins)
		http1_begin(e, e->last_receive_ns, INVOCATION_NO_START);
	if (late) {
		e->phase = PHASE_RESPONSE;
		e->chunked = 1;
	}
	if (e->phase == PHASE_IDLE || e->phase == PHASE_IGNORE)
		return HTTP1_GOES_ON;
	e->response_bytes += n;
	if (e->phase == PHASE_REQUEST && !m) {
		http1_unread(e);
	} else if (e->phase == PHASE_REQUEST || e->phase == PHASE_HEAD) {
		if (!m || !http1_is_response(e, m, status))
			return HTTP1_GOES_ON;
		scan_head(m, &e->rest, e->phase == PHASE_HEAD);
		http1_head(e, m, bytes);
		if (e->phase == PHASE_HTTP2)
			return HTTP1_UPGRADES;
		if (http1_is_interim(e))
			return begins ? HTTP1_BEGINS : HTTP1_GOES_ON;
	} else if (e->phase == PHASE_RESPONSE && e->left > 0) {
		http1_over(e, n - e->left);
		e->left -= n < e->left ? n : e->left;
	}
	e->last_send_ns = now;
	if (e->phase == PHASE_RESPONSE &&
	    (e->left == 0 || (e->chunked && m && ends_chunks(m, n, e->tail)))) {
		(void)http1_ends(e, now, INVOCATION_RESPONDED);
		return begins ? HTTP1_BEGINS_AND_ENDS : HTTP1_ENDS;
	}
	return begins ? HTTP1_BEGINS : HTTP1_GOES_ON;
}

/* The connection is closed; dying: by the end of the process that served it. */
static __always_inline enum http1_step http1_closed(
    struct exchange *e, bool dying, __u64 now)
{
	bool open = e->phase == PHASE_REQUEST || e->phase == PHASE_HEAD ||
		    e->phase == PHASE_RESPONSE || e->phase == PHASE_SESSION;
	bool whole = e->phase == PHASE_RESPONSE && e->left < 0 && !e->chunked;
	enum http1_step step = open ? HTTP1_ENDS : HTTP1_GOES_ON;

	if (http1_is_interim(e)) {
		e->phase = PHASE_REQUEST;
		e->status = 0;
	}
	if (e->phase == PHASE_SESSION)
		(void)http1_ends(
		    e, now, INVOCATION_RESPONDED | (dying ? INVOCATION_EXITED : 0));
	else if (whole)
		(void)http1_ends(e, e->last_send_ns, INVOCATION_RESPONDED);
	else if (open && dying)
		(void)http1_ends(e, now, INVOCATION_EXITED);
	else if (e->phase == PHASE_REQUEST)
		(void)http1_ends(e, now, INVOCATION_ABORTED);
	else if (open)
		(void)http1_ends(
		    e, e->last_send_ns, INVOCATION_RESPONDED | INVOCATION_ABORTED);
	/* a send whose answer was a reset is told after the reset */
	e->phase = PHASE_IGNORE;
	return step;
}

#endif
