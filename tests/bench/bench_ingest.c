/* The real collector, fed over HTTP: records committed a second, memory, and the time of
 * the dashboard's query with 1000 functions and an hour of minutes. A body is of a host,
 * which has 40 of the functions; HOST_FUNCTIONS=1000: each host has all of them, the
 * worst case. FORM=ndjson or otlp sends lines or spans instead of batches, and is told
 * against their own aims. The least that can be done with the same bodies goes before and
 * behind, so that one sees how far the collector is from it (least.h). */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/bench/client.h"
#include "tests/bench/collector.h"
#include "tests/bench/least.h"
#include "tests/bench/spans.h"
#include "tests/bench/workload.h"
#include "wire/batch.h"
#include "wire/json.h"
#include "wire/otlp.h"

#define FUNCTIONS 1000
#define HOST_FUNCTIONS 40
#define RECORDS 1000 /* of a batch */
#define BODIES_MAX 4000
/* At once; each waits for its answer, and a commit takes what is there. */
#define SENDERS 128
/* What was measured in so many seconds; SPAN_S: others. 3600 is a fleet that was cut off
 * for an hour. */
#define SPAN_S 4

struct body {
	uint8_t *bytes;
	size_t n;
};
static struct body bodies[BODIES_MAX];
static struct function functions[FUNCTIONS];
static struct batch_writer *writer;
static atomic_size_t next_body;
static atomic_size_t refused;

/* Makes the body of records from number b * RECORDS on. */
typedef void (*make_body)(size_t b, int64_t begin_ns, int64_t step_ns, struct body *out);

static size_t host_functions = HOST_FUNCTIONS;

static size_t host_of(size_t b)
{
	return b % (FUNCTIONS / host_functions);
}

static struct invocation next_invocation(size_t b, int64_t start_ns)
{
	static unsigned int seed = 1;

	return workload_invocation(
	    functions + host_of(b) * host_functions, host_functions, &seed, start_ns);
}

static void make_batch(size_t b, int64_t begin_ns, int64_t step_ns, struct body *out)
{
	struct batch_head head = {
	    .id = {.agent = {7, (uint8_t)host_of(b)}, .boot = {7}, .sequence = b + 1},
	    .host = "bench",
	    .sent_ns = 1};

	for (int64_t i = 0; i < RECORDS; i++) {
		struct invocation inv = next_invocation(b, begin_ns + i * step_ns);

		if (batch_writer_add(writer, &inv) < 0)
			die("batch_writer_add");
	}
	if (batch_writer_seal(writer, &head, &out->bytes, &out->n) < 0)
		die("batch_writer_seal");
}

static void make_lines(size_t b, int64_t begin_ns, int64_t step_ns, struct body *out)
{
	char line[JSON_LINE_MAX_BYTES];

	out->bytes = malloc((size_t)RECORDS * 1024);
	if (!out->bytes)
		die("malloc");
	for (int64_t i = 0; i < RECORDS; i++) {
		struct invocation inv = next_invocation(b, begin_ns + i * step_ns);
		size_t n = json_format_invocation(&inv, "bench", line);

		if (out->n + n > (size_t)RECORDS * 1024)
			die("lines that are longer than planned");
		memcpy(out->bytes + out->n, line, n);
		out->n += n;
	}
}

static void make_spans(size_t b, int64_t begin_ns, int64_t step_ns, struct body *out)
{
	static uint64_t seed = 1;
	struct bytes request = spans_request(&seed, RECORDS, (uint64_t)begin_ns);

	(void)b;
	(void)step_ns;
	*out = (struct body){.bytes = request.at, .n = request.n};
}

static const struct form {
	const char *name;
	const char *path;
	const char *type;
	make_body make;
	size_t bodies; /* what is longer is sent less often */
	double aim;    /* records a second */
} forms[] = {
    {"batch", "/v1/batches", BATCH_CONTENT_TYPE, make_batch, BODIES_MAX, 3e6},
    {"ndjson", "/v1/invocations", "application/x-ndjson", make_lines, 500, 1e6},
    {"otlp", "/v1/traces", OTLP_PROTO_TYPE, make_spans, 500, 2e6},
};
static const struct form *form = forms;

static void find_form(void)
{
	const char *name = getenv("FORM");

	for (size_t i = 0; name && i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(forms[i].name, name) == 0)
			form = &forms[i];
	}
	if (name && strcmp(form->name, name) != 0)
		die("FORM is batch, ndjson or otlp");
}

static void find_host_functions(void)
{
	const char *text = getenv("HOST_FUNCTIONS");

	if (text)
		host_functions = strtoul(text, NULL, 10);
	if (host_functions == 0 || host_functions > FUNCTIONS)
		die("HOST_FUNCTIONS is from 1 to 1000");
}

/* In order of time: as many records a second of any form. */
static size_t make_bodies(int64_t span_s)
{
	int64_t begin_ns = clock_wall_ns() - span_s * CLOCK_NS_PER_S;
	int64_t step_ns = span_s * CLOCK_NS_PER_S / BODIES_MAX / RECORDS;
	size_t bytes = 0;

	if (batch_writer_new(&writer) < 0)
		die("batch_writer_new");
	for (size_t b = 0; b < form->bodies; b++) {
		form->make(
		    b, begin_ns + (int64_t)b * RECORDS * step_ns, step_ns, &bodies[b]);
		bytes += bodies[b].n;
	}
	batch_writer_free(writer);
	return bytes;
}

