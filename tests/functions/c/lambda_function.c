/* A Lambda runtime in C: asks for events on one connection, waits as long as an event
 * says
 * ("ms":N), and answers; an event that holds "fail" gets an error. INIT_MS delays its
 * start. LOG=FILE gets the moments of each event as it sees them: after the read that
 * brought it, before it asks for the next one. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "tests/functions/address.h"
#include "tests/functions/http_request.h"

#define API "/2018-06-01/runtime/"
#define REPLY_MAX_BYTES 65536

static int64_t wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void wait_ms(long ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000};

	(void)nanosleep(&left, NULL);
}

/* Sends a request and reads the whole reply, which stands in reply until the next one.
 * Returns its body or NULL; *head are its fields. */
static const char *call(int fd, const char *request, struct http_head *head)
{
	static char reply[REPLY_MAX_BYTES];
	size_t len = 0;
	const char *end = NULL;
	size_t at = 0;

	if (send(fd, request, strlen(request), 0) != (ssize_t)strlen(request))
		return NULL;
	while (!end || len < at + (size_t)head->content_length) {
		ssize_t n = recv(fd, reply + len, sizeof(reply) - 1 - len, 0);

		if (n <= 0)
			return NULL;
		len += (size_t)n;
		reply[len] = '\0';
		end = strstr(reply, "\r\n\r\n");
		if (!end)
			continue;
		at = (size_t)(end - reply) + 4;
		head->fields = (struct http_text){reply, at};
		if (!http_parse_fields(head, false) || head->content_length < 0)
			return NULL;
	}
	return end + 4;
}

/* The event in hand, for the log. */
struct event {
	char id[64];
	int64_t received_ns;
};

/* Right before the runtime asks for the next event, the one before is over. */
static void write_down(FILE *log, struct event *event)
{
	if (log && event->id[0])
		(void)fprintf(log,
		    "{\"request_id\":\"%s\",\"received_ns\":%" PRId64
		    ",\"asks_ns\":%" PRId64 "}\n",
		    event->id, event->received_ns, wall_ns());
	event->id[0] = '\0';
}

static bool serve_one(int fd, FILE *log, struct event *event)
{
	static const char body[] = "{\"done\":true}";
	struct http_head head = {0};
	struct http_text id;
	const char *payload;
	const char *ms;
	char request[512];

	write_down(log, event);
	payload =
	    call(fd, "GET " API "invocation/next HTTP/1.1\r\nHost: api\r\n\r\n", &head);
	event->received_ns = wall_ns();
	id = payload ? http_field(&head, "Lambda-Runtime-Aws-Request-Id")
		     : (struct http_text){NULL, 0};
	if (!id.at)
		return false;
	(void)snprintf(event->id, sizeof(event->id), "%.*s", (int)id.bytes, id.at);
	ms = strstr(payload, "\"ms\":");
	if (ms)
		wait_ms(strtol(ms + 5, NULL, 10));
	(void)snprintf(request, sizeof(request),
	    "POST " API
	    "invocation/%s/%s HTTP/1.1\r\nHost: api\r\nContent-Length: %zu\r\n\r\n%s",
	    event->id, strstr(payload, "fail") ? "error" : "response", sizeof(body) - 1,
	    body);
	return call(fd, request, &head) != NULL;
}

int main(void)
{
	const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
	const char *init = getenv("INIT_MS");
	const char *path = getenv("LOG");
	FILE *log = path ? fopen(path, "ae") : NULL;
	struct event event = {.id = ""};
	int fd;

	if (log)
		(void)setvbuf(log, NULL, _IOLBF, BUFSIZ);
	wait_ms(init ? strtol(init, NULL, 10) : 0);
	fd = api ? address_connect(api) : -1;
	if (fd < 0) {
		(void)fputs("lambda_function: no AWS_LAMBDA_RUNTIME_API\n", stderr);
		return 1;
	}
	while (serve_one(fd, log, &event))
		continue;
	return 0;
}
