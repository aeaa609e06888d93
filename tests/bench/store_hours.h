/* What hours of minutes take packed, what they hold at least, and how fast they are read.
 *
 * The bound counts what nothing else tells: of the buckets, which minute of the hour each
 * value came in, the hour's histogram being known; of min and max, where in their buckets
 * they lie; of sums, what the buckets leave open; of the CPU time its spread from minute
 * to minute; and that times and CPU times are rounded up or down one by one before they
 * are added. Usage of other plans, which of the minutes had cold starts, and the hour's
 * own figures are not in it. */
#ifndef TESTS_BENCH_STORE_HOURS_H
#define TESTS_BENCH_STORE_HOURS_H

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "model/rollup_hour.h"
#include "model/rollup_parts.h"
#include "tests/bench/store_file.h"

#define HOURS_N 64
#define HOURS_PAGE 4096
#define HOURS_TICKS_PER_NS 1099.511627776

/* Bits of a number that is spread so, in ones; 0 of one that is known. */
static inline double spread_bits(double variance)
{
	double bits = 0.5 * log2(2 * M_PI * M_E * (variance + 1.0 / 12));

	return variance > 0 && bits > 0 ? bits : 0;
}

static inline double log2_factorial(uint64_t n)
{
	return lgamma((double)n + 1) / M_LN2;
}

/* Bits of which minute each value of the hour came in. */
static inline double bucket_bits(
    const struct rollup *const *minutes, size_t n, size_t which)
{
	struct histogram hour = {0};
	double bits = 0;

	for (size_t i = 0; i < n; i++) {
		const struct histogram *h = rollup_histogram_const(minutes[i], which);

		if (histogram_merge(&hour, h) < 0)
			die("histogram_merge");
		bits -= log2_factorial(h->count);
		for (uint32_t k = 0; k < h->buckets_used; k++)
			bits += log2_factorial(h->buckets[k]);
	}
	bits += log2_factorial(hour.count);
	for (uint32_t k = 0; k < hour.buckets_used; k++)
		bits -= log2_factorial(hour.buckets[k]);
	histogram_done(&hour);
	return bits;
}

/* Steps of a grid from one end of a bucket to the other. */
static inline double bucket_width(int32_t index, double grid)
{
	return (histogram_upper(index) - histogram_upper(index - 1)) / grid;
}

/* Of a minute's min and max where they lie in their buckets, and of the sum what the
 * buckets leave open, in bits. Of memory, whose ends come again and again, no ends. */
static inline double place_bits(const struct histogram *h, bool is_memory)
{
	double grid = is_memory ? HOURS_PAGE : HOURS_TICKS_PER_NS;
	double variance = 0;
	double bits = 0;

	if (h->count == 0)
		return 0;
	for (uint32_t k = 0; k < h->buckets_used; k++) {
		double width = bucket_width(h->first + (int32_t)k, grid);
		uint64_t ends = (k == 0) + (k + 1 == h->buckets_used);
		uint64_t others = h->buckets[k] > ends ? h->buckets[k] - ends : 0;

		variance += (double)others * width * width / 12;
	}
	if (!is_memory)
		bits = log2(bucket_width(h->first + (int32_t)h->buckets_used - 1, grid)) +
		       (h->count > 1 ? log2(bucket_width(h->first, grid)) : 0);
	return bits + spread_bits(h->count > 2 ? variance : 0);
}

static inline double cpu_bits(const struct rollup *const *minutes, size_t n)
{
	double mean = 0;
	double variance = 0;

	for (size_t i = 0; i < n; i++)
		mean += (double)minutes[i]->cpu_ns / (double)n;
	for (size_t i = 0; i < n; i++)
		variance += ((double)minutes[i]->cpu_ns - mean) *
			    ((double)minutes[i]->cpu_ns - mean) / (double)(n - 1);
	return (double)n * spread_bits(variance);
}

