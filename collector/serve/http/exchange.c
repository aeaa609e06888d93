#include "serve/http/exchange.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "serve/http/head.h"
#include "serve/http/request_log.h"
#include "serve/http/route.h"

/* Made room for at most because a head says so: not resident before it is filled. */
#define BODY_FIRST_BYTES ((size_t)1024 * 1024)

int http_reply_error(
    struct http_reply *reply, int status, const char *code, const char *format, ...)
{
	char message[512];
	va_list args;
	json_t *root;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	text_make_printable(message);
	root = json_pack("{s:{s:s,s:s}}", "error", "code", code, "message", message);
	free(reply->body);
	*reply = (struct http_reply){.status = status,
	    .body = root ? json_dumps(root, JSON_COMPACT) : NULL,
	    .retry_after_s = reply->retry_after_s};
	reply->body_bytes = reply->body ? strlen(reply->body) : 0;
	json_decref(root);
	return 0;
}

const char *http_query(const struct http_request *request, const char *name)
{
	const struct http_pending *x = request->connection;

	for (size_t i = 0; x && i < x->query_n; i++) {
		if (strcmp(x->query[i].name, name) == 0)
			return x->query[i].value;
	}
	return NULL;
}

const char *http_header(const struct http_request *request, const char *name)
{
	const struct http_pending *x = request->connection;

	return x ? MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name)
		 : NULL;
}

const struct token *http_token(const struct http_request *request)
{
	const struct http_pending *x = request->connection;

	return x->has_token ? &x->token : NULL;
}

bool http_is_tls(const struct http_request *request)
{
	const struct http_pending *x = request->connection;

	return x->http->tls != NULL;
}

bool http_is_type(const char *content_type, const char *wanted)
{
	size_t len = strcspn(content_type, "; \t");

	return len == strlen(wanted) && strncasecmp(content_type, wanted, len) == 0;
}

static enum MHD_Result keep_query(
    void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct http_pending *x = context;
	size_t name_n = strlen(name) + 1;
	size_t value_n = value ? strlen(value) + 1 : 1;
	char *copy = x->query_n < HTTP_QUERY_MAX ? malloc(name_n + value_n) : NULL;

	(void)kind;
	if (!copy) {
		x->bad_query = true;
		return MHD_NO;
	}
	memcpy(copy, name, name_n);
	memcpy(copy + name_n, value ? value : "", value_n);
	x->query[x->query_n].name = copy;
	x->query[x->query_n++].value = copy + name_n;
	x->bad_query |= !route_decode(copy) | !route_decode(copy + name_n);
	return MHD_YES;
}

static void log_request(struct http_pending *x, unsigned int status)
{
	const union MHD_ConnectionInfo *from =
	    MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char line[REQUEST_LOG_BYTES];

	request_log_format(
	    x, from ? from->client_addr : NULL, status, clock_boot_ns(), line);
	log_note("request: %s", line);
}

static enum MHD_Result send_reply(struct http_pending *x)
{
	struct http_reply *reply = &x->reply;
	unsigned int status = (unsigned int)(reply->status ? reply->status : 200);
	struct connections *all = &x->http->connections;
	struct MHD_Response *response;
	enum MHD_Result sent;
	char seconds[16];

	response = MHD_create_response_from_buffer(
	    reply->body_bytes, reply->body, MHD_RESPMEM_MUST_FREE);
	if (!response)
		return MHD_NO;
	if (atomic_load(&x->http->logs))
		log_request(x, status);
	reply->body = NULL; /* the response has it now */
	(void)MHD_add_response_header(response, "Content-Type",
	    reply->content_type ? reply->content_type : "application/json");
	(void)MHD_add_response_header(response, "Cache-Control", "no-store");
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (status == 401)
		(void)MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
	if (reply->retry_after_s > 0) {
		(void)snprintf(seconds, sizeof(seconds), "%d", reply->retry_after_s);
		(void)MHD_add_response_header(response, "Retry-After", seconds);
	}
	if (x->close)
		(void)MHD_add_response_header(response, "Connection", "close");
	connections_count(all, status);
	connections_expect(all, x->of, clock_boot_ns(), CONNECTION_REPLY_S);
	sent = MHD_queue_response(x->connection, status, response);
	MHD_destroy_response(response);
	return sent;
}

