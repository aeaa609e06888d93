/* How fast logs are read, and in how much memory: lines made here, in the form of AWS's
 * documentation. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <zlib.h>

#include "tests/unit/random.h"
#include "wire/import.h"

#define BLOCK_BYTES ((size_t)1 << 20)
#define LINES 2000000
#define RUNS 3

static uint64_t seed = 1;
static uint64_t found_n;
static uint64_t bad_n;

static double cpu_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
	(void)fprintf(stderr, "bench_import: %s\n", what);
	exit(1);
}

static int take(void *context, const struct import_found *found)
{
	(void)context;
	found_n += found->invocation->duration_ns > 0;
	return 0;
}

static void complain(void *context, uint64_t line, const char *why)
{
	(void)context;
	(void)line;
	(void)why;
	bad_n++;
}

/* Writes lines of one form into out; returns bytes. */
typedef int (*write_lines)(char *out, uint64_t n);

static int write_id(char *out, uint64_t n)
{
	return sprintf(out, "%08x-7b61-11e6-9a41-%012llx",
	    (unsigned int)(n * 2654435761U), (unsigned long long)n);
}

static int write_report(char *out, uint64_t n)
{
	char id[64];

	(void)write_id(id, n);
	return sprintf(out,
	    "2026-11-22T08:%02u:%02u.%03uZ REPORT RequestId: %s\tDuration: %u.%02u ms\t"
	    "Billed Duration: %u ms\tMemory Size: 512 MB\tMax Memory Used: 87 MB\t\n",
	    (unsigned int)(n / 60 % 60), (unsigned int)(n % 60), (unsigned int)(n % 1000),
	    id, (unsigned int)random_below(&seed, 3000), (unsigned int)(n % 100),
	    (unsigned int)(n % 3000));
}

/* START, two lines of the function, END and REPORT: five lines. */
static int write_all(char *out, uint64_t n)
{
	char id[64];
	int at;

	(void)write_id(id, n);
	at = sprintf(out,
	    "2026-11-22T08:00:00.000Z START RequestId: %s Version: $LATEST\n"
	    "2026-11-22T08:00:00.010Z 2026-11-22T08:00:00.010Z\t%s\tINFO\tuser 17 asks\n"
	    "2026-11-22T08:00:00.020Z 2026-11-22T08:00:00.020Z\t%s\tINFO\tanswered\n"
	    "2026-11-22T08:00:00.030Z END RequestId: %s\n",
	    id, id, id, id);
	return at + write_report(out + at, n);
}

static int write_json(char *out, uint64_t n)
{
	char id[64];

	(void)write_id(id, n);
	return sprintf(out,
	    "{\"time\":\"2026-11-22T08:00:00.123Z\",\"type\":\"platform.report\","
	    "\"record\":{\"requestId\":\"%s\",\"metrics\":{\"durationMs\":%u.125,"
	    "\"billedDurationMs\":%u,\"memorySizeMB\":512,\"maxMemoryUsedMB\":87},"
	    "\"status\":\"success\"}}\n",
	    id, (unsigned int)(n % 3000), (unsigned int)(n % 3000 + 1));
}

static int write_log_event(char *out, uint64_t n)
{
	char id[64];

	(void)write_id(id, n);
	return sprintf(out,
	    "{\"logStreamName\":\"2026/11/22/[$LATEST]0123456789abcdef0123456789abcdef\","
	    "\"timestamp\":1795334400000,\"message\":\"REPORT RequestId: %s\\t"
	    "Duration: %u.25 ms\\tBilled Duration: %u ms\\tMemory Size: 512 MB\\t"
	    "Max Memory Used: 87 MB\\t\\n\",\"ingestionTime\":1795334400123,"
	    "\"eventId\":\"37\"}\n",
	    id, (unsigned int)(n % 3000), (unsigned int)(n % 3000 + 1));
}

