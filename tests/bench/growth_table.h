/* What the bench of growth found, as a table: a column a size, and between two what the
 * step multiplied each figure by. */
#ifndef COLDMETER_TESTS_BENCH_GROWTH_TABLE_H
#define COLDMETER_TESTS_BENCH_GROWTH_TABLE_H

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define GROWTH_SIZES 8

struct growth_time {
	double ms;
	double cpu_ms; /* the collector's */
};

struct growth {
	double functions;
	double minutes; /* up to now that were sent, and as many two hours ago */
	double records_per_s;
	double cpu_us; /* of the collector, a record */
	double commit_p50_ms;
	double commit_p99_ms;
	double refused;      /* times 429 */
	double minute_bytes; /* a function's minute as it comes */
	double block_bytes;  /* in the block of an hour that is over */
	struct growth_time hour;
	struct growth_time month;
	struct growth_time day;
	struct growth_time metrics;
	double metrics_mb;
	double ingest_mb; /* resident once all was sent */
	double ingest_most_mb;
	double start_mb; /* started again */
	double ask_mb;   /* after the questions */
	double ask_most_mb;
};

static const struct {
	const char *name;
	size_t at;
} growth_rows[] = {
#define GROWTH_ROW(name, field)                                                          \
	{                                                                                \
		name, offsetof(struct growth, field)                                     \
	}
    GROWTH_ROW("functions", functions),
    GROWTH_ROW("minutes sent, twice", minutes),
    GROWTH_ROW("records/s committed", records_per_s),
    GROWTH_ROW("CPU us a record", cpu_us),
    GROWTH_ROW("until committed, ms P50", commit_p50_ms),
    GROWTH_ROW("until committed, ms P99", commit_p99_ms),
    GROWTH_ROW("times 429", refused),
    GROWTH_ROW("B a function-minute", minute_bytes),
    GROWTH_ROW("B of it in hour blocks", block_bytes),
    GROWTH_ROW("P95 of all, hour, ms", hour.ms),
    GROWTH_ROW("  CPU ms", hour.cpu_ms),
    GROWTH_ROW("P95 of all, 30 days, ms", month.ms),
    GROWTH_ROW("  CPU ms", month.cpu_ms),
    GROWTH_ROW("one function's day, ms", day.ms),
    GROWTH_ROW("  CPU ms", day.cpu_ms),
    GROWTH_ROW("/metrics, ms", metrics.ms),
    GROWTH_ROW("  CPU ms", metrics.cpu_ms),
    GROWTH_ROW("/metrics, MB", metrics_mb),
    GROWTH_ROW("resident after ingest, MB", ingest_mb),
    GROWTH_ROW("  at most", ingest_most_mb),
    GROWTH_ROW("resident at start, MB", start_mb),
    GROWTH_ROW("  after the questions", ask_mb),
    GROWTH_ROW("  at most", ask_most_mb),
#undef GROWTH_ROW
};

static inline double growth_figure(const struct growth *g, size_t row)
{
	double v;

	memcpy(&v, (const char *)g + growth_rows[row].at, sizeof(v));
	return v;
}

/* Three digits, whatever its size. */
static inline void growth_put(double v)
{
	int digits = v >= 100 || v == (double)(long long)v ? 0 : v >= 10 ? 1 : 2;

	(void)printf(" %11.*f", digits, v);
}

static inline void growth_print(const struct growth *found, size_t n)
{
	for (size_t row = 0; row < sizeof(growth_rows) / sizeof(growth_rows[0]); row++) {
		(void)printf("growth: %-26s", growth_rows[row].name);
		for (size_t i = 0; i < n; i++) {
			double v = growth_figure(&found[i], row);
			double before = i ? growth_figure(&found[i - 1], row) : 0;

			if (i > 0 && before > 0)
				(void)printf("  x%-5.3g", v / before);
			else if (i > 0)
				(void)printf("  %6s", "");
			growth_put(v);
		}
		(void)putchar('\n');
	}
}

#endif
