/* What can be said of a request before its body is read. */
#ifndef COLDMETER_SERVE_HTTP_HEAD_H
#define COLDMETER_SERVE_HTTP_HEAD_H

struct http_pending;

/* Finds the route and whose request it is. When it is refused, reply.status says how. */
void head_check(struct http_pending *x);

#endif
