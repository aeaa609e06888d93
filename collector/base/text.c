#include "base/text.h"

#include <stddef.h>
#include <string.h>

size_t text_utf8_bytes(const char *s, size_t n, uint32_t *character)
{
	/* the smallest character that needs as many bytes; less is overlong */
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char lead = n > 0 ? (unsigned char)s[0] : 0xff;
	size_t bytes = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t c = lead & (0x7fU >> bytes);

	if (lead < 0x80) {
		*character = lead;
		return 1;
	}
	if (lead < 0xc2 || lead > 0xf4 || n < bytes)
		return 0;
	for (size_t i = 1; i < bytes; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (c < smallest[bytes] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return 0;
	*character = c;
	return bytes;
}

bool text_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/* None of a word's bytes has the highest bit, is below 0x20, or is 0x7f. */
static inline bool is_plain_word(const char *s)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t word;

	memcpy(&word, s, sizeof(word));
	return ((word | (word - ones * 0x20) | (word + ones)) & (ones * 0x80)) == 0;
}

bool text_is_plain(const char *s, size_t n)
{
	const char *end = s + n;

	if (n >= sizeof(uint64_t)) {
		for (; end - s > (ptrdiff_t)sizeof(uint64_t); s += sizeof(uint64_t)) {
			if (!is_plain_word(s))
				return false;
		}
		return is_plain_word(end - sizeof(uint64_t)); /* once more, in part */
	}
	while (s < end && *s >= 0x20 && *s < 0x7f)
		s++;
	return s == end;
}

void text_make_printable(char *s)
{
	size_t left = strlen(s);

	if (text_is_plain(s, left))
		return;
	while (left > 0) {
		uint32_t c = (unsigned char)*s;
		size_t n = c < 0x80 ? 1 : text_utf8_bytes(s, left, &c);

		if (n == 0 || text_is_control(c)) {
			n = n ? n : 1;
			memset(s, '?', n);
		}
		s += n;
		left -= n;
	}
}

bool text_copy(char *to, size_t size, const char *s)
{
	return text_copy_bytes(to, size, s, strlen(s));
}

bool text_copy_bytes(char *to, size_t size, const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	bool whole = len < size;

	if (!whole) {
		len = size - 1;
		while (len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80)
			len--;
	}
	memmove(to, s, len);
	to[len] = '\0';
	return whole;
}
