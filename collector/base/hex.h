/* Hexadecimal digits of lower case, by words: whether a digit of a random id is a letter
 * no processor can foresee, so there is no branch on it. */
#ifndef COLDMETER_BASE_HEX_H
#define COLDMETER_BASE_HEX_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

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

#endif
