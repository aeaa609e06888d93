#include "base/text.h"

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

/* How many of n bytes from s on are printable ASCII: those that eight at once tell, none
 * of them with the highest bit, below 0x20, or 0x7f. */
static size_t plain_bytes(const char *s, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	size_t at = 0;
	uint64_t word;

	for (; n - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, s + at, sizeof(word));
		if ((word | (word - ones * 0x20) | (word + ones)) & (ones * 0x80))
			break;
	}
	return at;
}

void text_make_printable(char *s)
{
	size_t left = strlen(s);
	size_t plain = plain_bytes(s, left);

	s += plain;
	left -= plain;
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
