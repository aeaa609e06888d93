/* Decimal digits, eight at once, as a word whose lowest byte is the first of them. */
#ifndef COLDMETER_BASE_DIGITS_H
#define COLDMETER_BASE_DIGITS_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define DIGITS_WORD 8
#define DIGITS_ONES UINT64_C(0x0101010101010101)

/* Eight characters, each less what stands for it in zero: of a digit its value, of what
 * stands there itself 0. */
static inline uint64_t digits_load(const char *s, uint64_t zero)
{
	uint64_t word;

	memcpy(&word, s, sizeof(word));
	return le64toh(word) ^ zero;
}

/* The highest bit of each byte that is no value of a digit. Right up to the first such
 * byte; behind it there may be too many. */
static inline uint64_t digits_beyond(uint64_t values)
{
	return ((values + DIGITS_ONES * 0x76) | values) & (DIGITS_ONES * 0x80);
}

/* The number that eight values make: two, four and eight at once. */
static inline uint64_t digits_number(uint64_t values)
{
	values = values * 10 + (values >> 8);
	return ((values & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064) +
		   (values >> 16 & UINT64_C(0x000000ff000000ff)) *
		       UINT64_C(0x0000271000000001)) >>
	       32;
}

/* How many of the eight characters at s are digits before one is none, and their number.
 */
static inline unsigned int digits_read(const char *s, uint64_t *number)
{
	uint64_t values = digits_load(s, DIGITS_ONES * '0');
	uint64_t beyond = digits_beyond(values);
	unsigned int n = beyond ? (unsigned int)__builtin_ctzll(beyond) / 8 : DIGITS_WORD;

	*number = 0;
	if (n > 0)
		*number = digits_number(values << (8 * (DIGITS_WORD - n)));
	return n;
}

/* 10^n, for n below DIGITS_WORD. */
static inline uint64_t digits_power(unsigned int n)
{
	static const uint32_t powers[DIGITS_WORD] = {
	    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};

	return powers[n];
}

#endif