static int write_run(char *out, uint64_t n)
{
	return sprintf(out,
	    "{\"insertId\":\"%llx\",\"httpRequest\":{\"requestMethod\":\"GET\","
	    "\"requestUrl\":\"https://hello.a.run.app/\",\"requestSize\":\"312\","
	    "\"status\":200,\"responseSize\":\"1204\",\"latency\":\"0.0%05us\"},"
	    "\"resource\":{\"type\":\"cloud_run_revision\",\"labels\":{\"location\":"
	    "\"us-central1\",\"service_name\":\"hello\",\"revision_name\":\"hello-1\"}},"
	    "\"timestamp\":\"2026-11-22T08:00:00.123456Z\",\"severity\":\"INFO\"}\n",
	    (unsigned long long)n, (unsigned int)(n % 99999));
}

/* A block of such lines, for the same number of invocations each time. */
static size_t make_block(write_lines write, char *block, uint64_t first, uint64_t *n)
{
	size_t used = 0;

	for (*n = 0; used + 2048 < BLOCK_BYTES; (*n)++)
		used += (size_t)write(block + used, first + *n);
	return used;
}

static void bench(const char *what, enum import_source source, write_lines write,
    unsigned int lines_each)
{
	const struct import_settings settings = {
	    .source = source, .function.name = "hello"};
	const struct import_sink sink = {take, complain, NULL};
	static char block[BLOCK_BYTES];
	double best = INFINITY;
	double bytes = 0;
	uint64_t each = 0;
	size_t n = make_block(write, block, 0, &each);
	uint64_t blocks = LINES / (each * lines_each) + 1;

	for (int run = 0; run < RUNS; run++) {
		struct import *import;
		double began = cpu_s();

		found_n = bad_n = 0;
		if (import_new(&settings, &sink, &import) < 0)
			die("import_new");
		for (uint64_t i = 0; i < blocks; i++) {
			if (import_push(import, (const uint8_t *)block, n) < 0)
				die(import_why(import));
		}
		if (import_end(import) < 0 || bad_n || found_n < blocks * each * 9 / 10)
			die(what);
		import_free(import);
		best = fmin(best, cpu_s() - began);
		bytes = (double)n * (double)blocks;
	}
	printf("import   %-44s %6.2f M lines/s, %4.0f MB/s\n", what,
	    (double)blocks * (double)each * lines_each / best / 1e6, bytes / best / 1e6);
}

/* A line and a JSON value without an end, and 64 MB of gzip that expands to 64 GB's
 * first gigabyte: memory must not grow. */
static void bench_endless(void)
{
	const struct import_settings settings = {
	    .source = IMPORT_LAMBDA_REPORT, .function.name = "hello"};
	const struct import_sink sink = {take, complain, NULL};
	static uint8_t block[BLOCK_BYTES];
	static const char *const starts[] = {
	    "REPORT RequestId: ", "{\"a\":\"", "[{\"a\":["};

	for (size_t s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
		struct import *import;

		if (import_new(&settings, &sink, &import) < 0)
			die("import_new");
		(void)import_push(import, (const uint8_t *)starts[s], strlen(starts[s]));
		memset(block, '1', sizeof(block));
		for (int i = 0; i < 1024; i++)
			(void)import_push(import, block, sizeof(block));
		(void)import_end(import);
		import_free(import);
	}
}

int main(void)
{
	struct rusage usage;

	bench("lambda-report, REPORT lines alone", IMPORT_LAMBDA_REPORT, write_report, 1);
	bench("lambda-report, whole logs, 5 lines each", IMPORT_LAMBDA_REPORT, write_all,
	    5);
	bench("lambda-report, JSON log format", IMPORT_LAMBDA_REPORT, write_json, 1);
	bench("lambda-report, CloudWatch events in JSON", IMPORT_LAMBDA_REPORT,
	    write_log_event, 1);
	bench("gcp-run", IMPORT_GCP_RUN, write_run, 1);
	bench_endless();
	(void)getrusage(RUSAGE_SELF, &usage);
	printf("import   %-44s %6.1f MB\n", "peak memory, with 1 GB on a line too",
	    (double)usage.ru_maxrss / 1024);
	return 0;
}
