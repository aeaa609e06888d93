/* A fast HTTP function: epoll, keep-alive, TCP or unix socket; it counts what it
 * answered.
 *
 * ?ms= waits, ?bytes= is the size of the answer, ?status= its status, ?chunked=1 sends it
 * in chunks.
 * --log FILE writes the moments of each request as this program sees them: after the read
 * that brought its first byte, after the write that took its last one. On SIGTERM it
 * prints "requests N" and ends. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/functions/address.h"
#include "tests/functions/http_request.h"

#define HEAD_MAX_BYTES 65536
#define PIECE_BYTES 32768
#define CHUNK_BYTES 8192
#define EVENTS 256

struct connection {
	int fd;
	struct connection *next_delayed;
	char *in; /* HEAD_MAX_BYTES */
	size_t in_len;
	bool in_request; /* its first byte was read */
	bool has_head;
	bool keep_alive;
	bool is_head;
	bool chunked;
	bool writing;
	struct http_body body;
	uint64_t body_bytes;
	int status;
	int64_t due_ns; /* 0: not delayed */
	int64_t read_ns, sent_ns;
	char out[PIECE_BYTES + 512];
	size_t out_at, out_len;
	uint64_t left; /* of the answer's body, not yet in out */
	bool last_chunk;
};

static int epoll_fd;
static FILE *log_file;
static uint64_t answered;
static struct connection *delayed;
static char listener_mark; /* its address marks the listener among epoll's events */
static char signal_mark;

