#include "model/rollup_pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/varint.h"
#include "model/rollup_fields.h"

#define VALUE_MAX                                                                        \
	(UINT64_C(1) << 62) /* a bit is needed beside it, and one for the sign */

/* Of the fields of a row, from GUESSED on all are plain to VERSION_2, where those of that
 * version end, and again from PLAIN_AGAIN on. */
#define GUESSED 26
#define VERSION_2 48
#define PLAIN_AGAIN 55
#define FIELDS ROLLUP_FIELDS
#define BITS_BYTES ((FIELDS + 7) / 8)

/* The number that is written for a value which is not the guess: for a plain field the
 * value, else 2 x the zigzag difference in units, or 2 x the value + 1, whichever is
 * less. */
static uint64_t code_of(const struct rollup *r, size_t i)
{
	enum rollup_guess guess = rollup_fields[i].guess;
	uint64_t value = rollup_field_value(r, i);
	uint64_t unit = rollup_unit_of(r, guess);
	int64_t off = (int64_t)(value - rollup_guess_of(r, guess));
	uint64_t by_guess;

	if (guess == GUESS_PLAIN)
		return value;
	if (off % (int64_t)unit != 0)
		return value << 1 | 1;
	by_guess = varint_zigzag(off / (int64_t)unit);
	return by_guess < value ? by_guess << 1 : value << 1 | 1;
}

static uint64_t value_of(const struct rollup *r, size_t i, uint64_t code)
{
	enum rollup_guess guess = rollup_fields[i].guess;

	if (guess == GUESS_PLAIN)
		return code;
	if (code & 1)
		return code >> 1;
	return rollup_guess_of(r, guess) +
	       (uint64_t)varint_unzigzag(code >> 1) * rollup_unit_of(r, guess);
}

static bool is_large(const struct rollup *r)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (rollup_field_value(r, i) >= VALUE_MAX)
			return true;
	return false;
}

int rollup_pack_counters(const struct rollup *r, uint8_t **out, size_t *out_bytes)
{
	uint8_t bits[BITS_BYTES] = {0};
	uint8_t codes[FIELDS * VARINT_MAX_BYTES];
	size_t bits_n = 0;
	size_t n = 0;
	uint8_t *bytes;

	if (is_large(r))
		return rollup_encode_counters(r, out, out_bytes);
	for (size_t i = 0; i < FIELDS; i++) {
		if (rollup_field_value(r, i) ==
		    rollup_guess_of(r, rollup_fields[i].guess))
			continue;
		bits[i / 8] |= (uint8_t)(1U << i % 8);
		bits_n = i / 8 + 1;
		n += (size_t)varint_encode(code_of(r, i), codes + n, sizeof(codes) - n);
	}
	bytes = malloc(2 + bits_n + n);
	if (!bytes)
		return -ENOMEM;
	bytes[0] = ROLLUP_PACK_COUNTERS;
	bytes[1] = (uint8_t)bits_n;
	memcpy(bytes + 2, bits, bits_n);
	memcpy(bytes + 2 + bits_n, codes, n);
	*out = bytes;
	*out_bytes = 2 + bits_n + n;
	return 0;
}

/* Where the codes begin; 0: it is damaged. */
static size_t codes_at(const uint8_t *in, size_t size)
{
	if (size < 2 || !rollup_counters_are_packed(in, size) || in[1] >= 0x80 ||
	    size - 2 < in[1])
		return 0;
	return 2 + (size_t)in[1];
}

/* The field, or what is skipped; false when the code is not there. */
static bool read_field(
    const uint8_t *in, size_t size, size_t *at, size_t i, struct rollup *r)
{
	uint64_t code = 0;
	ssize_t n = varint_decode_fast(in + *at, size - *at, &code);

	if (n < 0)
		return false;
	*at += (size_t)n;
	if (i < FIELDS)
		*rollup_field(r, i) = value_of(r, i, code);
	return true;
}

static bool is_set(const uint8_t *in, size_t bits_n, size_t i)
{
	return i < bits_n && (in[2 + i / 8] >> i % 8 & 1);
}

int rollup_unpack_counters(const uint8_t *in, size_t size, struct rollup *r)
{
	size_t at = codes_at(in, size);
	size_t bits_n = at ? in[1] * (size_t)8 : 0;
	size_t fields_n =
	    at && in[0] == ROLLUP_PACK_VERSION ? VERSION_2 : (size_t)PLAIN_AGAIN;

	for (size_t i = 0; i < fields_n; i++) {
		if (is_set(in, bits_n, i)) {
			if (!read_field(in, size, &at, i, r))
				return -EBADMSG;
		} else if (i < GUESSED || i >= VERSION_2) {
			*rollup_field(r, i) = rollup_guess_of(r, rollup_fields[i].guess);
		}
	}
	for (size_t i = fields_n; i < bits_n; i++) {
		/* of a version 2 there was nothing after its fields that we know */
		size_t known = fields_n == VERSION_2 ? FIELDS : i;

		if (is_set(in, bits_n, i) && !read_field(in, size, &at, known, r))
			return -EBADMSG;
	}
	return at ? 0 : -EBADMSG;
}

int rollup_unpack_invocations(const uint8_t *in, size_t size, uint64_t *invocations)
{
	size_t at = codes_at(in, size);
	uint64_t code = 0;

	/* invocations lead the table */
	if (!at ||
	    (in[1] && in[2] & 1 && varint_decode_fast(in + at, size - at, &code) < 0))
		return -EBADMSG;
	*invocations = code;
	return 0;
}
