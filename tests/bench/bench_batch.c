/* How fast batches and objects are made and read; how large they are. One line each, and
 * one for each figure of a record: what it takes, and what chance puts into it.
 *
 * A record is to take 10 bytes on disk. Times are whole microseconds and memory is pages,
 * as our agent tells them. What a figure takes is by how much a batch is smaller where it
 * is always the same; the ids of sandboxes and names of functions stand once in each
 * batch.
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
#define FUNCTIONS_MAX 1000
#define SANDBOXES_MAX 1000
#define TABLE_RECORDS 1000 /* of the batch that is looked at figure by figure */

#define MEDIAN_US 50e3 /* of durations, over all functions */
#define SIGMA 0.8      /* of a function's own */
#define END_US 2000    /* between two ends, at most */
#define INIT_US 200000
#define RESPONSE_BYTES 2000
#define REQUEST_BYTES 80

/* What differs from record to record. */
enum figure {
	FIGURE_SANDBOX,
	FIGURE_END,
	FIGURE_DURATION,
	FIGURE_RESPONSE,
	FIGURE_CPU,
	FIGURE_MEMORY,
	FIGURE_BYTES,
	FIGURE_COLD,
	FIGURE_REQUEST_ID,
	FIGURE_TRACE_ID,
	FIGURES
};

static const char *const figure_names[] = {"sandbox, function", "end", "duration",
    "response", "CPU time", "memory", "bytes in and out", "cold starts", "request id",
    "trace id"};

struct load {
	const char *name;
	size_t functions;
	size_t sandboxes;  /* each function's in turn */
	double skew;       /* the nth sandbox has 1 / n^skew as many as the first */
	double sigma;      /* of the functions' medians */
	double cold;       /* share */
	unsigned int ones; /* 1 << enum figure: always the same */
};

static const struct load loads[] = {
    {"40 sandboxes, no ids", 20, 40, 0, 0, 0,
	1 << FIGURE_REQUEST_ID | 1 << FIGURE_TRACE_ID | 1 << FIGURE_COLD},
    {"with UUID and trace", 20, 40, 0, 0, 0, 1 << FIGURE_COLD},
    {"1000 functions, skewed", 1000, 1000, 0.8, 1, 0.02,
	1 << FIGURE_REQUEST_ID | 1 << FIGURE_TRACE_ID},
};

static struct function functions[FUNCTIONS_MAX];
static double median_us[FUNCTIONS_MAX];
static char sandboxes[SANDBOXES_MAX][INVOCATION_ID_BYTES];
static double up_to[SANDBOXES_MAX]; /* share of the records of those up to it */
static struct invocation invocations[BATCH_MAX_RECORDS];
static double chance_bits[FIGURES]; /* of a record, on average */

static double now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void sample_functions(const struct load *load, uint64_t *seed)
{
	for (size_t i = 0; i < load->functions; i++) {
		functions[i] = (struct function){.platform = PLATFORM_AWS_LAMBDA,
		    .arch = ARCH_X86_64,
		    .memory_limit_mb = 256,
		    .version = "$LATEST",
		    .region = "us-east-1"};
		(void)snprintf(functions[i].name, sizeof(functions[i].name),
		    "service-%zu-handler", i);
		median_us[i] = random_log_normal(seed, MEDIAN_US, load->sigma);
	}
}

static void sample_sandboxes(const struct load *load, uint64_t *seed)
{
	double sum = 0;
	double bits = 0;

	for (size_t i = 0; i < load->sandboxes; i++) {
		sum += pow((double)(i + 1), -load->skew);
		up_to[i] = sum;
		(void)snprintf(sandboxes[i], sizeof(sandboxes[i]),
		    "%016llx%016llx%016llx%016llx", (unsigned long long)random_next(seed),
		    (unsigned long long)random_next(seed),
		    (unsigned long long)random_next(seed),
		    (unsigned long long)random_next(seed));
	}
	for (size_t i = 0; i < load->sandboxes; i++) {
		double share = pow((double)(i + 1), -load->skew) / sum;

		bits -= share * log2(share);
		up_to[i] /= sum;
	}
	chance_bits[FIGURE_SANDBOX] = bits;
}

