/* HTTP/2 on one connection, by its frame headers (RFC 9113): when a stream, which is an
 * invocation, begins and ends. Pure, as http1.h.
 *
 * Frames do not keep to the pieces that are read and written. So each direction is a
 * stream of bytes of which the caller copies as many as http2_wants() and passes over the
 * rest, telling after each step how far it came. */
#ifndef COLDMETER_BPF_HTTP2_H
#define COLDMETER_BPF_HTTP2_H

#include "bpf/hpack.h"

#define HTTP2_PREFACE_BYTES 24 /* "PRI * HTTP/2.0", two empty lines, "SM" */
#define HTTP2_FRAME_BYTES 9    /* length, type, flags, stream */
#define HTTP2_HEADER_BYTES 16  /* room for any offset */
#define HTTP2_PLACES 128       /* servers allow 100 streams at once, or a few more */

enum { HTTP2_DATA = 0, HTTP2_HEADERS = 1, HTTP2_RST_STREAM = 3, HTTP2_CONTINUATION = 9 };
enum {
	HTTP2_END_STREAM = 0x1,
	HTTP2_END_HEADERS = 0x4,
	HTTP2_PADDED = 0x8,
	HTTP2_PRIORITY = 0x20
};

/* Where the caller is in its memory: here, so that no verifier follows its every value.
 */
struct http2_cursor {
	const void *at;
	__u64 piece_left;
	__u64 left; /* of the message */
	const void *vector;
	__u64 piece; /* the next one */
	__u64 pieces;
};

/* One direction. */
struct http2_direction {
	__u32 pass;  /* bytes that are not looked at */
	__u32 have;  /* bytes of the frame's header, or of its block, that were copied */
	__u32 block; /* bytes of the frame to copy */
	__u32 length;
	__u32 stream;
	__u8 type;
	__u8 flags;
	__u8 in_frame; /* the header of the frame is known */
	__u8 padding;
	__u8 header[2 * HTTP2_HEADER_BYTES];
	struct http2_cursor cursor;
};

struct http2 {
	__u64 connection; /* a number of its own */
	struct http2_direction received;
	struct http2_direction sent;
	__u32 last_stream;
	__u32 open;                 /* streams; the caller says when */
	__u32 places[HTTP2_PLACES]; /* of those, each where its number says; 0: none */
	__u32 crowded;              /* those of them that found their place taken */
	struct hpack hpack;         /* of what is sent */
};

enum http2_step {
	HTTP2_GOES_ON,
	HTTP2_BEGINS,   /* a request on a new stream */
	HTTP2_RECEIVES, /* more of it: length bytes */
	HTTP2_SENDS,    /* more of a response: length bytes and what the head says */
	HTTP2_ENDS,     /* that was the last of the response */
	HTTP2_RESETS    /* either side gave the stream up */
};

/* What happened, on which stream. */
struct http2_event {
	enum http2_step step;
	__u32 stream;
	__u32 length;
	__u16 status; /* 0: not told */
	__u8 grpc;    /* as in struct hpack */
	__u8 blind;   /* the head could not be walked */
};

/* After the preface, which was received. A server may have sent whole frames before. */
static __always_inline void http2_open(struct http2 *h, __u64 connection)
{
	h->connection = connection;
	h->received.pass = HTTP2_PREFACE_BYTES;
}

/* At a frame that was received, of a connection whose beginning nobody saw. */
static __always_inline void http2_open_late(struct http2 *h, __u64 connection)
{
	h->connection = connection;
	h->hpack.lost = 1;
}

/* After a request of HTTP/1 that was upgraded: it goes on as stream 1. Before the frames
 * the rest of the answer of HTTP/1 is sent. */
static __always_inline void http2_upgrade(
    struct http2 *h, __u64 connection, __u32 rest_bytes)
{
	http2_open(h, connection);
	h->last_stream = 1;
	h->sent.pass = rest_bytes;
}

/* Numbers of streams count up by two: of those that are open at once few meet. */
static __always_inline __u32 *http2_place(struct http2 *h, __u32 stream)
{
	return &h->places[stream / 2 & (HTTP2_PLACES - 1)];
}

/* A stream is open from now on; both directions may be at it at once. */
static __always_inline void http2_opens(struct http2 *h, __u32 stream)
{
	if (__sync_val_compare_and_swap(http2_place(h, stream), 0, stream))
		__sync_fetch_and_add(&h->crowded, 1);
	__sync_fetch_and_add(&h->open, 1);
}

/* It is not any more. */
static __always_inline void http2_shuts(struct http2 *h, __u32 stream)
{
	if (__sync_val_compare_and_swap(http2_place(h, stream), stream, 0) != stream)
		__sync_fetch_and_add(&h->crowded, -1);
	__sync_fetch_and_add(&h->open, -1);
}

