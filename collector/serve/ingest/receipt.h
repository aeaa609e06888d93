/* What a sender is told about what it sent, in the form that it speaks. */
#ifndef COLDMETER_SERVE_INGEST_RECEIPT_H
#define COLDMETER_SERVE_INGEST_RECEIPT_H

#include "serve/http.h"
#include "serve/ingest/intake.h"

/* It is in the ledger, each once. */
void receipt_stored(const struct intake *in, struct http_reply *reply);

/* Nothing of it is, for a negative errno of the store's. */
void receipt_failed(const struct intake *in, int err, struct http_reply *reply);

/* Nothing was read, for too much is under way: the sender shall come back. */
void receipt_busy(const struct intake *in, struct http_reply *reply);

/* As http_reply_error(); a sender of OTLP gets a google.rpc.Status: alone as protobuf, in
 * JSON beside our own error. Returns 0. */
int receipt_error(const struct intake *in, struct http_reply *reply, int status,
    const char *code, const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
