/* Gets a file from a public server, within limits. */
#ifndef COLDMETER_TUI_FETCH_H
#define COLDMETER_TUI_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#define FETCH_URL_BYTES 2048

/* Gets at most max_bytes (more is an error, and reading stops there) over http or https,
 * following no redirect. *body is the caller's to free and ends with a NUL that
 * *body_bytes does not count. 0, or -errno with a sentence in why that names the URL. */
int fetch(const char *url, size_t max_bytes, char **body, size_t *body_bytes, char *why,
    size_t why_size);

/* Whether both are on one server: scheme, host and port. */
bool fetch_is_same_server(const char *a, const char *b);

#endif
