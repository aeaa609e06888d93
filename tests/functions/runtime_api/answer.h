/* Answers of the Runtime API server, to the runtime and to callers. */
#ifndef COLDMETER_TESTS_ANSWER_H
#define COLDMETER_TESTS_ANSWER_H

#include "tests/functions/runtime_api/event.h"

static inline void answer(struct connection *c, const char *status, const char *fields,
    const void *body, size_t n)
{
	char head[2048];
	bool end = !c->request.keep_alive || !c->has_head;
	int len = snprintf(head, sizeof(head),
	    "HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n"
	    "%s\r\n",
	    status, fields, n, end ? "Connection: close\r\n" : "");

	bytes_add(&c->out, head, (size_t)len);
	bytes_add(&c->out, body, n);
	c->waits = false;
	c->has_head = false;
	c->closing = end;
	if (!connection_flush(c))
		(void)shutdown(c->fd, SHUT_RDWR);
}

static inline void refuse(
    struct connection *c, const char *status, const char *type, const char *why)
{
	char body[256];
	int n = snprintf(body, sizeof(body),
	    "{\"errorMessage\":\"%s\",\"errorType\":\"%s\"}", why, type);

	answer(c, status, "", body, (size_t)n);
}

static inline void accepted(struct connection *c)
{
	static const char body[] = "{\"status\":\"OK\"}";

	answer(c, "202 Accepted", "", body, sizeof(body) - 1);
}

static inline void answer_caller(struct event *e, const void *body, size_t n)
{
	char fields[160];

	e->bytes_out = n;
	if (!e->caller)
		return;
	(void)snprintf(fields, sizeof(fields), "x-amzn-RequestId: %s\r\n%s", e->id,
	    strcmp(e->status, "ok") == 0 ? "" : "X-Amz-Function-Error: Unhandled\r\n");
	answer(e->caller, "200 OK", fields, body, n);
	e->caller = NULL;
}

static inline void answer_failure(struct event *e, const char *type, const char *why)
{
	char body[256];
	int n = snprintf(body, sizeof(body),
	    "{\"errorType\":\"%s\",\"errorMessage\":\"RequestId: %s Error: %s\"}", type,
	    e->id, why);

	answer_caller(e, body, (size_t)n);
}

#endif
