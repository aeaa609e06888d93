/* Reads protobuf field by field, to look into what was written. */
#ifndef COLDMETER_TESTS_PROTO_BYTES_H
#define COLDMETER_TESTS_PROTO_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct proto_field {
	uint64_t number;
	unsigned int wire;
	uint64_t value;    /* of a number */
	const uint8_t *at; /* of bytes */
	size_t n;
};

/* A run of fields; each call of proto_next() takes one off. */
struct proto_span {
	const uint8_t *at;
	size_t n;
};

static inline uint64_t proto_varint(struct proto_span *in)
{
	uint64_t value = 0;

	for (unsigned int shift = 0;; shift += 7) {
		if (in->n == 0 || shift > 63)
			abort();
		in->n--;
		value |= (uint64_t)(*in->at & 0x7f) << shift;
		if (*in->at++ < 0x80)
			return value;
	}
}

/* False at the end; aborts on what is no protobuf. */
static inline bool proto_next(struct proto_span *in, struct proto_field *field)
{
	uint64_t tag;

	*field = (struct proto_field){0};
	if (in->n == 0)
		return false;
	tag = proto_varint(in);
	*field = (struct proto_field){.number = tag >> 3, .wire = tag & 7};
	if (field->wire == 0) {
		field->value = proto_varint(in);
		return true;
	}
	field->n = field->wire == 1 ? 8 : field->wire == 2 ? proto_varint(in) : SIZE_MAX;
	if (field->n > in->n)
		abort();
	field->at = in->at;
	if (field->wire == 1)
		memcpy(&field->value, in->at, 8);
	in->at += field->n;
	in->n -= field->n;
	return true;
}

/* The nth (from 0) field of that number, wherever it stands. */
static inline bool proto_find(
    struct proto_span in, uint64_t number, size_t nth, struct proto_field *field)
{
	while (proto_next(&in, field)) {
		if (field->number == number && nth-- == 0)
			return true;
	}
	return false;
}

static inline struct proto_span proto_in(const struct proto_field *field)
{
	return (struct proto_span){field->at, field->n};
}

static inline double proto_double(const struct proto_field *field)
{
	double value;

	memcpy(&value, &field->value, sizeof(value));
	return value;
}

static inline int64_t proto_signed(uint64_t value)
{
	return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static inline bool proto_is_text(const struct proto_field *field, const char *text)
{
	return field->n == strlen(text) && memcmp(field->at, text, field->n) == 0;
}

#endif
