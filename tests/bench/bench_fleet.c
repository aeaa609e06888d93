/* A fleet on loopback: so many agents, each of which ships what it saw in a second as one
 * batch every second, to one real collector. What a request took, whether all of it is in
 * the ledger, and what the collector held in memory.
 *
 * AGENTS=1000 RATE=1000 SECONDS=20 out/bench/bench_fleet; EVERY=10 tells of each ten
 * seconds, too. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "model/histogram.h"
#include "tests/bench/collector.h"
#include "tests/bench/workload.h"
#include "wire/batch.h"
#include "wire/batch/head.h"

#define FUNCTIONS 1000
#define OF_A_HOST 50 /* of these functions run on one host */
#define BODIES 64    /* that the agents share */
/* So often one of them is made anew, for its times: each every ten seconds. */
#define FRESH_NS (10 * CLOCK_NS_PER_S / BODIES)
#define ANSWER_BYTES 4096
#define RETRY_NS (1 * CLOCK_NS_PER_S) /* what a 429 asks for */

/* The records of a batch, which the agents put their own heads before. */
static struct body {
	uint8_t *bytes;
	size_t n;
} bodies[BODIES];

struct agent {
	int fd;
	uint64_t sequence;
	uint64_t begun_ns; /* of the request under way; 0: none */
	uint64_t due_ns;
	uint8_t *out;
	size_t out_n;
	size_t sent;
	char answer[ANSWER_BYTES];
	size_t answer_n;
};

static struct function functions[FUNCTIONS];
static struct agent *agents;
static size_t agents_n;
static size_t rate;
static size_t seconds;
static uint64_t batches_stored;
static uint64_t refused;
static struct histogram took;
static size_t every; /* seconds; 0: only the whole */
static struct histogram took_lately;

static size_t setting(const char *name, size_t otherwise)
{
	const char *text = getenv(name);
	size_t value = text ? strtoul(text, NULL, 10) : otherwise;

	if (value == 0 || value > 1000000) {
		(void)fprintf(stderr, "bench_fleet: %s is a number from 1\n", name);
		exit(2);
	}
	return value;
}

/* A body: rate invocations within a second of now, of OF_A_HOST functions. */
static void make_body(
    struct batch_writer *w, struct body *body, size_t first, int64_t now_ns)
{
	const struct batch_head head = {.id = {.sequence = 1}, .host = ""};
	struct batch_head again;
	struct cursor at;
	const char *why;
	static unsigned int seed = 1;
	uint8_t *sealed;
	size_t n;

	for (size_t i = 0; i < rate; i++) {
		struct invocation inv =
		    workload_invocation(&functions[first], OF_A_HOST, &seed,
			now_ns - CLOCK_NS_PER_S + (int64_t)(i * CLOCK_NS_PER_S / rate));

		if (batch_writer_add(w, &inv) < 0) {
			(void)fprintf(stderr, "bench_fleet: RATE does not fit a batch\n");
			exit(2);
		}
	}
	if (batch_writer_seal(w, &head, &sealed, &n) < 0)
		die("batch_writer_seal");
	at = (struct cursor){sealed, sealed + n};
	if (batch_head_read(&at, &again, &why) < 0)
		die(why);
	free(body->bytes);
	body->n = (size_t)(at.end - at.at);
	body->bytes = malloc(body->n);
	if (!body->bytes)
		die("malloc");
	memcpy(body->bytes, at.at, body->n);
	free(sealed);
}

static void make_body_anew(struct batch_writer *w, size_t i)
{
	make_body(
	    w, &bodies[i], i * (FUNCTIONS - OF_A_HOST) / (BODIES - 1), clock_wall_ns());
}

static void make_bodies(struct batch_writer *w)
{
	for (size_t i = 0; i < BODIES; i++)
		make_body_anew(w, i);
}

