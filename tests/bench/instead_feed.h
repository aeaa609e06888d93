/* The same histograms for everybody: each function has so many values in each minute of
 * an hour, as an agent's batches and as remote write of what they add up to. */
#ifndef COLDMETER_TESTS_BENCH_INSTEAD_FEED_H
#define COLDMETER_TESTS_BENCH_INSTEAD_FEED_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "serve/exports/exposition_remote.h"
#include "tests/unit/random.h"
#include "wire/batch.h"
#include "wire/snappy.h"

#define FEED_FUNCTIONS 1000
#define FEED_MINUTES 60
#define FEED_VALUES 50 /* of a function and minute */
#define FEED_SENDERS 8 /* each with its own functions, so that their time goes on */
#define FEED_OF_A_SENDER (FEED_FUNCTIONS / FEED_SENDERS)
#define FEED_OF_A_BATCH 20 /* functions: 1000 records */

struct feed_body {
	uint8_t *bytes;
	size_t n;
};

struct feed {
	struct feed_body *bodies[FEED_SENDERS];
	size_t n[FEED_SENDERS];
};

static inline void feed_must(bool so, const char *what)
{
	if (so)
		return;
	perror(what);
	exit(1);
}

static inline void feed_add(struct feed *feed, size_t sender, uint8_t *bytes, size_t n)
{
	size_t at = feed->n[sender]++;

	feed->bodies[sender] =
	    reallocarray(feed->bodies[sender], at + 1, sizeof(*feed->bodies[sender]));
	feed_must(feed->bodies[sender] != NULL, "reallocarray");
	feed->bodies[sender][at] = (struct feed_body){bytes, n};
}

static inline void feed_done(struct feed *feed)
{
	for (size_t s = 0; s < FEED_SENDERS; s++) {
		for (size_t i = 0; i < feed->n[s]; i++)
			free(feed->bodies[s][i].bytes);
		free(feed->bodies[s]);
	}
	*feed = (struct feed){0};
}

static inline size_t feed_bytes(const struct feed *feed)
{
	size_t sum = 0;

	for (size_t s = 0; s < FEED_SENDERS; s++) {
		for (size_t i = 0; i < feed->n[s]; i++)
			sum += feed->bodies[s][i].n;
	}
	return sum;
}

static inline uint64_t feed_seed(size_t function, size_t minute)
{
	return 1 + function * 1000003 + minute * 7919;
}

/* Log-normal with medians of 20 to 140 ms. */
static inline uint64_t feed_value_ns(uint64_t *seed, size_t function)
{
	return (uint64_t)random_log_normal(
	    seed, 1e6 * (20 + (double)(function % 120)), 0.8);
}

static inline struct function feed_function(size_t f)
{
	struct function function = {
	    .platform = PLATFORM_AWS_LAMBDA, .arch = ARCH_X86_64, .memory_limit_mb = 256};

	(void)snprintf(function.name, sizeof(function.name), "function-%zu", f);
	return function;
}

/* --- batches ------------------------------------------------------------------------ */

static inline void feed_batch(struct feed *feed, struct batch_writer *w, size_t sender,
    size_t first, size_t end, size_t minute, int64_t at_ns)
{
	struct batch_head head = {
	    .id = {.agent = {1, (uint8_t)sender}, .sequence = feed->n[sender] + 1},
	    .host = "bench",
	    .sent_ns = at_ns};
	uint8_t *bytes;
	size_t n;

	for (size_t f = first; f < end; f++) {
		struct function function = feed_function(f);
		uint64_t seed = feed_seed(f, minute);

		for (size_t i = 0; i < FEED_VALUES; i++) {
			struct invocation inv = {.function = &function,
			    .kind = KIND_LAMBDA,
			    .has = HAS_DURATION,
			    .start_ns = at_ns + (int64_t)i * CLOCK_NS_PER_S,
			    .duration_ns = feed_value_ns(&seed, f),
			    .concurrency = 1};

			feed_must(batch_writer_add(w, &inv) == 0, "batch_writer_add");
		}
	}
	feed_must(batch_writer_seal(w, &head, &bytes, &n) == 0, "batch_writer_seal");
	feed_add(feed, sender, bytes, n);
}

