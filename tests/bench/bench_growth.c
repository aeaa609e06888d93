/* How a collector grows with the number of functions: the real program, from 100 to
 * 100,000 of them, in one table; beside each decade what it multiplied a figure by.
 *
 * GROWTH_FUNCTIONS="100 1000 10000 100000". Each function has VALUES invocations in each
 * of so many minutes of an hour that is over, and of as many up to now, sent over HTTP.
 * Larger sizes are sent fewer minutes, so that a run ends within minutes; to an hour up
 * to now the newest of them is copied, and to 30 days the day that the collector made of
 * its minutes. Of a question the best time, and the collector's CPU time then, which says
 * more where other programs run. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "base/log.h"
#include "model/histogram.h"
#include "store/store.h"
#include "tests/bench/client.h"
#include "tests/bench/growth_table.h"
#include "tests/bench/ledger_file.h"
#include "tests/unit/random.h"
#include "wire/batch.h"

#define VALUES 100    /* of a function's minute */
#define OF_A_HOST 50  /* functions, an agent's */
#define OF_A_BATCH 20 /* of a function's values: an agent ships every 12 s */
#define SENDERS 8
#define RUNS 5
#define DAYS 30
#define HOUR_S 3600
#define DAY_S 86400

/* As many as a run has time for. */
static const struct {
	size_t functions;
	size_t minutes;
} sizes[] = {{100, 60}, {1000, 30}, {10000, 6}, {SIZE_MAX, 1}};

struct body {
	uint8_t *bytes;
	size_t n;
};

struct sending {
	struct body *bodies;
	size_t n;
	atomic_size_t next;
	atomic_size_t refused;
	pthread_mutex_t mutex; /* over took */
	struct histogram took;
};

static struct function *functions;
static size_t functions_n;
static char directory[64];

/* --- what is sent ----------------------------------------------------------------------
 */

static struct invocation invocation_of(size_t f, uint64_t *seed, int64_t start_ns)
{
	double median_ns = 1e6 * (double)(20 + f * 7 % 120);
	struct invocation inv = {.function = &functions[f],
	    .kind = KIND_LAMBDA,
	    .start_type = random_below(seed, 50) ? START_WARM : START_COLD,
	    .has = HAS_DURATION | HAS_CPU | HAS_MEMORY,
	    .start_ns = start_ns,
	    .duration_ns = (uint64_t)random_log_normal(seed, median_ns, 0.8),
	    .cpu_ns = 1000000 + random_below(seed, 5000000),
	    .peak_memory_bytes = (64U << 20) + random_below(seed, 1000) * 4096,
	    .concurrency = 1};

	if (inv.start_type == START_COLD) {
		inv.has |= HAS_INIT;
		inv.init_ns = 200000000 + random_below(seed, 300000000);
	}
	(void)snprintf(inv.sandbox, sizeof(inv.sandbox), "sandbox-%zu", f);
	return inv;
}

/* One batch of an agent: its functions' values from start_ns on. */
static void make_body(struct batch_writer *w, struct body *body, size_t host,
    uint64_t sequence, int64_t start_ns)
{
	static uint64_t seed = 1;
	uint64_t number = host + 1;
	struct batch_head head = {.id = {.sequence = sequence}, .sent_ns = start_ns};

	memcpy(head.id.agent, &number, sizeof(number));
	(void)snprintf(head.host, sizeof(head.host), "host-%zu", host);
	for (size_t i = 0; i < (size_t)OF_A_BATCH * OF_A_HOST; i++) {
		struct invocation inv = invocation_of(host * OF_A_HOST + i % OF_A_HOST,
		    &seed, start_ns + (int64_t)i * 10000000);

		if (batch_writer_add(w, &inv) < 0)
			die("batch_writer_add");
	}
	if (batch_writer_seal(w, &head, &body->bytes, &body->n) < 0)
		die("batch_writer_seal");
}

/* Whole minutes from that second on, one after the other as agents send them. */
static void make_bodies(
    struct sending *s, size_t minutes, int64_t from_s, uint64_t sequence)
{
	size_t hosts = functions_n / OF_A_HOST;
	struct batch_writer *w;

	s->n = minutes * hosts * (VALUES / OF_A_BATCH);
	s->bodies = calloc(s->n + 1, sizeof(*s->bodies));
	if (!s->bodies || batch_writer_new(&w) < 0)
		die("calloc");
	for (size_t i = 0; i < s->n; i++) {
		size_t turn = i / hosts;
		int64_t at_s = from_s + (int64_t)turn * 60 / (VALUES / OF_A_BATCH);

		make_body(
		    w, &s->bodies[i], i % hosts, sequence + turn, at_s * CLOCK_NS_PER_S);
	}
	batch_writer_free(w);
}

