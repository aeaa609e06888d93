/* One tag (a varint), then the bytes that it announces; the table is at the head of
 * batch.c. */
#include "wire/batch_text.h"

#include <string.h>

#include "base/hex.h"
#include "base/text.h"

enum {
	TAG_EMPTY,
	TAG_UUID,      /* 8-4-4-4-12 hexadecimal digits, in 16 bytes */
	TAG_HEX_32,    /* 32 digits (a W3C trace id), in 16 bytes */
	TAG_AWS_TRACE, /* 1-8-24 digits (an X-Ray root), in 16 bytes */
	TAG_HEX,       /* an even number of digits: the number of bytes, and the bytes */
	TAG_PLAIN = 8  /* this and above: tag - TAG_PLAIN bytes as they are */
};

#define PACKED_BYTES BATCH_TEXT_DIGITS

/* Shapes of PACKED_BYTES * 2 digits, in runs of a multiple of four; what stands between
 * the runs is meant. */
#define RUNS_MAX 5
struct shape {
	const char *text; /* 'x' is a digit */
	size_t len;
	struct run {
		uint8_t at;
		uint8_t n;
	} runs[RUNS_MAX];
};
static const struct shape shapes[] = {
    [TAG_UUID] = {"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", 36,
	{{0, 8}, {9, 4}, {14, 4}, {19, 4}, {24, 12}}},
    [TAG_HEX_32] = {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 32, {{0, 32}}},
    [TAG_AWS_TRACE] = {"1-xxxxxxxx-xxxxxxxxxxxxxxxxxxxxxxxx", 35, {{2, 8}, {11, 24}}},
};

/* n digits, an even number; lower case only, as what is unpacked must be what was
 * packed. What is no multiple of eight is filled up. */
static bool pack_digits(const char *s, size_t n, uint8_t *out)
{
	char last[8] = "00000000";
	uint8_t bytes[sizeof(last) / 2] = {0};

	for (; n >= sizeof(last); n -= sizeof(last), s += sizeof(last), out += 4) {
		if (!hex_read_eight(s, out))
			return false;
	}
	memcpy(last, s, n);
	if (n > 0 && !hex_read_eight(last, bytes))
		return false;
	memcpy(out, bytes, n / 2);
	return true;
}

/* Packs s, which has the length of that shape, if it has the shape. */
static bool pack(const struct shape *shape, const char *s, uint8_t *out)
{
	char all[2 * PACKED_BYTES];
	size_t n = 0;
	size_t at = 0;

	for (const struct run *run = shape->runs; n < sizeof(all); run++) {
		for (; at < run->at; at++) {
			if (s[at] != shape->text[at])
				return false;
		}
		for (; at < (size_t)run->at + run->n; at += 4, n += 4)
			memcpy(all + n, s + at, 4);
	}
	return pack_digits(all, sizeof(all), out);
}

static void unpack(const struct shape *shape, const uint8_t *in, char *out)
{
	char all[2 * PACKED_BYTES];
	size_t n = 0;
	size_t at = 0;

	for (size_t i = 0; i < PACKED_BYTES; i += 4)
		hex_write_four(in + i, all + 2 * i);
	for (const struct run *run = shape->runs; n < sizeof(all); run++) {
		for (; at < run->at; at++)
			out[at] = shape->text[at];
		for (; at < (size_t)run->at + run->n; at += 4, n += 4)
			memcpy(out + at, all + n, 4);
	}
	out[at] = '\0';
}

size_t batch_text_encode(const char *s, size_t size, uint8_t *out)
{
	size_t len = strnlen(s, size - 1);
	size_t tag_bytes;

	if (len == 0) {
		out[0] = TAG_EMPTY;
		return 1;
	}
	for (unsigned int tag = TAG_UUID; tag <= TAG_AWS_TRACE; tag++) {
		if (shapes[tag].len == len && pack(&shapes[tag], s, out + 1)) {
			out[0] = (uint8_t)tag;
			return 1 + PACKED_BYTES;
		}
	}
	if (len >= 4 && len % 2 == 0 && pack_digits(s, len, out + 2)) {
		out[0] = TAG_HEX;
		out[1] = (uint8_t)(len / 2);
		return 2 + len / 2;
	}
	tag_bytes = (size_t)varint_encode(TAG_PLAIN + len, out, VARINT_MAX_BYTES);
	memcpy(out + tag_bytes, s, len);
	return tag_bytes + len;
}

bool batch_text_is_packed(const uint8_t *written)
{
	return written[0] < TAG_PLAIN;
}

bool batch_text_has_digits(uint64_t tag)
{
	return tag >= TAG_UUID && tag <= TAG_AWS_TRACE;
}

unsigned int batch_text_edges(uint8_t tag)
{
	if (tag == TAG_UUID) /* the version, and the variant */
		return 1U << 6 | 1U << 7 | 1U << 8 | 1U << 9;
	return tag == TAG_AWS_TRACE ? 1U << 4 : 0; /* the time before it */
}

void batch_text_of_digits(uint8_t tag, const uint8_t *digits, char *out)
{
	unpack(&shapes[tag], digits, out);
}

static bool decode_digits(struct cursor *in, char *out, size_t size)
{
	uint8_t last[4] = {0};
	char digits[2 * sizeof(last)];
	struct cursor bytes;
	uint64_t n;

	if (!cursor_varint(in, &n) || n > (size - 1) / 2 || !cursor_split(in, n, &bytes))
		return false;
	for (; cursor_left(&bytes) >= 4; bytes.at += 4, out += 8)
		hex_write_four(bytes.at, out);
	memcpy(last, bytes.at, cursor_left(&bytes));
	hex_write_four(last, digits);
	memcpy(out, digits, 2 * cursor_left(&bytes));
	out += 2 * cursor_left(&bytes);
	*out = '\0';
	return true;
}

bool batch_text_decode(struct cursor *in, char *out, size_t size)
{
	struct cursor bytes;
	uint64_t tag;

	if (!cursor_varint(in, &tag))
		return false;
	if (tag == TAG_EMPTY) {
		out[0] = '\0';
		return true;
	}
	if (batch_text_has_digits(tag)) {
		if (shapes[tag].len >= size || !cursor_split(in, PACKED_BYTES, &bytes))
			return false;
		unpack(&shapes[tag], bytes.at, out);
		return true;
	}
	if (tag == TAG_HEX)
		return decode_digits(in, out, size);
	if (tag < TAG_PLAIN || tag - TAG_PLAIN >= size ||
	    !cursor_split(in, tag - TAG_PLAIN, &bytes) ||
	    memchr(bytes.at, '\0', cursor_left(&bytes)))
		return false;
	memcpy(out, bytes.at, cursor_left(&bytes));
	out[tag - TAG_PLAIN] = '\0';
	text_make_printable(out);
	return true;
}
