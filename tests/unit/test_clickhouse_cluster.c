/* Two servers that replicate each other through ZooKeeper: each is killed under load, and
 * both end with every row once. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "base/log.h"
#include "store/clickhouse/link.h"
#include "tests/unit/clickhouse_server.h"
#include "tests/unit/store_place.h"

#define ZOOKEEPER_JAR "/usr/share/java/zookeeper.jar"
#define RECORDS 100
#define DOWN_US 500000
#define SETTLE_MS 30000

static struct clickhouse_server servers[2];
static char directory[] = "/tmp/test_clickhouse_cluster.XXXXXX";
static pid_t zookeeper;
static pid_t writer;
static uint64_t acknowledged;

static void be_zookeeper(uint16_t port)
{
	char path[64];
	FILE *f;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(directory) < 0 || !freopen("zookeeper.log", "we", stdout))
		_exit(1);
	(void)dup2(STDOUT_FILENO, STDERR_FILENO);
	(void)snprintf(path, sizeof(path), "%s/zoo.cfg", directory);
	f = fopen(path, "we");
	if (!f)
		_exit(1);
	(void)fprintf(f,
	    "tickTime=500\ndataDir=%s/zookeeper\nclientPort=%u\n"
	    "clientPortAddress=127.0.0.1\nadmin.enableServer=false\n",
	    directory, port);
	(void)fclose(f);
	(void)execlp("java", "java", "-Xmx64m", "-cp", ZOOKEEPER_JAR,
	    "org.apache.zookeeper.server.quorum.QuorumPeerMain", path, (char *)NULL);
	_exit(127);
}

static void start_cluster(void)
{
	uint16_t port = clickhouse_free_port();

	assert_non_null(mkdtemp(directory));
	zookeeper = fork();
	if (zookeeper == 0)
		be_zookeeper(port);
	clickhouse_wait(port, zookeeper, directory);
	for (size_t i = 0; i < 2; i++)
		clickhouse_new(&servers[i], false);
	for (size_t i = 0; i < 2; i++) {
		char more[1024];

		(void)snprintf(more, sizeof(more),
		    "<zookeeper><node><host>127.0.0.1</host><port>%u</port></node>"
		    "<session_timeout_ms>1000</session_timeout_ms></zookeeper>"
		    "<macros><shard>1</shard><replica>r%zu</replica></macros>"
		    "<distributed_ddl><path>/ddl</path></distributed_ddl><remote_servers>"
		    "<two><shard><internal_replication>true</internal_replication>"
		    "<replica><host>127.0.0.1</host><port>%u</port></replica>"
		    "<replica><host>127.0.0.1</host><port>%u</port></replica></shard>"
		    "</two></remote_servers>",
		    port, i, servers[0].ports[1], servers[1].ports[1]);
		clickhouse_configure(&servers[i], more);
		clickhouse_start(&servers[i]);
	}
}

static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

/* NULL: it does not open. */
static struct store *open_store(void)
{
	char url[128];
	char path[64];
	struct store_remote remote = {.url = url};
	struct store *store = NULL;

	(void)snprintf(url, sizeof(url), "clickhouse://127.0.0.1:%u/cold?cluster=two",
	    servers[0].ports[0]);
	(void)snprintf(path, sizeof(path), "%s/near", directory);
	(void)store_open_remote(path, &remote, &store);
	return store;
}

/* Batch after batch until it is killed. */
static void be_writer(int fd)
{
	struct store *store = open_store();

	for (uint64_t sequence = 1; store; sequence++) {
		struct plan_of_batch plan = {.agent = 1,
		    .sequence = sequence,
		    .name = sequence % 2 ? "odd" : "even",
		    .start_ns = T0 + (int64_t)sequence * CLOCK_NS_PER_S,
		    .step_ns = 1000,
		    .n = RECORDS};

		if (put(store, &plan) != 1 || write(fd, &sequence, sizeof(sequence)) < 0)
			break;
		(void)usleep(2000);
	}
	_exit(1);
}