static __always_inline struct http2_direction *http2_direction(
    struct http2 *h, bool is_sent)
{
	return is_sent ? &h->sent : &h->received;
}

/* How many bytes to copy next, behind d->have of d->header or, inside of a frame, of
 * h->hpack.text; 0: d->pass bytes are passed over. */
static __always_inline __u32 http2_wants(const struct http2_direction *d)
{
	if (d->pass)
		return 0;
	return (d->in_frame ? d->block : HTTP2_FRAME_BYTES) - d->have;
}

static __always_inline void http2_read_frame(struct http2_direction *d)
{
	const __u8 *b = d->header;

	d->length = (__u32)b[0] << 16 | (__u32)b[1] << 8 | b[2];
	d->type = b[3];
	d->flags = b[4];
	d->stream = ((__u32)b[5] << 24 | (__u32)b[6] << 16 | (__u32)b[7] << 8 | b[8]) &
		    0x7fffffff;
	d->in_frame = 1;
	d->have = d->block = 0;
	d->pass = d->length;
}

/* The header of a frame that was received. */
static __always_inline void http2_receives(
    struct http2 *h, struct http2_direction *d, struct http2_event *event)
{
	event->stream = d->stream;
	event->length = d->length;
	if (d->type == HTTP2_RST_STREAM)
		event->step = HTTP2_RESETS;
	else if (d->type == HTTP2_DATA)
		event->step = HTTP2_RECEIVES;
	else if (d->type == HTTP2_HEADERS && d->stream & 1 &&
		 d->stream > h->last_stream) {
		h->last_stream = d->stream;
		event->step = HTTP2_BEGINS;
	}
}

/* The block of a response's head or trailers stands in h->hpack.text. */
static __always_inline void http2_head(struct http2 *h, const struct http2_direction *d)
{
	struct hpack *w = &h->hpack;

	w->at = 0;
	w->len = d->block;
	if (d->flags & HTTP2_PADDED) {
		__u32 padding = w->text[0];

		w->at = 1;
		w->len = padding < w->len ? w->len - padding : 0;
	}
	if (d->flags & HTTP2_PRIORITY)
		w->at += 5;
	if (w->at > w->len)
		w->at = w->len;
	hpack_walk(w);
}

/* The last byte of a frame that was sent. */
static __always_inline void http2_sends(
    struct http2 *h, struct http2_direction *d, struct http2_event *event)
{
	event->stream = d->stream;
	event->length = d->length;
	if (d->type == HTTP2_RST_STREAM)
		event->step = HTTP2_RESETS;
	else if (d->type == HTTP2_DATA || d->type == HTTP2_HEADERS)
		event->step = d->flags & HTTP2_END_STREAM ? HTTP2_ENDS : HTTP2_SENDS;
	if (d->type == HTTP2_CONTINUATION ||
	    (d->type == HTTP2_HEADERS && !(d->flags & HTTP2_END_HEADERS)))
		h->hpack.lost = 1;
	event->blind = d->type == HTTP2_HEADERS && !d->block;
	if (!d->block)
		return;
	http2_head(h, d);
	event->status = h->hpack.status;
	event->grpc = h->hpack.grpc;
	event->blind = h->hpack.lost && !event->grpc;
}

static __always_inline void http2_sends_frame(struct http2 *h, struct http2_direction *d)
{
	if (d->type != HTTP2_HEADERS)
		return;
	if (d->length > HPACK_BLOCK_BYTES) {
		h->hpack.lost = 1;
		return;
	}
	d->block = d->length;
	d->pass = 0;
}

/* n bytes were copied, or passed over: as many as http2_wants() or d->pass at most. */
VERIFIED_ONCE int http2_moves(
    struct http2 *h, __u32 n, bool is_sent, struct http2_event *event)
{
	struct http2_direction *d;

	if (!h || !event)
		return 0;
	d = http2_direction(h, is_sent);
	*event = (struct http2_event){.step = HTTP2_GOES_ON};
	if (d->pass)
		d->pass -= n < d->pass ? n : d->pass;
	else
		d->have += n;
	if (!d->in_frame && d->have == HTTP2_FRAME_BYTES) {
		http2_read_frame(d);
		if (is_sent)
			http2_sends_frame(h, d);
		else
			http2_receives(h, d, event);
	}
	if (!d->in_frame || d->pass || d->have < d->block)
		return 0;
	if (is_sent)
		http2_sends(h, d, event);
	d->in_frame = 0;
	d->have = d->block = 0;
	return 0;
}

#endif
