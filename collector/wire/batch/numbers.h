/* A column of numbers in the making. */
#ifndef COLDMETER_WIRE_BATCH_NUMBERS_H
#define COLDMETER_WIRE_BATCH_NUMBERS_H

#include "wire/batch/parts.h"
#include "wire/batch/row.h"

/* Beside what batch_numbers_measure() tells, what a column takes: id, encoding, length
 * and bytes of bits, at most 3 bytes each; signs; one number or the unit. */
#define BATCH_NUMBERS_MAX_BYTES (4 * 3 + 1 + VARINT_MAX_BYTES)

/* What times and memory of our own agent are multiples of, and how many bits shorter they
 * are at least when they count in it. */
#define BATCH_NUMBERS_TIME_UNIT 1000 /* ns */
#define BATCH_NUMBERS_TIME_BITS 9
#define BATCH_NUMBERS_PAGE_UNIT 4096
#define BATCH_NUMBERS_PAGE_BITS 12

/* Zero-initialised is empty and valid. */
struct batch_numbers {
	uint64_t *values; /* only when they differ */
	size_t n;
	size_t room;
	uint64_t first;
	bool is_varied; /* not all are the first */
};

/* What numbers take at most, in columns that are not the same all over. */
struct batch_numbers_size {
	uint64_t bits;
	uint64_t bits_of_multiples; /* as long as none is odd, */
	bool has_odd;               /* no multiple of what is likely */
};

void batch_numbers_done(struct batch_numbers *numbers);
void batch_numbers_clear(struct batch_numbers *numbers); /* keeps its room */

static inline uint64_t batch_numbers_magnitude(enum batch_column id, uint64_t value)
{
	return batch_column_is_signed(id) ? (value >> 1) + (value & 1) : value;
}

static inline uint64_t batch_numbers_likely_unit(enum batch_column id)
{
	return batch_column_is_time(id)     ? BATCH_NUMBERS_TIME_UNIT
	       : batch_column_is_memory(id) ? BATCH_NUMBERS_PAGE_UNIT
					    : 1;
}

static inline void batch_numbers_size_add(
    struct batch_numbers_size *size, enum batch_column id, uint64_t value)
{
	unsigned int bits = batch_parts_bits(value);
	uint64_t n = batch_numbers_magnitude(id, value);
	unsigned int less = 0;

	if (batch_column_is_time(id)) {
		less = BATCH_NUMBERS_TIME_BITS;
		size->has_odd |= n % BATCH_NUMBERS_TIME_UNIT != 0;
	} else if (batch_column_is_memory(id)) {
		less = BATCH_NUMBERS_PAGE_BITS;
		size->has_odd |= n % BATCH_NUMBERS_PAGE_UNIT != 0;
	}
	size->bits += 8 + bits;
	size->bits_of_multiples += 8 + (bits > less ? bits - less : 0);
}

/* Whether all are the same when value is added. */
static inline bool batch_numbers_is_same(
    const struct batch_numbers *numbers, uint64_t value)
{
	return !numbers->is_varied && (numbers->n == 0 || value == numbers->first);
}

/* Adds to size what the column takes more with value. */
void batch_numbers_measure_all(const struct batch_numbers *numbers, enum batch_column id,
    struct batch_numbers_size *size);
static inline void batch_numbers_measure(const struct batch_numbers *numbers,
    enum batch_column id, uint64_t value, struct batch_numbers_size *size)
{
	if (batch_numbers_is_same(numbers, value))
		return;
	if (!numbers->is_varied)
		batch_numbers_measure_all(numbers, id, size);
	batch_numbers_size_add(size, id, value);
}

/* Makes sure that value can be added. 0 or -ENOMEM. */
int batch_numbers_grow(struct batch_numbers *numbers);
static inline int batch_numbers_reserve(struct batch_numbers *numbers, uint64_t value)
{
	return numbers->n < numbers->room || batch_numbers_is_same(numbers, value)
		   ? 0
		   : batch_numbers_grow(numbers);
}

/* Adds one that there is room for. */
void batch_numbers_vary(struct batch_numbers *numbers);
static inline void batch_numbers_add(struct batch_numbers *numbers, uint64_t value)
{
	if (batch_numbers_is_same(numbers, value)) {
		numbers->first = value;
		numbers->n++;
		return;
	}
	if (!numbers->is_varied)
		batch_numbers_vary(numbers);
	numbers->values[numbers->n++] = value;
}

/* Writes the column, and the bits of its numbers apart; returns the place behind it.
 * Finds its unit sooner when no number of its time or memory is odd. */
uint8_t *batch_numbers_put(const struct batch_numbers *numbers, enum batch_column id,
    bool has_odd, uint8_t *at, struct batch_bits *bits);

#endif
