#include "model/rollup_hour.h"

#include <errno.h>
#include <stdlib.h>

#include "base/varint.h"
#include "model/rollup_hour_parts.h"

#define FIELDS_LIMIT 256
#define NUMBER_BYTES 12 /* of a column, at most: an escape of 88 bits */
#define HEAD_BYTES 16   /* of a column, what is ahead of its numbers */
#define COLUMNS (ROLLUP_FIELDS + ROLLUP_HISTOGRAMS * 12)

struct rollup_hour {
	const struct hour_tables *tables;
	struct hour hour;
};

int rollup_hour_new(const struct hour_tables *tables, struct rollup_hour **out)
{
	struct rollup_hour *hour = calloc(1, sizeof(*hour));

	if (!hour)
		return -ENOMEM;
	hour->tables = tables;
	*out = hour;
	return 0;
}

void rollup_hour_free(struct rollup_hour *hour)
{
	free(hour);
}

/* --- numbers ---------------------------------------------------------------------------
 */

static void put_below(struct bits_out *out, uint64_t number, uint64_t few, unsigned int n)
{
	if (number < few) {
		bits_put_long(out, number, n - 1);
		return;
	}
	number += few;
	bits_put_long(out, number >> 1, n - 1);
	bits_put(out, number & 1, 1);
}

/* n <= 56: n - 1 bits and, of the many, one more. */
static bool get_below(struct bits_in *in, uint64_t *number, uint64_t few, unsigned int n)
{
	uint64_t first;
	unsigned int more;

	bits_fill(in);
	first = in->word & ((UINT64_C(1) << (n - 1)) - 1);
	more = first >= few;
	if (in->have < n - 1 + more)
		return false;
	in->word >>= n - 1;
	*number = more ? (first << 1 | (in->word & 1)) - few : first;
	in->word >>= more;
	in->have -= n - 1 + more;
	return true;
}

static bool get_below_long(
    struct bits_in *in, uint64_t *number, uint64_t few, unsigned int n)
{
	uint64_t low;

	if (!bits_get_long(in, n - 1, number))
		return false;
	if (*number < few)
		return true;
	if (!bits_get_long(in, 1, &low))
		return false;
	*number = (*number << 1 | low) - few;
	return true;
}

void hour_below(struct hour *hour, uint64_t *number, uint64_t limit)
{
	unsigned int n = limit > 1 ? 64 - (unsigned int)__builtin_clzll(limit - 1) : 0;
	/* so many numbers need a bit less */
	uint64_t few = n ? (UINT64_C(1) << (n - 1)) * 2 - limit : 0;

	if (n == 0) {
		*number = hour->writes ? *number : 0;
		return;
	}
	if (hour->writes)
		put_below(&hour->out, *number, few, n);
	else if (!(n <= 56 ? get_below : get_below_long)(&hour->in, number, few, n))
		hour->failed = true;
}

static void put_or_get(struct hour *hour, uint64_t *numbers, size_t n)
{
	struct column_plan plan;

	if (hour->writes) {
		plan = column_plan(numbers, n);
		column_put(&hour->out, &plan, numbers, n);
	} else if (!column_get(&hour->in, numbers, n)) {
		hour->failed = true;
	}
}

void hour_column(struct hour *hour, uint64_t *numbers)
{
	if (!hour->failed)
		put_or_get(hour, numbers, hour->n);
}

void hour_column_of(struct hour *hour, uint64_t minutes, uint64_t *numbers)
{
	uint64_t some[ROLLUP_HOUR_MINUTES] = {0};
	size_t n = (size_t)__builtin_popcountll(minutes);
	size_t k = 0;

	if (n == hour->n) {
		hour_column(hour, numbers);
		return;
	}
	if (!hour->writes)
		memset(numbers, 0, hour->n * sizeof(*numbers));
	if (n == 0 || hour->failed)
		return;
	for (uint64_t left = minutes; hour->writes && left; left &= left - 1)
		some[k++] = numbers[__builtin_ctzll(left)];
	put_or_get(hour, some, n);
	for (uint64_t left = minutes; !hour->writes && left; left &= left - 1)
		numbers[__builtin_ctzll(left)] = some[k++];
}

/* --- counters --------------------------------------------------------------------------
 */

/* Divides by units where all can be, and that is of any use. */
static bool into_units(const struct hour *hour, uint64_t *off, const uint64_t *units)
{
	bool any = false;

	for (size_t i = 0; i < hour->n; i++) {
		if (units[i] > INT64_MAX || (int64_t)off[i] % (int64_t)units[i] != 0)
			return false;
		any = any || (units[i] > 1 && off[i]);
		off[i] = (uint64_t)((int64_t)off[i] / (int64_t)units[i]);
	}
	return any;
}

