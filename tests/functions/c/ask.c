/* A client: ask AT TIMES BODY TARGET... asks for the targets one after the other on one
 * connection, TIMES times over, and prints the status of each answer. BODY is posted,
 * "-": nothing is, GET. AT is 127.0.0.1:PORT, [::1]:PORT or unix:PATH. */
#include <stdio.h>

#include "tests/functions/address.h"
#include "tests/functions/http_request.h"

#define ANSWER_MAX_BYTES (4 << 20)

/* Where the body of an answer ends, 0: more is to come. */
static size_t answer_end(const char *answer, size_t len)
{
	const char *end = memmem(answer, len, "\r\n\r\n", 4);
	struct http_head head = {0};
	struct http_body body;
	struct http_text piece;
	size_t at;

	if (!end)
		return 0;
	at = (size_t)(end - answer) + 4;
	head.fields = (struct http_text){answer, at};
	(void)http_parse_fields(&head, false);
	http_body_init(&body, &head);
	while (at < len && body.state > HTTP_BODY_BAD)
		at += http_body_take(&body, answer + at, len - at, &piece);
	return body.state == HTTP_BODY_DONE ? at : 0;
}

static bool ask(int fd, const char *body, const char *target)
{
	static char answer[ANSWER_MAX_BYTES];
	bool posts = strcmp(body, "-") != 0;
	char request[4096];
	size_t len = 0;
	ssize_t n;

	n = snprintf(request, sizeof(request),
	    "%s %s HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n\r\n%s",
	    posts ? "POST" : "GET", target, posts ? strlen(body) : 0, posts ? body : "");
	if (n >= (ssize_t)sizeof(request) || send(fd, request, (size_t)n, 0) != n)
		return false;
	while (!answer_end(answer, len)) {
		n = recv(fd, answer + len, sizeof(answer) - len, 0);
		if (n <= 0)
			return false;
		len += (size_t)n;
	}
	return len > 12 && printf("%.3s\n", answer + sizeof("HTTP/1.1")) > 0;
}

int main(int argc, char **argv)
{
	long times = argc > 4 ? strtol(argv[2], NULL, 10) : 0;
	int fd;

	if (times < 1) {
		(void)fputs("usage: ask AT TIMES BODY|- TARGET...\n", stderr);
		return 2;
	}
	fd = address_connect(argv[1]);
	for (long i = 0; fd >= 0 && i < times; i++) {
		for (char **target = argv + 4; *target; target++) {
			if (ask(fd, argv[3], *target))
				continue;
			(void)fprintf(stderr, "ask: %s: no answer\n", *target);
			return 1;
		}
	}
	return fd < 0;
}
