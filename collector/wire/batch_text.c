/* One tag (a varint), then the bytes that it announces; the table is at the head of
 * batch.c. */
#include "wire/batch_text.h"

#include <endian.h>
#include <string.h>

#include "base/text.h"

enum {
	TAG_EMPTY,
	TAG_UUID,      /* 8-4-4-4-12 hexadecimal digits, in 16 bytes */
	TAG_HEX_32,    /* 32 digits (a W3C trace id), in 16 bytes */
	TAG_AWS_TRACE, /* 1-8-24 digits (an X-Ray root), in 16 bytes */
	TAG_HEX,       /* an even number of digits: the number of bytes, and the bytes */
	TAG_PLAIN = 8  /* this and above: tag - TAG_PLAIN bytes as they are */
};

#define PACKED_BYTES 16

/* Shapes of PACKED_BYTES * 2 digits; 'x' is a digit, what else stands there is meant. */
static const char *const shapes[] = {
    [TAG_UUID] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
    [TAG_HEX_32] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    [TAG_AWS_TRACE] = "1-xxxxxxxx-xxxxxxxxxxxxxxxxxxxxxxxx",
};

static const char digits[] = "0123456789abcdef";

/* Lower case only: what is unpacked must be what was packed. Looked up, not compared:
 * whether a digit of a random id is a letter no processor can foresee. */
static int digit_value(char c)
{
	/* one more than the digit's value; 0: none */
	static const int8_t values['f' + 1] = {
	    ['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ['a'] = 11, 12, 13, 14, 15, 16};
	unsigned char index = (unsigned char)c;

	return index <= 'f' ? values[index] - 1 : -1;
}

/* Packs s, of len bytes, if it has that shape. */
static bool pack(const char *shape, const char *s, size_t len, uint8_t *out)
{
	size_t n = 0;

	if (strlen(shape) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int value = digit_value(s[i]);

		if (shape[i] != 'x') {
			if (s[i] != shape[i])
				return false;
			continue;
		}
		if (value < 0)
			return false;
		out[n / 2] = (uint8_t)(n % 2 ? out[n / 2] | value : value << 4);
		n++;
	}
	return true;
}

#define EACH_BYTE UINT64_C(0x0101010101010101)
#define LOW_OF_PAIR UINT64_C(0x000f000f000f000f)

/* The eight digits of four bytes, all at once. */
static void unpack_four(const uint8_t *in, char *out)
{
	uint32_t four;
	uint64_t x;
	uint64_t letters;

	memcpy(&four, in, sizeof(four));
	x = le32toh(four);
	x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
	x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
	x = (x >> 4 & LOW_OF_PAIR) | (x & LOW_OF_PAIR) << 8;
	letters = (x + EACH_BYTE * 6) >> 4 & EACH_BYTE;
	x = htole64(x + EACH_BYTE * '0' + letters * ('a' - '0' - 10));
	memcpy(out, &x, sizeof(x));
}

static void unpack(uint64_t tag, const uint8_t *in, char *out)
{
	char all[PACKED_BYTES * 2 + 1] = "";

	for (size_t i = 0; i < PACKED_BYTES; i += 4)
		unpack_four(in + i, all + 2 * i);
	if (tag == TAG_HEX_32) {
		memcpy(out, all, sizeof(all));
	} else if (tag == TAG_UUID) {
		memcpy(out, all, 8);
		memcpy(out + 9, all + 8, 4);
		memcpy(out + 14, all + 12, 4);
		memcpy(out + 19, all + 16, 4);
		memcpy(out + 24, all + 20, sizeof(all) - 20);
		out[8] = out[13] = out[18] = out[23] = '-';
	} else {
		out[0] = '1';
		out[1] = out[10] = '-';
		memcpy(out + 2, all, 8);
		memcpy(out + 11, all + 8, sizeof(all) - 8);
	}
}

/* Packs an even number of digits, at least four; false when s is something else. */
static bool pack_digits(const char *s, size_t len, uint8_t *out)
{
	if (len < 4 || len % 2 != 0)
		return false;
	for (size_t i = 0; i < len; i += 2) {
		int high = digit_value(s[i]);
		int low = digit_value(s[i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return true;
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
		if (pack(shapes[tag], s, len, out + 1)) {
			out[0] = (uint8_t)tag;
			return 1 + PACKED_BYTES;
		}
	}
	if (pack_digits(s, len, out + 2)) {
		out[0] = TAG_HEX;
		out[1] = (uint8_t)(len / 2);
		return 2 + len / 2;
	}
	tag_bytes = (size_t)varint_encode(TAG_PLAIN + len, out, VARINT_MAX_BYTES);
	memcpy(out + tag_bytes, s, len);
	return tag_bytes + len;
}

static bool decode_digits(struct cursor *in, char *out, size_t size)
{
	struct cursor bytes;
	uint64_t n;

	if (!cursor_varint(in, &n) || n > (size - 1) / 2 || !cursor_split(in, n, &bytes))
		return false;
	for (; bytes.at < bytes.end; bytes.at++) {
		*out++ = digits[*bytes.at >> 4];
		*out++ = digits[*bytes.at & 0xf];
	}
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
	if (tag <= TAG_AWS_TRACE) {
		if (strlen(shapes[tag]) >= size ||
		    !cursor_split(in, PACKED_BYTES, &bytes))
			return false;
		unpack(tag, bytes.at, out);
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
