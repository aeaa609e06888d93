/* A log that is written to without a pause is copied into its file aside, and begun anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/sqlite/file/connection.h"

#define PAGES 100L
#define PAGE_BYTES 8192
#define LOG_HEAD_BYTES 24L /* ahead of each page in a log */
#define ROW_BYTES 65536
#define LIMIT_S 60
#define GREATEST_LOG (1L << 30)
#define LOG_BYTES (50 * PAGES * PAGE_BYTES) /* far more than a pass leaves behind */

struct place {
	char directory[64];
	char path[96];
	char log[112];
	struct connection *writer;
	int64_t rows;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	(void)snprintf(
	    place->directory, sizeof(place->directory), "/tmp/test_checkpoint.XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	(void)snprintf(place->path, sizeof(place->path), "%s/x.db", place->directory);
	(void)snprintf(place->log, sizeof(place->log), "%s-wal", place->path);
	assert_int_equal(
	    connection_open(place->path, CONNECTION_WRITE, &place->writer), 0);
	assert_int_equal(connection_run(place->writer,
			     "CREATE TABLE t(id INTEGER PRIMARY KEY, bytes BLOB)"),
	    0);
	connection_checkpoint_aside(place->writer, (int)PAGES);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	connection_close(place->writer);
	(void)unlink(place->path);
	assert_int_equal(rmdir(place->directory), 0); /* the log is gone, too */
	free(place);
	return 0;
}

static void commit_one(struct place *place)
{
	static const char sql[] = "INSERT INTO t(bytes) VALUES(:bytes)";
	static uint8_t bytes[ROW_BYTES];
	AUTO(statement) sqlite3_stmt *s = NULL;

	memset(bytes, (int)place->rows, sizeof(bytes));
	assert_int_equal(connection_begin(place->writer), 0);
	assert_int_equal(statement_get(place->writer, sql, &s), 0);
	statement_bind_blob(s, ":bytes", bytes, sizeof(bytes));
	assert_int_equal(statement_run(s), 0);
	assert_int_equal(connection_commit(place->writer), 0);
	place->rows++;
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_size;
}

static int64_t count(struct connection *c)
{
	static const char sql[] = "SELECT count(*) FROM t";
	AUTO(statement) sqlite3_stmt *s = NULL;

	assert_int_equal(statement_get(c, sql, &s), 0);
	assert_int_equal(statement_step(s), 1);
	return sqlite3_column_int64(s, 0);
}

/* Commits without a pause until the file has so many times what the log takes. */
static void commit_until_copied(struct place *place, off_t times)
{
	uint64_t until_ns = clock_boot_ns() + LIMIT_S * (uint64_t)CLOCK_NS_PER_S;

	while (size_of(place->path) < times * size_of(place->log) ||
	       size_of(place->path) < PAGES * PAGE_BYTES) {
		commit_one(place);
		if (clock_boot_ns() > until_ns || size_of(place->log) > GREATEST_LOG)
			fail_msg("the log has %ld bytes, the file %ld",
			    (long)size_of(place->log), (long)size_of(place->path));
	}
}

static void test_a_log_is_begun_anew_between_commits(void **state)
{
	struct place *place = *state;

	commit_until_copied(place, 4);
	assert_int_equal(count(place->writer), place->rows);
}

/* By the thread: after the commit that asks for it there is none. */
static void test_what_is_in_the_log_is_copied_aside(void **state)
{
	struct place *place = *state;

	while (size_of(place->log) < PAGES * (PAGE_BYTES + LOG_HEAD_BYTES))
		commit_one(place);
	for (int i = 0; i < 10 * 100 && size_of(place->path) < PAGES * PAGE_BYTES / 2;
	     i++)
		(void)usleep(10000);
	assert_true(size_of(place->path) >= PAGES * PAGE_BYTES / 2);
}

/* Bytes that this thread wrote so far. */
static long written(void)
{
	FILE *io = fopen("/proc/thread-self/io", "re");
	char line[64];
	long bytes = -1;

	assert_non_null(io);
	while (fgets(line, sizeof(line), io)) {
		if (strncmp(line, "wchar: ", 7) == 0)
			bytes = strtol(line + 7, NULL, 10);
	}
	(void)fclose(io);
	assert_true(bytes >= 0);
	return bytes;
}

/* Also where pauses let the thread copy the last page, so that the log is begun anew
 * before the writer asks for what is left. */
static void test_the_writer_copies_little(void **state)
{
	struct place *place = *state;
	long before;

	for (int i = 0; i < 100; i++) {
		before = written();
		commit_one(place);
		assert_in_range(
		    written() - before, ROW_BYTES, ROW_BYTES + PAGES * PAGE_BYTES / 2);
		(void)usleep(20000);
	}
	assert_true(size_of(place->path) > PAGES * PAGE_BYTES);
}

/* What a reader still looks at stays in the log, which grows, and shrinks no commit. */
static void test_a_reader_is_not_waited_for(void **state)
{
	struct place *place = *state;
	struct connection *reader;
	int64_t seen;

	commit_one(place);
	seen = place->rows;
	assert_int_equal(connection_open(place->path, CONNECTION_READ, &reader), 0);
	assert_int_equal(connection_begin(reader), 0);
	assert_int_equal(count(reader), seen);
	while (size_of(place->log) < LOG_BYTES)
		commit_one(place);
	assert_int_equal(count(reader), seen);
	connection_rollback(reader);
	assert_int_equal(count(reader), place->rows);
	commit_until_copied(place, 2);
	connection_close(reader);
}

static void test_what_was_committed_is_there_after_the_end(void **state)
{
	struct place *place = *state;
	struct connection *again;
	char why[CONNECTION_WHY_BYTES];

	for (int i = 0; i < 1000; i++)
		commit_one(place);
	connection_close(place->writer); /* in the midst of a pass, perhaps */
	place->writer = NULL;
	assert_int_equal(size_of(place->log), 0);
	assert_int_equal(connection_open(place->path, CONNECTION_WRITE, &again), 0);
	assert_int_equal(connection_check(again, 60000, why), 0);
	assert_int_equal(count(again), place->rows);
	connection_close(again);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_a_log_is_begun_anew_between_commits),
	    TEST(test_what_is_in_the_log_is_copied_aside),
	    TEST(test_the_writer_copies_little),
	    TEST(test_a_reader_is_not_waited_for),
	    TEST(test_what_was_committed_is_there_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
