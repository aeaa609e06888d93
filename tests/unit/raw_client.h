/* An HTTP client for tests that says exactly the bytes it is given. */
#ifndef TESTS_UNIT_RAW_CLIENT_H
#define TESTS_UNIT_RAW_CLIENT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct got {
	int status; /* 0: closed without an answer */
	char *text; /* all that came; free it */
	const char *body;
};

static inline int raw_connect(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = 10};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 ? fd : -1;
}

/* 0 or -1: the server has closed. */
static inline int raw_say(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n > 0) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return -1;
		at += sent;
		n -= (size_t)sent;
	}
	return 0;
}

/* Reads to the end and closes. */
static inline struct got raw_hear(int fd)
{
	struct got got = {.text = calloc(1, 1)};
	size_t have = 0;
	char part[4096];
	ssize_t n;

	while ((n = recv(fd, part, sizeof(part), 0)) > 0) {
		char *more = realloc(got.text, have + (size_t)n + 1);

		if (!more)
			abort();
		memcpy(more + have, part, (size_t)n);
		have += (size_t)n;
		more[have] = '\0';
		got.text = more;
	}
	(void)close(fd);
	if (strncmp(got.text, "HTTP/1.1 ", 9) == 0)
		got.status = (int)strtol(got.text + 9, NULL, 10);
	got.body = strstr(got.text, "\r\n\r\n");
	got.body = got.body ? got.body + 4 : "";
	return got;
}

/* One request with a body and further header lines ("" or each ended by CR LF). */
static inline struct got raw_send(uint16_t port, const char *method, const char *target,
    const char *headers, const void *body, size_t body_bytes)
{
	char head[2048];
	int fd = raw_connect(port);
	int n = snprintf(head, sizeof(head),
	    "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: "
	    "%zu\r\n"
	    "%s\r\n",
	    method, target, body_bytes, headers);

	if (raw_say(fd, head, (size_t)n) == 0)
		(void)raw_say(fd, body, body_bytes);
	return raw_hear(fd);
}

static inline struct got raw_get(uint16_t port, const char *target)
{
	return raw_send(port, "GET", target, "", "", 0);
}

#endif
