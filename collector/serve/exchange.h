/* One request and its reply; private to the server. */
#ifndef COLDMETER_SERVE_EXCHANGE_H
#define COLDMETER_SERVE_EXCHANGE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>

#include "serve/http.h"
#include "serve/tls.h"
#include "serve/tokens.h"

#define HTTP_TABLES_MAX 8

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
	const struct tokens *tokens; /* NULL: none is asked for */
	struct tls *tls;             /* NULL: plain HTTP */
	pthread_mutex_t mutex;       /* over what follows */
	pthread_cond_t finished;     /* signalled when one of the counts falls */
	size_t open_n;               /* exchanges */
	size_t pending_n;            /* of these, suspended */
	bool stopping;
};

/* Callbacks of the daemon; context is struct http. */
enum MHD_Result exchange_handle(void *context, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *upload,
    size_t *upload_size, void **exchange);
void exchange_completed(void *context, struct MHD_Connection *connection, void **exchange,
    enum MHD_RequestTerminationCode why);

#endif
