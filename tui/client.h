/* Asks a collector and waits for its answer: what the commands use. */
#ifndef COLDMETER_TUI_CLIENT_H
#define COLDMETER_TUI_CLIENT_H

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define CLIENT_DEFAULT_URL "http://127.0.0.1:7077"
#define CLIENT_URL_BYTES 512
#define CLIENT_PATH_BYTES 1024
#define CLIENT_WHY_BYTES 256
#define CLIENT_MAX_BODY_BYTES (64U << 20) /* an answer beyond this is refused */

/* Where the collector is and how we prove who we are. */
struct endpoint {
	char url[CLIENT_URL_BYTES]; /* no slash at the end */
	char token[256];            /* bearer token; "" for none */
	char ca_file[1024];         /* whom to trust; "": what this host trusts */
};

/* Checks and keeps the address: http:// or https:// and a host, no control characters.
 * The files, each of which may be NULL: one with a bearer token, one with the
 * certificates to trust (PEM). 0, or a negative errno with a sentence in why. */
struct endpoint_files {
	const char *token;
	const char *ca;
};
int endpoint_init(struct endpoint *endpoint, const char *url,
    const struct endpoint_files *files, char *why, size_t why_size);

struct reply {
	long status; /* HTTP; 0: no answer came, and why says why */
	char *body;  /* terminated; owned */
	size_t body_bytes;
	char
	    why[CLIENT_WHY_BYTES]; /* what the collector or the network said against it */
};

void reply_done(struct reply *reply);

static inline void cleanup_reply(struct reply *reply)
{
	reply_done(reply);
}

struct client;

/* NULL when out of memory. The endpoint is borrowed. */
struct client *client_open(const struct endpoint *endpoint);
void client_close(struct client *client);

/* One request; body NULL sends none. Whatever happens is in *reply, which the caller
 * releases. Returns 0 for 2xx; -ECONNREFUSED when no collector answered; -EBADMSG when it
 * answered with an error, which is in reply->why. */
int client_call(struct client *client, const char *method, const char *path,
    const char *body, struct reply *reply);

/* POST of n bytes of a type of their own. The same. */
int client_send(struct client *client, const char *path, const char *type,
    const void *bytes, size_t n, struct reply *reply);

/* Until when the certificate of the last answer is good, as libcurl writes it; "" when
 * that is not known. */
void client_certificate_end(struct client *client, char *out, size_t size);

/* A growing request path: "/v1/functions?since=1h". */
struct path {
	char text[CLIENT_PATH_BYTES];
	bool has_query;
	bool overflow; /* the path did not fit and must not be sent */
};

/* Starts with fixed text. */
void path_start(struct path *path, const char *text);
/* Appends text as it is. */
void path_more(struct path *path, const char *text);
/* Appends "/" and the text, escaped. */
void path_segment(struct path *path, const char *text);
/* Appends a query parameter, escaped; NULL or "" appends nothing. */
void path_query(struct path *path, const char *key, const char *value);

/* A curl handle set up for the endpoint, that appends what comes to *reply, and headers
 * the caller frees after it. Shared with feed.c. NULL when out of memory. */
CURL *client_handle(const struct endpoint *endpoint, struct curl_slist **headers);
int client_prepare(CURL *curl, const char *method, const char *url, const char *body,
    struct reply *reply);

/* After a transfer: sets status and why. Returns as client_call(). */
int client_finish(CURL *curl, CURLcode code, struct reply *reply);

#endif
