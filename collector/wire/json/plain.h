/* Values written in the plainest way, as nearly all are: read without a call, from at on
 * to end. Each returns where it ends, or NULL for any other, which the general readers
 * may know; *out is of no use then. */
#ifndef COLDMETER_WIRE_JSON_PLAIN_H
#define COLDMETER_WIRE_JSON_PLAIN_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/digits.h"

#ifdef __SSE2__
#define JSON_PLAIN_CHUNK 16

/* A bit for each of sixteen bytes that does not stand for itself in a string: " and \\,
 * and what is not printable ASCII. */
static inline unsigned int json_odd_bytes(__m128i c)
{
	/* as signed bytes those from 0x80 on are below 0x20 too */
	return (unsigned int)_mm_movemask_epi8(
	    _mm_or_si128(_mm_or_si128(_mm_cmplt_epi8(c, _mm_set1_epi8(0x20)),
			     _mm_cmpeq_epi8(c, _mm_set1_epi8(0x7f))),
		_mm_or_si128(_mm_cmpeq_epi8(c, _mm_set1_epi8('"')),
		    _mm_cmpeq_epi8(c, _mm_set1_epi8('\\')))));
}
#endif

/* A string without escapes, of printable ASCII, that fits out with its NUL and some bytes
 * to spare. */
static inline const char *json_plain_text(
    const char *at, const char *end, char *out, size_t size)
{
#ifdef __SSE2__
	const char *out_end = out + size;

	if (at == end || *at != '"')
		return NULL;
	at++;
	while (end - at >= JSON_PLAIN_CHUNK && out_end - out > JSON_PLAIN_CHUNK) {
		__m128i c = _mm_loadu_si128((const __m128i_u *)at);
		unsigned int odd = json_odd_bytes(c);
		unsigned int n;

		_mm_storeu_si128((__m128i_u *)out, c);
		if (odd) {
			n = (unsigned int)__builtin_ctz(odd);
			out[n] = '\0';
			return at[n] == '"' ? at + n + 1 : NULL;
		}
		at += JSON_PLAIN_CHUNK;
		out += JSON_PLAIN_CHUNK;
	}
#else
	(void)at;
	(void)end;
	(void)out;
	(void)size;
#endif
	return NULL;
}

/* A number of up to 7 digits, and 7 behind a point, up to a comma or brace. */
struct json_plain_number {
	uint64_t digits; /* all of them: 14 at most */
	unsigned int fraction_n;
};

static inline const char *json_plain_number(
    const char *at, const char *end, struct json_plain_number *out)
{
	uint64_t fraction;
	unsigned int n;
	char zero;

	if (end - at <= 2 * DIGITS_WORD)
		return NULL;
	zero = *at;
	n = digits_read(at, &out->digits);
	if (n == 0 || n == DIGITS_WORD || (zero == '0' && n > 1))
		return NULL;
	at += n;
	out->fraction_n = 0;
	if (*at == '.') {
		n = digits_read(at + 1, &fraction);
		if (n == 0 || n == DIGITS_WORD)
			return NULL;
		at += 1 + n;
		out->fraction_n = n;
		out->digits = out->digits * digits_power(n) + fraction;
	}
	return *at == ',' || *at == '}' ? at : NULL;
}

/* Milliseconds of up to 6 digits behind the point, as nanoseconds. */
static inline const char *json_plain_ms(const char *at, const char *end, uint64_t *ns)
{
	struct json_plain_number number;

	at = json_plain_number(at, end, &number);
	if (!at || number.fraction_n > 6)
		return NULL;
	*ns = number.digits * digits_power(6 - number.fraction_n);
	return at;
}

/* MiB as bytes, rounded half to even. */
static inline const char *json_plain_mib(const char *at, const char *end, uint64_t *bytes)
{
	struct json_plain_number number;
	uint64_t divisor;
	uint64_t rest;

	at = json_plain_number(at, end, &number);
	if (!at || number.digits >> 44 != 0) /* times 2^20 it must be below 2^64 */
		return NULL;
	divisor = digits_power(number.fraction_n);
	*bytes = (number.digits << 20) / divisor;
	rest = (number.digits << 20) % divisor;
	*bytes += rest * 2 > divisor || (rest * 2 == divisor && *bytes % 2 == 1);
	return at;
}

/* A string of what clock_format_rfc3339() writes. */
static inline const char *json_plain_time(
    const char *at, const char *end, uint64_t *wall_ns)
{
	int64_t ns;

	if (end - at < CLOCK_UTC_NS_LEN + 2 || at[0] != '"' ||
	    at[CLOCK_UTC_NS_LEN + 1] != '"' || clock_parse_utc_ns(at + 1, &ns) < 0)
		return NULL;
	*wall_ns = (uint64_t)ns;
	return at + CLOCK_UTC_NS_LEN + 2;
}

#endif
