/* Money: exact sums in pico-dollars. */
#ifndef COLDMETER_MODEL_MONEY_H
#define COLDMETER_MODEL_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MONEY_TEXT_BYTES 48

/* 10^-12 of a dollar: 1 ms at 128 MB on arm64 is 1.67 nano-dollars. */
struct money {
	__int128 pico;
};

struct money money_add(struct money a, struct money b);
struct money money_subtract(struct money a, struct money b);
int money_compare(struct money a, struct money b); /* < 0, 0, > 0 */

/* price_pico per unit_size base units, times quantity base units; rounded half to even at
 * one pico-dollar. unit_size > 0. */
struct money money_of(uint64_t quantity, struct money price, uint64_t unit_size);

/* amount x numerator / denominator, rounded half to even. denominator > 0. */
struct money money_scale(struct money amount, uint64_t numerator, uint64_t denominator);

/* Reads a decimal such as "0.0000166667" or "-12.5": at most 12 decimals, no exponent,
 * the whole string. 0, -EINVAL, or -ERANGE beyond 10^18 dollars. */
int money_parse(const char *s, struct money *out);

/* Writes a decimal with at least 2 and at most 12 decimals, no trailing zeros beyond the
 * second: "0.001234", "12.50". out holds MONEY_TEXT_BYTES. */
void money_format(struct money m, char *out);

/* Writes it rounded half to even to the given decimals (0..12), for people. */
void money_format_rounded(struct money m, int decimals, char *out);

#endif