/* One body; returns the reply's status. */
static int post(int fd, size_t b)
{
	char head[256];
	size_t ignored;
	int n = snprintf(head, sizeof(head),
	    "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    form->path, form->type, bodies[b].n);

	say(fd, head, (size_t)n);
	say(fd, bodies[b].bytes, bodies[b].n);
	return hear(fd, &ignored);
}

static void *send_some(void *context)
{
	int fd = connect_to();
	size_t b;

	(void)context;
	while ((b = atomic_fetch_add(&next_body, 1)) < form->bodies) {
		int status;

		while ((status = post(fd, b)) == 429) {
			atomic_fetch_add(&refused, 1);
			(void)usleep(10000);
		}
		if (status != 200) {
			(void)fprintf(stderr, "the collector said %d\n", status);
			exit(1);
		}
	}
	(void)close(fd);
	return NULL;
}

struct sent {
	double per_s;     /* records */
	double cpu_us;    /* of a record */
	double server_us; /* the same, of the thread that reads requests */
};

/* All bodies to the process that listens at port. */
static struct sent send_all(pid_t to)
{
	const double records = (double)form->bodies * RECORDS;
	pthread_t senders[SENDERS];
	double began = now_s();
	double cpu = cpu_s(to);
	double server = server_cpu_s(to);
	double took;

	atomic_store(&next_body, 0);
	atomic_store(&refused, 0);
	for (size_t i = 0; i < SENDERS; i++) {
		if (pthread_create(&senders[i], NULL, send_some, NULL))
			die("pthread_create");
	}
	for (size_t i = 0; i < SENDERS; i++)
		(void)pthread_join(senders[i], NULL);
	took = now_s() - began;
	return (struct sent){records / took, (cpu_s(to) - cpu) * 1e6 / records,
	    (server_cpu_s(to) - server) * 1e6 / records};
}

static void bench_send(pid_t collector, size_t bytes)
{
	struct sent sent = send_all(collector);

	(void)printf(
	    "ingest: %.0f records/s committed over HTTP as %s, %.0f %% of the aim "
	    "of %.0f M (%zu bodies of %d of %zu functions, %.1f B/record, %.2f us "
	    "CPU/record, %.2f of it to receive and decode, %zu times 429)\n",
	    sent.per_s, form->name, 100 * sent.per_s / form->aim, form->aim / 1e6,
	    form->bodies, RECORDS, host_functions,
	    (double)bytes / (double)(form->bodies * RECORDS), sent.cpu_us, sent.server_us,
	    atomic_load(&refused));
}

static void bench_least(const char *directory)
{
	pid_t least = start_least(directory);
	struct sent sent = send_all(least);

	(void)printf("least: %.0f records/s only received%s, %.2f us CPU/record\n",
	    sent.per_s, form == forms ? ", inflated and kept as they came" : "",
	    sent.cpu_us);
	(void)kill(least, SIGKILL);
	(void)waitpid(least, NULL, 0);
}

static void bench_query(const char *name, const char *target)
{
	char head[256];
	int n = snprintf(
	    head, sizeof(head), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target);
	int fd = connect_to();
	size_t body = 0;
	double best = 1e9;

	for (int i = 0; i < 7; i++) {
		double began = now_s();

		say(fd, head, (size_t)n);
		if (hear(fd, &body) != 200)
			die(target);
		if (now_s() - began < best)
			best = now_s() - began;
	}
	(void)close(fd);
	(void)printf(
	    "query: %s %.1f ms (best of 7, %zu bytes)\n", name, best * 1e3, body);
}

int main(void)
{
	char directory[] = "/tmp/bench_ingest.XXXXXX";
	char command[128];
	const char *span = getenv("SPAN_S");
	int64_t span_s = span ? strtoll(span, NULL, 10) : SPAN_S;
	pid_t collector;
	size_t bytes;

	find_form();
	find_host_functions();
	workload_functions(functions, FUNCTIONS);
	if (!mkdtemp(directory))
		die("mkdtemp");
	bytes = make_bodies(span_s > 0 ? span_s : SPAN_S);
	bench_least(directory);
	collector = start_collector(directory);
	(void)printf(
	    "memory: %lu KiB resident at start\n", status_kib(collector, "VmRSS:"));
	bench_send(collector, bytes);
	bench_query(
	    "1000 functions over 1 h, percentiles and cost,", "/v1/functions?since=1h");
	bench_query(
	    "one function by minute,", "/v1/functions/function-7/series?since=1h");
	bench_query("the newest 100 invocations,", "/v1/invocations?limit=100");
	bench_query("the newest 100 of one function,",
	    "/v1/invocations?limit=100&function=function-900");
	(void)printf("memory: %lu KiB resident after, %lu KiB at most\n",
	    status_kib(collector, "VmRSS:"), status_kib(collector, "VmHWM:"));
	(void)kill(collector, SIGTERM);
	(void)waitpid(collector, NULL, 0);
	(void)snprintf(command, sizeof(command), "du -sk '%s' | cut -f1", directory);
	(void)printf("disk: KiB for %zu records: ", form->bodies * RECORDS);
	(void)fflush(stdout);
	if (system(command) != 0) /* NOLINT(cert-env33-c): our own mkdtemp path */
		return 1;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	return system(command) != 0; /* NOLINT(cert-env33-c): our own mkdtemp path */
}
