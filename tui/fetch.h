/* Gets a file from a public server, within limits. */
#ifndef COLDMETER_TUI_FETCH_H
#define COLDMETER_TUI_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#define FETCH_URL_BYTES 2048

struct fetch {
	const char *url;
	const char *name;   /* of it in a sentence about what went wrong; NULL: its URL */
	const char *header; /* "Name: value", sent to that server alone; NULL: none */
	size_t max_bytes;   /* more is an error, and reading stops there */
};

/* Gets a file over http or https, following no redirect. *body is the caller's to free
 * and ends with a NUL that *body_bytes does not count. 0, or -errno with a sentence in
 * why that names it and never the header. */
int fetch(const struct fetch *what, char **body, size_t *body_bytes, char *why,
    size_t why_size);

/* Whether both are on one server: scheme, host and port. */
bool fetch_is_same_server(const char *a, const char *b);

/* Whether nobody on the way reads what is sent there: https, or this machine by its
 * loopback. */
bool fetch_is_private(const char *url);

/* Whether its host is this machine: 127.0.0.1, localhost or [::1]. */
bool fetch_is_loopback(const char *url);

/* Appends text to url, of FETCH_URL_BYTES, with what a query does not take as it is
 * escaped. 0, -ENAMETOOLONG or -ENOMEM. */
int fetch_append(char url[FETCH_URL_BYTES], const char *text);

#endif
