/* HTTP over a connection that stays open, as the benches speak it. */
#ifndef COLDMETER_TESTS_BENCH_CLIENT_H
#define COLDMETER_TESTS_BENCH_CLIENT_H

#include "tests/bench/collector.h"

static inline void say(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n > 0) {
		ssize_t sent = write(fd, at, n);

		if (sent <= 0)
			die("write");
		at += sent;
		n -= (size_t)sent;
	}
}

/* One reply of a connection that stays open; returns its status. */
static inline int hear(int fd, size_t *body_bytes)
{
	static const char mark[] = "Content-Length: ";
	char text[65536];
	size_t have = 0;
	size_t want = SIZE_MAX;

	while (have < want) {
		size_t room =
		    have < sizeof(text) - 1 ? sizeof(text) - 1 - have : sizeof(text) / 2;
		size_t to = have < sizeof(text) - 1 ? have : sizeof(text) / 2 - 1;
		ssize_t n = read(fd, text + to, room);
		const char *length;
		const char *end;

		if (n <= 0)
			die("read");
		have += (size_t)n;
		text[to + (size_t)n] = '\0';
		end = want == SIZE_MAX ? strstr(text, "\r\n\r\n") : NULL;
		length = end ? strstr(text, mark) : NULL;
		if (length) {
			*body_bytes = strtoul(length + sizeof(mark) - 1, NULL, 10);
			want = (size_t)(end + 4 - text) + *body_bytes;
		}
	}
	return (int)strtol(text + 9, NULL, 10);
}

#endif
