#include "wire/json_scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <string.h>

#include "base/text.h"

#define DIGITS_MAX 30         /* times 2^20 they fit 128 bits */
#define SHORT_MAX 19          /* digits, and a point: they fit 64 bits */
#define POWER_MAX 37          /* twice 10^37 fits 128 bits */
#define EXPONENT_LIMIT 100000 /* beyond it a number is nothing or too large anyway */

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

/* How many bytes from s->at on stand for themselves: printable ASCII without " and \\,
 * sixteen at once where the processor can. */
static inline size_t plain_run(const struct json_scan *s)
{
	const char *at = s->at;

#ifdef __SSE2__
	for (; s->end - at >= 16; at += 16) {
		__m128i c = _mm_loadu_si128((const __m128i *)at);
		/* as signed bytes those from 0x80 on are below 0x20 too */
		__m128i other =
		    _mm_or_si128(_mm_or_si128(_mm_cmplt_epi8(c, _mm_set1_epi8(0x20)),
				     _mm_cmpeq_epi8(c, _mm_set1_epi8(0x7f))),
			_mm_or_si128(_mm_cmpeq_epi8(c, _mm_set1_epi8('"')),
			    _mm_cmpeq_epi8(c, _mm_set1_epi8('\\'))));
		unsigned int which = (unsigned int)_mm_movemask_epi8(other);

		if (which)
			return (size_t)(at - s->at) + (size_t)__builtin_ctz(which);
	}
#endif
	while (at < s->end && *at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
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

bool json_scan_string(struct json_scan *s, char *out, size_t size, size_t *len)
{
	size_t n;

	*len = 0;
	if (!json_scan_take(s, '"'))
		return false;
	n = plain_run(s);
	if (n < size && s->at + n < s->end && s->at[n] == '"') { /* the usual case */
		memcpy(out, s->at, n);
		out[n] = '\0';
		s->at += n + 1;
		*len = n;
		return true;
	}
	return scan_rest(s, out, size - 1, len);
}

/* --- numbers ---------------------------------------------------------------------------
 */

static bool is_digit(const struct json_scan *s)
{
	return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

/* The digits at s; each one that is kept is worth a tenth of the one before. Returns how
 * many there were. */
static size_t scan_digits(
    struct json_scan *s, struct json_number *number, int *kept, bool is_fraction)
{
	size_t n = 0;

	for (; is_digit(s); s->at++, n++) {
		unsigned int digit = (unsigned int)(*s->at - '0');

		if (*kept < DIGITS_MAX) {
			number->digits = number->digits * 10 + digit;
			*kept += number->digits != 0;
			number->exponent -= is_fraction;
		} else {
			number->is_cut |= digit != 0;
			number->exponent += !is_fraction;
		}
	}
	return n;
}

static bool scan_exponent(struct json_scan *s, struct json_number *number)
{
	int sign = 1;
	int exponent = 0;

	if (s->at == s->end || (*s->at != 'e' && *s->at != 'E'))
		return true;
	s->at++;
	if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
		sign = *s->at++ == '-' ? -1 : 1;
	if (!is_digit(s))
		return false;
	for (; is_digit(s); s->at++) {
		if (exponent < EXPONENT_LIMIT)
			exponent = exponent * 10 + (*s->at - '0');
	}
	number->exponent += sign * exponent;
	return true;
}

/* A number without exponent that has few digits, which 64 bits hold; else s stays where
 * it is. */
static bool scan_short(struct json_scan *s, struct json_number *number)
{
	const char *end = s->end - s->at > SHORT_MAX ? s->at + SHORT_MAX : s->end;
	const char *at = s->at;
	const char *point = NULL;
	uint64_t digits = 0;

	for (; at < end; at++) {
		unsigned int digit = (unsigned int)*at - '0';

		if (digit <= 9)
			digits = digits * 10 + digit;
		else if (*at == '.' && !point)
			point = at + 1;
		else
			break;
	}
	/* none before or behind the point, a needless zero, or more than this reads */
	if (at == end || at == s->at || point == s->at + 1 || at == point || *at == '.' ||
	    *at == 'e' || *at == 'E' ||
	    (*s->at == '0' && at - s->at > 1 && point != s->at + 2))
		return false;
	number->digits = digits;
	number->exponent = point ? (int)(point - at) : 0;
	s->at = at;
	return true;
}

bool json_scan_number(struct json_scan *s, struct json_number *number)
{
	const char *first;
	int kept = 0;

	(void)json_scan_peek(s);
	*number = (struct json_number){0};
	if (s->at < s->end && *s->at == '-') {
		number->is_negative = true;
		s->at++;
	}
	if (scan_short(s, number))
		return true;
	first = s->at;
	if (scan_digits(s, number, &kept, false) == 0 ||
	    (*first == '0' && s->at - first > 1))
		return false;
	if (s->at < s->end && *s->at == '.') {
		s->at++;
		if (scan_digits(s, number, &kept, true) == 0)
			return false;
	}
	return scan_exponent(s, number);
}

#define SMALL_POWER_MAX 18
static const uint64_t small_powers[SMALL_POWER_MAX + 1] = {1, 10, 100, 1000, 10000,
    100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
    1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
    100000000000000000, 1000000000000000000};

static unsigned __int128 power_of_ten(int n)
{
	unsigned __int128 power = small_powers[n < SMALL_POWER_MAX ? n : SMALL_POWER_MAX];

	while (n-- > SMALL_POWER_MAX)
		power *= 10;
	return power;
}

/* value / 10^n, half to even; is_cut: value is a little more than it says. */
static unsigned __int128 divide(unsigned __int128 value, int n, bool is_cut, bool *exact)
{
	unsigned __int128 divisor;
	unsigned __int128 quotient;
	unsigned __int128 rest;

	*exact = value == 0 && !is_cut;
	if (n > POWER_MAX || value == 0)
		return 0;                                  /* less than a half of one */
	if (n <= SMALL_POWER_MAX && value <= UINT64_MAX) { /* as is usual; much faster */
		uint64_t small = small_powers[n];

		quotient = (uint64_t)value / small;
		rest = (uint64_t)value % small;
		divisor = small;
	} else {
		divisor = power_of_ten(n);
		quotient = value / divisor;
		rest = value % divisor;
	}
	*exact = rest == 0 && !is_cut;
	if (rest * 2 > divisor || (rest * 2 == divisor && (is_cut || quotient % 2 == 1)))
		quotient++;
	return quotient;
}

bool json_number_scale(
    const struct json_number *number, uint32_t unit, uint64_t *whole, bool *exact)
{
	unsigned __int128 value = number->digits * unit;

	if (number->is_negative && (number->digits != 0 || number->is_cut))
		return false;
	if (number->exponent < 0) {
		value = divide(value, -number->exponent, number->is_cut, exact);
	} else {
		*exact = !number->is_cut;
		for (int i = 0; i < number->exponent && value != 0; i++) {
			value *= 10;
			if (value > UINT64_MAX)
				return false;
		}
	}
	if (value > UINT64_MAX)
		return false;
	*whole = (uint64_t)value;
	return true;
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
