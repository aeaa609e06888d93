/* Collectors and a ClickHouse server killed at any moment keep what was acknowledged, and
 * keep it once. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "base/log.h"
#include "tests/unit/clickhouse_server.h"
#include "tests/unit/store_place.h"

#define COLLECTORS 2
#define ROUNDS 8
#define LIFE_US 400000
#define RECORDS 200
#define SEQUENCES_MAX 20000

static struct clickhouse_server server;
static char directory[] = "/tmp/test_clickhouse_kill.XXXXXX";
static unsigned int seed;

struct collector {
	uint8_t agent;
	pid_t pid;
	int fd; /* tells of each sequence that was acknowledged */
	uint64_t acknowledged;
	uint16_t seen[SEQUENCES_MAX];
};

static struct collector collectors[COLLECTORS];

/* NULL: it does not open. */
static struct store *open_store(const struct collector *c)
{
	char url[128];
	struct store_remote remote = {.url = clickhouse_url(&server, "kill", url)};
	char path[64];
	struct store *store = NULL;

	(void)snprintf(path, sizeof(path), "%s/%u", directory, c->agent);
	(void)store_open_remote(path, &remote, &store);
	return store;
}

/* Writes batch after batch until it is killed; now and then somebody reads. */
static void be_collector(const struct collector *c)
{
	struct store *store = open_store(c);

	if (!store)
		_exit(1);
	for (uint64_t sequence = c->acknowledged + 1;; sequence++) {
		int is_new =
		    put(store, &(struct plan_of_batch){.agent = c->agent,
				   .sequence = sequence,
				   .name = sequence % 2 ? "odd" : "even",
				   .start_ns = T0 + (int64_t)sequence * CLOCK_NS_PER_S,
				   .step_ns = 1000,
				   .n = RECORDS});

		if (is_new < 0 || write(c->fd, &sequence, sizeof(sequence)) < 0)
			_exit(1);
		if (sequence % 64 == 0) {
			struct batch_ledger ledger;

			(void)store_ledger(store, 0, &ledger);
		}
	}
}

static void start_collector(struct collector *c)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid == 0) {
		(void)close(fds[0]);
		c->fd = fds[1];
		be_collector(c);
	}
	(void)close(fds[1]);
	c->fd = fds[0];
}

static void kill_collector(struct collector *c)
{
	int status;
	uint64_t sequence;

	(void)kill(c->pid, SIGKILL);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	assert_true(WIFSIGNALED(status)); /* it did not give up before */
	while (read(c->fd, &sequence, sizeof(sequence)) == (ssize_t)sizeof(sequence))
		c->acknowledged = sequence;
	(void)close(c->fd);
}

static int see(void *context, const struct invocation *invocation, const char *host)
{
	int64_t sequence = (invocation->start_ns - T0) / CLOCK_NS_PER_S;
	struct collector *c = context;

	(void)host;
	assert_true(sequence > 0 && sequence < SEQUENCES_MAX);
	c->seen[sequence]++;
	return 0;
}

/* Both collectors' rows lie in the same places. */
static void check(void)
{
	struct store *store = open_store(&collectors[0]);
	struct seen sums;
	uint64_t rows = 0;
	uint64_t acknowledged = 0;

	assert_non_null(store);
	store_close(store); /* has sent what was left in its spool */
	store = open_store(&collectors[1]);
	assert_non_null(store);
	memset(collectors[1].seen, 0, sizeof(collectors[1].seen));
	assert_int_equal(
	    store_scan_invocations(store, 0, INT64_MAX, NULL, false, see, &collectors[1]),
	    0);
	sums = rollups(store, 0, INT64_MAX, NULL);
	store_close(store);
	for (uint64_t i = 1; i < SEQUENCES_MAX; i++) {
		uint64_t least = 0;
		uint64_t most = 0;

		for (size_t k = 0; k < COLLECTORS; k++) {
			/* one more may be there: it was killed before it could tell */
			least += i <= collectors[k].acknowledged ? RECORDS : 0;
			most += i <= collectors[k].acknowledged + 1 ? RECORDS : 0;
		}
		assert_in_range(collectors[1].seen[i], least, most);
		assert_int_equal(collectors[1].seen[i] % RECORDS, 0);
		rows += collectors[1].seen[i];
		acknowledged += least;
	}
	print_message("%llu acknowledged, %llu there\n", (unsigned long long)acknowledged,
	    (unsigned long long)rows);
	assert_int_equal(sums.invocations, rows);
	assert_true(acknowledged > (uint64_t)ROUNDS * RECORDS);
}