static int post(int fd, const struct body *body)
{
	char head[256];
	size_t ignored;
	int n = snprintf(head, sizeof(head),
	    "POST /v1/batches HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    BATCH_CONTENT_TYPE, body->n);

	say(fd, head, (size_t)n);
	say(fd, body->bytes, body->n);
	return hear(fd, &ignored);
}

static void *send_some(void *context)
{
	struct sending *s = context;
	struct histogram took = {0};
	int fd = connect_to();
	size_t i;

	while ((i = atomic_fetch_add(&s->next, 1)) < s->n) {
		uint64_t began_ns = clock_boot_ns();
		int status;

		while ((status = post(fd, &s->bodies[i])) == 429) {
			atomic_fetch_add(&s->refused, 1);
			(void)usleep(10000);
		}
		if (status != 200)
			die("POST /v1/batches");
		(void)histogram_add(&took, clock_boot_ns() - began_ns);
		free(s->bodies[i].bytes);
	}
	(void)close(fd);
	(void)pthread_mutex_lock(&s->mutex);
	(void)histogram_merge(&s->took, &took);
	(void)pthread_mutex_unlock(&s->mutex);
	histogram_done(&took);
	return NULL;
}

/* Seconds that it took until all was acknowledged. */
static double send_all(struct sending *s)
{
	pthread_t senders[SENDERS];
	double began = now_s();

	atomic_store(&s->next, 0);
	for (size_t i = 0; i < SENDERS; i++) {
		if (pthread_create(&senders[i], NULL, send_some, s))
			die("pthread_create");
	}
	for (size_t i = 0; i < SENDERS; i++)
		(void)pthread_join(senders[i], NULL);
	free(s->bodies);
	return now_s() - began;
}

/* --- what is asked ---------------------------------------------------------------------
 */

static double cpu_clock_s(pid_t pid)
{
	struct timespec now;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &now) < 0)
		die("its CPU clock");
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The least time of a question that was asked a few times. */
static struct growth_time ask(pid_t collector, const char *target, size_t *body_bytes)
{
	char head[512];
	int n = snprintf(
	    head, sizeof(head), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target);
	int fd = connect_to();
	struct growth_time best = {1e9, 1e9};

	for (int i = 0; i < RUNS; i++) {
		double cpu = cpu_clock_s(collector);
		double wall = now_s();

		say(fd, head, (size_t)n);
		if (hear(fd, body_bytes) != 200)
			die(target);
		wall = (now_s() - wall) * 1e3;
		cpu = (cpu_clock_s(collector) - cpu) * 1e3;
		best.ms = wall < best.ms ? wall : best.ms;
		best.cpu_ms = cpu < best.cpu_ms ? cpu : best.cpu_ms;
	}
	(void)close(fd);
	return best;
}

static struct growth_time ask_since(
    pid_t collector, const char *what, int64_t since_s, int64_t until_s)
{
	char since[CLOCK_RFC3339_BYTES];
	char until[CLOCK_RFC3339_BYTES];
	char target[256];
	size_t ignored;

	clock_format_rfc3339(since_s * CLOCK_NS_PER_S, since);
	clock_format_rfc3339(until_s * CLOCK_NS_PER_S, until);
	(void)snprintf(target, sizeof(target), "%ssince=%s&until=%s", what, since, until);
	return ask(collector, target, &ignored);
}

/* --- one size ---------------------------------------------------------------------- */

static void end(pid_t collector)
{
	(void)kill(collector, SIGTERM);
	(void)waitpid(collector, NULL, 0);
}

static double memory_mb(pid_t collector, const char *field)
{
	return (double)status_kib(collector, field) * 1024 / 1e6;
}

