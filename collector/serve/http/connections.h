/* The server's open connections: whose each is, and until when its next step is due. */
#ifndef COLDMETER_SERVE_HTTP_CONNECTIONS_H
#define COLDMETER_SERVE_HTTP_CONNECTIONS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "serve/http.h"

/* How long a client may take, whatever it does meanwhile: libmicrohttpd's own limit
 * begins anew with each byte, so that one byte now and then would hold a connection for
 * ever. */
#define CONNECTION_HEAD_S                                                                \
	40U                   /* handshake, request line and headers; above its 30 s of  \
			       * silence, which end what only idles */
#define CONNECTION_BODY_S 60U /* the whole body */
#define CONNECTION_REPLY_S 300U /* 64 MB at 220 kB/s */

struct connection;

struct connections {
	pthread_mutex_t mutex; /* over what follows */
	struct http_limits limits;
	struct connection *first;
	struct client *clients; /* a table by address */
	size_t clients_n;
	struct http_counts counts;
};

int connections_init(struct connections *all); /* 0 or -errno */
void connections_done(struct connections *all);

/* A connection has come from that address; context is kept with it. NULL: out of memory.
 */
struct connection *connections_add(struct connections *all, int fd,
    const struct sockaddr *from, uint64_t now_ns, void *context);
void connections_remove(struct connections *all, struct connection *c);
void *connection_context(const struct connection *c);

/* A request begins. Returns 0 when it is within the client's limits, else the seconds
 * until it may come again; *close then says that the connection is one too many. */
int connections_admit(
    struct connections *all, struct connection *c, uint64_t now_ns, bool *close);

/* The next step must end within so long; 0: whenever it does. */
void connections_expect(struct connections *all, struct connection *c, uint64_t now_ns,
    unsigned int within_s);

/* Ends those whose step is overdue. Returns how many. */
size_t connections_sweep(struct connections *all, uint64_t now_ns);

/* A reply of that status is sent. */
void connections_count(struct connections *all, unsigned int status);

#endif