static void write_while_servers_die(void)
{
	int fds[2];
	int status;
	uint64_t sequence;

	assert_int_equal(pipe(fds), 0);
	writer = fork();
	if (writer == 0)
		be_writer(fds[1]);
	(void)close(fds[1]);
	(void)usleep(2 * DOWN_US);
	for (size_t i = 0; i < 2; i++) {
		clickhouse_kill(&servers[i]);
		(void)usleep(DOWN_US);
		clickhouse_start(&servers[i]);
		(void)usleep(DOWN_US);
	}
	(void)kill(writer, SIGKILL);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_true(WIFSIGNALED(status));
	while (read(fds[0], &sequence, sizeof(sequence)) == (ssize_t)sizeof(sequence))
		acknowledged = sequence;
	(void)close(fds[0]);
}

/* Rows and different rows on one server alone; 0 when it does not say. */
static uint64_t count_rows(const struct clickhouse_server *s, const char *what)
{
	char url[128];
	char sql[128];
	struct clickhouse_address address;
	const char *why;
	struct link *link;
	struct row_in in;
	uint8_t *bytes = NULL;
	size_t n = 0;
	uint64_t rows = 0;

	assert_int_equal(
	    clickhouse_address_parse(clickhouse_url(s, "cold", url), &address, &why), 0);
	assert_int_equal(link_new(&address, &link), 0);
	(void)snprintf(
	    sql, sizeof(sql), "SELECT toUInt64(%s) FROM invocations_local", what);
	if (link_select(link, sql, &bytes, &n) == 0) {
		in = (struct row_in){.at = bytes, .end = bytes + n};
		rows = row_get_u64(&in);
	}
	free(bytes);
	link_free(link);
	return rows;
}

static void wait_for_rows(const struct clickhouse_server *s, uint64_t rows)
{
	static const char different[] = "uniqExact(batch, row)";

	for (int ms = 0; count_rows(s, different) < rows && ms < SETTLE_MS; ms += 100)
		(void)usleep(100000);
	assert_int_equal(count_rows(s, different), rows);
}

static void check(void)
{
	struct store *store = open_store();
	struct seen seen;
	uint64_t rows;

	assert_non_null(store);
	seen = walk(store, 0, INT64_MAX, NULL, false);
	/* a replica that was away answers before it has caught up */
	for (int ms = 0; seen.rows < acknowledged * RECORDS && ms < SETTLE_MS;
	     ms += 100) {
		(void)usleep(100000);
		seen = walk(store, 0, INT64_MAX, NULL, false);
	}
	assert_true(seen.in_order);
	rows = seen.rows;
	/* one more may be there: it was killed before it could tell */
	assert_in_range(rows, acknowledged * RECORDS, (acknowledged + 1) * RECORDS);
	for (size_t i = 0; i < 2; i++)
		wait_for_rows(&servers[i], rows);
	assert_int_equal(walk(store, 0, INT64_MAX, NULL, true).rows, rows);
	assert_int_equal(rollups(store, 0, INT64_MAX, NULL).invocations, rows);
	store_close(store);
	print_message("%llu batches acknowledged, %llu rows on each server\n",
	    (unsigned long long)acknowledged, (unsigned long long)rows);
}

static void test_replicas_that_are_killed_in_turn_end_with_each_row_once(void **state)
{
	char command[128];

	(void)state;
	if (!clickhouse_is_here())
		skip();
	if (access(ZOOKEEPER_JAR, R_OK) != 0) {
		print_message("zookeeper is not installed\n");
		skip();
	}
	start_cluster();
	write_while_servers_die();
	check();
	end(zookeeper);
	for (size_t i = 0; i < 2; i++)
		clickhouse_free(&servers[i]);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	assert_int_equal(
	    system(command), 0); /* NOLINT(cert-env33-c): our own mkdtemp path */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_replicas_that_are_killed_in_turn_end_with_each_row_once),
	};

	log_init("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
