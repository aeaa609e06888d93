/* One request and its reply; private to the server. */
#ifndef COLDMETER_SERVE_HTTP_EXCHANGE_H
#define COLDMETER_SERVE_HTTP_EXCHANGE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "serve/http.h"
#include "serve/http/aside.h"
#include "serve/http/connections.h"
#include "serve/http/tls.h"
#include "serve/http/tokens.h"

#define HTTP_TABLES_MAX 8
#define HTTP_QUERY_MAX 16

struct http_table {
	const struct http_route *routes;
	size_t n;
	void *context;
};

struct http {
	struct MHD_Daemon *daemon;
	struct http_table tables[HTTP_TABLES_MAX];
	size_t tables_n;
	uint16_t port;
	bool loopback;
	atomic_bool logs; /* each request */
	struct connections connections;
	struct tls *tls; /* NULL: plain HTTP */
	struct aside aside;
	pthread_mutex_t mutex;   /* over what follows */
	pthread_cond_t finished; /* signalled when one of the counts falls */
	size_t open_n;           /* exchanges */
	size_t pending_n;        /* of these, suspended */
	bool stopping;
	const struct tokens *tokens; /* NULL: none is asked for */
};

enum stage { STAGE_READING, STAGE_PENDING, STAGE_FINISHED };

/* Also what http_pending and http_request's connection point to. */
struct http_pending {
	struct http *http;
	struct MHD_Connection *connection;
	struct connection *of; /* the same, in http->connections */
	const struct http_route *route;
	void *context;
	struct http_request request;
	struct http_reply reply;
	uint8_t *body;
	size_t body_room;
	bool too_large;
	enum stage stage;
	struct http_pending *next; /* of those that are answered aside */
	uint64_t started_ns;
	struct {
		char *name; /* one allocation: name, value */
		char *value;
	} query[HTTP_QUERY_MAX];
	size_t query_n;
	bool bad_query;
	bool close; /* after the reply */
	bool has_token;
	struct token token; /* whose request this is, where tokens are asked for */
};

/* Answers a whole request: its reply is filled, or HTTP_PENDING is returned. */
int exchange_answer(struct http_pending *x);

/* Callbacks of the daemon; context is struct http. */
enum MHD_Result exchange_handle(void *context, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *upload,
    size_t *upload_size, void **exchange);
void exchange_completed(void *context, struct MHD_Connection *connection, void **exchange,
    enum MHD_RequestTerminationCode why);

#endif
