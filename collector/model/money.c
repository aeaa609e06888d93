/* Products are kept in 192 bits, so that no quantity times a price is ever cut. */
#include "model/money.h"

#include <errno.h>
#include <string.h>

#define PICO_PER_DOLLAR ((unsigned __int128)1000000000000ULL)
#define DECIMALS_MAX 12
#define MAX_DOLLARS ((unsigned __int128)1000000000000000000ULL) /* 10^18 */
#define MONEY_MAX ((__int128)(~(unsigned __int128)0 >> 1))

static unsigned __int128 magnitude(__int128 v)
{
	return v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
}

static struct money with_sign(unsigned __int128 value, bool negative)
{
	__int128 v = value > (unsigned __int128)MONEY_MAX ? MONEY_MAX : (__int128)value;

	return (struct money){.pico = negative ? -v : v};
}

struct money money_add(struct money a, struct money b)
{
	__int128 sum;

	if (__builtin_add_overflow(a.pico, b.pico, &sum))
		sum = b.pico < 0 ? -MONEY_MAX : MONEY_MAX;
	return (struct money){.pico = sum};
}

struct money money_subtract(struct money a, struct money b)
{
	__int128 difference;

	if (__builtin_sub_overflow(a.pico, b.pico, &difference))
		difference = b.pico < 0 ? MONEY_MAX : -MONEY_MAX;
	return (struct money){.pico = difference};
}

int money_compare(struct money a, struct money b)
{
	return (a.pico > b.pico) - (a.pico < b.pico);
}

/* value x multiplier / divisor, half to even; saturates at 128 bits. Long division of the
 * 192-bit product, 64 bits at a time. */
static unsigned __int128 multiply_divide(
    unsigned __int128 value, uint64_t multiplier, uint64_t divisor)
{
	unsigned __int128 low = (unsigned __int128)(uint64_t)value * multiplier;
	unsigned __int128 high = (value >> 64) * multiplier + (low >> 64);
	uint64_t limb[3] = {(uint64_t)(high >> 64), (uint64_t)high, (uint64_t)low};
	uint64_t quotient[3];
	uint64_t rest = 0;

	for (int i = 0; i < 3; i++) {
		unsigned __int128 part = ((unsigned __int128)rest << 64) | limb[i];

		quotient[i] = (uint64_t)(part / divisor);
		rest = (uint64_t)(part % divisor);
	}
	if (quotient[0] > 0)
		return ~(unsigned __int128)0;

	unsigned __int128 whole = ((unsigned __int128)quotient[1] << 64) | quotient[2];
	uint64_t opposite = divisor - rest; /* what is missing to the next whole one */

	if (rest > opposite || (rest == opposite && (whole & 1)))
		whole++;
	return whole;
}

struct money money_of(uint64_t quantity, struct money price, uint64_t unit_size)
{
	return money_scale(price, quantity, unit_size);
}

struct money money_scale(struct money amount, uint64_t numerator, uint64_t denominator)
{
	return with_sign(multiply_divide(magnitude(amount.pico), numerator, denominator),
	    amount.pico < 0);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int money_parse(const char *s, struct money *out)
{
	bool negative = *s == '-';
	unsigned __int128 dollars = 0;
	unsigned __int128 pico = 0;
	int decimals = 0;

	s += negative;
	if (!is_digit(*s))
		return -EINVAL;
	bool large = false;
	for (; is_digit(*s); s++) {
		large = large || dollars > MAX_DOLLARS;
		dollars = large ? dollars : dollars * 10 + (unsigned)(*s - '0');
	}
	if (*s == '.') {
		for (s++; is_digit(*s) && decimals < DECIMALS_MAX; s++, decimals++)
			pico = pico * 10 + (unsigned)(*s - '0');
		if (decimals == 0)
			return -EINVAL;
	}
	if (*s != '\0')
		return -EINVAL;
	for (; decimals < DECIMALS_MAX; decimals++)
		pico *= 10;
	if (dollars > MAX_DOLLARS || (dollars == MAX_DOLLARS && pico > 0))
		return -ERANGE;
	*out = with_sign(dollars * PICO_PER_DOLLAR + pico, negative);
	return 0;
}

/* Writes value, which counts 10^-decimals of a dollar. */
static void write_decimal(unsigned __int128 value, bool negative, int decimals, char *out)
{
	char digits[MONEY_TEXT_BYTES]; /* reversed */
	size_t n = 0;

	for (int place = 0; place <= decimals || value > 0; place++) {
		if (place == decimals && decimals > 0)
			digits[n++] = '.';
		digits[n++] = (char)('0' + (int)(value % 10));
		value /= 10;
	}
	if (negative)
		*out++ = '-';
	while (n > 0)
		*out++ = digits[--n];
	*out = '\0';
}

void money_format(struct money m, char *out)
{
	write_decimal(magnitude(m.pico), m.pico < 0, DECIMALS_MAX, out);

	size_t len = strlen(out);
	const char *point = strchr(out, '.');

	while (out[len - 1] == '0' && out + len - 1 > point + 2)
		out[--len] = '\0';
}

void money_format_rounded(struct money m, int decimals, char *out)
{
	uint64_t step = 1;

	if (decimals < 0)
		decimals = 0;
	if (decimals > DECIMALS_MAX)
		decimals = DECIMALS_MAX;
	for (int i = decimals; i < DECIMALS_MAX; i++)
		step *= 10;

	unsigned __int128 value = multiply_divide(magnitude(m.pico), 1, step);

	write_decimal(value, m.pico < 0 && value > 0, decimals, out);
}