/* What a field's numbers are less their guesses; false when they are no multiples of
 * units. */
static bool numbers_of(
    const struct hour *hour, size_t field, const struct hour_way *way, uint64_t *off)
{
	enum rollup_guess guess = rollup_fields[field].beside;
	uint64_t units[ROLLUP_HOUR_MINUTES];

	for (size_t i = 0; i < hour->n; i++) {
		const struct hour_minute m = {hour->minutes[i],
		    &hour->weights[HOUR_WARM][i], &hour->weights[HOUR_COLD][i]};

		off[i] = rollup_field_value(m.r, field) -
			 (way->guessed ? hour_guess_of(&m, guess) : 0);
		units[i] = way->in_units ? rollup_unit_of(m.r, guess) : 1;
	}
	return !way->in_units || into_units(hour, off, units);
}

/* The ways to write a field's numbers, and its column for the shortest. */
static void put_field(struct hour *hour, size_t field)
{
	static const struct hour_way ways[] = {
	    {.guessed = true, .in_units = true}, {.guessed = true}, {0}};
	bool plain = rollup_fields[field].beside == GUESS_PLAIN;
	struct column_plan best = {.bits = UINT64_MAX};
	struct hour_way way = {0};
	uint64_t numbers[ROLLUP_HOUR_MINUTES];

	/* units are the best there is where they fit, and so is a guess that is right */
	for (size_t k = plain ? 2 : 0; k < 3 && !best.zero; k++) {
		uint64_t off[ROLLUP_HOUR_MINUTES];
		struct column_plan plan;

		if ((k == 1 && way.in_units) || !numbers_of(hour, field, &ways[k], off))
			continue;
		plan = column_plan(off, hour->n);
		if (plan.bits >= best.bits)
			continue;
		best = plan;
		way = ways[k];
		memcpy(numbers, off, sizeof(off));
	}
	if (!plain) {
		bits_put(&hour->out, way.guessed, 1);
		bits_put(&hour->out, way.in_units, 1);
	}
	column_put(&hour->out, &best, numbers, hour->n);
}

static void get_field(struct hour *hour, size_t field)
{
	struct hour_way *way = &hour->ways[field];
	uint64_t *numbers = hour->fields[field];
	uint64_t guessed = 0;
	uint64_t in_units = 0;

	if (rollup_fields[field].beside != GUESS_PLAIN) {
		hour_below(hour, &guessed, 2);
		hour_below(hour, &in_units, 2);
	}
	*way = (struct hour_way){
	    .guessed = guessed, .in_units = in_units, .some = !column_is_zero(&hour->in)};
	if (hour->failed || !column_get(&hour->in, numbers, hour->n)) {
		hour->failed = true;
		return;
	}
	if (way->some || way->guessed)
		hour->active[hour->active_n++] = (uint8_t)field;
}

static void first_columns(struct hour *hour)
{
	for (size_t i = 0; hour->writes && i < hour->n; i++) {
		hour->invocations[i] = hour->minutes[i]->invocations;
		hour->cold[i] = hour->minutes[i]->cold;
	}
	hour_column(hour, hour->invocations);
	hour_column(hour, hour->cold);
}

static void columns(struct hour *hour)
{
	uint64_t fields = ROLLUP_FIELDS;

	hour_below(hour, &fields, FIELDS_LIMIT);
	if (fields > ROLLUP_FIELDS)
		hour->failed = true;
	first_columns(hour);
	if (!hour->failed)
		hour_histograms(hour);
	for (size_t k = 0; k < fields && !hour->failed; k++) {
		if (rollup_fields[k].beside == GUESS_FIRST)
			continue;
		if (hour->writes)
			put_field(hour, k);
		else
			get_field(hour, k);
	}
}

/* --- writing ---------------------------------------------------------------------------
 */

size_t rollup_hour_packed_max(const struct rollup *const *minutes, size_t n)
{
	size_t columns = COLUMNS * (HEAD_BYTES + n * (size_t)NUMBER_BYTES);
	size_t bodies = 8;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ROLLUP_HISTOGRAMS; k++)
			bodies +=
			    (size_t)NUMBER_BYTES * 2 *
			    (rollup_histogram_const(minutes[i], k)->buckets_used + 1);
	return (size_t)2 * VARINT_MAX_BYTES + 2 * (columns > bodies ? columns : bodies);
}

