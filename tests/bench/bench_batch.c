/* How fast batches and objects are made and read; how large they are. One line each.
 *
 * A record is to take 10 bytes on disk. What chance puts into the figures below is more
 * than that, to the nanosecond: the end 20.9 bits, the duration 27.3 (a log-normal has
 * log2(sigma * median * sqrt(2 * pi * e))), the response 18.9, CPU time 25.6, the sandbox
 * 5.3, memory 2, bytes 6.3 and 11: 14.7 bytes. Times to the microsecond would leave 9.7.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/random.h"
#include "wire/batch.h"
#include "wire/json.h"

#define ROUNDS 400
#define RUNS 5
#define AIM_BYTES 10
#define CHANCE_BYTES 14.7
#define CHANCE_ID_BYTES 23.5 /* 15 of the request, and 8.5 more of the trace */

static struct function functions[20];
static struct invocation invocations[BATCH_MAX_RECORDS];

static double now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void sample_ids(struct invocation *inv, uint64_t *seed)
{
	uint64_t a = random_next(seed);
	uint64_t b = random_next(seed);

	(void)snprintf(inv->request_id, sizeof(inv->request_id),
	    "%08x-%04x-4%03x-8%03x-%012llx", (unsigned int)(a >> 32),
	    (unsigned int)(a & 0xffff), (unsigned int)(a >> 16 & 0xfff),
	    (unsigned int)(b >> 48 & 0xfff), (unsigned long long)(b & 0xffffffffffff));
	(void)snprintf(inv->trace_id, sizeof(inv->trace_id), "1-65e0c1f2-%08x%016llx",
	    (unsigned int)a, (unsigned long long)random_next(seed));
}

/* Warm Lambda invocations of 20 functions in 40 sandboxes, about 1000 a second. */
static void sample(bool ids)
{
	uint64_t seed = 1;
	int64_t end_ns = INT64_C(1790000000000000000);

	for (size_t i = 0; i < 20; i++) {
		functions[i] = (struct function){.platform = PLATFORM_AWS_LAMBDA,
		    .arch = ARCH_X86_64,
		    .memory_limit_mb = 256,
		    .version = "$LATEST",
		    .region = "us-east-1"};
		(void)snprintf(functions[i].name, sizeof(functions[i].name),
		    "service-%zu-handler", i);
	}
	for (size_t i = 0; i < BATCH_MAX_RECORDS; i++) {
		uint64_t ns = (uint64_t)random_log_normal(&seed, 50e6, 0.8);
		uint32_t sandbox = (uint32_t)random_below(&seed, 40);
		struct invocation *inv = &invocations[i];

		end_ns += (int64_t)random_below(&seed, 2000000);
		*inv = (struct invocation){.function = &functions[sandbox % 20],
		    .kind = KIND_LAMBDA,
		    .start_type = START_WARM,
		    .has = HAS_DURATION | HAS_RESPONSE | HAS_CPU | HAS_MEMORY | HAS_BUSY |
			   HAS_BYTES,
		    .start_ns = end_ns - (int64_t)ns,
		    .duration_ns = ns,
		    .busy_ns = ns,
		    .response_ns = ns - random_below(&seed, ns / 100),
		    .cpu_ns = random_below(&seed, ns),
		    .peak_memory_bytes = 50000000 + (40960 * (uint64_t)sandbox) +
					 4096 * random_below(&seed, 4),
		    .request_bytes = 120 + random_below(&seed, 80),
		    .response_bytes = random_below(&seed, 2000),
		    .concurrency = 1,
		    .pid = 1000 + sandbox};
		(void)snprintf(inv->sandbox, sizeof(inv->sandbox), "%064x", sandbox);
		if (ids)
			sample_ids(inv, &seed);
	}
}

static uint8_t *encode(struct batch_writer *w, size_t *records, size_t *bytes)
{
	static const struct batch_head head = {.host = "host"};
	uint8_t *out = NULL;

	for (*records = 0; *records < BATCH_MAX_RECORDS; (*records)++)
		if (batch_writer_add(w, &invocations[*records]) < 0)
			break;
	if (batch_writer_seal(w, &head, &out, bytes) < 0)
		abort();
	return out;
}

static void bench_batch(const char *name, bool ids)
{
	struct batch_writer *w;
	double best_encode = INFINITY;
	double best_decode = INFINITY;
	size_t records = 0;
	size_t bytes = 0;

	sample(ids);
	if (batch_writer_new(&w) < 0)
		abort();
	for (int run = 0; run < RUNS; run++) {
		double encoding = 0;
		double decoding = 0;

		for (int i = 0; i < ROUNDS; i++) {
			double start = now_ns();
			uint8_t *out = encode(w, &records, &bytes);
			double middle = now_ns();
			struct batch *batch;

			if (batch_decode(out, bytes, &batch, NULL) < 0)
				abort();
			batch_free(batch);
			decoding += now_ns() - middle;
			encoding += middle - start;
			free(out);
		}
		best_encode = fmin(best_encode, encoding);
		best_decode = fmin(best_decode, decoding);
	}
	batch_writer_free(w);
	double all = (double)records * ROUNDS;

	printf("batch    %-22s encode %5.0f ns/record  decode %5.0f ns/record "
	       "(%.1f M/s)  %.1f B/record of %d, %.1f of them chance  %zu "
	       "records/batch\n",
	    name, best_encode / all, best_decode / all, all / best_decode * 1e3,
	    (double)bytes / (double)records, AIM_BYTES,
	    CHANCE_BYTES + (ids ? CHANCE_ID_BYTES : 0), records);
}

static void bench_json(void)
{
	static char lines[1000][JSON_LINE_MAX_BYTES];
	static size_t sizes[1000];
	double best_format = INFINITY;
	double best_parse = INFINITY;
	double bytes = 0;

	sample(true);
	for (int run = 0; run < RUNS; run++) {
		double start = now_ns();

		for (size_t i = 0; i < 1000; i++)
			sizes[i] =
			    json_format_invocation(&invocations[i], "host", lines[i]);
		double middle = now_ns();

		for (size_t i = 0; i < 1000; i++) {
			struct invocation inv;
			struct function f;

			if (json_parse_invocation(
				lines[i], sizes[i], &inv, &f, NULL, NULL) < 0)
				abort();
		}
		best_format = fmin(best_format, middle - start);
		best_parse = fmin(best_parse, now_ns() - middle);
	}
	for (size_t i = 0; i < 1000; i++)
		bytes += (double)sizes[i];
	printf("json     %-22s format %5.0f ns/record  parse  %5.0f ns/record "
	       "(%.2f M/s)  %.1f B/record\n",
	    "all figures and ids", best_format / 1000, best_parse / 1000,
	    1e6 / best_parse, bytes / 1000);
}

int main(void)
{
	bench_batch("figures, no ids", false);
	bench_batch("with UUID and trace", true);
	bench_json();
	return 0;
}
