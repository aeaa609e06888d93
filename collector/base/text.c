#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* Bytes of the valid, printable UTF-8 sequence at s, or 0. */
static size_t printable_at(const unsigned char *s)
{
	size_t n = s[0] < 0x80   ? 1
		   : s[0] < 0xc2 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
				 : 4;
	uint32_t c = s[0];

	if (n == 1)
		return s[0] >= 0x20 && s[0] != 0x7f;
	if (n == 0 || s[0] > 0xf4)
		return 0;
	c &= 0xffU >> (n + 1);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	/* overlong forms, surrogates, beyond Unicode, C1 controls, line separators */
	if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff)) ||
	    (c >= 0xd800 && c <= 0xdfff) || c < 0xa0 || c == 0x2028 || c == 0x2029 ||
	    (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return 0;
	return n;
}

void text_make_printable(char *s)
{
	while (*s) {
		size_t n = printable_at((const unsigned char *)s);

		if (n == 0)
			*s = '?';
		s += n ? n : 1;
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
