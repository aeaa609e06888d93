/* A collector killed at any moment keeps what it acknowledged, and keeps it once. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "serve/ingest.h"
#include "tests/unit/raw_client.h"

#define ROUNDS 40
#define RECORDS 50 /* of a batch */
#define FEW 4      /* batches of a life on average; behind that, lives are longer */
#define LIFE_US 60000
#define LONGEST_LIFE_US 2000000
#define SEQUENCES_MAX 20000

static char directory[] = "/tmp/test_collector_kill.XXXXXX";
static int64_t began_s; /* of the first invocation */
static uint8_t times_seen[SEQUENCES_MAX];

/* The collector: says its port through fd and lives until it is killed. */
static void be_collector(int fd)
{
	struct store *store;
	struct ingest *ingest;
	struct http *http;
	uint16_t port;

	if (store_open(directory, &store) < 0 || ingest_start(store, &ingest) < 0 ||
	    http_new(&http) < 0 || ingest_add_routes(ingest, http) < 0 ||
	    http_start(http, "127.0.0.1", 0) < 0)
		_exit(1);
	port = http_port(http);
	if (write(fd, &port, sizeof(port)) != sizeof(port))
		_exit(1);
	for (;;)
		(void)pause();
}

static pid_t start_collector(uint16_t *port)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(fds[0]);
		be_collector(fds[1]);
	}
	(void)close(fds[1]);
	assert_int_equal(read(fds[0], port, sizeof(*port)), (ssize_t)sizeof(*port));
	(void)close(fds[0]);
	return pid;
}

/* Kills pid after a while, from a process of its own, so that the sender need not look.
 */
static pid_t start_killer(pid_t pid, unsigned int after_us)
{
	pid_t killer = fork();

	assert_true(killer >= 0);
	if (killer == 0) {
		(void)usleep(after_us);
		(void)kill(pid, SIGKILL);
		_exit(0);
	}
	return killer;
}

static uint8_t *seal(uint64_t sequence, size_t *bytes_n)
{
	struct batch_head head = {.id = {.agent = {1}, .boot = {1}, .sequence = sequence},
	    .host = "h",
	    .ledger = {.seen = sequence * RECORDS, .delivered = sequence * RECORDS},
	    .sent_ns = 1};
	struct function f = {.platform = PLATFORM_GENERIC};
	struct batch_writer *w;
	uint8_t *bytes;

	assert_int_equal(batch_writer_new(&w), 0);
	for (int i = 0; i < RECORDS; i++) {
		struct invocation inv = {.function = &f,
		    .start_type = START_WARM,
		    .has = HAS_DURATION,
		    .start_ns = (began_s + (int64_t)sequence + i) * CLOCK_NS_PER_S,
		    .duration_ns = 1000000,
		    .concurrency = 1};

		(void)snprintf(f.name, sizeof(f.name), "f%d", i % 10);
		(void)snprintf(inv.request_id, sizeof(inv.request_id), "%llu",
		    (unsigned long long)sequence);
		assert_int_equal(batch_writer_add(w, &inv), 0);
	}
	assert_int_equal(batch_writer_seal(w, &head, &bytes, bytes_n), 0);
	batch_writer_free(w);
	return bytes;
}

static bool is_acknowledged(uint16_t port, uint64_t sequence)
{
	size_t n;
	uint8_t *bytes = seal(sequence, &n);
	struct got got = raw_send(port, "POST", "/v1/batches",
	    "Content-Type: " BATCH_CONTENT_TYPE "\r\n", bytes, n);
	bool yes = got.status == 200 && strstr(got.body, "\"accepted\":50") != NULL;

	free(got.text);
	free(bytes);
	return yes;
}

static int see(void *context, const struct invocation *invocation, const char *host)
{
	unsigned long sequence = strtoul(invocation->request_id, NULL, 10);

	(void)context;
	(void)host;
	assert_true(sequence > 0 && sequence < SEQUENCES_MAX);
	times_seen[sequence]++;
	return 0;
}

static int add(void *context, int64_t minute_start_s, const struct function *function,
    const struct rollup *rollup)
{
	(void)minute_start_s;
	(void)function;
	*(uint64_t *)context += rollup->invocations;
	return 0;
}

/* Every acknowledged batch is there once, whole, and counted once. */
static void check_ledger(uint64_t acknowledged)
{
	struct store *store;
	uint64_t counted = 0;
	uint64_t kept = 0;

	assert_int_equal(store_open(directory, &store), 0);
	memset(times_seen, 0, sizeof(times_seen));
	assert_int_equal(
	    store_scan_invocations(store, 0, INT64_MAX, NULL, false, see, NULL), 0);
	assert_int_equal(store_scan_rollups(store, 0, INT64_MAX, NULL, add, &counted), 0);
	store_close(store);
	for (uint64_t i = 1; i < SEQUENCES_MAX; i++) {
		/* One more than was acknowledged may be there: its reply was cut off. */
		if (i <= acknowledged || (i == acknowledged + 1 && times_seen[i]))
			assert_int_equal(times_seen[i], RECORDS);
		else
			assert_int_equal(times_seen[i], 0);
		kept += times_seen[i];
	}
	assert_int_equal(counted, kept);
}

static void test_collector_killed_keeps_each_acknowledged_batch_once(void **state)
{
	unsigned int seed = (unsigned int)time(NULL);
	unsigned int life_us = LIFE_US;
	uint64_t acknowledged = 0;

	(void)state;
	print_message("seed %u\n", seed);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		uint16_t port;
		pid_t collector = start_collector(&port);
		pid_t killer =
		    start_killer(collector, 500 + (unsigned int)rand_r(&seed) % life_us);

		while (is_acknowledged(port, acknowledged + 1))
			acknowledged++;
		assert_int_equal(waitpid(killer, NULL, 0), killer);
		assert_int_equal(waitpid(collector, NULL, 0), collector);
		check_ledger(acknowledged);
		/* a busy host needs longer for the same number of batches */
		if (acknowledged >= FEW * (round + 1))
			life_us = LIFE_US;
		else if (life_us < LONGEST_LIFE_US)
			life_us *= 2;
	}
	print_message("%llu batches acknowledged in %d lives\n",
	    (unsigned long long)acknowledged, ROUNDS);
	assert_true(acknowledged > ROUNDS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_collector_killed_keeps_each_acknowledged_batch_once),
	};
	char command[128];
	int failed;

	began_s = time(NULL) - 86400;
	if (!mkdtemp(directory))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command) != 0) /* NOLINT(cert-env33-c): our own mkdtemp path */
		return 1;
	return failed;
}
