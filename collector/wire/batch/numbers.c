/* The unit is found at the end: the greatest common divisor. */
#include "wire/batch/numbers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/varint.h"
#include "wire/batch/body.h"

#define FIRST_ROOM 256

void batch_numbers_done(struct batch_numbers *numbers)
{
	free(numbers->values);
	*numbers = (struct batch_numbers){0};
}

void batch_numbers_clear(struct batch_numbers *numbers)
{
	*numbers =
	    (struct batch_numbers){.values = numbers->values, .room = numbers->room};
}

int batch_numbers_grow(struct batch_numbers *numbers)
{
	size_t room = numbers->room ? numbers->room : FIRST_ROOM;
	uint64_t *grown;

	while (room <= numbers->n)
		room *= 2;
	grown = realloc(numbers->values, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	numbers->values = grown;
	numbers->room = room;
	return 0;
}

void batch_numbers_measure_all(const struct batch_numbers *numbers, enum batch_column id,
    struct batch_numbers_size *size)
{
	struct batch_numbers_size one = {.bits = 0};

	batch_numbers_size_add(&one, id, numbers->first);
	size->bits += numbers->n * one.bits;
	size->bits_of_multiples += numbers->n * one.bits_of_multiples;
	size->has_odd |= one.has_odd;
}

void batch_numbers_vary(struct batch_numbers *numbers)
{
	for (size_t i = 0; i < numbers->n; i++)
		numbers->values[i] = numbers->first;
	numbers->is_varied = true;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b > 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* The greatest number that divides all of them: above 0, as they differ. The search ends
 * with one that is known to divide the rest as well. */
static uint64_t find_unit(
    const struct batch_numbers *numbers, enum batch_column id, bool has_odd)
{
	uint64_t least = has_odd ? 1 : batch_numbers_likely_unit(id);
	uint64_t unit = 0;

	for (size_t i = 0; i < numbers->n && unit != least; i++) {
		uint64_t n = batch_numbers_magnitude(id, numbers->values[i]);

		if (unit == 0 || n % unit != 0)
			unit = common_divisor(n, unit);
	}
	return unit;
}

/* The number that makes 1 of odd, modulo 2^64: each step doubles the bits that are right,
 * of which odd itself has three. */
static uint64_t inverse(uint64_t odd)
{
	uint64_t x = odd;

	for (int bits = 3; bits < 64; bits *= 2)
		x *= 2 - odd * x;
	return x;
}

static uint8_t *put_same(uint8_t *at, uint64_t value)
{
	uint8_t number[VARINT_MAX_BYTES];
	size_t n = (size_t)(varint_put(value, number) - number);

	at = varint_put(ENCODING_SAME, at);
	at = varint_put(n, at);
	memcpy(at, number, n);
	return at + n;
}

static enum batch_signs find_signs(
    const struct batch_numbers *numbers, enum batch_column id)
{
	bool any_above = false;
	bool any_below = false;

	for (size_t i = 0; i < numbers->n && batch_column_is_signed(id); i++) {
		any_below |= numbers->values[i] & 1;
		any_above |= numbers->values[i] > 0 && !(numbers->values[i] & 1);
	}
	return !any_below ? SIGNS_NONE : any_above ? SIGNS_EACH : SIGNS_ALL;
}

/* How a column counts. */
struct scale {
	uint64_t unit;
	enum batch_signs signs;
};

/* The bytes go to out, the bits behind the others. */
static void part(const struct batch_numbers *numbers, enum batch_column id,
    const struct scale *scale, uint8_t *out, struct batch_bits *bits)
{
	int twos = __builtin_ctzll(scale->unit);
	uint64_t inverse_of_odd = inverse(scale->unit >> twos);

	for (size_t i = 0; i < numbers->n; i++) {
		uint64_t value = numbers->values[i];
		/* by a number that divides it: times its inverse */
		uint64_t n =
		    (batch_numbers_magnitude(id, value) >> twos) * inverse_of_odd;

		if (scale->signs == SIGNS_EACH) /* 2n - 1 is -n, 2n is n */
			n = 2 * n - (value & 1);
		out[i] = batch_parts_put(bits, n);
	}
	batch_bits_end(bits);
}

/* What stands before a column's bytes. */
struct lead {
	uint8_t bytes[1 + BATCH_FEW_MAX * VARINT_MAX_BYTES];
	size_t n;
};

static void lead_scale(struct lead *lead, const struct scale *scale, size_t bits_bytes)
{
	uint8_t *at = varint_put(scale->unit, lead->bytes);

	at = varint_put(scale->signs, at);
	at = varint_put(bits_bytes, at);
	lead->n = (size_t)(at - lead->bytes);
}

/* Lists the different numbers of a column, and puts the place of each number to out.
 * Returns how many there are, 0 when they are too many. */
static size_t lead_few(
    struct lead *lead, const struct batch_numbers *numbers, uint8_t *out)
{
	uint64_t different[BATCH_FEW_MAX];
	uint8_t *at = lead->bytes + 1; /* behind how many */
	size_t n = 0;
	size_t place = 0;

	for (size_t i = 0; i < numbers->n; i++) {
		uint64_t value = numbers->values[i];

		if (n == 0 || different[place] != value) {
			place = 0;
			while (place < n && different[place] != value)
				place++;
		}
		if (place == BATCH_FEW_MAX)
			return 0;
		if (place == n) {
			different[n++] = value;
			at = varint_put(value, at);
		}
		out[i] = (uint8_t)place;
	}
	lead->bytes[0] = (uint8_t)n;
	lead->n = (size_t)(at - lead->bytes);
	return n;
}

static uint8_t *put_led(uint8_t *at, enum batch_encoding encoding,
    const struct lead *lead, const uint8_t *bytes, size_t n)
{
	at = varint_put(encoding, at);
	at = varint_put(lead->n + n, at);
	memmove(at + lead->n, bytes, n); /* from where the lead may go */
	memcpy(at, lead->bytes, lead->n);
	return at + lead->n + n;
}

/* In parts; or as a list, where that is shorter than their bits: it has all of chance in
 * bytes that are few different ones. */
static uint8_t *put_varied(const struct batch_numbers *numbers, enum batch_column id,
    bool has_odd, uint8_t *at, struct batch_bits *bits)
{
	const struct scale scale = {
	    find_unit(numbers, id, has_odd), find_signs(numbers, id)};
	const struct batch_bits begin = *bits;
	uint8_t *bytes = at + BATCH_NUMBERS_MAX_BYTES; /* until the lead is known */
	struct lead lead = {.n = 0};
	size_t different = batch_column_is_time(id) ? 0 : lead_few(&lead, numbers, bytes);
	size_t bits_bytes;

	part(numbers, id, &scale, bytes, bits);
	bits_bytes = (size_t)(bits->at - begin.at);
	if (different > 0 && lead.n + different < bits_bytes) {
		*bits = begin;
		(void)lead_few(&lead, numbers, bytes);
		return put_led(at, ENCODING_FEW, &lead, bytes, numbers->n);
	}
	lead_scale(&lead, &scale, bits_bytes);
	return put_led(at, ENCODING_PARTS, &lead, bytes, numbers->n);
}

uint8_t *batch_numbers_put(const struct batch_numbers *numbers, enum batch_column id,
    bool has_odd, uint8_t *at, struct batch_bits *bits)
{
	if (numbers->n == 0)
		return at;
	at = varint_put(id, at);
	return numbers->is_varied ? put_varied(numbers, id, has_odd, at, bits)
				  : put_same(at, numbers->first);
}