static int64_t now_ns(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void watch(int fd, int how, uint32_t what, void *who)
{
	struct epoll_event event = {.events = what, .data.ptr = who};

	(void)epoll_ctl(epoll_fd, how, fd, &event);
}

static void undelay(const struct connection *c)
{
	struct connection **at = &delayed;

	while (*at && *at != c)
		at = &(*at)->next_delayed;
	if (*at)
		*at = c->next_delayed;
}

static void drop(struct connection *c)
{
	undelay(c);
	(void)close(c->fd);
	free(c->in);
	free(c);
}

/* The number behind name= in the query, or otherwise. */
static int64_t asked(
    struct http_text target, const char *name, int64_t most, int64_t otherwise)
{
	const char *query = memchr(target.at, '?', target.bytes);
	const char *end = target.at + target.bytes;
	size_t n = strlen(name);
	int64_t number = 0;

	for (const char *at = query; at; at = memchr(at, '&', (size_t)(end - at))) {
		at++;
		if ((size_t)(end - at) <= n || memcmp(at, name, n) != 0 || at[n] != '=')
			continue;
		for (at += n + 1; at < end && *at >= '0' && *at <= '9'; at++)
			number = number < most ? number * 10 + (*at - '0') : number;
		return number < most ? number : most;
	}
	return otherwise;
}

/* Puts the next piece of the answer into out. False when there is none. */
static bool fill(struct connection *c)
{
	size_t most = c->chunked ? CHUNK_BYTES : PIECE_BYTES;
	size_t n = c->left < most ? (size_t)c->left : most;
	int head = 0;

	if (!c->chunked && n == 0)
		return false;
	if (c->chunked && n == 0) {
		if (c->last_chunk)
			return false;
		c->last_chunk = true;
		memcpy(c->out, "0\r\n\r\n", 5);
		c->out_at = 0;
		c->out_len = 5;
		return true;
	}
	if (c->chunked)
		head = snprintf(c->out, 32, "%zx\r\n", n);
	memset(c->out + head, 'x', n);
	c->out_at = 0;
	c->out_len = (size_t)head + n;
	if (c->chunked) {
		memcpy(c->out + c->out_len, "\r\n", 2);
		c->out_len += 2;
	}
	c->left -= n;
	return true;
}

static void written(struct connection *c)
{
	answered++;
	c->sent_ns = now_ns(CLOCK_REALTIME);
	if (log_file)
		(void)fprintf(log_file,
		    "{\"read_ns\":%" PRId64 ",\"sent_ns\":%" PRId64
		    ",\"status\":%d,\"request_body_bytes\":%" PRIu64 "}\n",
		    c->read_ns, c->sent_ns, c->status, c->body_bytes);
	c->in_request = c->in_len > 0;
	c->read_ns = c->sent_ns; /* of a request that came in the same read */
	c->has_head = false;
	c->writing = false;
}

/* -1: the connection is of no more use, 0: the socket is full, 1: all is written. */
static int write_out(struct connection *c)
{
	do {
		while (c->out_at < c->out_len) {
			ssize_t n = send(c->fd, c->out + c->out_at,
			    c->out_len - c->out_at, MSG_NOSIGNAL);

			if (n < 0)
				return errno == EAGAIN ? 0 : -1;
			c->out_at += (size_t)n;
		}
	} while (fill(c));
	written(c);
	return c->keep_alive ? 1 : -1;
}

/* Head and, when it is small, body in one write. */
static void begin_answer(struct connection *c)
{
	char length[64];

	c->out_at = 0;
	c->writing = true;
	c->last_chunk = false;
	(void)snprintf(length, sizeof(length), "Content-Length: %" PRIu64, c->left);
	c->out_len = (size_t)snprintf(c->out, 512, "HTTP/1.1 %d %s\r\n%s\r\n%s\r\n",
	    c->status, c->status < 400 ? "OK" : "Failed",
	    c->chunked ? "Transfer-Encoding: chunked" : length,
	    c->keep_alive ? "" : "Connection: close\r\n");
	if (c->is_head || c->status == 204 || c->status == 304) {
		c->left = 0;
		c->chunked = false;
	}
	if (!c->chunked && c->left && c->left <= 4096) {
		memset(c->out + c->out_len, 'x', (size_t)c->left);
		c->out_len += (size_t)c->left;
		c->left = 0;
	}
}

static void take_head(struct connection *c, const struct http_head *head)
{
	int64_t wait_ms = asked(head->target, "ms", 60000, 0);

	http_body_init(&c->body, head);
	c->has_head = true;
	c->body_bytes = 0;
	c->keep_alive = head->keep_alive;
	c->is_head = http_is(head->method, "HEAD");
	c->status = (int)asked(head->target, "status", 599, 200);
	if (c->status < 200)
		c->status = 200;
	c->left = (uint64_t)asked(head->target, "bytes", 1LL << 30, 2);
	c->chunked = asked(head->target, "chunked", 1, 0) == 1;
	c->due_ns = wait_ms ? now_ns(CLOCK_MONOTONIC) + wait_ms * 1000000 : 0;
}

static void refuse(struct connection *c, int status)
{
	c->has_head = true;
	c->status = status;
	c->keep_alive = c->chunked = c->is_head = false;
	c->left = 2;
	c->in_len = 0;
	begin_answer(c);
}

/* Reads what is in the buffer. True when an answer was begun. */
static bool take_request(struct connection *c)
{
	struct http_head head;
	struct http_text piece;
	size_t at = 0;
	ssize_t n = 0;

	if (!c->has_head) {
		n = http_parse_head(c->in, c->in_len, &head);
		if (n < 0 || (n == 0 && c->in_len == HEAD_MAX_BYTES)) {
			refuse(c, n < 0 ? 400 : 431);
			return true;
		}
		if (n == 0)
			return false;
		take_head(c, &head);
		at = (size_t)n;
	}
	while (at < c->in_len && c->body.state > HTTP_BODY_BAD) {
		at += http_body_take(&c->body, c->in + at, c->in_len - at, &piece);
		c->body_bytes += piece.bytes;
	}
	c->in_len -= at;
	memmove(c->in, c->in + at, c->in_len);
	if (c->body.state == HTTP_BODY_BAD) {
		refuse(c, 400);
		return true;
	}
	if (c->body.state != HTTP_BODY_DONE)
		return false;
	if (c->due_ns) {
		c->writing = true;
		c->next_delayed = delayed;
		delayed = c;
		return false;
	}
	begin_answer(c);
	return true;
}

/* Answers every whole request that is here. */
static void go_on(struct connection *c)
{
	int done = c->writing ? write_out(c) : 1;

	while (done > 0 && c->in_len && take_request(c))
		done = write_out(c);
	if (done < 0)
		drop(c);
	else if (done == 0)
		watch(c->fd, EPOLL_CTL_MOD, EPOLLOUT, c);
	else if (c->due_ns && c->writing)
		watch(c->fd, EPOLL_CTL_MOD, EPOLLRDHUP, c);
}

static void readable(struct connection *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, HEAD_MAX_BYTES - c->in_len, 0);

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			drop(c);
		return;
	}
	if (!c->in_request)
		c->read_ns = now_ns(CLOCK_REALTIME);
	c->in_request = true;
	c->in_len += (size_t)n;
	go_on(c);
}

