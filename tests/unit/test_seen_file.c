/* Files of a process are opened once it is known what they are, and nothing else is. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/names/seen_file.h"

static char dir[] = "/tmp/coldmeter-test-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[sizeof(dir) + 32];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void make_file(const char *name, const char *text)
{
	FILE *file = fopen(in_dir(name), "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int make_all(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	make_file("file", "text");
	make_file("other", "text");
	make_file("empty", "");
	assert_int_equal(symlink("file", in_dir("link")), 0);
	assert_int_equal(symlink(".", in_dir("linked")), 0);
	assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
	return 0;
}

static int remove_all(void **state)
{
	static const char *const names[] = {
	    "file", "other", "empty", "link", "linked", "pipe"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(in_dir(names[i]));
	return rmdir(dir);
}

static uint64_t inode(const char *name)
{
	struct stat status;

	assert_int_equal(lstat(in_dir(name), &status), 0);
	return status.st_ino;
}

static int open_mapped(const char *name, uint64_t number)
{
	return seen_file_open_mapped((uint32_t)getpid(), in_dir(name), number);
}

static int open_owned(const char *name, uid_t owner)
{
	return seen_file_open_owned((uint32_t)getpid(), in_dir(name), owner);
}

static void test_a_mapped_file_is_the_one_with_its_inode(void **state)
{
	char text[8] = "";
	int fd = open_mapped("file", inode("file"));

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_string_equal(text, "text");
	(void)close(fd);
	assert_int_equal(open_mapped("other", inode("file")), -EINVAL);
	assert_int_equal(open_mapped("empty", inode("empty")), -EINVAL);
	assert_int_equal(open_mapped("none", inode("file")), -ENOENT);
}

static void test_links_lead_nowhere(void **state)
{
	(void)state;
	assert_int_equal(open_mapped("link", inode("file")), -ELOOP);
	assert_int_equal(open_mapped("link", inode("link")), -ELOOP);
	assert_int_equal(open_mapped("linked/file", inode("file")), -ELOOP);
	assert_int_equal(open_owned("link", getuid()), -ELOOP);
}

static void test_another_users_file_is_not_taken(void **state)
{
	int fd = open_owned("file", getuid());

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	if (getuid() != 0)
		skip();
	fd = open_owned("file", 12345); /* root's is as good */
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(chown(in_dir("file"), 12345, 12345), 0);
	fd = open_owned("file", 12345);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(open_owned("file", 12346), -EINVAL);
	assert_int_equal(open_owned("file", 0), -EINVAL);
	assert_int_equal(chown(in_dir("file"), 0, 0), 0);
}

static void test_what_is_no_file_is_never_opened(void **state)
{
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char events[256];
	int fd;

	(void)state;
	assert_true(inotify_add_watch(watch, in_dir("pipe"), IN_OPEN) >= 0);
	assert_int_equal(open_mapped("pipe", inode("pipe")), -EINVAL);
	assert_int_equal(open_owned("pipe", getuid()), -EINVAL);
	assert_int_equal(read(watch, events, sizeof(events)), -1);
	assert_int_equal(errno, EAGAIN);
	fd = open(in_dir("pipe"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(read(watch, events, sizeof(events)) > 0); /* the watch does see it */
	(void)close(fd);
	(void)close(watch);
	assert_int_equal(
	    seen_file_open_owned((uint32_t)getpid(), "/proc/self/status", getuid()),
	    -EINVAL);
	assert_int_equal(seen_file_open_mapped(0x7fffffff, "/bin/sh", 1), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_mapped_file_is_the_one_with_its_inode),
	    cmocka_unit_test(test_links_lead_nowhere),
	    cmocka_unit_test(test_another_users_file_is_not_taken),
	    cmocka_unit_test(test_what_is_no_file_is_never_opened),
	};

	return cmocka_run_group_tests(tests, make_all, remove_all);
}
