/* OTLP spans: how fast they become invocations, batches, and committed rows over HTTP.
 * One line each, with the share of the aim, 2 M spans/s. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/heap.h"
#include "serve/ingest.h"
#include "serve/ingest/intake.h"
#include "tests/bench/spans.h"
#include "tests/unit/raw_client.h"
#include "wire/otlp.h"

#define SPANS 1000 /* of a request */
#define RUNS 7
#define ROUNDS 200
#define REQUESTS 200 /* that are sent; each is another */
#define SENDERS 4
#define AIM 2e6

static uint64_t seed = 1;
static uint64_t sum; /* so that nothing is left out */

static double clock_s(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double now_s(void)
{
	return clock_s(CLOCK_THREAD_CPUTIME_ID);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int take(void *context, const struct otlp_record *record, const char **why)
{
	(void)context;
	(void)why;
	sum += record->invocation->duration_ns;
	return 0;
}

static void report(const char *what, double spans, double seconds, double bytes)
{
	(void)printf("otlp: %.2f M spans/s %s (%.0f ns/span, %.0f B/span, %.0f %% of "
		     "the aim of 2 M)\n",
	    spans / seconds / 1e6, what, seconds * 1e9 / spans, bytes / SPANS,
	    100 * spans / seconds / AIM);
}

static void bench_model(const struct bytes *request)
{
	struct otlp_tally tally;
	double best = INFINITY;

	for (int run = 0; run < RUNS; run++) {
		double began = now_s();

		for (int i = 0; i < ROUNDS; i++) {
			if (otlp_proto_read(request->at, request->n, take, NULL, &tally) <
				0 ||
			    tally.taken != SPANS)
				die(tally.why ? tally.why : "otlp_proto_read");
		}
		best = fmin(best, now_s() - began);
	}
	report("protobuf into invocations", (double)SPANS * ROUNDS, best,
	    (double)request->n);
}

static void bench_intake(const struct bytes *request)
{
	double best = INFINITY;

	for (int run = 0; run < RUNS; run++) {
		double began = now_s();

		for (int i = 0; i < ROUNDS / 10; i++) {
			struct intake in = {.form = INTAKE_OTLP_PROTO};

			if (intake_otlp(&in, request->at, request->n) < 0 ||
			    in.spans.taken != SPANS)
				die("intake_otlp");
			intake_done(&in);
		}
		best = fmin(best, now_s() - began);
	}
	report("protobuf into sealed batches", (double)SPANS * ROUNDS / 10, best,
	    (double)request->n);
}

static char *put_hex(char *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*at++ = "0123456789abcdef"[random_below(&seed, 16)];
	*at = '\0';
	return at;
}

static void bench_json(void)
{
	static char text[SPANS * 600];
	struct otlp_tally tally;
	double best = INFINITY;
	size_t n;
	char *at =
	    text + sprintf(text, "{\"resourceSpans\":[{\"resource\":{\"attributes\":["
				 "{\"key\":\"faas.name\",\"value\":{\"stringValue\":"
				 "\"orders\"}}]},\"scopeSpans\":[{\"spans\":[");

	for (size_t i = 0; i < SPANS; i++) {
		at += sprintf(at, "%s{\"traceId\":\"", i ? "," : "");
		at = put_hex(at, 32);
		at += sprintf(at, "\",\"spanId\":\"");
		at = put_hex(at, 16);
		at += sprintf(at,
		    "\",\"name\":\"orders\",\"kind\":2,"
		    "\"startTimeUnixNano\":\"1795000000000000000\","
		    "\"endTimeUnixNano\":\"1795000000050000000\",\"attributes\":["
		    "{\"key\":\"faas.trigger\",\"value\":{\"stringValue\":\"http\"}},"
		    "{\"key\":\"faas.coldstart\",\"value\":{\"boolValue\":false}},"
		    "{\"key\":\"http.response.status_code\",\"value\":{\"intValue\":"
		    "\"200\"}}],\"status\":{}}");
	}
	at += sprintf(at, "]}]}]}");
	n = (size_t)(at - text);
	for (int run = 0; run < RUNS; run++) {
		double began = now_s();

		for (int i = 0; i < ROUNDS / 10; i++) {
			if (otlp_json_read((const uint8_t *)text, n, take, NULL, &tally) <
				0 ||
			    tally.taken != SPANS)
				die(tally.why ? tally.why : "otlp_json_read");
		}
		best = fmin(best, now_s() - began);
	}
	report("JSON into invocations", (double)SPANS * ROUNDS / 10, best, (double)n);
}

static struct bytes requests[REQUESTS];
static atomic_size_t next_request;
static uint16_t port;

static void *send_some(void *context)
{
	size_t i;

	while ((i = atomic_fetch_add(&next_request, 1)) < REQUESTS) {
		struct got got = raw_send(port, "POST", "/v1/traces",
		    "Content-Type: application/x-protobuf\r\n", requests[i].at,
		    requests[i].n);

		if (got.status != 200)
			die(got.text);
		free(got.text);
	}
	return context;
}

static void send_all(void)
{
	pthread_t senders[SENDERS];

	for (size_t i = 0; i < SENDERS; i++) {
		if (pthread_create(&senders[i], NULL, send_some, NULL))
			die("pthread_create");
	}
	for (size_t i = 0; i < SENDERS; i++)
		(void)pthread_join(senders[i], NULL);
}

/* The whole way in this one process: HTTP, ledger and raw batches committed, answer. */
static void bench_http(void)
{
	char directory[] = "/tmp/bench_otlp.XXXXXX";
	char command[128];
	struct store *store;
	struct ingest *ingest;
	struct http *http;
	double cpu;
	double began;

	for (uint64_t i = 0; i < REQUESTS; i++)
		requests[i] = spans_request(
		    &seed, SPANS, UINT64_C(1795000000000000000) + i * 1000000000);
	if (!mkdtemp(directory) || store_open(directory, &store) < 0 ||
	    ingest_start(store, &ingest) < 0 || http_new(&http) < 0 ||
	    ingest_add_routes(ingest, http) < 0 || http_start(http, "127.0.0.1", 0) < 0)
		die(directory);
	port = http_port(http);
	cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);
	began = clock_s(CLOCK_MONOTONIC);
	send_all();
	report("protobuf over HTTP, committed, 4 senders", (double)SPANS * REQUESTS,
	    clock_s(CLOCK_MONOTONIC) - began, (double)requests[0].n);
	report("  the same by CPU time, senders included", (double)SPANS * REQUESTS,
	    clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu, (double)requests[0].n);
	http_stop(http);
	ingest_stop(ingest);
	http_free(http);
	store_close(store);
	for (size_t i = 0; i < REQUESTS; i++)
		free(requests[i].at);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command) != 0) /* NOLINT(cert-env33-c): our own mkdtemp path */
		die(directory);
}

int main(void)
{
	struct bytes request = spans_request(&seed, SPANS, UINT64_C(1795000000000000000));

	heap_keep_some(); /* as the collector does */
	bench_model(&request);
	bench_json();
	bench_intake(&request);
	bench_http();
	free(request.at);
	return sum == 0;
}
