/* The agent's spool: what waits comes out in order, outlives the agent, and what does not
 * is the newest and can be told. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/spool.h"
#include "base/log.h"

#define ROOM (1 << 20)
#define FOLDER "/tmp/coldmeter-spool-XXXXXX"

static char folder[] = FOLDER;
static struct spool *spool;

static int set_up(void **state)
{
	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)snprintf(folder, sizeof(folder), FOLDER);
	assert_non_null(mkdtemp(folder));
	return spool_open(folder, ROOM, &spool);
}

static int remove_one(
    const char *path, const struct stat *status, int what, struct FTW *place)
{
	(void)status;
	(void)what;
	(void)place;
	return remove(path);
}

/* No file may grow, or any may; of the whole process. */
static void set_full(bool full)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = full ? 0 : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int tear_down(void **state)
{
	(void)state;
	set_full(false); /* or the test's own output ends */
	spool_close(spool);
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void open_again(void)
{
	spool_close(spool);
	assert_int_equal(spool_open(folder, ROOM, &spool), 0);
}

/* A batch of that one byte. */
static int put(char mark)
{
	uint8_t *batch = malloc(1);
	int err;

	assert_non_null(batch);
	batch[0] = (uint8_t)mark;
	err = spool_put(spool, batch, 1, (uint64_t)mark);
	if (err)
		free(batch);
	return err;
}

static void expect(const char *marks)
{
	const uint8_t *batch;
	size_t bytes;

	for (; *marks; marks++) {
		assert_int_equal(spool_peek(spool, &batch, &bytes), 0);
		assert_int_equal(bytes, 1);
		assert_int_equal(batch[0], *marks);
		(void)spool_pop(spool);
	}
	assert_int_equal(spool_peek(spool, &batch, &bytes), -ENOENT);
}

static int is_batch(const struct dirent *entry)
{
	return strstr(entry->d_name, ".batch") != NULL;
}

/* How many files there are; the last one's path. */
static int look(char last[128])
{
	struct dirent **names;
	int n = scandir(folder, &names, is_batch, alphasort);

	for (int i = 0; i < n; i++) {
		(void)snprintf(last, 128, "%s/%.64s", folder, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return n;
}

static void test_spool_keeps_its_order_from_agent_to_agent(void **state)
{
	(void)state;
	for (const char *mark = "abc"; *mark; mark++)
		assert_int_equal(put(*mark), 0);
	open_again();
	assert_int_equal(put('d'), 0);
	assert_int_equal(spool_waiting(spool), 4);
	expect("abcd");
	open_again();
	expect("");
}

/* A batch of an agent whose clock was later than ours. */
static void test_spool_keeps_its_order_when_the_clock_goes_back(void **state)
{
	char later[128];
	char name[128];

	(void)state;
	assert_int_equal(put('a'), 0);
	assert_int_equal(look(name), 1);
	(void)snprintf(
	    later, sizeof(later), "%s/6400000000000000-00000009.batch", folder);
	assert_int_equal(rename(name, later), 0);
	open_again();
	assert_int_equal(put('b'), 0);
	assert_int_equal(put('c'), 0);
	open_again();
	assert_int_equal(put('d'), 0);
	open_again();
	expect("abcd");
}

static void test_spool_on_a_full_disk_waits_in_memory_and_is_written_later(void **state)
{
	uint8_t *batch;
	size_t bytes;
	uint64_t n;
	char name[128];

	(void)state;
	assert_int_equal(put('a'), 0);
	set_full(true);
	assert_int_equal(put('b'), 0);
	assert_int_equal(put('c'), 0);
	assert_int_equal(look(name), 1);
	set_full(false);
	assert_int_equal(put('d'), 0);
	assert_int_equal(look(name), 4);
	assert_false(spool_take_unkept(spool, &batch, &bytes, &n));
	open_again();
	expect("abcd");
}

static void test_spool_on_a_full_disk_keeps_no_more_than_it_says(void **state)
{
	uint8_t *batch;
	size_t bytes;
	uint64_t n;
	int taken = 0;

	(void)state;
	assert_int_equal(put('a'), 0);
	set_full(true);
	for (int i = 0; i < SPOOL_MEMORY_MAX; i++)
		assert_int_equal(put('b'), 0);
	assert_int_equal(put('c'), -EFBIG);
	assert_int_equal(put('c'), -EFBIG);
	assert_int_equal(spool_waiting(spool), SPOOL_MEMORY_MAX + 1);
	for (; spool_take_unkept(spool, &batch, &bytes, &n); taken++) {
		assert_int_equal(n, 'b');
		assert_int_equal(bytes, 1);
		assert_int_equal(batch[0], 'b');
		free(batch);
	}
	assert_int_equal(taken, SPOOL_MEMORY_MAX);
	set_full(false);
	assert_int_equal(put('d'), 0);
	expect("ad"); /* the first one was on disk all the time */
}

static void test_spool_tells_how_much_was_in_a_batch_that_cannot_be_read(void **state)
{
	const uint8_t *batch;
	size_t bytes;
	char name[128];

	(void)state;
	for (int i = 0; i <= SPOOL_MEMORY_MAX; i++)
		assert_int_equal(put('a'), 0);
	(void)look(name);
	assert_int_equal(truncate(name, 0), 0);
	for (int i = 0; i < SPOOL_MEMORY_MAX; i++)
		assert_int_equal(spool_pop(spool), 'a');
	assert_int_equal(spool_peek(spool, &batch, &bytes), -EIO);
	assert_int_equal(spool_pop(spool), 'a');
	assert_int_equal(spool_waiting(spool), 0);
	assert_int_equal(spool_pop(spool), 0);
}

/* What is in memory can be read without its file. */
static void test_spool_that_was_full_has_no_more_in_memory_than_it_says(void **state)
{
	struct rlimit limit;
	struct rlimit none;
	const uint8_t *batch;
	size_t bytes;
	int in_memory = 0;

	(void)state;
	for (int i = 0; i < SPOOL_MEMORY_MAX; i++)
		assert_int_equal(put('a'), 0);
	set_full(true);
	for (int i = 0; i < SPOOL_MEMORY_MAX; i++)
		assert_int_equal(put('b'), 0);
	set_full(false);
	assert_int_equal(put('c'), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	for (; spool_peek(spool, &batch, &bytes) == 0; in_memory++)
		(void)spool_pop(spool);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(in_memory, SPOOL_MEMORY_MAX);
	assert_int_equal(spool_waiting(spool), SPOOL_MEMORY_MAX + 1);
	for (int i = 0; i < SPOOL_MEMORY_MAX; i++)
		assert_int_equal(spool_pop(spool), 'b');
	expect("c");
}

/* What is on its way to the collector must not go. */
static void test_spool_leaves_the_oldest_where_it_was_read(void **state)
{
	const uint8_t *oldest;
	const uint8_t *again;
	size_t bytes;

	(void)state;
	set_full(true);
	for (int i = 0; i < SPOOL_MEMORY_MAX; i++)
		assert_int_equal(put('b'), 0);
	assert_int_equal(spool_peek(spool, &oldest, &bytes), 0);
	set_full(false);
	assert_int_equal(put('c'), 0);
	assert_int_equal(oldest[0], 'b');
	assert_int_equal(spool_peek(spool, &again, &bytes), 0);
	assert_ptr_equal(oldest, again);
}

/* Someone has tidied up. */
static void test_spool_tells_a_file_that_is_gone_from_nothing_that_waits(void **state)
{
	const uint8_t *batch;
	size_t bytes;
	char name[128];

	(void)state;
	for (int i = 0; i < SPOOL_MEMORY_MAX; i++)
		assert_int_equal(put('a'), 0);
	assert_int_equal(put('b'), 0);
	(void)look(name);
	assert_int_equal(put('c'), 0);
	assert_int_equal(unlink(name), 0);
	for (int i = 0; i < SPOOL_MEMORY_MAX; i++)
		assert_int_equal(spool_pop(spool), 'a');
	assert_int_equal(spool_peek(spool, &batch, &bytes), -ESTALE);
	assert_int_equal(spool_pop(spool), 'b');
	expect("c");
}

static void test_spool_keeps_a_file_that_it_has_no_descriptor_for(void **state)
{
	struct rlimit limit;
	struct rlimit none;
	const uint8_t *batch;
	size_t bytes;
	int err;

	(void)state;
	assert_int_equal(put('a'), 0);
	open_again(); /* it is read from disk then */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	err = spool_peek(spool, &batch, &bytes);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(err, -ENOMEM);
	expect("a");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_spool_keeps_its_order_from_agent_to_agent),
	    TEST(test_spool_keeps_its_order_when_the_clock_goes_back),
	    TEST(test_spool_on_a_full_disk_waits_in_memory_and_is_written_later),
	    TEST(test_spool_on_a_full_disk_keeps_no_more_than_it_says),
	    TEST(test_spool_tells_how_much_was_in_a_batch_that_cannot_be_read),
	    TEST(test_spool_that_was_full_has_no_more_in_memory_than_it_says),
	    TEST(test_spool_leaves_the_oldest_where_it_was_read),
	    TEST(test_spool_tells_a_file_that_is_gone_from_nothing_that_waits),
	    TEST(test_spool_keeps_a_file_that_it_has_no_descriptor_for),
	};

	log_init("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
