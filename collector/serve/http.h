/* The HTTP server: libmicrohttpd behind a table of routes. */
#ifndef COLDMETER_SERVE_HTTP_H
#define COLDMETER_SERVE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_PARAMETER_BYTES 256

struct http;
struct tls;
struct tokens;

struct http_request {
	const char *method;
	const char *path;
	char parameter[2]
		      [HTTP_PARAMETER_BYTES]; /* values of {..} in the pattern, decoded */
	const char *content_type;             /* "" when absent */
	const uint8_t *body;                  /* whole, within the route's limit */
	size_t body_bytes;
	void *connection;
};

/* The decoded query value of that name, or NULL. Lives as long as the request. */
const char *http_query(const struct http_request *request, const char *name);

/* The value of that request header, or NULL. Lives as long as the request. */
const char *http_header(const struct http_request *request, const char *name);

/* Whose token it carries; NULL when none is asked for. Lives as long as the request. */
struct token;
const struct token *http_token(const struct http_request *request);

/* Whether it came over TLS. */
bool http_is_tls(const struct http_request *request);

struct http_reply {
	int status;               /* 0 is taken as 200 */
	const char *content_type; /* NULL: application/json */
	char *body;               /* malloc'd, taken over by the server */
	size_t body_bytes;
	int retry_after_s; /* > 0: sent as Retry-After */
};

/* Fills the reply with {"error":{"code","message"}}; code is a short word such as
 * "bad_request". Returns 0. */
int http_reply_error(struct http_reply *reply, int status, const char *code,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Returns 0 with *reply filled, or a negative errno, which becomes a 500 (-ENOMEM: 503),
 * or HTTP_PENDING after http_pend(). Handlers of what agents send, and of routes that
 * need nothing, run on the server's thread; all others on others, two at a time, and
 * do not pend. */
typedef int (*http_handler)(
    void *context, const struct http_request *request, struct http_reply *reply);

/* A reply that comes later: the handler calls http_pend(), hands the result to another
 * thread and returns HTTP_PENDING; that thread calls http_finish() exactly once. The
 * request and its body live until then. */
#define HTTP_PENDING 1
struct http_pending;
struct http_pending *http_pend(const struct http_request *request);
void http_finish(struct http_pending *pending, struct http_reply *reply);
/* Frees the body of a pending request, which is not read any more; the log still tells
 * its length. */
void http_drop_body(struct http_pending *pending);

/* Whether the type (parameters such as charset aside) is the one wanted. */
bool http_is_type(const char *content_type, const char *wanted);

/* Whose token a route takes, once tokens are asked for. */
enum http_need {
	HTTP_NEEDS_ADMIN,
	HTTP_NEEDS_READ,
	HTTP_NEEDS_AGENT,
	HTTP_NEEDS_TOKEN,  /* any of them */
	HTTP_NEEDS_NOTHING /* it tells that the collector lives, and no more */
};

/* A route: method "GET", pattern "/v1/budgets/{name}" (at most two {..}, each one
 * segment), how large a body may be, and who may ask. */
struct http_route {
	const char *method;
	const char *pattern;
	http_handler handler;
	size_t body_max_bytes;
	enum http_need need;
};

/* Bodies must say what they are: application/json, or one of the ingest types of http.c,
 * else 415; the one that `curl -d` gives by itself passes in a PUT. A request that a web
 * page of another site could send is refused. */
int http_new(struct http **out);
/* Adds routes before http_start(); the table is borrowed, context goes to each handler.
 */
int http_add_routes(
    struct http *http, const struct http_route *routes, size_t n, void *context);
/* Runs before each answer that is not given on the server's thread, on the same thread as
 * its handler; set it before http_start(). */
void http_set_prepare(struct http *http, void (*prepare)(void *context), void *context);
/* Every request must carry one of these tokens from now on, as its route says; any
 * thread. NULL asks for none. Borrowed; returns the ones before, which nobody uses any
 * more. */
const struct tokens *http_set_tokens(struct http *http, const struct tokens *tokens);
/* Speak TLS and nothing else; before http_start(). Borrowed. */
void http_set_tls(struct http *http, struct tls *tls);
/* Binds address (v4, v6 or "localhost") and port; port 0 takes a free one. -EADDRINUSE,
 * ... */
int http_start(struct http *http, const char *address, uint16_t port);
/* The same on a socket that listens already; taken over. -EINVAL: it does not. */
int http_start_on(struct http *http, int fd);
/* What one client, an address, may do at once; 0: no limit. Beyond it the answer is 429
 * with Retry-After. Any thread; those before http_start() decide whether there is a limit
 * at all on connections that are not even answered. */
struct http_limits {
	unsigned int connections;
	unsigned int requests_per_s; /* on average; five seconds' worth at once */
};
void http_set_limits(struct http *http, const struct http_limits *limits);
/* Whether each request is said through log_note(), see request_log.h; any thread. */
void http_set_log(struct http *http, bool on);
/* Ends connections that take too long with a request or its reply, however they drip;
 * call it about once a second with clock_boot_ns(). Returns how many. Any thread. */
size_t http_sweep(struct http *http, uint64_t now_ns);
/* Since http_new(); any thread. */
struct http_counts {
	uint64_t connections;
	uint64_t connections_open; /* now */
	uint64_t requests;         /* that were answered: all of the next four too */
	uint64_t refused;          /* 4xx */
	uint64_t unauthorized;     /* of these 401 and 403 */
	uint64_t limited;          /* of these 429: a client's limit, or a full queue */
	uint64_t failed;           /* 5xx */
	uint64_t cut_off;          /* connections that http_sweep() ended */
};
void http_counts(struct http *http, struct http_counts *counts);
/* Whether all that this address (as in http_start) names is this machine's loopback. */
bool http_is_loopback(const char *address);
uint16_t http_port(const struct http *http);
/* Takes no more and lets running requests end, for a few seconds. */
struct http_drained {
	size_t running; /* requests when it began */
	size_t cut_off; /* of these and later ones, at its end */
};
struct http_drained http_stop(struct http *http);
void http_free(struct http *http);

#endif
