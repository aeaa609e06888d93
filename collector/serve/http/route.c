#include "serve/http/route.h"

#include <string.h>

#include "base/text.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_utf8(const char *s)
{
	size_t left = strlen(s);
	size_t n = 1;

	for (uint32_t c; left > 0 && n > 0; s += n, left -= n)
		n = text_utf8_bytes(s, left, &c);
	return n > 0;
}

bool route_decode(char *s)
{
	const char *start = s;
	char *to = s;

	for (; *s; s++) {
		int high;
		int low;

		if (*s != '%') {
			*to++ = *s;
			continue;
		}
		high = hex(s[1]);
		low = high < 0 ? -1 : hex(s[2]);
		if (low < 0 || high * 16 + low == 0)
			return false;
		*to++ = (char)(high * 16 + low);
		s += 2;
	}
	*to = '\0';
	return is_utf8(start);
}

bool route_fits(
    const char *pattern, const char *path, char (*parameter)[HTTP_PARAMETER_BYTES])
{
	size_t taken = 0;

	while (*pattern && *path) {
		size_t len;

		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		len = strcspn(path, "/");
		if (len == 0 || taken == 2 ||
		    !text_copy_bytes(parameter[taken], HTTP_PARAMETER_BYTES, path, len) ||
		    !route_decode(parameter[taken]))
			return false;
		taken++;
		path += len;
		pattern += strcspn(pattern, "}") + 1;
	}
	return *pattern == '\0' && *path == '\0';
}
