/* One thread of libmicrohttpd takes and sends everything. A request is an exchange from
 * its first header to the end of its reply; one that waits for the writer or is answered
 * aside is suspended meanwhile. */
#include "serve/http.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "serve/http/exchange.h"
#include "serve/http/listen.h"
#include "serve/http/route.h"

#define CONNECTIONS_MAX 2048U /* 16 MB of memory when all are open */
/* Request line and headers fit in it, or 431. An agent's connection that stays open has
 * touched all of it: the library zeroes it between two requests. */
#define CONNECTION_BYTES ((size_t)8 * 1024)
#define IDLE_TIMEOUT_S 30U
#define STOP_WAIT_S 3  /* for clients that are slow to send or to read */
#define REPLY_WAIT_S 1 /* for replies that were made after that */

int http_new(struct http **out)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return -ENOMEM;
	if (connections_init(&http->connections) < 0) {
		free(http);
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&http->mutex, NULL);
	(void)pthread_cond_init(&http->finished, NULL);
	*out = http;
	return 0;
}

int http_add_routes(
    struct http *http, const struct http_route *routes, size_t n, void *context)
{
	if (http->tables_n == HTTP_TABLES_MAX)
		return -ENOSPC;
	http->tables[http->tables_n++] = (struct http_table){routes, n, context};
	return 0;
}

const struct tokens *http_set_tokens(struct http *http, const struct tokens *tokens)
{
	const struct tokens *before;

	(void)pthread_mutex_lock(&http->mutex);
	before = http->tokens;
	http->tokens = tokens;
	(void)pthread_mutex_unlock(&http->mutex);
	return before;
}

/* A query stays as it is here: exchange.c decodes it, and refuses what it cannot. */
static size_t keep_escaped(void *context, struct MHD_Connection *connection, char *s)
{
	(void)context;
	(void)connection;
	return strlen(s);
}

void http_set_limits(struct http *http, const struct http_limits *limits)
{
	(void)pthread_mutex_lock(&http->connections.mutex);
	http->connections.limits = *limits;
	(void)pthread_mutex_unlock(&http->connections.mutex);
}

void http_set_log(struct http *http, bool on)
{
	atomic_store(&http->logs, on);
}

size_t http_sweep(struct http *http, uint64_t now_ns)
{
	return connections_sweep(&http->connections, now_ns);
}

void http_counts(struct http *http, struct http_counts *counts)
{
	(void)pthread_mutex_lock(&http->connections.mutex);
	*counts = http->connections.counts;
	(void)pthread_mutex_unlock(&http->connections.mutex);
}

void http_set_prepare(struct http *http, void (*prepare)(void *context), void *context)
{
	http->aside.prepare = prepare;
	http->aside.context = context;
}

void http_set_tls(struct http *http, struct tls *tls)
{
	http->tls = tls;
}

/* NOLINTNEXTLINE(readability-function-size): the library's signature */
static int choose_certificate(gnutls_session_t session,
    const struct gnutls_cert_retr_st *wanted, gnutls_pcert_st **certs,
    unsigned int *certs_n, gnutls_ocsp_data_st **ocsp, unsigned int *ocsp_n,
    gnutls_privkey_t *key, unsigned int *flags)
{
	/* What libmicrohttpd gives a session, and note_connection() the connection. */
	const union MHD_ConnectionInfo *seen = MHD_get_connection_info(
	    gnutls_session_get_ptr(session), MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	const struct http *http = seen ? connection_context(seen->socket_context) : NULL;

	(void)wanted;
	*ocsp = NULL;
	*ocsp_n = 0;
	*flags = GNUTLS_CERT_RETR_DEINIT_ALL;
	return http ? tls_hand_out(http->tls, certs, certs_n, key) : -1;
}

static void note_connection(void *context, struct MHD_Connection *connection,
    void **socket_context, enum MHD_ConnectionNotificationCode what)
{
	struct http *http = context;
	const union MHD_ConnectionInfo *fd =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *from =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_context =
		    connections_add(&http->connections, fd ? fd->connect_fd : -1,
			from ? from->client_addr : NULL, clock_boot_ns(), http);
	} else {
		connections_remove(&http->connections, *socket_context);
		*socket_context = NULL;
	}
}

int http_start(struct http *http, const char *address, uint16_t port)
{
	int fd = listen_open(address, &port);

	return fd < 0 ? fd : http_start_on(http, fd);
}

int http_start_on(struct http *http, int fd)
{
	unsigned int flags =
	    MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
	char address[LISTEN_ADDRESS_BYTES];
	int err = listen_describe(fd, address, &http->port);

	if (!err && fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		err = -errno;
	if (!err)
		err = aside_start(&http->aside);
	if (err) {
		(void)close(fd);
		return err;
	}
	http->loopback = listen_is_loopback(address);
	http->daemon = MHD_start_daemon(flags | (http->tls ? MHD_USE_TLS : 0), 0, NULL,
	    NULL, exchange_handle, http, MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT, 2 * http->connections.limits.connections,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S,
	    MHD_OPTION_UNESCAPE_CALLBACK, keep_escaped, NULL, MHD_OPTION_NOTIFY_COMPLETED,
	    exchange_completed, http, MHD_OPTION_NOTIFY_CONNECTION, note_connection, http,
	    MHD_OPTION_HTTPS_CERT_CALLBACK2, choose_certificate,
	    MHD_OPTION_HTTPS_PRIORITIES,
	    TLS_PRIORITIES, /* without MHD_USE_TLS of no effect */
	    MHD_OPTION_END);
	if (http->daemon)
		return 0;
	err = errno ? -errno : -EIO;
	aside_stop(&http->aside);
	(void)close(fd);
	return err;
}

uint16_t http_port(const struct http *http)
{
	return http->port;
}

bool http_is_loopback(const char *address)
{
	return listen_is_loopback(address);
}

/* Waits for all exchanges to end, so many seconds at most; http->mutex is held. */
static void wait_for_end(struct http *http, int seconds)
{
	struct timespec until;
	int err = 0;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;
	while (http->open_n > 0 && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&http->finished, &http->mutex, &until);
}

struct http_drained http_stop(struct http *http)
{
	struct http_drained drained = {0};
	MHD_socket listening;
	bool late;

	if (!http || !http->daemon)
		return drained;
	listening = MHD_quiesce_daemon(http->daemon);
	(void)pthread_mutex_lock(&http->mutex);
	http->stopping = true;
	drained.running = http->open_n;
	wait_for_end(http, STOP_WAIT_S);
	late = http->pending_n > 0;
	aside_refuse(&http->aside);
	while (http->pending_n > 0) /* the daemon cannot stop before */
		(void)pthread_cond_wait(&http->finished, &http->mutex);
	if (late)
		wait_for_end(http, REPLY_WAIT_S);
	drained.cut_off = http->open_n;
	(void)pthread_mutex_unlock(&http->mutex);
	aside_stop(&http->aside);
	MHD_stop_daemon(http->daemon);
	http->daemon = NULL;
	if (listening != MHD_INVALID_SOCKET)
		(void)close(listening);
	return drained;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	(void)http_stop(http);
	connections_done(&http->connections);
	(void)pthread_cond_destroy(&http->finished);
	(void)pthread_mutex_destroy(&http->mutex);
	free(http);
}
