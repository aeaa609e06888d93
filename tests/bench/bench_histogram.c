/* Histograms and rollups: ns an operation, bytes a minute. One line each. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "model/histogram.h"
#include "model/rollup.h"
#include "tests/unit/random.h"

#define VALUES 1000000

static uint64_t values[VALUES];

static double now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void fill(struct histogram *h, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (histogram_add_ns(h, values[i]) < 0)
			abort();
}

static double add_all(int (*add)(struct histogram *, uint64_t))
{
	double best = INFINITY;

	for (int run = 0; run < 5; run++) {
		struct histogram h = {0};
		double start = now_ns();

		for (size_t i = 0; i < VALUES; i++)
			if (add(&h, values[i]) < 0)
				abort();
		best = fmin(best, (now_ns() - start) / VALUES);
		histogram_done(&h);
	}
	return best;
}

/* Decoding and merging is what a query does with each row. */
static double decode_and_merge(const uint8_t *bytes, size_t n)
{
	struct histogram h = {0};
	struct histogram sum = {0};
	double start = now_ns();

	for (int i = 0; i < 100000; i++)
		if (histogram_decode(bytes, n, &h) < 0 || histogram_merge(&sum, &h) < 0)
			abort();
	double each = (now_ns() - start) / 100000;

	histogram_done(&h);
	histogram_done(&sum);
	return each;
}

static void bench_size(size_t n)
{
	static uint8_t bytes[65536];
	struct histogram h = {0};
	ssize_t size;

	fill(&h, n);
	size = histogram_encode(&h, bytes, sizeof(bytes));
	if (size < 0)
		abort();
	printf("histogram of %-8zu %5zd bytes  decode and merge %6.0f ns\n", n, size,
	    decode_and_merge(bytes, (size_t)size));
	histogram_done(&h);
}

static void bench_rollup(void)
{
	struct rollup r = {0};
	const struct usage usage = {0};
	struct invocation inv = {.has = HAS_DURATION | HAS_CPU | HAS_MEMORY | HAS_BUSY,
	    .start_type = START_WARM};
	double start = now_ns();

	for (size_t i = 0; i < VALUES; i++) {
		inv.duration_ns = values[i];
		inv.peak_memory_bytes = 50000000 + (values[i] & 0xfffff);
		if (rollup_add(&r, &inv, &usage) < 0)
			abort();
	}
	printf("rollup   add %.1f ns/invocation\n", (now_ns() - start) / VALUES);
	rollup_done(&r);
}

int main(void)
{
	uint64_t seed = 1;

	for (size_t i = 0; i < VALUES; i++)
		values[i] = (uint64_t)random_log_normal(&seed, 50e6, 1);
	printf("histogram add %.1f ns/value, of ns %.1f ns/value\n",
	    add_all(histogram_add), add_all(histogram_add_ns));
	for (size_t n = 20; n <= VALUES; n = n < 100 ? 100 : n * 10)
		bench_size(n);
	bench_rollup();
	return 0;
}
