#include "wire/base64.h"

#include <errno.h>

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

ssize_t base64_decode(const char *in, size_t n, uint8_t *out)
{
	uint32_t bits = 0;
	unsigned int bits_n = 0;
	uint8_t *at = out;

	while (n > 0 && in[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++) {
		int value = value_of(in[i]);

		if (value < 0)
			return -EBADMSG;
		bits = bits << 6 | (uint32_t)value;
		bits_n += 6;
		if (bits_n >= 8) {
			bits_n -= 8;
			*at++ = (uint8_t)(bits >> bits_n);
		}
	}
	return bits_n >= 6 ? -EBADMSG : at - out;
}