/* The next request of an agent, as bytes. */
static void make_request(struct agent *agent)
{
	const struct body *body = &bodies[(size_t)(agent - agents) % BODIES];
	uint64_t number = (uint64_t)(agent - agents) + 1;
	struct batch_head head = {
	    .id = {.sequence = agent->sequence + 1}, .sent_ns = clock_wall_ns()};
	uint8_t encoded[BATCH_HEAD_MAX_BYTES];
	size_t head_n;
	int n;

	memcpy(head.id.agent, &number, sizeof(number));
	memcpy(head.id.boot, &number, sizeof(number));
	(void)snprintf(head.host, sizeof(head.host), "host-%" PRIu64, number);
	head.ledger.seen = head.ledger.delivered = head.id.sequence * rate;
	head_n = batch_head_encode(&head, encoded);
	agent->out = realloc(agent->out, 256 + head_n + body->n);
	if (!agent->out)
		die("realloc");
	n = snprintf((char *)agent->out, 256,
	    "POST /v1/batches HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
	    "%s\r\nContent-Length: %zu\r\n\r\n",
	    BATCH_CONTENT_TYPE, head_n + body->n);
	memcpy(agent->out + n, encoded, head_n);
	memcpy(agent->out + (size_t)n + head_n, body->bytes, body->n);
	agent->out_n = (size_t)n + head_n + body->n;
	agent->sent = 0;
	agent->answer_n = 0;
	agent->begun_ns = clock_boot_ns();
}

static void watch(int epoll, struct agent *agent, bool writes)
{
	struct epoll_event event = {
	    .events = writes ? EPOLLOUT : EPOLLIN, .data.ptr = agent};

	if (epoll_ctl(epoll, EPOLL_CTL_MOD, agent->fd, &event) < 0)
		die("epoll_ctl");
}

static void go_on(int epoll, struct agent *agent)
{
	while (agent->sent < agent->out_n) {
		ssize_t n = write(
		    agent->fd, agent->out + agent->sent, agent->out_n - agent->sent);

		if (n < 0 && errno == EAGAIN) {
			watch(epoll, agent, true);
			return;
		}
		if (n <= 0)
			die("write");
		agent->sent += (size_t)n;
	}
	watch(epoll, agent, false);
}

/* Whether the answer is whole; its status then. */
static int status_of(const struct agent *agent)
{
	static const char mark[] = "Content-Length: ";
	const char *end = strstr(agent->answer, "\r\n\r\n");
	const char *length = end ? strstr(agent->answer, mark) : NULL;
	size_t body = length ? strtoul(length + sizeof(mark) - 1, NULL, 10) : 0;

	if (!end || agent->answer_n < (size_t)(end + 4 - agent->answer) + body)
		return 0;
	return (int)strtol(agent->answer + 9, NULL, 10);
}

static void answered(struct agent *agent, int status)
{
	if (status == 429) {
		refused++;
		agent->due_ns = clock_boot_ns() + RETRY_NS;
	} else if (status == 200) {
		(void)histogram_add(&took, clock_boot_ns() - agent->begun_ns);
		if (every)
			(void)histogram_add(
			    &took_lately, clock_boot_ns() - agent->begun_ns);
		batches_stored++;
		agent->sequence++;
		agent->due_ns += CLOCK_NS_PER_S;
	} else {
		(void)fprintf(
		    stderr, "bench_fleet: the collector said %s\n", agent->answer);
		exit(1);
	}
	agent->begun_ns = 0;
}

static void hear(struct agent *agent)
{
	ssize_t n = read(agent->fd, agent->answer + agent->answer_n,
	    ANSWER_BYTES - 1 - agent->answer_n);
	int status;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("read");
	agent->answer_n += (size_t)n;
	agent->answer[agent->answer_n] = '\0';
	status = status_of(agent);
	if (status)
		answered(agent, status);
}

static int connect_all(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	agents = calloc(agents_n, sizeof(*agents));
	if (!agents || epoll < 0)
		die("epoll_create1");
	for (size_t i = 0; i < agents_n; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &agents[i]};

		agents[i].fd = connect_to();
		if (fcntl(agents[i].fd, F_SETFL, O_NONBLOCK) < 0 ||
		    epoll_ctl(epoll, EPOLL_CTL_ADD, agents[i].fd, &event) < 0)
			die("epoll_ctl");
	}
	return epoll;
}

/* Starts requests that are due; false when all batches are stored. */
static bool start_due(int epoll)
{
	uint64_t now_ns = clock_boot_ns();

	for (size_t i = 0; i < agents_n; i++) {
		struct agent *agent = &agents[i];

		if (agent->begun_ns || agent->sequence == seconds ||
		    agent->due_ns > now_ns)
			continue;
		make_request(agent);
		go_on(epoll, agent);
	}
	return batches_stored < agents_n * seconds;
}

static void tell(const char *when, const struct histogram *h)
{
	(void)printf(
	    "fleet: %sa request took %.1f ms at P50, %.1f at P99, %.1f at most\n", when,
	    histogram_quantile(h, 0.5) / 1e6, histogram_quantile(h, 0.99) / 1e6,
	    (double)h->max / 1e6);
}

