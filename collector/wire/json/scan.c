#include "wire/json/scan.h"

#include <string.h>

#include "base/text.h"
#include "wire/json/plain.h"

bool json_scan_word(struct json_scan *s, const char *word)
{
	size_t n = strlen(word);

	if (json_scan_peek(s) != word[0] || (size_t)(s->end - s->at) < n ||
	    memcmp(s->at, word, n) != 0)
		return false;
	s->at += n;
	return true;
}

/* --- strings ---------------------------------------------------------------------------
 */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits of \uXXXX. */
static bool scan_code_unit(struct json_scan *s, uint32_t *unit)
{
	uint32_t value = 0;

	if (s->end - s->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		int digit = hex_value(*s->at++);

		if (digit < 0)
			return false;
		value = value << 4 | (uint32_t)digit;
	}
	*unit = value;
	return true;
}

/* A character written as \uXXXX, or as two of them. */
static bool scan_unicode(struct json_scan *s, uint32_t *character)
{
	uint32_t low;

	if (!scan_code_unit(s, character) || *character == 0 ||
	    (*character >= 0xdc00 && *character <= 0xdfff))
		return false;
	if (*character < 0xd800 || *character > 0xdbff)
		return true;
	if (s->end - s->at < 2 || s->at[0] != '\\' || s->at[1] != 'u')
		return false;
	s->at += 2;
	if (!scan_code_unit(s, &low) || low < 0xdc00 || low > 0xdfff)
		return false;
	*character = 0x10000 + ((*character - 0xd800) << 10) + (low - 0xdc00);
	return true;
}

/* What stands behind a backslash. */
static bool scan_escape(struct json_scan *s, uint32_t *character)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	const char *letter;

	if (s->at == s->end || *s->at == '\0')
		return false;
	if (*s->at == 'u') {
		s->at++;
		return scan_unicode(s, character);
	}
	letter = strchr(letters, *s->at++);
	if (!letter)
		return false;
	*character = (unsigned char)meanings[letter - letters];
	return true;
}

static size_t utf8_write(uint32_t c, char *out)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	out[0] = (char)(n == 1 ? c : (0xf00U >> n & 0xff) | c);
	return n;
}

/* One character of a string, as UTF-8 bytes. */
static bool scan_character(struct json_scan *s, char bytes[4], size_t *n)
{
	uint32_t character;

	if (*s->at == '\\') {
		s->at++;
		if (!scan_escape(s, &character))
			return false;
		*n = utf8_write(character, bytes);
		return true;
	}
	*n = text_utf8_bytes(s->at, (size_t)(s->end - s->at), &character);
	if (*n == 0 || character < 0x20)
		return false;
	memcpy(bytes, s->at, *n);
	s->at += *n;
	return true;
}

static inline bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* How many bytes from s->at on stand for themselves: printable ASCII without " and \\,
 * sixteen at once where the processor can. */
static inline size_t plain_run(const struct json_scan *s)
{
	const char *at = s->at;

#ifdef __SSE2__
	for (; s->end - at >= 16; at += 16) {
		unsigned int which = json_odd_bytes(_mm_loadu_si128((const __m128i *)at));

		if (which)
			return (size_t)(at - s->at) + (size_t)__builtin_ctz(which);
	}
#endif
	while (at < s->end && is_plain(*at))
		at++;
	return (size_t)(at - s->at);
}

/* The rest of a string, from where it is not plain any more; *len bytes are before it,
 * and out has room for more of them. */
static bool scan_rest(struct json_scan *s, char *out, size_t room, size_t *len)
{
	while (s->at < s->end && *s->at != '"') {
		char character[4];
		const char *bytes = s->at;
		size_t n = plain_run(s);

		s->at += n;
		if (n == 0) {
			if (!scan_character(s, character, &n))
				return false;
			bytes = character;
		}
		*len += n;
		if (n <= room) {
			memcpy(out, bytes, n);
			out += n;
			room -= n;
		} else {
			room = 0; /* what follows is not put behind a gap */
		}
	}
	*out = '\0';
	return json_scan_take(s, '"');
}

/* Takes and copies what is plain, sixteen bytes at once; less than size. */
static inline size_t copy_plain(struct json_scan *s, char *out, size_t size)
{
	size_t n = 0;

#ifdef __SSE2__
	while (s->end - s->at >= 16 && size - n > 16) {
		__m128i c = _mm_loadu_si128((const __m128i *)s->at);
		unsigned int which = json_odd_bytes(c);
		unsigned int plain = which ? (unsigned int)__builtin_ctz(which) : 16;

		_mm_storeu_si128((__m128i *)(out + n), c);
		s->at += plain;
		n += plain;
		if (which)
			return n;
	}
#endif
	while (s->at < s->end && n < size - 1 && is_plain(*s->at))
		out[n++] = *s->at++;
	return n;
}

bool json_scan_string(struct json_scan *s, char *out, size_t size, size_t *len)
{
	size_t n;

	*len = 0;
	if (!json_scan_take(s, '"'))
		return false;
	n = copy_plain(s, out, size);
	*len = n;
	if (n < size && s->at < s->end && *s->at == '"') { /* the usual case */
		out[n] = '\0';
		s->at++;
		return true;
	}
	return scan_rest(s, out + n, size - 1 - n, len);
}

/* --- skipping --------------------------------------------------------------------------
 */

static bool skip_scalar(struct json_scan *s)
{
	struct json_number number;
	char c = json_scan_peek(s);
	char nothing[1];
	size_t len;

	if (c == '"')
		return json_scan_string(s, nothing, sizeof(nothing), &len);
	if (c == '-' || (c >= '0' && c <= '9'))
		return json_scan_number(s, &number);
	return json_scan_word(s, "true") || json_scan_word(s, "false") ||
	       json_scan_word(s, "null");
}

/* A member's name and colon. */
static bool skip_name(struct json_scan *s)
{
	char nothing[1];
	size_t len;

	return json_scan_string(s, nothing, sizeof(nothing), &len) &&
	       json_scan_take(s, ':');
}

/* Behind a value: closes what ends here, or goes on to the next value of the innermost
 * container. Depth 0 ends the whole. */
static bool skip_to_next(struct json_scan *s, uint64_t *objects, int *depth)
{
	while (*depth > 0) {
		bool in_object = *objects & 1;

		if (json_scan_take(s, ','))
			return !in_object || skip_name(s);
		if (!json_scan_take(s, in_object ? '}' : ']'))
			return false;
		*objects >>= 1;
		(*depth)--;
	}
	return true;
}

/* A value as far as it goes without looking into it: a scalar, an empty container, or the
 * start of another one up to its first value, which is a depth more. */
static bool skip_shallow(
    struct json_scan *s, uint64_t *objects, int *depth, bool *is_inside)
{
	char c = json_scan_peek(s);

	*is_inside = false;
	if (c != '{' && c != '[')
		return skip_scalar(s);
	s->at++;
	if (json_scan_take(s, c == '{' ? '}' : ']'))
		return *depth < JSON_MAX_DEPTH;
	if (*depth == JSON_MAX_DEPTH)
		return false;
	*objects = *objects << 1 | (c == '{');
	(*depth)++;
	*is_inside = true;
	return c == '[' || skip_name(s);
}

bool json_scan_skip(struct json_scan *s)
{
	uint64_t objects = 0; /* one bit per depth, innermost lowest: an object? */
	int depth = 0;
	bool is_inside;

	do {
		if (!skip_shallow(s, &objects, &depth, &is_inside))
			return false;
		if (!is_inside && !skip_to_next(s, &objects, &depth))
			return false;
	} while (depth > 0);
	return true;
}