static enum MHD_Result begin(struct http *http, struct MHD_Connection *connection,
    const char *url, const char *method, void **exchange)
{
	struct http_pending *x = calloc(1, sizeof(*x));
	const char *type = MHD_lookup_connection_value(
	    connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
	const union MHD_ConnectionInfo *of =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	if (!x)
		return MHD_NO;
	(void)pthread_mutex_lock(&http->mutex);
	http->open_n++;
	(void)pthread_mutex_unlock(&http->mutex);
	*exchange = x;
	x->http = http;
	x->connection = connection;
	x->of = of ? of->socket_context : NULL;
	x->started_ns = clock_boot_ns();
	connections_expect(&http->connections, x->of, x->started_ns, CONNECTION_BODY_S);
	x->request = (struct http_request){.method = method,
	    .path = url,
	    .content_type = type ? type : "",
	    .connection = x};
	(void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, keep_query, x);
	head_check(x);
	return x->reply.status ? send_reply(x) : MHD_YES;
}

/* The room to make for a body, of which so much is there: at first what its head says,
 * within limits, as each step moves all of it. */
static size_t body_room(const struct http_pending *x, size_t have)
{
	size_t max = x->route->body_max_bytes;
	size_t room = 2 * x->body_room;
	const char *said = http_header(&x->request, MHD_HTTP_HEADER_CONTENT_LENGTH);

	if (x->body_room == 0 && said)
		room = strtoull(said, NULL, 10);
	if (x->body_room == 0 && room > BODY_FIRST_BYTES)
		room = BODY_FIRST_BYTES;
	room = room > have ? room : have;
	return room < max ? room : max;
}

/* Keeps what came, or, beyond the limit, only the knowledge that it did. */
static enum MHD_Result take_body(struct http_pending *x, const char *bytes, size_t n)
{
	size_t have = x->request.body_bytes;
	size_t max = x->route->body_max_bytes;

	if (n > max - have) {
		/* A reply cannot be sent before the body's end: so far and no further. */
		if (x->too_large)
			return MHD_NO;
		x->too_large = true;
		return MHD_YES;
	}
	if (have + n > x->body_room) {
		size_t room = body_room(x, have + n);
		uint8_t *more = realloc(x->body, room);

		if (!more)
			return MHD_NO;
		x->body = more;
		x->body_room = room;
	}
	memcpy(x->body + have, bytes, n);
	x->request.body = x->body;
	x->request.body_bytes += n;
	return MHD_YES;
}

int exchange_answer(struct http_pending *x)
{
	int err;

	if (x->too_large)
		return http_reply_error(&x->reply, 413, "too_large",
		    "the body is larger than %zu bytes", x->route->body_max_bytes);
	if (x->request.body_bytes > 0 && x->request.content_type[0] == '\0')
		return http_reply_error(&x->reply, 415, "unsupported_media_type",
		    "a body needs a Content-Type, such as application/json");
	err = x->route->handler(x->context, &x->request, &x->reply);
	if (err >= 0)
		return err;
	if (err == -ENOMEM)
		return http_reply_error(
		    &x->reply, 503, "out_of_memory", "not enough memory");
	return http_reply_error(&x->reply, 500, "internal", "%s", strerror(-err));
}

/* What agents send, which is decoded here and waits for the writer, and whether the
 * collector lives; all else may read long in the ledger. */
static bool is_answered_at_once(const struct http_route *route)
{
	return route->need == HTTP_NEEDS_AGENT || route->need == HTTP_NEEDS_NOTHING;
}

/* NOLINTNEXTLINE(readability-function-size): the library's signature */
enum MHD_Result exchange_handle(void *context, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *upload,
    size_t *upload_size, void **exchange)
{
	struct http_pending *x = *exchange;
	size_t n = *upload_size;
	bool finished;

	(void)version;
	if (!x)
		return begin(context, connection, url, method, exchange);
	if (n > 0) {
		*upload_size = 0;
		return take_body(x, upload, n);
	}
	(void)pthread_mutex_lock(&x->http->mutex);
	finished = x->stage == STAGE_FINISHED;
	(void)pthread_mutex_unlock(&x->http->mutex);
	if (finished)
		return send_reply(x);
	if (!is_answered_at_once(x->route)) {
		aside_answer(&x->http->aside, x);
		return MHD_YES;
	}
	return exchange_answer(x) == HTTP_PENDING ? MHD_YES : send_reply(x);
}

struct http_pending *http_pend(const struct http_request *request)
{
	struct http_pending *x = request->connection;

	(void)pthread_mutex_lock(&x->http->mutex);
	x->stage = STAGE_PENDING;
	x->http->pending_n++;
	(void)pthread_mutex_unlock(&x->http->mutex);
	connections_expect(&x->http->connections, x->of, 0, 0);
	MHD_suspend_connection(x->connection);
	return x;
}

void http_finish(struct http_pending *pending, struct http_reply *reply)
{
	struct http *http = pending->http;
	struct http_reply taken = *reply; /* which may be the pending one's own */

	*reply = (struct http_reply){0};
	(void)pthread_mutex_lock(&http->mutex);
	pending->reply = taken;
	pending->stage = STAGE_FINISHED;
	/* Inside the lock: http_stop() must not stop the daemon before the resume. */
	MHD_resume_connection(pending->connection);
	http->pending_n--;
	(void)pthread_cond_signal(&http->finished);
	(void)pthread_mutex_unlock(&http->mutex);
}

void http_drop_body(struct http_pending *pending)
{
	free(pending->body);
	pending->body = NULL;
	pending->request.body = NULL;
}

void exchange_completed(void *context, struct MHD_Connection *connection, void **exchange,
    enum MHD_RequestTerminationCode why)
{
	struct http_pending *x = *exchange;

	struct http *http = context;

	(void)connection;
	(void)why;
	if (!x)
		return;
	(void)pthread_mutex_lock(&http->mutex);
	http->open_n--;
	(void)pthread_cond_signal(&http->finished);
	(void)pthread_mutex_unlock(&http->mutex);
	connections_expect(&http->connections, x->of, clock_boot_ns(), CONNECTION_HEAD_S);
	for (size_t i = 0; i < x->query_n; i++)
		free(x->query[i].name);
	free(x->reply.body);
	free(x->body);
	free(x);
	*exchange = NULL;
}