static void tell_lately(void)
{
	char when[CLOCK_RFC3339_BYTES + 2];

	clock_format_rfc3339(clock_wall_ns(), when);
	(void)strcat(when, ": "); /* NOLINT: there is room */
	tell(when, &took_lately);
	(void)fflush(stdout);
	histogram_clear(&took_lately);
}

/* Seconds that it took. */
static double run(struct batch_writer *w)
{
	int epoll = connect_all();
	struct epoll_event events[256];
	uint64_t fresh_ns;
	size_t fresh = 0;
	double told;
	double began;

	make_bodies(w);
	fresh_ns = clock_boot_ns();
	for (size_t i = 0; i < agents_n; i++) /* spread over the first second */
		agents[i].due_ns = fresh_ns + i * CLOCK_NS_PER_S / agents_n;

	told = began = now_s();
	while (start_due(epoll)) {
		int n = epoll_wait(epoll, events, 256, 1);

		for (int i = 0; i < n; i++) {
			struct agent *agent = events[i].data.ptr;

			if (events[i].events & EPOLLOUT)
				go_on(epoll, agent);
			else
				hear(agent);
		}
		/* one at a time: what waits for all of them would wait for us */
		if (clock_boot_ns() - fresh_ns > FRESH_NS) {
			fresh_ns += FRESH_NS;
			make_body_anew(w, fresh++ % BODIES);
		}
		if (every && now_s() - told > (double)every) {
			told += (double)every;
			tell_lately();
		}
	}
	(void)close(epoll);
	return now_s() - began;
}

/* What the ledger says: of its functions, and of its agents. */
static int count_stored(uint64_t want)
{
	char command[256];
	char line[64] = "";
	FILE *said;

	(void)snprintf(command, sizeof(command),
	    "curl -s 'http://127.0.0.1:%u/v1/functions?since=1d' | jq -r "
	    "'\"\\([.functions[].invocations] | add) \\(.ledger.delivered) "
	    "\\(.ledger.lost)\"'",
	    port);
	said = popen(command, "re"); /* NOLINT(cert-env33-c): our own text */
	if (!said || !fgets(line, sizeof(line), said))
		die("curl and jq");
	(void)pclose(said);
	(void)printf("fleet: %" PRIu64
		     " sent; invocations of functions, delivered and lost "
		     "by the ledger: %s",
	    want, line);
	return strtoull(line, NULL, 10) == want ? 0 : 1;
}

static void report(pid_t collector, double cpu, double wall)
{
	(void)printf("fleet: %zu agents with %zu invocations/s for %zu s: %.0f/s stored, "
		     "%" PRIu64 " times 429\n",
	    agents_n, rate, seconds, (double)(batches_stored * rate) / wall, refused);
	tell("", &took);
	(void)printf("fleet: the collector took %.2f us of CPU a record and %lu KiB of "
		     "memory at most, %lu at the end\n",
	    cpu * 1e6 / (double)(batches_stored * rate), status_kib(collector, "VmHWM:"),
	    status_kib(collector, "VmRSS:"));
}

int main(void)
{
	char directory[] = "/tmp/bench_fleet.XXXXXX";
	struct batch_writer *w;
	char command[64];
	pid_t collector;
	double wall;
	double cpu;
	int status;

	agents_n = setting("AGENTS", 1000);
	rate = setting("RATE", 1000);
	seconds = setting("SECONDS", 20);
	every = getenv("EVERY") ? setting("EVERY", 1) : 0;
	(void)setrlimit(
	    RLIMIT_NOFILE, &(struct rlimit){agents_n * 2 + 64, agents_n * 2 + 64});
	for (size_t i = 0; i < FUNCTIONS; i++) {
		functions[i] = (struct function){.platform = PLATFORM_AWS_LAMBDA,
		    .arch = ARCH_X86_64,
		    .memory_limit_mb = 256};
		(void)snprintf(
		    functions[i].name, sizeof(functions[i].name), "function-%zu", i);
	}
	if (!mkdtemp(directory) || batch_writer_new(&w) < 0)
		die("mkdtemp");
	make_bodies(w);
	collector = start_collector(directory);
	cpu = cpu_s(collector);
	wall = run(w);
	report(collector, cpu_s(collector) - cpu, wall);
	status = count_stored(agents_n * rate * seconds);
	(void)kill(collector, SIGTERM);
	(void)waitpid(collector, NULL, 0);
	batch_writer_free(w);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	(void)system(command); /* NOLINT(cert-env33-c): our own mkdtemp path */
	return status;
}