static size_t sample_sandbox(const struct load *load, uint64_t *seed)
{
	double at = (double)random_below(seed, 1U << 30) / (double)(1U << 30);
	size_t low = 0;
	size_t high = load->sandboxes - 1;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (up_to[middle] > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void sample_ids(struct invocation *inv, uint64_t *seed, unsigned int ones)
{
	uint64_t a = random_next(seed);
	uint64_t b = random_next(seed);
	uint64_t c = random_next(seed);
	uint64_t d = random_next(seed);

	if (!(ones & 1 << FIGURE_REQUEST_ID))
		(void)snprintf(inv->request_id, sizeof(inv->request_id),
		    "%08x-%04x-4%03x-8%03x-%012llx", (unsigned int)(a >> 32),
		    (unsigned int)(a & 0xffff), (unsigned int)(a >> 16 & 0xfff),
		    (unsigned int)(b >> 48 & 0xfff),
		    (unsigned long long)(b & 0xffffffffffff));
	if (!(ones & 1 << FIGURE_TRACE_ID))
		(void)snprintf(inv->trace_id, sizeof(inv->trace_id),
		    "1-65e0c1f2-%08x%016llx", (unsigned int)d, (unsigned long long)c);
}

/* A number below limit, 0 when that figure is always the same; limit is chance. */
static uint64_t chosen(
    uint64_t *seed, unsigned int ones, enum figure figure, uint64_t limit)
{
	uint64_t n = random_below(seed, limit);

	chance_bits[figure] += log2((double)limit) / BATCH_MAX_RECORDS;
	return ones & 1U << figure ? 0 : n;
}

static void sample_cold(struct invocation *inv, uint64_t *seed, const struct load *load)
{
	double cold = load->cold;
	uint64_t us = 50000 + random_below(seed, INIT_US);

	chance_bits[FIGURE_COLD] =
	    cold > 0 ? cold * log2(INIT_US / cold) - (1 - cold) * log2(1 - cold) : 0;
	if ((double)random_below(seed, 1000) >= 1000 * cold ||
	    load->ones & 1 << FIGURE_COLD)
		return;
	inv->start_type = START_COLD;
	inv->cause = CAUSE_SCALE_OUT;
	inv->certainty = CERTAINTY_LIKELY;
	inv->has |= HAS_INIT | HAS_CERTAINTY;
	inv->init_ns = 1000 * us;
}

/* One that ended at end_us. */
static void sample_one(
    struct invocation *inv, uint64_t *seed, const struct load *load, uint64_t end_us)
{
	size_t sandbox =
	    load->ones & 1 << FIGURE_SANDBOX ? 0 : sample_sandbox(load, seed);
	double median = median_us[sandbox % load->functions];
	uint64_t us = 1 + (uint64_t)random_log_normal(seed, median, SIGMA);

	chance_bits[FIGURE_DURATION] +=
	    log2(SIGMA * median * sqrt(2 * M_PI * M_E)) / BATCH_MAX_RECORDS;
	if (load->ones & 1 << FIGURE_DURATION)
		us = (uint64_t)MEDIAN_US;
	*inv = (struct invocation){.function = &functions[sandbox % load->functions],
	    .kind = KIND_LAMBDA,
	    .start_type = START_WARM,
	    .has =
		HAS_DURATION | HAS_RESPONSE | HAS_CPU | HAS_MEMORY | HAS_BUSY | HAS_BYTES,
	    .start_ns = 1000 * (int64_t)(end_us - us),
	    .duration_ns = 1000 * us,
	    .busy_ns = 1000 * us,
	    .response_ns =
		1000 * (us - chosen(seed, load->ones, FIGURE_RESPONSE, us / 100 + 1)),
	    .cpu_ns = 1000 * chosen(seed, load->ones, FIGURE_CPU, us),
	    .peak_memory_bytes = 4096 * (12208 + 10 * (uint64_t)sandbox +
					    chosen(seed, load->ones, FIGURE_MEMORY, 4)),
	    .request_bytes = 120 + chosen(seed, load->ones, FIGURE_BYTES, REQUEST_BYTES),
	    .response_bytes = chosen(seed, load->ones, FIGURE_BYTES, RESPONSE_BYTES),
	    .concurrency = 1,
	    .pid = 1000 + (uint32_t)sandbox};
	memcpy(inv->sandbox, sandboxes[sandbox], sizeof(inv->sandbox));
	sample_cold(inv, seed, load);
	sample_ids(inv, seed, load->ones);
}

static void sample(const struct load *load)
{
	uint64_t seed = 1;
	uint64_t end_us = UINT64_C(1790000000000000);

	memset(chance_bits, 0, sizeof(chance_bits));
	sample_functions(load, &seed);
	sample_sandboxes(load, &seed);
	for (size_t i = 0; i < BATCH_MAX_RECORDS; i++) {
		end_us += chosen(&seed, load->ones, FIGURE_END, END_US);
		sample_one(&invocations[i], &seed, load, end_us);
	}
	chance_bits[FIGURE_REQUEST_ID] = 120;
	chance_bits[FIGURE_TRACE_ID] = 96;
	for (size_t i = 0; i < FIGURES; i++)
		if (load->ones & 1U << i)
			chance_bits[i] = 0;
}

static uint8_t *encode(struct batch_writer *w, size_t max, size_t *records, size_t *bytes)
{
	static const struct batch_head head = {.host = "host"};
	uint8_t *out = NULL;

	for (*records = 0; *records < max; (*records)++)
		if (batch_writer_add(w, &invocations[*records]) < 0)
			break;
	if (batch_writer_seal(w, &head, &out, bytes) < 0)
		abort();
	return out;
}

static struct batch_writer *new_writer(void)
{
	struct batch_writer *w;

	if (batch_writer_new(&w) < 0)
		abort();
	return w;
}

static double chance_bytes(void)
{
	double bits = 0;

	for (size_t i = 0; i < FIGURES; i++)
		bits += chance_bits[i];
	return bits / 8;
}

static void bench_batch(const struct load *load)
{
	struct batch_writer *w = new_writer();
	double best_encode = INFINITY;
	double best_decode = INFINITY;
	size_t records = 0;
	size_t bytes = 0;

	sample(load);
	for (int run = 0; run < RUNS; run++) {
		double encoding = 0;
		double decoding = 0;

		for (int i = 0; i < ROUNDS; i++) {
			double start = now_ns();
			uint8_t *out = encode(w, BATCH_MAX_RECORDS, &records, &bytes);
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
	    load->name, best_encode / all, best_decode / all, all / best_decode * 1e3,
	    (double)bytes / (double)records, AIM_BYTES, chance_bytes(), records);
}

/* What a record takes in a batch of TABLE_RECORDS. */
static double bytes_of(const struct load *load)
{
	struct batch_writer *w = new_writer();
	size_t records;
	size_t bytes;

	sample(load);
	free(encode(w, TABLE_RECORDS, &records, &bytes));
	batch_writer_free(w);
	return (double)bytes / (double)records;
}

static void print_figures(const struct load *load)
{
	double all = bytes_of(load);

	for (unsigned int i = 0; i < FIGURES; i++) {
		struct load without = *load;

		if (load->ones & 1U << i)
			continue;
		without.ones |= 1U << i;
		double bytes = all - bytes_of(&without);

		sample(load);
		printf("batch    %-22s %-18s %5.2f B/record, %.2f of them chance\n",
		    load->name, figure_names[i], bytes, chance_bits[i] / 8);
	}
}

static void bench_json(void)
{
	static char lines[1000][JSON_LINE_MAX_BYTES];
	static size_t sizes[1000];
	double best_format = INFINITY;
	double best_parse = INFINITY;
	double bytes = 0;

	sample(&loads[1]);
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
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		bench_batch(&loads[i]);
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		print_figures(&loads[i]);
	bench_json();
	return 0;
}
