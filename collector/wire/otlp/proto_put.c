/* A message's length is known at its end: one byte is kept for it, and its content moves
 * when it needs more. */
#include "wire/otlp/proto_put.h"

#include <string.h>

#include "base/varint.h"

enum { WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES };

void proto_put_varint(struct buffer *b, uint64_t value)
{
	uint8_t bytes[VARINT_MAX_BYTES];
	ssize_t n = varint_encode(value, bytes, sizeof(bytes));

	buffer_put(b, bytes, (size_t)n);
}

static void put_tag(struct buffer *b, uint32_t field, unsigned int wire)
{
	proto_put_varint(b, (uint64_t)field << 3 | wire);
}

void proto_put_number(struct buffer *b, uint32_t field, uint64_t value)
{
	put_tag(b, field, WIRE_VARINT);
	proto_put_varint(b, value);
}

void proto_put_signed(struct buffer *b, uint32_t field, int64_t value)
{
	proto_put_number(b, field, varint_zigzag(value));
}

void proto_put_fixed(struct buffer *b, uint32_t field, uint64_t value)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	put_tag(b, field, WIRE_FIXED64);
	buffer_put(b, bytes, sizeof(bytes));
}

void proto_put_double(struct buffer *b, uint32_t field, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	proto_put_fixed(b, field, bits);
}

void proto_put_bytes(struct buffer *b, uint32_t field, const void *bytes, size_t n)
{
	put_tag(b, field, WIRE_BYTES);
	proto_put_varint(b, n);
	buffer_put(b, bytes, n);
}

void proto_put_text(struct buffer *b, uint32_t field, const char *text)
{
	proto_put_bytes(b, field, text, strlen(text));
}

size_t proto_put_open(struct buffer *b, uint32_t field)
{
	put_tag(b, field, WIRE_BYTES);
	(void)buffer_extend(b, 1);
	return b->n;
}

void proto_put_close(struct buffer *b, size_t opened)
{
	uint8_t length[VARINT_MAX_BYTES];
	size_t content = b->n - opened;
	size_t n = (size_t)varint_encode(content, length, sizeof(length));

	if (n > 1)
		(void)buffer_extend(b, n - 1);
	if (b->failed)
		return;
	memmove(b->at + opened + n - 1, b->at + opened, content);
	memcpy(b->at + opened - 1, length, n);
}