/* Bytes of a minute: [0] together, of buckets, of places, of the rest. */
static inline void bound_bytes(
    const struct rollup *const *minutes, size_t n, double bytes[4])
{
	double buckets = 0;
	double places = 0;
	double rest = cpu_bits(minutes, n);

	for (size_t which = 0; which < ROLLUP_HISTOGRAMS; which++) {
		bool is_memory =
		    rollup_histograms[which] == offsetof(struct rollup, memory);

		buckets += bucket_bits(minutes, n, which);
		for (size_t i = 0; i < n; i++)
			places += place_bits(
			    rollup_histogram_const(minutes[i], which), is_memory);
	}
	for (size_t i = 0; i < n; i++) /* ms of AWS, us of CPU time */
		rest += 2 * spread_bits((double)minutes[i]->invocations / 12);
	bytes[1] += buckets / 8 / (double)n;
	bytes[2] += places / 8 / (double)n;
	bytes[3] += rest / 8 / (double)n;
	bytes[0] = bytes[1] + bytes[2] + bytes[3];
}

/* The packed hour, read RUNS times: the least time of a minute, in ns. */
static inline double time_hour(
    struct rollup_hour *coder, const uint8_t *bytes, size_t size, size_t n)
{
	double best = 1e12;

	for (int run = 0; run < 5; run++) {
		int64_t began = clock_boot_ns();
		struct rollup sum = {0};
		int err = rollup_hour_open(coder, bytes, size, n);

		for (size_t i = 0; i < n && !err; i++)
			err = rollup_hour_add(coder, i, &sum);
		if (err)
			die("rollup_hour_add");
		rollup_done(&sum);
		if ((double)(clock_boot_ns() - began) < best)
			best = (double)(clock_boot_ns() - began);
	}
	return best / (double)n;
}

/* Makes HOURS_N hours of minutes that next makes, and says all that. */
static inline void measure_hours(
    const char *what, void (*next)(void *context, struct rollup *minute), void *context)
{
	static struct rollup minutes[ROLLUP_HOUR_MINUTES];
	const struct rollup *at[ROLLUP_HOUR_MINUTES];
	struct hour_tables *tables;
	struct rollup_hour *coder;
	double bytes[4] = {0};
	double packed = 0;
	double ns = 0;

	if (hour_tables_new(&tables) < 0 || rollup_hour_new(tables, &coder) < 0)
		die("rollup_hour_new");
	for (size_t hour = 0; hour < HOURS_N; hour++) {
		uint8_t *out;
		ssize_t size;
		size_t room;

		for (size_t i = 0; i < ROLLUP_HOUR_MINUTES; i++) {
			rollup_clear(&minutes[i]);
			next(context, &minutes[i]);
			at[i] = &minutes[i];
		}
		room = rollup_hour_packed_max(at, ROLLUP_HOUR_MINUTES);
		out = malloc(room);
		size = out ? rollup_hour_pack(coder, at, ROLLUP_HOUR_MINUTES, out, room)
			   : -1;
		if (size < 0)
			die("rollup_hour_pack");
		packed += (double)size / ROLLUP_HOUR_MINUTES / HOURS_N;
		ns += time_hour(coder, out, (size_t)size, ROLLUP_HOUR_MINUTES) / HOURS_N;
		bound_bytes(at, ROLLUP_HOUR_MINUTES, bytes);
		free(out);
	}
	for (size_t i = 0; i < ROLLUP_HOUR_MINUTES; i++)
		rollup_done(&minutes[i]);
	rollup_hour_free(coder);
	hour_tables_free(tables);
	(void)printf(
	    "store: %s packed: %.1f B a minute, of %.1f B at least (buckets %.1f,"
	    " ends and sums %.1f, CPU and rounding %.1f); read in %.0f ns\n",
	    what, packed, bytes[0] / HOURS_N, bytes[1] / HOURS_N, bytes[2] / HOURS_N,
	    bytes[3] / HOURS_N, ns);
}

#endif
