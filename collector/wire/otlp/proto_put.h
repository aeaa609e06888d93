/* Writes Protocol Buffers (protobuf.dev, "Encoding"). Field numbers are the caller's. */
#ifndef COLDMETER_WIRE_OTLP_PROTO_PUT_H
#define COLDMETER_WIRE_OTLP_PROTO_PUT_H

#include "base/buffer.h"

/* A number by itself, as lengths and packed fields have it. */
void proto_put_varint(struct buffer *b, uint64_t value);

void proto_put_number(struct buffer *b, uint32_t field, uint64_t value); /* varint */
void proto_put_signed(struct buffer *b, uint32_t field, int64_t value); /* sint: zigzag */
void proto_put_fixed(struct buffer *b, uint32_t field, uint64_t value); /* fixed64 */
void proto_put_double(struct buffer *b, uint32_t field, double value);
void proto_put_bytes(struct buffer *b, uint32_t field, const void *bytes, size_t n);
void proto_put_text(struct buffer *b, uint32_t field, const char *text);

/* A message inside: what is written between the two is its content. They nest. */
size_t proto_put_open(struct buffer *b, uint32_t field);
void proto_put_close(struct buffer *b, size_t opened);

#endif
