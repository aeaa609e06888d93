/* NDJSON: how fast lines become invocations and batches, on one thread. One line each,
 * with the share of the aim, 1 M records/s. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/heap.h"
#include "serve/ingest/intake.h"
#include "tests/bench/workload.h"
#include "wire/json.h"

#define FUNCTIONS 1000
#define LINES 1000 /* of a request */
#define RUNS 7
#define ROUNDS 20
#define AIM 1e6

static struct function functions[FUNCTIONS];
static char body[LINES * 1024];
static size_t body_bytes;
static uint64_t sum; /* so that nothing is left out */

static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void make_lines(void)
{
	static char line[JSON_LINE_MAX_BYTES];
	unsigned int seed = 1;

	workload_functions(functions, FUNCTIONS);
	for (size_t i = 0; i < LINES; i++) {
		struct invocation inv = workload_invocation(functions, FUNCTIONS, &seed,
		    (int64_t)(1795000000000000000 + i * 1000003));
		size_t n = json_format_invocation(&inv, "bench", line);

		if (body_bytes + n > sizeof(body))
			abort();
		memcpy(body + body_bytes, line, n);
		body_bytes += n;
	}
}

static void parse_all(void)
{
	const char *at = body;
	struct json_reader reader;

	json_reader_init(&reader);
	while (at < body + body_bytes) {
		const char *end = memchr(at, '\n', (size_t)(body + body_bytes - at));
		const char *why;

		if (!end || json_reader_parse(&reader, at, (size_t)(end - at), &why) < 0)
			abort();
		sum += reader.inv.duration_ns;
		at = end + 1;
	}
}

static void intake_all(void)
{
	struct intake_ids ids = {.next = {.agent = INTAKE_LINES, .sequence = 1}};
	struct intake in = {0};

	if (intake_ndjson(&in, (const uint8_t *)body, body_bytes, &ids) < 0 ||
	    in.rows < LINES || in.rejected_n)
		abort();
	intake_done(&in);
}

static void bench(const char *what, void (*all)(void))
{
	double best = INFINITY;

	for (int run = 0; run < RUNS; run++) {
		double began = now_s();

		for (int i = 0; i < ROUNDS; i++)
			all();
		best = fmin(best, now_s() - began);
	}
	best /= (double)LINES * ROUNDS;
	(void)printf("ndjson: %.2f M records/s %s (%.0f ns/record, %.0f B/record, %.0f "
		     "%% of the aim of 1 M)\n",
	    1e-6 / best, what, best * 1e9, (double)body_bytes / LINES, 100 / best / AIM);
}

int main(void)
{
	heap_keep_some(); /* as the collector does */
	make_lines();
	bench("into invocations", parse_all);
	bench("into sealed batches", intake_all);
	return sum == 0;
}
