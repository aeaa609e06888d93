/* Bodies of POST /v1/traces: OTLP/HTTP (OTLP specification 1.x), plain or gzip. */
#ifndef COLDMETER_SERVE_INGEST_TRACES_H
#define COLDMETER_SERVE_INGEST_TRACES_H

#include "serve/http.h"
#include "serve/ingest/intake.h"

#define TRACES_MAX_BYTES ((size_t)8 * 1024 * 1024) /* as sent, and when expanded */

/* Sets in->form to the encoding. False: the reply says that it is neither. */
bool traces_find_form(
    struct intake *in, const struct http_request *request, struct http_reply *reply);

/* Reads the request into in, which has its form. True: it is the store's now; false: the
 * reply says why not.
 */
bool traces_read(
    struct intake *in, const struct http_request *request, struct http_reply *reply);

#endif
