/* Numbers of few digits, which nearly all are, have a short way each. */
#include "wire/json/number.h"

#include "wire/json/scan.h"

#define DIGITS_MAX 30         /* times 2^20 they fit 128 bits */
#define SHORT_MAX 19          /* digits, and a point: they fit 64 bits */
#define POWER_MAX 37          /* twice 10^37 fits 128 bits */
#define EXPONENT_LIMIT 100000 /* beyond it a number is nothing or too large anyway */

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

/* Where the unit has all the tens that the number needs: milliseconds with up to six
 * digits behind the point, as nanoseconds. */
static inline bool scale_short(
    const struct json_number *number, uint32_t unit, uint64_t *whole)
{
	uint32_t tens;

	if (number->is_cut || number->exponent > 0 || number->exponent < -6 ||
	    number->digits > UINT32_MAX)
		return false;
	tens = (uint32_t)small_powers[-number->exponent];
	if (unit % tens != 0)
		return false;
	*whole = (uint64_t)number->digits * (unit / tens);
	return true;
}

bool json_number_scale(
    const struct json_number *number, uint32_t unit, uint64_t *whole, bool *exact)
{
	unsigned __int128 value = number->digits * unit;

	if (number->is_negative && (number->digits != 0 || number->is_cut))
		return false;
	if (scale_short(number, unit, whole)) {
		*exact = true;
		return true;
	}
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
