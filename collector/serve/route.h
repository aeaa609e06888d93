/* Paths against patterns, and the percent code of both. */
#ifndef COLDMETER_SERVE_ROUTE_H
#define COLDMETER_SERVE_ROUTE_H

#include <stdbool.h>

#include "serve/http.h"

/* Decodes %XX in place. False when malformed or when it would hide a NUL. */
bool route_decode(char *s);

/* Whether the raw path (not decoded) fits the pattern; then parameter holds the decoded
 * segments that stand where it has {..}. A segment that is too long, empty or malformed
 * does not fit. */
bool route_fits(
    const char *pattern, const char *path, char (*parameter)[HTTP_PARAMETER_BYTES]);

#endif
