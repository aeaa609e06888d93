/* Keeping a ledger small, copying it while it is written, and saying what is damaged. */
#include "base/log.h"
#include "tests/unit/store_place.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <time.h>

#define DAY_NS (86400 * CLOCK_NS_PER_S)

/* What was logged while run() ran. */
static void hear(void (*run)(void *context), void *context, char *text, size_t size)
{
	int fds[2];
	ssize_t n;

	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	log_set_fd(fds[1]);
	run(context);
	log_set_fd(STDERR_FILENO);
	n = read(fds[0], text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void sql(const struct place *place, const char *name, const char *text)
{
	char path[128];
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void today(char name[32], const char *suffix)
{
	time_t now = (time_t)(clock_wall_ns() / CLOCK_NS_PER_S);
	char date[16];
	struct tm tm;

	(void)gmtime_r(&now, &tm);
	(void)strftime(date, sizeof(date), "%Y%m%d", &tm);
	(void)snprintf(name, 32, "raw_%s.db%s", date, suffix);
}

/* --- size ------------------------------------------------------------------------------
 */

/* Makes what arrived today look as if it had arrived on the first days of 1970. */
static void move_raw_day(struct place *place, int day)
{
	char from[32];
	char text[256];

	today(from, "");
	store_close(place->store);
	place->store = NULL;
	(void)snprintf(text, sizeof(text), "%s/%s", place->directory, from);
	char to[128];

	(void)snprintf(to, sizeof(to), "%s/raw_197001%02d.db", place->directory, day + 1);
	assert_int_equal(rename(text, to), 0);
	(void)snprintf(text, sizeof(text), "UPDATE raw_day SET day = %d WHERE day = %lld",
	    day, (long long)(clock_wall_ns() / DAY_NS));
	sql(place, "main.db", text);
	assert_int_equal(store_open(place->directory, &place->store), 0);
}

static void test_the_oldest_days_go_until_the_ledger_is_small_enough(void **state)
{
	struct place *place = *state;
	int64_t bytes = 0;
	int64_t after = 0;

	for (uint64_t i = 1; i <= 4; i++) {
		const struct plan_of_batch b = {
		    1, i, "f", T0 + (int64_t)i * MINUTE, 1000, 10};

		assert_int_equal(put(place->store, &b), 1);
		if (i < 4)
			move_raw_day(place, (int)i);
	}
	assert_int_equal(store_shrink(place->store, INT64_MAX, &bytes), 0);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, false).rows, 40);
	assert_int_equal(store_shrink(place->store, bytes - 1, &bytes), 1);
	assert_int_equal(store_shrink(place->store, bytes - 1, &after), 0);
	assert_true(after < bytes);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, false).rows, 30);
	assert_int_equal(walk(place->store, 0, T0 + 2 * MINUTE, NULL, false).rows, 0);
	assert_int_equal(store_shrink(place->store, 1, &bytes), 1);
	assert_int_equal(store_shrink(place->store, 1, &bytes), 1);
	assert_int_equal(store_shrink(place->store, 1, &bytes), -ENOSPC);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, false).rows, 10);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, NULL).invocations, 40);
	reopen(place);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, false).rows, 10);
}

/* --- backup ----------------------------------------------------------------------------
 */

/* Copies the place, opens the copy and counts the same in both of its halves. */
static uint64_t count_copy(const struct place *place, int number)
{
	struct store *copy;
	char to[128];
	uint64_t n;

	(void)snprintf(to, sizeof(to), "%s/copy%d", place->directory, number);
	assert_int_equal(store_backup(place->directory, to), 0);
	assert_int_equal(store_open(to, &copy), 0);
	n = rollups(copy, 0, INT64_MAX, NULL).invocations;
	assert_int_equal(walk(copy, 0, INT64_MAX, NULL, false).rows, n);
	const struct plan_of_batch next = {9, 1, "g", T0, 1000, 7};

	assert_int_equal(put(copy, &next), 1);
	assert_int_equal(walk(copy, 0, INT64_MAX, NULL, false).rows, n + 7);
	store_close(copy);
	return n;
}

static void write_on(const char *directory)
{
	struct store *store;

	if (store_open(directory, &store) < 0)
		_exit(1);
	for (uint64_t i = 2;; i++) {
		const struct plan_of_batch b = {
		    1, i, "f", T0 + (int64_t)i * MINUTE, 1000, 5};

		if (put(store, &b) != 1)
			_exit(2);
	}
}

static void test_a_ledger_is_copied_while_it_is_written(void **state)
{
	struct place *place = *state;
	const struct plan_of_batch b = {1, 1, "f", T0, 1000, 5};
	uint64_t before = 5;
	int status;
	pid_t pid;

	assert_int_equal(put(place->store, &b), 1);
	assert_int_equal(count_copy(place, 0), 5);
	store_close(place->store);
	place->store = NULL;
	assert_int_equal(count_copy(place, 1), 5); /* at rest */
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		write_on(place->directory);
	for (int i = 2; i < 8; i++) {
		uint64_t n = count_copy(place, i);

		assert_true(n >= before && n % 5 == 0);
		before = n;
		(void)usleep(20000);
	}
	assert_true(before > 5);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(store_open(place->directory, &place->store), 0);
}

static void back_up_to_nowhere(void *context)
{
	const struct place *place = context;
	char to[128];

	assert_int_equal(store_backup(place->directory, place->directory), -EEXIST);
	(void)snprintf(to, sizeof(to), "%s/empty", place->directory);
	assert_int_equal(store_backup("/nonexistent", to), -ENOENT);
}

static void test_a_backup_overwrites_nothing(void **state)
{
	char said[1024];

	hear(back_up_to_nowhere, *state, said, sizeof(said));
	assert_non_null(strstr(said, "cannot make /tmp/test_store."));
	assert_non_null(strstr(said, "/nonexistent has no ledger"));
}

