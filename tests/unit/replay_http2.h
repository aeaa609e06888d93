/* Plays a connection of HTTP/2 through the kernel's state machine, in pieces of any size.
 */
#ifndef COLDMETER_TESTS_REPLAY_HTTP2_H
#define COLDMETER_TESTS_REPLAY_HTTP2_H

#include <string.h>

#include "bpf/http2.h"

#define REPLAY_EVENTS 64

struct replay_http2 {
	struct http2 h;
	struct http2_event events[REPLAY_EVENTS];
	int n;
};

/* As http2_step() of http2.bpf.h goes through one message. */
static inline void replay_http2_move(
    struct replay_http2 *r, bool is_sent, const __u8 *bytes, size_t left)
{
	struct http2_direction *d = http2_direction(&r->h, is_sent);
	struct http2_event event;

	while (left) {
		size_t n = d->pass ? d->pass : http2_wants(d);

		if (n > left)
			n = left;
		if (!d->pass && d->in_frame)
			memcpy(&r->h.hpack.text[d->have], bytes, n);
		else if (!d->pass)
			memcpy(&d->header[d->have], bytes, n);
		bytes += n;
		left -= n;
		(void)http2_moves(&r->h, (__u32)n, is_sent, &event);
		if (event.step != HTTP2_GOES_ON && r->n < REPLAY_EVENTS)
			r->events[r->n++] = event;
	}
}

/* A frame with its header; all of it in pieces of so many bytes. */
static inline void replay_http2_frame(struct replay_http2 *r, bool is_sent, __u8 type,
    __u8 flags, __u32 stream, const void *payload, __u32 len, size_t piece)
{
	static __u8 frame[HTTP2_FRAME_BYTES + 65536];
	size_t n = HTTP2_FRAME_BYTES + len;

	frame[0] = (__u8)(len >> 16);
	frame[1] = (__u8)(len >> 8);
	frame[2] = (__u8)len;
	frame[3] = type;
	frame[4] = flags;
	frame[5] = (__u8)(stream >> 24);
	frame[6] = (__u8)(stream >> 16);
	frame[7] = (__u8)(stream >> 8);
	frame[8] = (__u8)stream;
	if (payload)
		memcpy(frame + HTTP2_FRAME_BYTES, payload, len);
	else
		memset(frame + HTTP2_FRAME_BYTES, 0xff, len);
	for (size_t at = 0; at < n; at += piece)
		replay_http2_move(
		    r, is_sent, frame + at, n - at < piece ? n - at : piece);
}

#endif
