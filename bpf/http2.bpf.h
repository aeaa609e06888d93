/* Kind http over HTTP/2: what the events of http2.h need of the kernel. */
#ifndef COLDMETER_BPF_HTTP2_BPF_H
#define COLDMETER_BPF_HTTP2_BPF_H

#include "bpf/exchange.bpf.h"
#include "bpf/http1.h"
#include "bpf/http2.h"
#include "bpf/http_invocation.bpf.h"
#include "bpf/keyed.bpf.h"

#define HTTP2_STEPS_MAX 4096 /* frames and pieces of one message */

struct stream {
	__u64 connection;
	__u64 id;
};

/* Open streams of all connections: each an exchange, as on a connection of its own. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct stream);
	__type(value, struct exchange);
} streams SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct http2);
} connections SEC(".maps");

/* The same by socket_key(). Unix sockets leave without a word: the oldest makes room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);
	__type(value, struct http2);
} keyed_connections SEC(".maps");

static const struct exchange no_exchange;
static const struct http2 no_connection;

static __noinline struct http2 *http2_find_keyed(struct sock *sk, bool create)
{
	__u64 key = socket_key(sk);
	struct http2 *h = bpf_map_lookup_elem(&keyed_connections, &key);

	if (h || !create ||
	    bpf_map_update_elem(&keyed_connections, &key, &no_connection, BPF_ANY))
		return h;
	return bpf_map_lookup_elem(&keyed_connections, &key);
}

static __always_inline struct http2 *http2_find(struct sock *sk, bool create)
{
	return by_syscalls ? http2_find_keyed(sk, create)
			   : bpf_sk_storage_get(&connections, sk, NULL,
				 create ? BPF_SK_STORAGE_GET_F_CREATE : 0);
}

static __always_inline void http2_forget_connection(struct sock *sk)
{
	__u64 key;

	if (!by_syscalls)
		return; /* it goes with its socket */
	key = socket_key(sk);
	bpf_map_delete_elem(&keyed_connections, &key);
}

/* One message on a connection. */
struct http2_bytes {
	struct http2 *h;
	struct http2_direction *d;
	struct exchange *e;
	struct sandbox *s;
	__u64 now;
	bool is_sent;
};

static __always_inline struct exchange *http2_stream(const struct http2 *h, __u32 id)
{
	const struct stream key = {h->connection, id};

	return bpf_map_lookup_elem(&streams, &key);
}

static __always_inline void http2_forget(struct http2 *h, __u32 id)
{
	const struct stream key = {h->connection, id};

	http2_shuts(h, id);
	bpf_map_delete_elem(&streams, &key);
}

/* There is none for a stream: it is counted, with a reason. */
static __always_inline void http2_no_room(struct sandbox *s)
{
	count(COUNT_SEEN);
	__sync_fetch_and_add(&s->ended, 1);
	__sync_fetch_and_add(&s->lost, 1);
	count(COUNT_LOST_RING);
}

static __noinline void http2_stream_begins(
    const struct http2_bytes *b, const struct http2_event *event)
{
	const struct stream key = {b->h->connection, event->stream};
	struct exchange *stream;

	if (!bpf_map_update_elem(&streams, &key, &no_exchange, BPF_NOEXIST)) {
		stream = bpf_map_lookup_elem(&streams, &key);
		if (!stream)
			return;
		stream->sandbox = b->e->sandbox;
		stream->role = b->e->role;
		stream->outer_pid = b->e->outer_pid;
		stream->is_unix = b->e->is_unix;
		stream->port = b->e->port;
		stream->pid = b->e->pid;
		stream->wait_ns = b->e->wait_ns;
		stream->start_ns = b->now;
		stream->request_bytes = event->length;
		stream->phase = PHASE_REQUEST;
		stream->chunked = 1; /* its end is told */
		http2_opens(b->h, event->stream);
		http_begin(bpf_get_current_task_btf(), stream, b->s, b->now);
		return;
	}
	http2_no_room(b->s);
}

static __always_inline void http2_stream_sends(
    const struct http2_bytes *b, struct exchange *stream, const struct http2_event *event)
{
	if (b->s->starting)
		coldstart_reach(stream->sandbox, MARK_RESPONSE, b->now);
	stream->phase = PHASE_RESPONSE;
	stream->response_bytes += event->length;
	if (event->status >= 200)
		stream->status = event->status;
	if (event->grpc > 1)
		stream->flags |= INVOCATION_ERROR;
	if (event->blind)
		stream->flags |= INVOCATION_STATUS_ESTIMATE;
}

static __always_inline void http2_event(
    const struct http2_bytes *b, const struct http2_event *event)
{
	struct exchange *stream;

	if (event->step == HTTP2_BEGINS) {
		http2_stream_begins(b, event);
		return;
	}
	stream = http2_stream(b->h, event->stream);
	if (!stream)
		return;
	if (event->step == HTTP2_RECEIVES)
		stream->request_bytes += event->length;
	else if (event->step == HTTP2_RESETS)
		stream->flags |= b->is_sent ? INVOCATION_ERROR : INVOCATION_ABORTED;
	else
		http2_stream_sends(b, stream, event);
	if (event->step != HTTP2_ENDS && event->step != HTTP2_RESETS)
		return;
	if (event->step == HTTP2_ENDS)
		stream->flags |= INVOCATION_RESPONDED;
	stream->end_ns = stream->last_send_ns = b->now;
	stream->pid = b->e->pid;
	http_ends(stream, b->s, true, b->now);
	http2_forget(b->h, event->stream);
}