/* --- damage ----------------------------------------------------------------------------
 */

/* Overwrites a page of the file with a pattern. */
static void damage(const struct place *place, const char *name, long page)
{
	char path[128];
	char junk[8192];
	FILE *f;

	memset(junk, 0x5a, sizeof(junk));
	(void)snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	f = fopen(path, "r+e");
	assert_non_null(f);
	assert_int_equal(fseek(f, (page - 1) * (long)sizeof(junk), SEEK_SET), 0);
	assert_int_equal(fwrite(junk, 1, sizeof(junk), f), sizeof(junk));
	assert_int_equal(fclose(f), 0);
}

static void open_damaged(void *context)
{
	struct place *place = context;

	assert_int_equal(store_open(place->directory, &place->store), -EUCLEAN);
}

static void open_place(void *context)
{
	struct place *place = context;

	assert_int_equal(store_open(place->directory, &place->store), 0);
}

static void test_a_damaged_page_is_told_with_file_and_reason(void **state)
{
	struct place *place = *state;
	char said[1024];

	for (uint64_t i = 1; i <= 50; i++) {
		const struct plan_of_batch b = {
		    1, i, "f", T0 + (int64_t)i * MINUTE, 1000, 5};

		assert_int_equal(put(place->store, &b), 1);
	}
	store_close(place->store);
	place->store = NULL;
	damage(place, "main.db", 3);
	hear(open_damaged, place, said, sizeof(said));
	assert_non_null(strstr(said, "/main.db is damaged ("));
	assert_non_null(strstr(said, "age 3")); /* SQLite's words: "Page 3: ..." */
}

static void test_a_damaged_day_of_batches_is_told_and_the_rest_is_used(void **state)
{
	struct place *place = *state;
	char said[1024];
	char name[32];
	char wanted[64];

	for (uint64_t i = 1; i <= 50; i++) {
		const struct plan_of_batch b = {
		    1, i, "f", T0 + (int64_t)i * MINUTE, 1000, 50};

		assert_int_equal(put(place->store, &b), 1);
	}
	store_close(place->store);
	place->store = NULL;
	today(name, "");
	damage(place, name, 4);
	hear(open_place, place, said, sizeof(said));
	(void)snprintf(wanted, sizeof(wanted), "/%s is damaged", name);
	assert_non_null(strstr(said, wanted));
	assert_non_null(strstr(said, "age 4"));
	assert_int_equal(rollups(place->store, 0, INT64_MAX, NULL).invocations, 2500);
}

/* How many days were put aside. */
static int put_aside(const struct place *place)
{
	char name[48];
	char path[128];

	today(name, ".damaged");
	(void)snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	return access(path, F_OK) == 0;
}

static void test_a_day_that_cannot_be_opened_is_put_aside(void **state)
{
	struct place *place = *state;
	struct plan_of_batch b = {1, 1, "f", T0, 1000, 50};
	char said[2048];
	char name[32];

	assert_int_equal(put(place->store, &b), 1);
	store_close(place->store);
	place->store = NULL;
	today(name, "");
	damage(place, name, 1);
	hear(open_place, place, said, sizeof(said));
	assert_non_null(strstr(said, "is damaged: it is put aside as"));
	assert_true(put_aside(place));
	b.sequence = 2;
	assert_int_equal(put(place->store, &b), 1);
	assert_int_equal(put(place->store, &b), 0);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, NULL).invocations, 100);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, false).rows, 50);
	reopen(place);
	/* its rows count on */
	sql(place, name,
	    "CREATE TEMP TABLE t(n CHECK(n = 2));"
	    "INSERT INTO t SELECT min(id) FROM raw");
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, false).rows, 50);
	assert_int_equal(
	    store_expire(place->store, &(struct store_keep){.raw_since_ns = INT64_MAX}),
	    0);
	assert_false(put_aside(place));
}

static void accept_hundred(struct store *store)
{
	for (uint64_t i = 2; i <= 101; i++) {
		const struct plan_of_batch b = {1, i, "f", T0, 1000, 500};
		struct sealed s = seal(&b);
		struct store_batch one = {
		    .batch = s.batch, .raw = s.bytes, .raw_bytes = s.bytes_n};

		if (store_accept(store, &one, 1) < 0)
			_exit(2);
		drop(&s);
	}
}

static void test_what_can_be_read_of_a_damaged_day_is_counted(void **state)
{
	struct place *place = *state;
	const struct plan_of_batch b = {1, 1, "f", T0, 1000, 500};
	char said[2048];
	char name[32];
	uint64_t n;

	assert_int_equal(put(place->store, &b), 1);
	run_and_die(place, accept_hundred);
	today(name, "");
	sql(place, name, "PRAGMA wal_checkpoint(TRUNCATE)");
	for (long page = 8; page <= 12; page++)
		damage(place, name, page);
	hear(open_place, place, said, sizeof(said));
	assert_non_null(strstr(said, "is damaged: it is put aside as"));
	n = rollups(place->store, 0, INT64_MAX, NULL).invocations;
	assert_in_range(n, 1000, 101 * 500 - 500);
	assert_true(put_aside(place));
	reopen(place);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, NULL).invocations, n);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_the_oldest_days_go_until_the_ledger_is_small_enough),
	    TEST(test_a_ledger_is_copied_while_it_is_written),
	    TEST(test_a_backup_overwrites_nothing),
	    TEST(test_a_damaged_page_is_told_with_file_and_reason),
	    TEST(test_a_damaged_day_of_batches_is_told_and_the_rest_is_used),
	    TEST(test_a_day_that_cannot_be_opened_is_put_aside),
	    TEST(test_what_can_be_read_of_a_damaged_day_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
