/* Hexadecimal digits of lower case, by words, or sixteen at once where the processor can:
 * whether a digit of a random id is a letter none can foresee, so there is no branch on
 * it. */
#ifndef COLDMETER_BASE_HEX_H
#define COLDMETER_BASE_HEX_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define HEX_ID_BYTES 16 /* of a UUID, a trace id: 32 digits */

/* Eight digits at once, their first in the lowest byte, as four bytes. False when one is
 * no digit of lower case. */
static inline bool hex_read_eight(const char *s, uint8_t *out)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t word;
	uint64_t letters; /* 1 in the bytes that have the bit of letters */
	uint64_t low;
	uint64_t beyond; /* 0x10 in bytes whose low half is no digit of that kind */

	memcpy(&word, s, sizeof(word));
	word = le64toh(word);
	letters = word >> 6 & ones;
	low = word & (ones * 0x0f);
	if (((word & (ones * 0xf0)) ^ (ones + letters) * 0x30) != 0)
		return false;
	/* a letter's is 1 to 6, a number's 0 to 9 */
	beyond = (low + ones * 6 + letters * 3) | (letters << 4 & ~(low + ones * 0x0f));
	if (beyond & (ones * 0x10))
		return false;
	low += letters * 9;
	low = (low << 4 | low >> 8) & UINT64_C(0x00ff00ff00ff00ff);
	low = (low | low >> 8) & UINT64_C(0x0000ffff0000ffff);
	low |= low >> 16;
	out[0] = (uint8_t)low;
	out[1] = (uint8_t)(low >> 8);
	out[2] = (uint8_t)(low >> 16);
	out[3] = (uint8_t)(low >> 24);
	return true;
}

/* The reverse: no NUL. */
static inline void hex_write_four(const uint8_t *in, char *out)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint32_t packed;
	uint64_t word;

	memcpy(&packed, in, sizeof(packed));
	word = le32toh(packed);
	word = (word | word << 16) & UINT64_C(0x0000ffff0000ffff);
	word = (word | word << 8) & UINT64_C(0x00ff00ff00ff00ff);
	word = (word >> 4 | word << 8) & (ones * 0x0f);
	word += ones * '0' + ((word + ones * 6) >> 4 & ones) * ('a' - '0' - 10);
	word = htole64(word);
	memcpy(out, &word, sizeof(word));
}

#ifdef __SSE2__
/* The value of each of sixteen digits; *odd has a bit in each byte that is none. */
static inline __m128i hex_values(__m128i c, __m128i *odd)
{
	__m128i number = _mm_sub_epi8(c, _mm_set1_epi8('0'));
	__m128i letter = _mm_sub_epi8(c, _mm_set1_epi8('a'));
	__m128i is_number =
	    _mm_cmpeq_epi8(_mm_min_epu8(number, _mm_set1_epi8(9)), number);
	__m128i is_letter =
	    _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);

	*odd = _mm_or_si128(
	    *odd, _mm_andnot_si128(_mm_or_si128(is_number, is_letter), _mm_set1_epi8(1)));
	letter = _mm_add_epi8(letter, _mm_set1_epi8(10));
	return _mm_or_si128(
	    _mm_and_si128(number, is_number), _mm_and_si128(letter, is_letter));
}

/* Two digits of each sixteen bits, as their number. */
static inline __m128i hex_pairs(__m128i values)
{
	return _mm_and_si128(
	    _mm_or_si128(_mm_slli_epi16(values, 4), _mm_srli_epi16(values, 8)),
	    _mm_set1_epi16(0xff));
}

static inline __m128i hex_digits(__m128i values)
{
	__m128i is_letter = _mm_cmpgt_epi8(values, _mm_set1_epi8(9));

	return _mm_add_epi8(_mm_add_epi8(values, _mm_set1_epi8('0')),
	    _mm_and_si128(is_letter, _mm_set1_epi8('a' - '0' - 10)));
}
#endif

/* 32 digits, as words in the order of memory, as HEX_ID_BYTES. False when one is no digit
 * of lower case; out is of no use then. */
static inline bool hex_read_id(const uint64_t digits[4], uint8_t *out)
{
#ifdef __SSE2__
	__m128i odd = _mm_setzero_si128();
	__m128i first =
	    hex_values(_mm_set_epi64x((int64_t)digits[1], (int64_t)digits[0]), &odd);
	__m128i second =
	    hex_values(_mm_set_epi64x((int64_t)digits[3], (int64_t)digits[2]), &odd);

	_mm_storeu_si128(
	    (__m128i_u *)out, _mm_packus_epi16(hex_pairs(first), hex_pairs(second)));
	return _mm_movemask_epi8(_mm_cmpeq_epi8(odd, _mm_setzero_si128())) == 0xffff;
#else
	char s[4 * sizeof(digits[0])];

	memcpy(s, digits, sizeof(s));
	return hex_read_eight(s, out) && hex_read_eight(s + 8, out + 4) &&
	       hex_read_eight(s + 16, out + 8) && hex_read_eight(s + 24, out + 12);
#endif
}

/* The reverse: no NUL. */
static inline void hex_write_id(const uint8_t *in, char *out)
{
#ifdef __SSE2__
	const __m128i half = _mm_set1_epi8(0x0f);
	__m128i bytes = _mm_loadu_si128((const __m128i_u *)in);
	__m128i high = hex_digits(_mm_and_si128(_mm_srli_epi16(bytes, 4), half));
	__m128i low = hex_digits(_mm_and_si128(bytes, half));

	_mm_storeu_si128((__m128i_u *)out, _mm_unpacklo_epi8(high, low));
	_mm_storeu_si128((__m128i_u *)(out + 16), _mm_unpackhi_epi8(high, low));
#else
	for (int i = 0; i < HEX_ID_BYTES; i += 4)
		hex_write_four(in + i, out + 2 * i);
#endif
}

#endif