static inline void feed_make_batches(struct feed *feed, int64_t begin_ns)
{
	struct batch_writer *w;

	feed_must(batch_writer_new(&w) == 0, "batch_writer_new");
	for (size_t m = 0; m < FEED_MINUTES; m++) {
		for (size_t f = 0; f < FEED_FUNCTIONS;) {
			size_t sender = f / FEED_OF_A_SENDER;
			size_t end = (sender + 1) * FEED_OF_A_SENDER;

			end = f + FEED_OF_A_BATCH < end ? f + FEED_OF_A_BATCH : end;
			feed_batch(feed, w, sender, f, end, m,
			    begin_ns + (int64_t)m * 60 * CLOCK_NS_PER_S);
			f = end;
		}
	}
	batch_writer_free(w);
}

/* --- remote write ------------------------------------------------------------------- */

static inline void feed_histogram(
    struct exposition_remote *remote, struct histogram *sum, size_t f, size_t minute)
{
	struct function function = feed_function(f);
	const struct exposition_labels labels = {1, {{"faas.name", function.name}}};
	uint64_t seed = feed_seed(f, minute);

	for (size_t i = 0; i < FEED_VALUES; i++)
		feed_must(
		    histogram_add_ns(sum, feed_value_ns(&seed, f)) == 0, "histogram");
	remote->to.histogram(&remote->to, &labels,
	    &(struct exposition_histogram){.count = sum->count,
		.sum = (double)sum->sum / 0x1p40,
		.native = sum,
		.offset = HISTOGRAM_SECONDS_INDEX_OFFSET});
}

/* They are cumulative, as exporters have them: told at each minute's end. */
static inline void feed_make_writes(
    struct feed *feed, int64_t begin_ns, enum remote_histograms kind)
{
	static const struct exposition_family family = {
	    .name = "faas_invoke_duration_seconds",
	    .type = EXPOSITION_HISTOGRAM,
	    .unit = "seconds",
	    .help = ""};
	struct histogram *sums = calloc(FEED_FUNCTIONS, sizeof(*sums));
	struct buffer plain = {0};

	feed_must(sums != NULL, "calloc");
	for (size_t m = 0; m < FEED_MINUTES; m++) {
		int64_t at_ms = begin_ns / 1000000 + (int64_t)(m + 1) * 60000 - 1;

		for (size_t s = 0; s < FEED_SENDERS; s++) {
			struct exposition_remote remote;
			struct buffer body = {0};

			buffer_clear(&plain);
			exposition_remote_begin(&remote, &plain, kind, at_ms, "bench");
			remote.to.family(&remote.to, &family);
			for (size_t i = 0; i < FEED_OF_A_SENDER; i++) {
				size_t f = s * FEED_OF_A_SENDER + i;

				feed_histogram(&remote, &sums[f], f, m);
			}
			snappy_compress(plain.at, plain.n, &body);
			feed_must(!plain.failed && !body.failed, "buffer");
			feed_add(feed, s, body.at, body.n);
		}
	}
	for (size_t f = 0; f < FEED_FUNCTIONS; f++)
		histogram_done(&sums[f]);
	free(sums);
	buffer_done(&plain);
}

static inline int feed_by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The true one of a function's hour; of the minutes from that one on. */
static inline double feed_p95_ms(size_t f, size_t from_minute)
{
	static uint64_t values[FEED_MINUTES * FEED_VALUES];
	size_t n = 0;

	for (size_t m = from_minute; m < FEED_MINUTES; m++) {
		uint64_t seed = feed_seed(f, m);

		for (size_t i = 0; i < FEED_VALUES; i++)
			values[n++] = feed_value_ns(&seed, f);
	}
	qsort(values, n, sizeof(values[0]), feed_by_size);
	return (double)values[(size_t)ceil(0.95 * (double)n) - 1] / 1e6;
}

#endif
