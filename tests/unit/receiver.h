/* A real HTTP receiver for tests: one thread on a loopback port, scripted answers, and
 * what it was sent. */
#ifndef COLDMETER_TESTS_RECEIVER_H
#define COLDMETER_TESTS_RECEIVER_H

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVER_REQUESTS 64
#define RECEIVER_BYTES 16384

struct receiver {
	int fd;
	uint16_t port;
	pthread_t thread;
	/* The answers, in order; the last one repeats. NULL: closes without a word. */
	const char *const *answers;
	size_t answers_n;
	atomic_int n; /* requests received */
	char requests[RECEIVER_REQUESTS][RECEIVER_BYTES];
};

/* Reads head and body (by Content-Length). */
static inline void receiver_read(int fd, char *out)
{
	size_t at = 0;
	size_t want = SIZE_MAX;

	while (at < RECEIVER_BYTES - 1 && at < want) {
		ssize_t n = read(fd, out + at, RECEIVER_BYTES - 1 - at);
		const char *end;

		if (n <= 0)
			break;
		at += (size_t)n;
		out[at] = '\0';
		end = strstr(out, "\r\n\r\n");
		if (end && want == SIZE_MAX) {
			const char *length = strcasestr(out, "\r\nContent-Length:");

			want = (size_t)(end + 4 - out);
			if (length && length < end)
				want += strtoul(length + 17, NULL, 10);
		}
	}
	out[at] = '\0';
}

static inline void *receiver_run(void *context)
{
	struct receiver *r = context;
	int fd;

	while ((fd = accept(r->fd, NULL, NULL)) >= 0) {
		int i = atomic_load(&r->n);
		const char *answer =
		    r->answers[(size_t)i < r->answers_n ? (size_t)i : r->answers_n - 1];

		if (i == RECEIVER_REQUESTS) {
			close(fd);
			continue;
		}
		receiver_read(fd, r->requests[i]);
		atomic_store(&r->n, i + 1);
		if (answer && write(fd, answer, strlen(answer)) < 0)
			perror("receiver");
		close(fd);
	}
	return NULL;
}

static inline void receiver_start(
    struct receiver *r, const char *const *answers, size_t answers_n)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);

	memset(r, 0, sizeof(*r));
	r->answers = answers;
	r->answers_n = answers_n;
	r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert(r->fd >= 0);
	assert(bind(r->fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	assert(listen(r->fd, 16) == 0);
	assert(getsockname(r->fd, (struct sockaddr *)&address, &bytes) == 0);
	r->port = ntohs(address.sin_port);
	assert(pthread_create(&r->thread, NULL, receiver_run, r) == 0);
}

static inline void receiver_stop(struct receiver *r)
{
	(void)shutdown(r->fd, SHUT_RDWR);
	(void)pthread_join(r->thread, NULL);
	(void)close(r->fd);
}

#define RECEIVER_OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
#define RECEIVER_STATUS(line, more)                                                      \
	"HTTP/1.1 " line "\r\n" more "Content-Length: 4\r\nConnection: "                 \
	"close\r\n\r\nwhy!"

#endif
