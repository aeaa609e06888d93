/* Protobuf written field by field, for requests that no exporter would send as well. */
#ifndef COLDMETER_TESTS_OTLP_BYTES_H
#define COLDMETER_TESTS_OTLP_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Grows; free(at). */
struct bytes {
	uint8_t *at;
	size_t n;
	size_t room;
};

static inline void put_raw(struct bytes *b, const void *raw, size_t n)
{
	if (b->n + n > b->room) {
		b->room = 2 * (b->n + n) + 64;
		b->at = realloc(b->at, b->room);
		if (!b->at)
			abort();
	}
	if (n > 0)
		memcpy(b->at + b->n, raw, n);
	b->n += n;
}

static inline void put_number(struct bytes *b, uint64_t value)
{
	uint8_t byte;

	while (value >= 0x80) {
		byte = (uint8_t)(value | 0x80);
		put_raw(b, &byte, 1);
		value >>= 7;
	}
	byte = (uint8_t)value;
	put_raw(b, &byte, 1);
}

static inline void put_varint(struct bytes *b, uint64_t field, uint64_t value)
{
	put_number(b, field << 3);
	put_number(b, value);
}

/* n is 8 or 4. */
static inline void put_fixed(struct bytes *b, uint64_t field, uint64_t value, size_t n)
{
	put_number(b, field << 3 | (n == 8 ? 1 : 5));
	for (size_t i = 0; i < n; i++) {
		uint8_t byte = (uint8_t)(value >> (8 * i));

		put_raw(b, &byte, 1);
	}
}

static inline void put_bytes(struct bytes *b, uint64_t field, const void *raw, size_t n)
{
	put_number(b, field << 3 | 2);
	put_number(b, n);
	put_raw(b, raw, n);
}

/* A message as a field of b; it is emptied for the next. */
static inline void put_message(struct bytes *b, uint64_t field, struct bytes *message)
{
	put_bytes(b, field, message->at, message->n);
	message->n = 0;
}

/* An attribute (KeyValue) as that field, its value an AnyValue. */
static inline void put_attribute(
    struct bytes *b, uint64_t field, const char *key, const struct bytes *any)
{
	struct bytes pair = {0};

	put_bytes(&pair, 1, key, strlen(key));
	put_bytes(&pair, 2, any->at, any->n);
	put_message(b, field, &pair);
	free(pair.at);
}

static inline void put_text(
    struct bytes *b, uint64_t field, const char *key, const char *text)
{
	struct bytes any = {0};

	put_bytes(&any, 1, text, strlen(text));
	put_attribute(b, field, key, &any);
	free(any.at);
}

/* A bool (2) or an int (3) of AnyValue. */
static inline void put_count(
    struct bytes *b, uint64_t field, const char *key, uint64_t type, uint64_t value)
{
	struct bytes any = {0};

	put_varint(&any, type, value);
	put_attribute(b, field, key, &any);
	free(any.at);
}

#define OTLP_ANY_BOOL 2
#define OTLP_ANY_INT 3

#endif
