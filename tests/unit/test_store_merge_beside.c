/* Small batches that become large ones, and what else goes on: readers, backups, days
 * that end, and processes that die. */
#include "store/sqlite/file/connection.h"
#include "tests/unit/merge_scene.h"

/* What this program does when it is given a file: somebody else looks at it. */
static int read_from_outside(const char *path)
{
	sqlite3 *db;
	int code = sqlite3_open(path, &db);

	if (code == SQLITE_OK)
		code = sqlite3_exec(db, "SELECT * FROM t", NULL, NULL, NULL);
	return sqlite3_close(db) != SQLITE_OK || code != SQLITE_OK;
}

static void run_outside(const char *path)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)execl("/proc/self/exe", "outside", path, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The raw file is opened by who accepts and by who merges. */
static void test_a_file_may_be_opened_twice(void **state)
{
	struct place *place = *state;
	struct connection *accepting;
	struct connection *merging;
	char path[128];
	char wal[136];

	(void)snprintf(path, sizeof(path), "%s/raw_20200101.db", place->directory);
	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	assert_int_equal(
	    connection_open(path, CONNECTION_WRITE_SHRINKING, &accepting), 0);
	assert_int_equal(connection_run(accepting, "CREATE TABLE t(i)"), 0);
	assert_int_equal(connection_begin(accepting), 0);
	/* it is not written to for being opened */
	assert_int_equal(connection_open(path, CONNECTION_WRITE_SHRINKING, &merging), 0);
	assert_int_equal(connection_commit(accepting), 0);
	connection_close(merging);
	/* who comes from outside sees that it is in use, and leaves its log */
	assert_int_equal(connection_run(accepting, "INSERT INTO t VALUES(1)"), 0);
	run_outside(path);
	assert_int_equal(access(wal, F_OK), 0);
	connection_close(accepting);
}

/* Folds while somebody reads. */
struct reader {
	struct store *store;
	uint64_t n;
};

static int merge_at_the_third(
    void *context, const struct invocation *invocation, const char *host)
{
	struct reader *reader = context;

	(void)invocation;
	(void)host;
	if (++reader->n == 3)
		merge(reader->store, T0 + 3 * HOUR);
	return 0;
}

/* What came today becomes yesterday's. */
static void pass_a_day(struct place *place)
{
	int64_t day = clock_wall_ns() / (24 * HOUR);
	char name[RAW_NAME_BYTES];
	char from[128];
	char to[128];
	sqlite3 *db;

	store_close(place->store);
	place->store = NULL;
	raw_name(day, name);
	(void)snprintf(from, sizeof(from), "%s/%s", place->directory, name);
	raw_name(day - 1, name);
	(void)snprintf(to, sizeof(to), "%s/%s", place->directory, name);
	assert_int_equal(rename(from, to), 0);
	(void)snprintf(to, sizeof(to), "%s/main.db", place->directory);
	assert_int_equal(sqlite3_open(to, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db, "UPDATE raw_day SET day = day - 1", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(store_open(place->directory, &place->store), 0);
}

static void test_a_day_that_is_over_gets_smaller_on_disk(void **state)
{
	struct place *place = *state;
	char name[RAW_NAME_BYTES];
	char path[128];
	struct stat before;
	struct stat after;
	struct told told;
	uint64_t seed = 8;

	for (uint64_t i = 0; i < 2000; i++) {
		const struct plan_of_batch b = {
		    9, i + 1, "f", T0 + (int64_t)i * CLOCK_NS_PER_S, 1000, 1};

		assert_int_equal(put(place->store, &b), 1);
	}
	pass_a_day(place);
	write_hosts(place->store, &seed, 0, 1);
	told = told_of(place->store);
	raw_name(clock_wall_ns() / (24 * HOUR) - 1, name);
	(void)snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	assert_int_equal(stat(path, &before), 0);
	merge(place->store, T0 + 3 * HOUR);
	assert_int_equal(stat(path, &after), 0);
	assert_true(after.st_size < before.st_size / 5);
	assert_told(place->store, &told);
}

static void test_who_reads_meanwhile_sees_all(void **state)
{
	struct place *place = *state;
	struct reader reader = {.store = place->store};
	struct told before;
	uint64_t seed = 5;

	write_hosts(place->store, &seed, 0, 100);
	before = told_of(place->store);
	assert_int_equal(store_scan_invocations(place->store, 0, INT64_MAX, NULL, true,
			     merge_at_the_third, &reader),
	    0);
	assert_int_equal(reader.n, before.n);
	assert_in_range(rows_of(place), HOSTS, 100 * HOSTS / 4);
	assert_told(place->store, &before);
}

static void test_a_backup_of_what_was_merged_is_whole(void **state)
{
	struct place *place = *state;
	struct store *copy;
	struct told before;
	uint64_t seed = 6;
	char to[128];

	write_hosts(place->store, &seed, 0, 50);
	before = told_of(place->store);
	merge(place->store, T0 + 3 * HOUR);
	(void)snprintf(to, sizeof(to), "%s/copy", place->directory);
	assert_int_equal(store_backup(place->directory, to), 0);
	assert_int_equal(store_open(to, &copy), 0);
	assert_told(copy, &before);
	store_close(copy);
}

/* Kills a process that merges, after some time. */
static void kill_while_merging(struct place *place, useconds_t after_us)
{
	pid_t pid;

	store_close(place->store);
	place->store = NULL;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *store;

		if (store_open(place->directory, &store) == 0)
			merge(store, T0 + 3 * HOUR);
		_exit(0);
	}
	(void)usleep(after_us);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(store_open(place->directory, &place->store), 0);
}

static void test_a_process_that_dies_while_it_merges_loses_nothing(void **state)
{
	struct place *place = *state;
	struct told before;
	uint64_t seed = 7;
	int64_t rows = INT64_C(200) * HOSTS;

	write_hosts(place->store, &seed, 0, 200);
	before = told_of(place->store);
	for (useconds_t i = 1; i <= 20; i++) {
		kill_while_merging(place, 3000 * i);
		assert_told(place->store, &before);
		assert_true(rows_of(place) <= rows);
		rows = rows_of(place);
	}
	merge(place->store, T0 + 6 * HOUR);
	assert_told(place->store, &before);
	assert_in_range(rows_of(place), HOSTS, 200 * HOSTS / 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_day_that_is_over_gets_smaller_on_disk),
	    TEST(test_a_file_may_be_opened_twice),
	    TEST(test_who_reads_meanwhile_sees_all),
	    TEST(test_a_backup_of_what_was_merged_is_whole),
	    TEST(test_a_process_that_dies_while_it_merges_loses_nothing),
	};

	if (argc > 1)
		return read_from_outside(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