/* Columns and bodies are made at once, half of the room for each. */
ssize_t rollup_hour_pack(struct rollup_hour *hour, const struct rollup *const *minutes,
    size_t n, uint8_t *out, size_t size)
{
	size_t half = size / 2;
	struct hour *h = &hour->hour;
	size_t columns_n;
	ssize_t head;

	if (half < VARINT_MAX_BYTES)
		return -ENOSPC;
	memset(h, 0, sizeof(*h));
	h->tables = hour->tables;
	h->minutes = minutes;
	h->n = n;
	h->writes = true;
	h->out = (struct bits_out){
	    .out = out + VARINT_MAX_BYTES, .size = half - VARINT_MAX_BYTES};
	h->bodies = (struct bits_out){.out = out + half, .size = size - half};
	columns(h);
	bits_end(&h->out);
	bits_end(&h->bodies);
	if (h->out.failed || h->bodies.failed)
		return -ENOSPC;
	columns_n = h->out.at;
	head = varint_encode(columns_n, out, VARINT_MAX_BYTES);
	memmove(out + head, out + VARINT_MAX_BYTES, columns_n);
	memmove(out + head + columns_n, out + half, h->bodies.at);
	return head + (ssize_t)(columns_n + h->bodies.at);
}

/* --- reading ---------------------------------------------------------------------------
 */

int rollup_hour_open(struct rollup_hour *hour, const uint8_t *in, size_t size, size_t n)
{
	struct hour *h = &hour->hour;
	uint64_t columns_n;
	ssize_t head = varint_decode(in, size, &columns_n);

	if (head < 0 || columns_n > size - (size_t)head)
		return -EBADMSG;
	h->tables = hour->tables;
	h->n = n;
	h->writes = false;
	h->failed = false;
	h->in = (struct bits_in){.in = in + head, .size = (size_t)columns_n};
	h->body = in + head + columns_n;
	h->body_size = size - (size_t)head - (size_t)columns_n;
	h->active_n = 0;
	columns(h);
	if (h->failed || bits_end_of(&h->in) != (int64_t)columns_n ||
	    (h->bodies_at[n] + 7) / 8 != h->body_size)
		return -EBADMSG;
	return 0;
}

uint64_t rollup_hour_invocations(const struct rollup_hour *hour, size_t i)
{
	return hour->hour.invocations[i];
}

/* Sets the counters of a rollup whose histograms have their figures. */
static void read_counters(const struct hour_reading *reading, struct rollup *r)
{
	const struct hour *hour = reading->hour;
	const struct hour_minute m = {
	    r, &reading->weights[HOUR_WARM], &reading->weights[HOUR_COLD]};
	size_t i = reading->minute;

	r->invocations = hour->invocations[i];
	r->cold = hour->cold[i];
	for (size_t n = 0; n < hour->active_n; n++) {
		size_t k = hour->active[n];
		const struct hour_way *way = &hour->ways[k];
		enum rollup_guess guess = rollup_fields[k].beside;
		uint64_t value = way->some ? hour->fields[k][i] : 0;

		if (way->in_units && value)
			value *= rollup_unit_of(r, guess);
		if (way->guessed)
			value += hour_guess_of(&m, guess);
		*rollup_field(r, k) = value;
	}
}

/* Adds a minute's histograms to those of histograms, its counters to into. */
static int add(
    const struct hour *hour, size_t i, struct rollup *histograms, struct rollup *into)
{
	struct hour_reading reading = {.hour = hour, .minute = i};
	struct rollup one = {0};
	int err = hour_open_bodies(hour, i, &reading.bodies);

	for (size_t k = 0; k < ROLLUP_HISTOGRAMS && !err; k++)
		err = hour_add_histogram(
		    &reading, k, hour_histogram(histograms, k), hour_histogram(&one, k));
	if (!err && bits_at(&reading.bodies) != hour->bodies_at[i + 1])
		err = -EBADMSG;
	if (err)
		return err;
	read_counters(&reading, &one);
	rollup_merge_counters(into, &one);
	return 0;
}

int rollup_hour_add(const struct rollup_hour *hour, size_t i, struct rollup *into)
{
	return add(&hour->hour, i, into, into);
}

int rollup_hour_count(const struct rollup_hour *hour, size_t i, struct rollup *into)
{
	struct rollup histograms = {0};
	int err = add(&hour->hour, i, &histograms, into);

	rollup_done(&histograms);
	return err;
}
