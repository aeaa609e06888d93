/* Paths against patterns, and the percent code of both. */
#ifndef COLDMETER_SERVE_HTTP_ROUTE_H
#define COLDMETER_SERVE_HTTP_ROUTE_H

#include <stdbool.h>

#include "serve/http.h"

/* Decodes %XX in place. False when malformed, when it would hide a NUL, or when it is not
 * UTF-8: no name here is, and it could not be part of an answer. */
bool route_decode(char *s);

/* Whether the raw path (not decoded) fits the pattern; then parameter holds the decoded
 * segments that stand where it has {..}. A segment that is too long, empty or malformed
 * does not fit. */
bool route_fits(
    const char *pattern, const char *path, char (*parameter)[HTTP_PARAMETER_BYTES]);

#endif