static void accept_one(int listener)
{
	int yes = 1;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct connection *c = fd < 0 ? NULL : calloc(1, sizeof(*c));

	if (!c)
		return;
	c->fd = fd;
	c->in = malloc(HEAD_MAX_BYTES);
	if (!c->in)
		abort();
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	watch(fd, EPOLL_CTL_ADD, EPOLLIN, c);
}

/* Begins what is due; returns how long epoll may wait, in milliseconds. */
static int serve_delayed(void)
{
	int64_t now = now_ns(CLOCK_MONOTONIC);
	int64_t soonest = INT64_MAX;
	struct connection *next;

	for (struct connection *c = delayed; c; c = next) {
		next = c->next_delayed;
		if (c->due_ns > now) {
			soonest = c->due_ns < soonest ? c->due_ns : soonest;
			continue;
		}
		undelay(c);
		c->due_ns = 0;
		watch(c->fd, EPOLL_CTL_MOD, EPOLLIN, c);
		begin_answer(c);
		go_on(c);
	}
	return soonest == INT64_MAX ? -1 : (int)((soonest - now) / 1000000) + 1;
}

static void serve(struct connection *c, uint32_t what)
{
	if (what & EPOLLOUT) {
		watch(c->fd, EPOLL_CTL_MOD, EPOLLIN, c);
		go_on(c);
	} else if (what & (EPOLLERR | EPOLLHUP | EPOLLRDHUP) && c->writing) {
		drop(c);
	} else {
		readable(c);
	}
}

static int open_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Runs until told to end. */
static void run(int listener)
{
	struct epoll_event events[EVENTS];

	while (true) {
		int n = epoll_wait(epoll_fd, events, EVENTS, serve_delayed());

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == &signal_mark)
				return;
			if (events[i].data.ptr == &listener_mark)
				accept_one(listener);
			else
				serve(events[i].data.ptr, events[i].events);
		}
	}
}

int main(int argc, char **argv)
{
	const char *init = getenv("INIT_MS");
	long init_ms = init ? strtol(init, NULL, 10) : 0;
	struct timespec pause = {init_ms / 1000, init_ms % 1000 * 1000000};
	int listener;

	if ((argc != 3 && argc != 5) || strcmp(argv[1], "--listen") != 0 ||
	    (argc == 5 && strcmp(argv[3], "--log") != 0)) {
		(void)fputs(
		    "usage: http_function --listen ADDRESS:PORT|unix:PATH [--log FILE]\n",
		    stderr);
		return 2;
	}
	(void)nanosleep(&pause, NULL);
	log_file = argc == 5 ? fopen(argv[4], "ae") : NULL;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	listener = address_bind(argv[2], SOCK_NONBLOCK);
	if (listener < 0 || listen(listener, 1024) < 0) {
		(void)fprintf(stderr, "http_function: cannot listen on %s: %s\n", argv[2],
		    strerror(errno));
		return 1;
	}
	watch(listener, EPOLL_CTL_ADD, EPOLLIN, &listener_mark);
	watch(open_signals(), EPOLL_CTL_ADD, EPOLLIN, &signal_mark);
	run(listener);
	(void)printf("requests %" PRIu64 "\n", answered);
	(void)fflush(stdout);
	/* at once, with whatever connections are open */
	_exit(log_file && fclose(log_file) ? 1 : 0);
}
