#include "serve/http/head.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "serve/http/exchange.h"
#include "serve/http/route.h"

static const char *header_or(struct MHD_Connection *c, const char *name)
{
	const char *value = MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);

	return value ? value : "";
}

/* Against DNS rebinding: a page that reaches us under its own name says so in Host. */
static bool is_our_host(const char *host)
{
	char name[64];
	struct in_addr v4;

	if (host[0] == '\0' || host[0] == '[')
		return true;
	if (!text_copy_bytes(name, sizeof(name), host, strcspn(host, ":")))
		return false;
	return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &v4) == 1;
}

static bool is_known_type(const char *type)
{
	static const char *const types[] = {"application/json", "application/x-ndjson",
	    "application/vnd.coldmeter.batch", "application/x-protobuf"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (http_is_type(type, types[i]))
			return true;
	}
	return false;
}

/* What `curl -d` says of any body. A page of another site may not PUT unasked, so that
 * here, unlike with POST, the type guards nothing. */
static bool is_unsaid(const char *method, const char *type)
{
	return strcmp(method, "PUT") == 0 &&
	       http_is_type(type, "application/x-www-form-urlencoded");
}

static int refuse_route(struct http_pending *x, bool path_known)
{
	if (path_known)
		return http_reply_error(&x->reply, 405, "method_not_allowed",
		    "%s is not answered here", x->request.method);
	return http_reply_error(
	    &x->reply, 404, "not_found", "there is nothing at %s", x->request.path);
}

/* NULL when there is none; *path_known then says whether it is for want of the method. */
static const struct http_route *find_route(struct http_pending *x, bool *path_known)
{
	const char *method =
	    strcmp(x->request.method, "HEAD") == 0 ? "GET" : x->request.method;

	*path_known = false;
	for (size_t t = 0; t < x->http->tables_n; t++) {
		const struct http_table *table = &x->http->tables[t];

		for (size_t i = 0; i < table->n; i++) {
			const struct http_route *route = &table->routes[i];

			if (!route_fits(
				route->pattern, x->request.path, x->request.parameter))
				continue;
			*path_known = true;
			if (strcmp(route->method, method) != 0)
				continue;
			x->context = table->context;
			return route;
		}
	}
	return NULL;
}

static bool is_enough(enum token_role role, enum http_need need)
{
	switch (need) {
	case HTTP_NEEDS_ADMIN:
		return role == TOKEN_ADMIN;
	case HTTP_NEEDS_READ:
		return role == TOKEN_ADMIN || role == TOKEN_READ;
	case HTTP_NEEDS_AGENT:
		return role == TOKEN_ADMIN || role == TOKEN_AGENT;
	case HTTP_NEEDS_TOKEN:
	case HTTP_NEEDS_NOTHING:
		return true;
	}
	return false;
}

static const char *need_name(enum http_need need)
{
	return need == HTTP_NEEDS_READ    ? "read"
	       : need == HTTP_NEEDS_AGENT ? "agent"
					  : "admin";
}

/* A stranger is not even told what there is. True: refused. */
static bool refuse_stranger(struct http_pending *x, const struct http_route *route)
{
	enum http_need need = route ? route->need : HTTP_NEEDS_TOKEN;
	bool asked;
	bool found;

	(void)pthread_mutex_lock(&x->http->mutex); /* http_set_tokens() exchanges them */
	asked = x->http->tokens != NULL;
	found = asked && tokens_find(x->http->tokens,
			     header_or(x->connection, "Authorization"), &x->token);
	(void)pthread_mutex_unlock(&x->http->mutex);
	x->has_token = found;
	if (!asked || need == HTTP_NEEDS_NOTHING)
		return false;
	if (!found)
		(void)http_reply_error(&x->reply, 401, "unauthorized",
		    "this collector asks for a bearer token");
	else if (!is_enough(x->token.role, need))
		(void)http_reply_error(&x->reply, 403, "forbidden",
		    "this takes a token of role %s or admin; that of %s is of role %s",
		    need_name(need), x->token.name, token_role_name(x->token.role));
	return x->reply.status != 0;
}

struct framing {
	unsigned int lengths;
	unsigned int codings;
	bool malformed;
};

static enum MHD_Result note_framing(
    void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct framing *framing = context;

	(void)kind;
	if (strcasecmp(name, "Transfer-Encoding") == 0)
		framing->codings++;
	if (strcasecmp(name, "Content-Length") != 0)
		return MHD_YES;
	framing->lengths++;
	framing->malformed |= !value || !*value || value[strspn(value, "0123456789")];
	return MHD_YES;
}

/* The body as the headers describe it. */
static void check_body(struct http_pending *x, bool reads)
{
	const char *method = x->request.method;
	const char *length = header_or(x->connection, "Content-Length");
	const char *type = x->request.content_type;

	if (strtoull(length, NULL, 10) > x->route->body_max_bytes)
		(void)http_reply_error(&x->reply, 413, "too_large",
		    "the body is larger than %zu bytes", x->route->body_max_bytes);
	else if (type[0] && !reads && !is_known_type(type) && !is_unsaid(method, type))
		(void)http_reply_error(&x->reply, 415, "unsupported_media_type",
		    "Content-Type %s is not taken here: is it application/json?", type);
}

/* What leaves it open where the body ends, to us or to a proxy between: RFC 9112, 6.3. */
static bool is_ambiguous(struct http_pending *x)
{
	const char *coding = header_or(x->connection, "Transfer-Encoding");
	struct framing framing = {0};

	(void)MHD_get_connection_values(
	    x->connection, MHD_HEADER_KIND, note_framing, &framing);
	return framing.lengths > 1 || framing.codings > 1 || framing.malformed ||
	       (framing.lengths && framing.codings) ||
	       (framing.codings && strcasecmp(coding, "chunked") != 0);
}

/* True: refused for now. */
static bool refuse_eager(struct http_pending *x)
{
	int wait_s =
	    connections_admit(&x->http->connections, x->of, x->started_ns, &x->close);

	if (!wait_s)
		return false;
	x->reply.retry_after_s = wait_s;
	(void)http_reply_error(&x->reply, 429, "too_many",
	    x->close ? "too many connections from this address"
		     : "too many requests from this address");
	return true;
}

void head_check(struct http_pending *x)
{
	const char *method = x->request.method;
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	const struct http_route *route;
	bool path_known;
	bool stopping;

	(void)pthread_mutex_lock(&x->http->mutex);
	stopping = x->http->stopping;
	(void)pthread_mutex_unlock(&x->http->mutex);
	route = find_route(x, &path_known);
	if (refuse_eager(x))
		return;
	if (stopping)
		(void)http_reply_error(
		    &x->reply, 503, "stopping", "the collector is stopping");
	else if (is_ambiguous(x))
		(void)http_reply_error(&x->reply, 400, "bad_request",
		    "Content-Length and Transfer-Encoding do not say how long the body "
		    "is");
	else if (x->http->loopback && !is_our_host(header_or(x->connection, "Host")))
		(void)http_reply_error(&x->reply, 403, "bad_host",
		    "this collector answers to localhost alone");
	else if (!reads && header_or(x->connection, "Origin")[0])
		(void)http_reply_error(&x->reply, 403, "cross_origin",
		    "web pages may not change anything here");
	else if (refuse_stranger(x, route))
		return;
	else if (x->bad_query)
		(void)http_reply_error(&x->reply, 400, "bad_request",
		    "the query is malformed or has more than %d values", HTTP_QUERY_MAX);
	else if (!route)
		(void)refuse_route(x, path_known);
	if (x->reply.status)
		return;
	x->route = route;
	check_body(x, reads);
}
