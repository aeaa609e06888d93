#include "wire/json/put.h"

#include <string.h>

#include "base/text.h"

#define NS_PER_MS 1000000
#define MS_DECIMALS 6
#define MIB_SHIFT 20
/* Half of the seventh decimal is less than half a byte, so a reader gets the bytes back.
 */
#define MIB_DECIMALS 7

static char *json_put_bytes(char *at, const char *bytes, size_t n)
{
	memcpy(at, bytes, n);
	return at + n;
}

char *json_put_plain(char *at, const char *s)
{
	return json_put_bytes(at, s, strlen(s));
}

static char *json_put_escape(char *at, uint32_t character)
{
	static const char digits[] = "0123456789abcdef";

	*at++ = '\\';
	*at++ = 'u';
	for (int shift = 12; shift >= 0; shift -= 4)
		*at++ = digits[character >> shift & 0xf];
	return at;
}

/* How many of the n bytes at s stand for themselves. */
static size_t plain_run(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= 0x20 && s[i] < 0x7f && s[i] != '"' && s[i] != '\\')
		i++;
	return i;
}

/* A string, at most size - 1 bytes of it, quoted and escaped. */
char *json_put_string(char *at, const char *s, size_t size)
{
	size_t left = strnlen(s, size - 1);

	*at++ = '"';
	while (left > 0) {
		uint32_t character = 0;
		size_t plain = plain_run(s, left);
		size_t n;

		at = json_put_bytes(at, s, plain);
		s += plain;
		left -= plain;
		if (left == 0)
			break;
		n = text_utf8_bytes(s, left, &character);
		if (n == 0) {
			at = json_put_plain(at, "\xef\xbf\xbd");
			n = 1;
		} else if (character == '"' || character == '\\') {
			*at++ = '\\';
			*at++ = *s;
		} else if (text_is_control(character)) { /* all below U+10000 */
			at = json_put_escape(at, character);
		} else {
			at = json_put_bytes(at, s, n);
		}
		s += n;
		left -= n;
	}
	*at++ = '"';
	return at;
}

char *json_put_integer(char *at, uint64_t value)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	return json_put_bytes(at, digits + n, sizeof(digits) - n);
}

/* whole.fraction, where fraction counts 10^-decimals; without trailing zeros. */
static char *json_put_decimal(char *at, uint64_t whole, uint64_t fraction, int decimals)
{
	at = json_put_integer(at, whole);
	if (fraction == 0)
		return at;
	for (; fraction % 10 == 0; fraction /= 10)
		decimals--;
	*at = '.';
	for (int i = decimals; i > 0; i--) {
		at[i] = (char)('0' + fraction % 10);
		fraction /= 10;
	}
	return at + 1 + decimals;
}

char *json_put_key(char *at, const char *key)
{
	*at++ = ',';
	*at++ = '"';
	at = json_put_plain(at, key);
	*at++ = '"';
	*at++ = ':';
	return at;
}

char *json_put_text(char *at, const char *key, const char *s, size_t size)
{
	return s[0] ? json_put_string(json_put_key(at, key), s, size) : at;
}

char *json_put_word(char *at, const char *key, const char *word)
{
	return json_put_string(json_put_key(at, key), word, strlen(word) + 1);
}

char *json_put_count(char *at, const char *key, uint64_t value)
{
	return json_put_integer(json_put_key(at, key), value);
}

char *json_put_flag(char *at, const char *key, bool value)
{
	return json_put_plain(json_put_key(at, key), value ? "true" : "false");
}

char *json_put_ms_value(char *at, uint64_t ns)
{
	return json_put_decimal(at, ns / NS_PER_MS, ns % NS_PER_MS, MS_DECIMALS);
}

char *json_put_ms(char *at, const char *key, bool is_known, uint64_t ns)
{
	if (!is_known)
		return at;
	return json_put_ms_value(json_put_key(at, key), ns);
}

/* With as few decimals as give a reader the same bytes back. */
char *json_put_mib(char *at, const char *key, uint64_t bytes)
{
	const uint64_t mib = UINT64_C(1) << MIB_SHIFT;
	uint64_t rest = bytes & (mib - 1);
	uint64_t power = 1;
	uint64_t fraction = 0;
	int decimals = 0;

	for (; decimals <= MIB_DECIMALS; decimals++, power *= 10) {
		fraction = (rest * power + mib / 2) >> MIB_SHIFT;
		if ((fraction * mib + power / 2) / power == rest)
			break;
	}
	return json_put_decimal(
	    json_put_key(at, key), bytes >> MIB_SHIFT, fraction, decimals);
}
