/* One tag (a varint), then the bytes that it announces; the table is at the head of
 * batch.c. */
#include "wire/batch/text.h"

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

_Static_assert(BATCH_TEXT_DIGITS == HEX_ID_BYTES, "a shape is an id");

#define UUID_LEN 36
#define HEX_32_LEN 32
#define AWS_TRACE_LEN 35

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

static inline uint64_t word_at(const char *s)
{
	uint64_t word;

	memcpy(&word, s, sizeof(word));
	return word;
}

/* Two times four digits, as if they stood together. */
static inline uint64_t word_of(const char *first, const char *second)
{
	char both[sizeof(uint64_t)];

	memcpy(both, first, 4);
	memcpy(both + 4, second, 4);
	return word_at(both);
}

static inline bool pack_uuid(const char *s, uint8_t *out)
{
	const uint64_t digits[] = {
	    word_at(s), word_of(s + 9, s + 14), word_of(s + 19, s + 24), word_at(s + 28)};

	return s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' &&
	       hex_read_id(digits, out);
}

static inline bool pack_hex_32(const char *s, uint8_t *out)
{
	const uint64_t digits[] = {
	    word_at(s), word_at(s + 8), word_at(s + 16), word_at(s + 24)};

	return hex_read_id(digits, out);
}

static inline bool pack_aws_trace(const char *s, uint8_t *out)
{
	const uint64_t digits[] = {
	    word_at(s + 2), word_at(s + 11), word_at(s + 19), word_at(s + 27)};

	return s[0] == '1' && s[1] == '-' && s[10] == '-' && hex_read_id(digits, out);
}

/* The tag that s, of that length, is packed under, or TAG_EMPTY: none. */
static inline unsigned int pack(const char *s, size_t len, uint8_t *out)
{
	if (len == UUID_LEN && pack_uuid(s, out))
		return TAG_UUID;
	if (len == HEX_32_LEN && pack_hex_32(s, out))
		return TAG_HEX_32;
	if (len == AWS_TRACE_LEN && pack_aws_trace(s, out))
		return TAG_AWS_TRACE;
	return TAG_EMPTY;
}

static inline size_t unpacked_len(unsigned int tag)
{
	if (tag == TAG_UUID)
		return UUID_LEN;
	return tag == TAG_HEX_32 ? HEX_32_LEN : AWS_TRACE_LEN;
}

static inline void unpack(unsigned int tag, const uint8_t *in, char *out)
{
	char all[2 * BATCH_TEXT_DIGITS];

	hex_write_id(in, all);
	if (tag == TAG_UUID) {
		memcpy(out, all, 8);
		memcpy(out + 9, all + 8, 4);
		memcpy(out + 14, all + 12, 4);
		memcpy(out + 19, all + 16, 4);
		memcpy(out + 24, all + 20, 12);
		out[8] = out[13] = out[18] = out[23] = '-';
	} else if (tag == TAG_HEX_32) {
		memcpy(out, all, sizeof(all));
	} else {
		memcpy(out, "1-", 2);
		memcpy(out + 2, all, 8);
		out[10] = '-';
		memcpy(out + 11, all + 8, 24);
	}
	out[unpacked_len(tag)] = '\0';
}

size_t batch_text_encode(const char *s, size_t size, uint8_t *out)
{
	size_t len = strnlen(s, size - 1);
	unsigned int tag;
	uint8_t *at;

	if (len == 0) {
		out[0] = TAG_EMPTY;
		return 1;
	}
	tag = pack(s, len, out + 1);
	if (tag != TAG_EMPTY) {
		out[0] = (uint8_t)tag;
		return 1 + BATCH_TEXT_DIGITS;
	}
	if (len >= 4 && len % 2 == 0 && pack_digits(s, len, out + 2)) {
		out[0] = TAG_HEX;
		out[1] = (uint8_t)(len / 2);
		return 2 + len / 2;
	}
	at = varint_put(TAG_PLAIN + len, out);
	memcpy(at, s, len);
	return (size_t)(at - out) + len;
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
	unpack(tag, digits, out);
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
		if (unpacked_len((unsigned int)tag) >= size ||
		    !cursor_split(in, BATCH_TEXT_DIGITS, &bytes))
			return false;
		unpack((unsigned int)tag, bytes.at, out);
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