/* The hour before the last one, then the minutes up to now. */
static void measure_ingest(struct growth *g, size_t minutes, int64_t at_s)
{
	struct sending s = {.mutex = PTHREAD_MUTEX_INITIALIZER};
	pid_t collector = start_collector(directory);
	double cpu = 0;
	double took = 0;
	size_t bytes;

	for (int part = 0; part < 2; part++) {
		int64_t from_s = part == 0 ? (at_s / HOUR_S - 2) * HOUR_S
					   : (at_s / 60 - (int64_t)minutes) * 60;

		make_bodies(&s, minutes, from_s, 1 + (uint64_t)part * 1000000);
		cpu -= cpu_s(collector);
		took += send_all(&s);
		cpu += cpu_s(collector);
	}
	g->records_per_s = 2.0 * (double)minutes * (double)functions_n * VALUES / took;
	g->cpu_us = cpu * 1e6 / (g->records_per_s * took);
	g->refused = (double)s.refused;
	g->commit_p50_ms = histogram_quantile(&s.took, 0.5) / 1e6;
	g->commit_p99_ms = histogram_quantile(&s.took, 0.99) / 1e6;
	g->metrics = ask(collector, "/metrics", &bytes);
	g->metrics_mb = (double)bytes / 1e6;
	g->ingest_mb = memory_mb(collector, "VmRSS:");
	g->ingest_most_mb = memory_mb(collector, "VmHWM:");
	histogram_done(&s.took);
	end(collector);
}

static void fold_all(int64_t now_ns)
{
	char path[96];
	struct store *store;
	int more;

	(void)snprintf(path, sizeof(path), "%s/data", directory);
	if (store_open(path, &store) < 0)
		exit(1);
	while ((more = store_fold(store, now_ns)) == 1)
		;
	if (more < 0)
		die("store_fold");
	store_close(store);
}

static void measure_questions(struct growth *g, int64_t at_s)
{
	static const char all[] = "/v1/functions?sort=p95&limit=10&";
	pid_t collector = start_collector(directory);
	int64_t month_s = (at_s / DAY_S - DAYS + 1) * DAY_S;
	char one[64];

	(void)snprintf(
	    one, sizeof(one), "/v1/functions?function=function-%zu&", functions_n / 2);
	g->start_mb = memory_mb(collector, "VmRSS:");
	g->hour = ask_since(collector, all, at_s - HOUR_S, at_s);
	g->month = ask_since(collector, all, month_s, at_s);
	g->day = ask_since(collector, one, at_s - DAY_S, at_s);
	g->ask_mb = memory_mb(collector, "VmRSS:");
	g->ask_most_mb = memory_mb(collector, "VmHWM:");
	end(collector);
}

static void measure(struct growth *g, size_t n)
{
	int64_t at_s = clock_wall_ns() / CLOCK_NS_PER_S;
	char command[96];
	size_t i = 0;

	while (sizes[i].functions < n)
		i++;
	*g = (struct growth){.functions = (double)n, .minutes = (double)sizes[i].minutes};
	functions_n = n;
	functions = calloc(n, sizeof(*functions));
	(void)snprintf(directory, sizeof(directory), "/tmp/bench_growth.XXXXXX");
	if (!functions || !mkdtemp(directory))
		die("mkdtemp");
	for (size_t f = 0; f < n; f++) {
		functions[f] = (struct function){.platform = PLATFORM_AWS_LAMBDA,
		    .arch = ARCH_X86_64,
		    .memory_limit_mb = 256};
		(void)snprintf(
		    functions[f].name, sizeof(functions[f].name), "function-%zu", f);
	}
	measure_ingest(g, sizes[i].minutes, at_s);
	fold_all(at_s * CLOCK_NS_PER_S);
	ledger_measure(directory, sizes[i].minutes, g);
	ledger_copy_minutes(directory, at_s / 60 - 1, sizes[i].minutes);
	fold_all(at_s * CLOCK_NS_PER_S);
	ledger_copy_days(directory, at_s / DAY_S, DAYS);
	fold_all(at_s * CLOCK_NS_PER_S);
	measure_questions(g, at_s);
	free(functions);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command) != 0) /* NOLINT(cert-env33-c): our own mkdtemp path */
		die(directory);
}

int main(void)
{
	const char *list = getenv("GROWTH_FUNCTIONS");
	struct growth found[GROWTH_SIZES];
	size_t found_n = 0;
	char *end_of;

	log_init("bench_growth", LOG_LEVEL_WARN);
	list = list ? list : "100 1000 10000 100000";
	for (size_t n = strtoul(list, &end_of, 10); n > 0 && found_n < GROWTH_SIZES;
	     n = strtoul(end_of, &end_of, 10)) {
		n = (n + OF_A_HOST - 1) / OF_A_HOST * OF_A_HOST;
		measure(&found[found_n++], n);
		(void)fprintf(stderr, "growth: %zu functions measured\n", n);
	}
	growth_print(found, found_n);
	return 0;
}
