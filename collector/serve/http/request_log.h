/* One line for each request that was answered: who, what, how it went. No secret gets
 * into it: no header, no body, and of a query only values that cannot be one. */
#ifndef COLDMETER_SERVE_HTTP_REQUEST_LOG_H
#define COLDMETER_SERVE_HTTP_REQUEST_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define REQUEST_LOG_BYTES 512

struct http_pending;

/* Whether the value of that query parameter is shown; of others *** is. */
bool request_log_shows(const char *name);

/* "127.0.0.1 web-1 GET /v1/functions?since=1h 200 0 in 512 out 1.2 ms"; "-": without a
 * token. What does not fit is cut off. */
void request_log_format(const struct http_pending *x, const struct sockaddr *from,
    unsigned int status, uint64_t now_ns, char out[REQUEST_LOG_BYTES]);

#endif
