/* What goes out by OTLP: attributes, and invocations as spans that otlp.h reads back. */
#ifndef COLDMETER_WIRE_OTLP_PUT_H
#define COLDMETER_WIRE_OTLP_PUT_H

#include "base/buffer.h"
#include "model/invocation.h"

/* The value of cloud.platform: the convention's where it has one, else our own word. */
const char *otlp_platform_name(enum platform platform);

/* A KeyValue in that field of the message being written. */
void otlp_put_text(struct buffer *b, uint32_t field, const char *key, const char *value);
void otlp_put_bool(struct buffer *b, uint32_t field, const char *key, bool value);
void otlp_put_integer(struct buffer *b, uint32_t field, const char *key, uint64_t value);
void otlp_put_real(struct buffer *b, uint32_t field, const char *key, double value);

/* Appends the invocations of one host as ResourceSpans of an ExportTraceServiceRequest;
 * several such pieces, one behind the other, are a request too. Pings are left out.
 * An invocation always becomes the same ids; its own trace id where that is one, in W3C's
 * or AWS's form. Returns how many spans were written. */
size_t otlp_put_spans(
    struct buffer *b, const struct invocation *invocations, size_t n, const char *host);

#endif