/* The next piece of a vector. */
static __always_inline bool http2_next_piece(struct http2_cursor *c)
{
	struct iovec piece;

	if (!c->vector || c->piece >= c->pieces ||
	    bpf_probe_read_user(
		&piece, sizeof(piece), c->vector + c->piece * sizeof(piece)))
		return false;
	c->piece++;
	c->at = piece.iov_base;
	c->piece_left = piece.iov_len;
	return true;
}

/* Copies n bytes, of the frame's header or of a block. */
static __always_inline bool http2_copy(
    struct http2 *h, struct http2_direction *d, __u64 n, const void *at)
{
	__u32 have = d->have;

	barrier_var(n);
	if (!d->in_frame)
		return n <= HTTP2_FRAME_BYTES &&
		       !bpf_probe_read_user(
			   &d->header[have & (HTTP2_HEADER_BYTES - 1)], n, at);
	barrier_var(n);
	if (n > HPACK_BLOCK_BYTES)
		return false;
	return !bpf_probe_read_user(
	    &h->hpack.text[have & (HPACK_BLOCK_BYTES - 1)], n, at);
}

/* As far as the frame or the piece goes, whichever ends first. */
static long http2_step(__u32 i, struct http2_bytes *b)
{
	struct http2_direction *d = b->d;
	struct http2_cursor *c = &d->cursor;
	struct http2_event event;
	__u64 n;

	if (!c->left)
		return 1;
	if (!c->piece_left)
		return !http2_next_piece(c);
	n = d->pass ? d->pass : http2_wants(d);
	if (n > c->piece_left)
		n = c->piece_left;
	if (n > c->left)
		n = c->left;
	if (!d->pass && !http2_copy(b->h, d, n, c->at))
		return 1;
	c->at += n;
	c->piece_left -= n;
	c->left -= n;
	http2_moves(b->h, n, b->is_sent, &event);
	if (event.step != HTTP2_GOES_ON)
		http2_event(b, &event);
	return 0;
}

/* Apart: its frame is not there any more while the bytes are gone through. */
static __noinline bool http2_find_buffer(struct buffer *buffer, int n)
{
	return find_buffer(buffer, n);
}

/* n bytes were moved. False: the connection cannot be followed any more. */
static __always_inline bool http2_bytes(struct http2 *h, struct exchange *e,
    struct sandbox *s, int n, bool is_sent, __u64 now)
{
	struct http2_bytes b = {h, http2_direction(h, is_sent), e, s, now, is_sent};
	struct http2_cursor *c = &b.d->cursor;
	struct buffer buffer;

	if (!http2_find_buffer(&buffer, n))
		return false;
	c->at = buffer.at;
	c->piece_left = buffer.first_len;
	c->left = n;
	c->vector = buffer.vector;
	c->piece = 1;
	c->pieces = buffer.pieces;
	bpf_loop(HTTP2_STEPS_MAX, http2_step, &b, 0);
	return !c->left;
}

struct http2_closing {
	struct http2 *h;
	__u64 connection;
	__u64 now;
	struct sandbox *s;
	bool ours;
	bool dying;
};

static __noinline void http2_close_stream(
    struct exchange *stream, const struct http2_closing *c)
{
	struct sandbox *s = c->s;

	if (http1_closed(stream, c->dying, c->now) != HTTP1_ENDS)
		return;
	if (stream->flags & INVOCATION_EXITED && s->oom)
		stream->flags |= INVOCATION_OOM;
	http_ends(stream, s, c->ours, c->now);
}

static long http2_close_step(__u32 i, struct http2_closing *c)
{
	__u32 id = c->h->places[i & (HTTP2_PLACES - 1)];
	struct exchange *stream;

	if (!id)
		return c->h->open == 0;
	stream = http2_stream(c->h, id);
	if (stream)
		http2_close_stream(stream, c);
	http2_forget(c->h, id);
	return 0;
}

static long http2_close_crowded_step(
    void *map, const struct stream *key, struct exchange *stream, struct http2_closing *c)
{
	const struct stream gone = *key;

	if (key->connection != c->connection)
		return 0;
	http2_close_stream(stream, c);
	bpf_map_delete_elem(&streams, &gone);
	return 0;
}

static long http2_forget_step(
    void *map, const struct stream *key, struct exchange *stream, __u64 *sandbox)
{
	const struct stream gone = *key;

	if (stream->sandbox == *sandbox)
		bpf_map_delete_elem(&streams, &gone);
	return 0;
}

/* Of a sandbox that has ended with streams on unix sockets, which nothing tells of. */
static __always_inline void http2_forget_sandbox(__u64 sandbox)
{
	bpf_for_each_map_elem(&streams, http2_forget_step, &sandbox, 0);
}

/* The connection has gone, and with it the streams that are open on it. Where those that
 * found no place of their own are is not known: all are looked at. */
static __always_inline void http2_closed(
    struct http2 *h, struct sandbox *s, bool ours, bool dying, __u64 now)
{
	struct http2_closing closing = {.h = h,
	    .connection = h->connection,
	    .now = now,
	    .s = s,
	    .ours = ours,
	    .dying = dying};

	if (h->open)
		bpf_loop(HTTP2_PLACES, http2_close_step, &closing, 0);
	if (h->crowded)
		bpf_for_each_map_elem(&streams, http2_close_crowded_step, &closing, 0);
	h->open = h->crowded = 0;
}

#endif
