/* One connection of the Runtime API server: bytes in until a request is whole, bytes out
 * when the other side reads. */
#ifndef COLDMETER_TESTS_CONNECTION_H
#define COLDMETER_TESTS_CONNECTION_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/functions/http_request.h"

#define HEAD_MAX_BYTES (64 * 1024)
#define BODY_MAX_BYTES                                                                   \
	(6 * 1024 * 1024) /* the published limit of a synchronous payload */
#define READ_BYTES 65536

struct bytes {
	char *at;
	size_t len;
	size_t size;
};

struct connection {
	int fd; /* -1: free */
	struct bytes in;
	struct bytes out;
	struct bytes head; /* of the request that is being read */
	struct bytes body;
	struct http_head request; /* points into head */
	struct http_body framing;
	int64_t read_ns; /* wall clock: when the bytes last read arrived */
	bool has_head;
	bool waits;   /* its request has not been answered */
	bool closing; /* once out is empty */
};

static inline int64_t wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t monotonic_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A test's server without memory has nothing left to tell. */
static inline void bytes_add(struct bytes *bytes, const void *from, size_t n)
{
	if (bytes->len + n > bytes->size) {
		bytes->size = (bytes->len + n) * 2;
		bytes->at = realloc(bytes->at, bytes->size);
		if (!bytes->at)
			abort();
	}
	if (n)
		memcpy(bytes->at + bytes->len, from, n);
	bytes->len += n;
}

static inline void bytes_drop(struct bytes *bytes, size_t n)
{
	bytes->len -= n;
	if (bytes->len)
		memmove(bytes->at, bytes->at + n, bytes->len);
}

static inline void bytes_done(struct bytes *bytes)
{
	free(bytes->at);
	*bytes = (struct bytes){0};
}

static inline void connection_done(struct connection *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	bytes_done(&c->in);
	bytes_done(&c->out);
	bytes_done(&c->head);
	bytes_done(&c->body);
	*c = (struct connection){.fd = -1};
}

/* When the bytes reached this host's socket, as the kernel stamped them; now when it did
 * not. */
static inline int64_t arrival_ns(struct msghdr *message)
{
	struct timespec stamp;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
		return (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
	}
	return wall_ns();
}

/* One read. False at the end of the connection. */
static inline bool connection_read(struct connection *c)
{
	char buf[READ_BYTES];
	char control[256];
	struct iovec piece = {buf, sizeof(buf)};
	struct msghdr message = {.msg_iov = &piece,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(c->fd, &message, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	c->read_ns = arrival_ns(&message);
	bytes_add(&c->in, buf, (size_t)n);
	return true;
}

/* False when the connection is of no more use. */
static inline bool connection_flush(struct connection *c)
{
	while (c->out.len) {
		ssize_t n =
		    send(c->fd, c->out.at, c->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		bytes_drop(&c->out, (size_t)n);
	}
	return !c->closing;
}

/* 1: head and body are whole; 0: more is needed; otherwise the status to refuse it with,
 * negative. */
static inline int connection_request(struct connection *c)
{
	ssize_t n;
	struct http_text piece;

	if (!c->has_head) {
		n = http_parse_head(c->in.at, c->in.len, &c->request);
		if (n < 0)
			return -400;
		if (n > HEAD_MAX_BYTES || (n == 0 && c->in.len > HEAD_MAX_BYTES))
			return -431;
		if (n == 0)
			return 0;
		c->head.len = c->body.len = 0;
		bytes_add(&c->head, c->in.at, (size_t)n);
		bytes_drop(&c->in, (size_t)n);
		(void)http_parse_head(c->head.at, c->head.len, &c->request);
		http_body_init(&c->framing, &c->request);
		c->has_head = true;
	}
	while (c->in.len && c->framing.state > HTTP_BODY_BAD) {
		n = (ssize_t)http_body_take(&c->framing, c->in.at, c->in.len, &piece);
		if (c->body.len + piece.bytes > BODY_MAX_BYTES)
			return -413;
		bytes_add(&c->body, piece.at, piece.bytes);
		bytes_drop(&c->in, (size_t)n);
	}
	if (c->framing.state == HTTP_BODY_BAD)
		return -400;
	if (c->request.content_length > BODY_MAX_BYTES)
		return -413;
	return c->framing.state == HTTP_BODY_DONE;
}

#endif
