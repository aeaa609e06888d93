/* The minutes of one function's hour in as few bytes as they tell of each other. Version
 * 1 of it; block.c writes how many minutes there are, and which.
 *
 *     size      varint: bytes of the columns
 *     columns   of one figure of all minutes each (column.h): what its guess misses
 *     bodies    the counts of the buckets (rollup_hour_counts.h), histogram by histogram
 *
 * Columns are: how many counters there are (8 bits); invocations, cold ones; of each
 * histogram, cold durations first, then warm ones, inits and memory, those of
 * rollup_hour_histograms.c; the other counters in the order of rollup_fields.c. Each
 * counter is guessed from those before it and from the histograms: but for plain ones, a
 * bit says whether it is, and one whether the rest is in units of the guess.
 *
 * Reading takes the columns of an hour apart and each minute's bodies only when it is
 * asked for. */
#ifndef COLDMETER_MODEL_ROLLUP_HOUR_H
#define COLDMETER_MODEL_ROLLUP_HOUR_H

#include "model/rollup.h"

#define ROLLUP_HOUR_MINUTES 60

/* What every hour's guesses rest on: made once, used by any thread. */
struct hour_tables;

int hour_tables_new(struct hour_tables **out); /* 0 or -ENOMEM */
void hour_tables_free(struct hour_tables *tables);

/* Writes hours, or reads them, one at a time. The tables must live as long. */
struct rollup_hour;

int rollup_hour_new(const struct hour_tables *tables, struct rollup_hour **out);
void rollup_hour_free(struct rollup_hour *hour);

/* Room that n minutes, 1 to 60, need at most; pack returns the bytes, or -ENOSPC. */
size_t rollup_hour_packed_max(const struct rollup *const *minutes, size_t n);
ssize_t rollup_hour_pack(struct rollup_hour *hour, const struct rollup *const *minutes,
    size_t n, uint8_t *out, size_t size);

/* Reads n minutes, whose bytes must live as long as these are asked for. 0 or -EBADMSG.
 */
int rollup_hour_open(struct rollup_hour *hour, const uint8_t *in, size_t size, size_t n);

/* Of the i-th minute: how many invocations it has; adds it to into, or only its counters:
 * 0 or the errors of rollup_merge_encoded(). */
uint64_t rollup_hour_invocations(const struct rollup_hour *hour, size_t i);
int rollup_hour_add(const struct rollup_hour *hour, size_t i, struct rollup *into);
int rollup_hour_count(const struct rollup_hour *hour, size_t i, struct rollup *into);

#endif