static void test_what_was_acknowledged_is_there_once_whoever_was_killed(void **state)
{
	(void)state;
	if (!clickhouse_is_here())
		skip();
	seed = (unsigned int)time(NULL);
	print_message("seed %u\n", seed);
	for (uint8_t i = 0; i < COLLECTORS; i++)
		collectors[i].agent = i + 1;
	clickhouse_new(&server, false);
	clickhouse_start(&server);
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < COLLECTORS; i++)
			start_collector(&collectors[i]);
		(void)usleep(1000 + (unsigned int)rand_r(&seed) % LIFE_US);
		if (round % 2) /* the server goes first, under load */
			clickhouse_kill(&server);
		(void)usleep((unsigned int)rand_r(&seed) % LIFE_US / 4);
		for (size_t i = 0; i < COLLECTORS; i++)
			kill_collector(&collectors[i]);
		if (round % 2)
			clickhouse_start(&server);
	}
	check();
	clickhouse_free(&server);
}

static void test_an_agent_may_go_to_another_collector(void **state)
{
	static struct collector first = {.agent = 11};
	static struct collector second = {.agent = 12};
	struct plan_of_batch plan = {
	    .agent = 9, .name = "moved", .start_ns = T0, .step_ns = 1, .n = RECORDS};
	struct store *store;

	(void)state;
	if (!clickhouse_is_here())
		skip();
	clickhouse_new(&server, false);
	clickhouse_start(&server);
	store = open_store(&first);
	assert_non_null(store);
	for (plan.sequence = 1; plan.sequence <= 3; plan.sequence++)
		assert_int_equal(put(store, &plan), 1);
	store_close(store);
	store = open_store(&second);
	assert_non_null(store);
	plan.sequence = 3; /* its answer was lost */
	assert_int_equal(put(store, &plan), 0);
	plan.sequence = 4;
	assert_int_equal(put(store, &plan), 1);
	assert_int_equal(rollups(store, 0, INT64_MAX, NULL).invocations, 4 * RECORDS);
	assert_int_equal(walk(store, 0, INT64_MAX, NULL, true).rows, 4 * RECORDS);
	store_close(store);
	clickhouse_free(&server);
}

/* Names are read again at most once a second, but for those that were sent since. */
static void test_a_function_is_told_by_name_as_soon_as_it_is_there(void **state)
{
	static const char *const names[] = {"one", "two", "three", "four"};
	static const struct collector collector = {.agent = 21};
	struct plan_of_batch plan = {
	    .agent = 21, .start_ns = T0, .step_ns = 1, .n = RECORDS};
	struct store *store;

	(void)state;
	if (!clickhouse_is_here())
		skip();
	clickhouse_new(&server, false);
	clickhouse_start(&server);
	store = open_store(&collector);
	assert_non_null(store);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		plan.name = names[i];
		plan.sequence = i + 1;
		assert_int_equal(walk(store, 0, INT64_MAX, plan.name, true).rows, 0);
		assert_int_equal(put(store, &plan), 1);
		assert_int_equal(
		    walk(store, 0, INT64_MAX, plan.name, true).rows, RECORDS);
	}
	store_close(store);
	clickhouse_free(&server);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_agent_may_go_to_another_collector),
	    cmocka_unit_test(test_a_function_is_told_by_name_as_soon_as_it_is_there),
	    cmocka_unit_test(test_what_was_acknowledged_is_there_once_whoever_was_killed),
	};
	char command[128];
	int failed;

	log_init("test", LOG_LEVEL_ERROR);
	if (!mkdtemp(directory))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command) != 0) /* NOLINT(cert-env33-c): our own mkdtemp path */
		return 1;
	return failed;
}
