/* Names out of perf-PID.map files, /proc/PID/maps and ELF files, and folded stacks. */
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
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/deep.h"
#include "agent/deep/perf_map.h"
#include "agent/deep/programs.h"
#include "agent/deep/symbols.h"

static long add(struct perf_map *map, const char *text)
{
	return perf_map_add(map, text, strlen(text));
}

static void test_addresses_find_their_names(void **state)
{
	static const char text[] = "3ef414c0 398 RegExp:[{(]\n"
				   "3ef418a0 10 JS:~hello world /w/x.js:1:2\n"
				   "10 FF last\n";
	size_t budget = 1 << 20;
	struct perf_map *map;

	(void)state;
	assert_int_equal(perf_map_new(&budget, &map), 0);
	assert_null(perf_map_find(map, 0x10));
	assert_int_equal(add(map, text), (long)strlen(text));
	assert_string_equal(perf_map_find(map, 0x3ef414c0), "RegExp:[{(]");
	assert_string_equal(perf_map_find(map, 0x3ef414c0 + 0x397), "RegExp:[{(]");
	assert_null(perf_map_find(map, 0x3ef414c0 + 0x398));
	assert_string_equal(
	    perf_map_find(map, 0x3ef418af), "JS:~hello world /w/x.js:1:2");
	assert_string_equal(perf_map_find(map, 0x10 + 0xfe), "last");
	assert_null(perf_map_find(map, 0));
	assert_null(perf_map_find(map, UINT64_MAX));
	perf_map_free(map);
}

static void test_code_that_came_later_is_what_is_there(void **state)
{
	size_t budget = 1 << 20;
	struct perf_map *map;

	(void)state;
	assert_int_equal(perf_map_new(&budget, &map), 0);
	(void)add(map, "100 100 old\n180 10 inner\n");
	assert_string_equal(perf_map_find(map, 0x185), "inner");
	(void)add(map, "100 100 new\n");
	assert_string_equal(perf_map_find(map, 0x185), "new");
	assert_string_equal(perf_map_find(map, 0x1ff), "new");
	perf_map_free(map);
}

static void test_a_line_that_is_not_whole_waits(void **state)
{
	size_t budget = 1 << 20;
	struct perf_map *map;

	(void)state;
	assert_int_equal(perf_map_new(&budget, &map), 0);
	assert_int_equal(add(map, "100 10 whole\n200 10 ha"), 13);
	assert_null(perf_map_find(map, 0x200));
	assert_int_equal(add(map, "200 10 half\n"), 12);
	assert_string_equal(perf_map_find(map, 0x200), "half");
	perf_map_free(map);
}

static void test_what_is_no_entry_is_skipped(void **state)
{
	static const char *const wrong[] = {"\n", "100\n", "100 10\n", "100 10 \n",
	    "x 10 f\n", "100 x f\n", "100 0 f\n", "-1 10 f\n", " 100 10 f\n",
	    "10000000000000000 10 f\n", "\x10 10 f\n", "100 10000000000000000 f\n"};
	size_t budget = 1 << 20;
	struct perf_map *map;

	(void)state;
	assert_int_equal(perf_map_new(&budget, &map), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(add(map, wrong[i]), (long)strlen(wrong[i]));
	for (uint64_t at = 0; at < 0x200; at++)
		assert_null(perf_map_find(map, at));
	perf_map_free(map);
}

static void test_maps_together_are_bounded(void **state)
{
	size_t budget = 1000;
	struct perf_map *map;
	struct perf_map *other;
	int n = 0;

	(void)state;
	assert_int_equal(perf_map_new(&budget, &map), 0);
	assert_int_equal(perf_map_new(&budget, &other), 0);
	while (n < 100 && budget > 200) {
		(void)add(map, "100 10 f\n");
		n++;
	}
	assert_in_range(n, 2, 50);
	budget = 10; /* as if others took it */
	assert_int_equal(add(other, "100 10 f\n"), 9);
	assert_null(perf_map_find(other, 0x100));
	budget = 200;
	(void)add(other, "100 10 f\n");
	assert_string_equal(perf_map_find(other, 0x100), "f");
	perf_map_free(other);
	assert_int_equal(budget, 200);
	perf_map_free(map);
	assert_true(budget > 900);
}

static void test_lines_of_maps_are_read(void **state)
{
	struct program_map map;
	char line[1024];

	(void)state;
	assert_true(program_map_parse("7f00-7f80 r-xp 00001000 fe:01 1234      "
				      "           /usr/lib/a b.so\n",
	    &map));
	assert_int_equal(map.start, 0x7f00);
	assert_int_equal(map.end, 0x7f80);
	assert_int_equal(map.offset, 0x1000);
	assert_int_equal(map.inode, 1234);
	assert_true(map.executable);
	assert_string_equal(map.path, "/usr/lib/a b.so");
	assert_true(program_map_parse("7f00-7f80 rw-p 0 00:00 0 \n", &map));
	assert_false(map.executable);
	assert_string_equal(map.path, "");
	assert_true(program_map_parse("7f00-7f80 r-xp 0 00:00 0 [vdso]", &map));
	assert_string_equal(map.path, "[vdso]");
	memset(line, 'x', sizeof(line));
	(void)snprintf(line, sizeof(line), "1-2 r-xp 0 0:0 1 /");
	line[strlen(line)] = 'x';
	(void)snprintf(line + sizeof(line) - 6, 6, "/end\n");
	assert_true(program_map_parse(line, &map));
	assert_int_equal(strlen(map.path), sizeof(map.path) - 1);
	assert_string_equal(map.path + strlen(map.path) - 4, "/end");
	assert_false(program_map_parse("", &map));
	assert_false(program_map_parse("7f80-7f00 r-xp 0 00:00 0\n", &map));
	assert_false(program_map_parse("not a map\n", &map));
}

/* A function of ours, by the file that it is in. */
__attribute__((noinline)) static int found_by_its_name(int x)
{
	return x * 7 + 3;
}

static void test_our_own_functions_have_names(void **state)
{
	struct programs *programs;
	char name[64];

	(void)state;
	assert_int_equal(programs_new(&programs), 0);
	assert_int_equal(found_by_its_name(1), 10);
	programs_name(programs, (uint32_t)getpid(), 1,
	    (uint64_t)(uintptr_t)&found_by_its_name + 1, name, sizeof(name));
	assert_string_equal(name, "found_by_its_name");
	programs_name(programs, (uint32_t)getpid(), 1, (uint64_t)(uintptr_t)&strtoull,
	    name, sizeof(name)); /* of a stripped library */
	assert_non_null(strstr(name, "strtou"));
	programs_name(programs, (uint32_t)getpid(), 1, 8, name, sizeof(name));
	assert_string_equal(name, "[unknown]");
	programs_name(programs, 0x7fffffff, 1, 8, name, sizeof(name));
	assert_string_equal(name, "[unknown]");
	programs_free(programs);
}

static void test_a_file_that_is_no_program_has_no_symbols(void **state)
{
	char path[] = "/tmp/coldmeter-test-XXXXXX";
	struct symbols *symbols = NULL;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	(void)unlink(path);
	assert_int_equal(symbols_read(fd, &symbols), -ENOEXEC);
	assert_int_equal(write(fd,
			     "\x7f"
			     "ELF\2\1\1",
			     7),
	    7);
	assert_int_equal(symbols_read(fd, &symbols), -ENOEXEC);
	assert_null(symbols);
	(void)close(fd);
}

static void test_frames_are_folded(void **state)
{
	char stack[32] = "";

	(void)state;
	assert_int_equal(deep_add_frame(stack, sizeof(stack), "node"), 0);
	assert_int_equal(deep_add_frame(stack, sizeof(stack), "a;b\n\x1b"), 0);
	assert_string_equal(stack, "node;a:b??");
	assert_int_equal(deep_add_frame(stack, sizeof(stack), "12345678901234"), 0);
	assert_string_equal(stack, "node;a:b??;12345678901234");
}

static void test_a_long_stack_ends_where_it_was_cut(void **state)
{
	char stack[32] = "";

	(void)state;
	assert_int_equal(deep_add_frame(stack, sizeof(stack), "node"), 0);
	assert_int_equal(
	    deep_add_frame(stack, sizeof(stack), "1234567890123456789012"), -ENOSPC);
	assert_string_equal(stack, "node;[cut]");
	assert_int_equal(deep_add_frame(stack, sizeof(stack), "inner"), -ENOSPC);
	assert_string_equal(stack, "node;[cut]");
	stack[0] = '\0';
	assert_int_equal(
	    deep_add_frame(stack, sizeof(stack), "123456789012345678901234"), 0);
	assert_int_equal(deep_add_frame(stack, sizeof(stack), "x"), -ENOSPC);
	assert_string_equal(stack, "123456789012345678901234;[cut]");
}

/* Code without a file, as of a runtime, for which we write a perf-PID.map. */
static void test_what_a_runtime_made_is_read_once_a_turn(void **state)
{
	char *code =
	    mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t at = (uint64_t)(uintptr_t)code;
	struct programs *programs;
	char path[64];
	char name[64];
	FILE *file;

	(void)state;
	assert_true(code != MAP_FAILED);
	(void)snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	file = fopen(path, "we");
	assert_non_null(file);
	(void)fprintf(file, "%llx 10 first\n", (unsigned long long)at);
	assert_int_equal(fflush(file), 0);
	assert_int_equal(programs_new(&programs), 0);
	programs_name(programs, (uint32_t)getpid(), 1, at, name, sizeof(name));
	assert_string_equal(name, "first");
	(void)fprintf(file, "%llx 10 second\n", (unsigned long long)at + 16);
	assert_int_equal(fclose(file), 0);
	programs_name(programs, (uint32_t)getpid(), 1, at + 16, name, sizeof(name));
	assert_string_equal(name, "[anonymous+0x10]");
	programs_turn(programs);
	programs_name(programs, (uint32_t)getpid(), 1, at + 16, name, sizeof(name));
	assert_string_equal(name, "second");
	programs_free(programs);
	(void)unlink(path);
	(void)munmap(code, 4096);
}

static void test_what_is_mapped_is_read_once_a_turn(void **state)
{
	struct programs *programs;
	char *code;
	char name[64];

	(void)state;
	assert_int_equal(programs_new(&programs), 0);
	programs_name(programs, (uint32_t)getpid(), 1, 8, name, sizeof(name));
	code =
	    mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(code != MAP_FAILED);
	programs_name(programs, (uint32_t)getpid(), 1, (uint64_t)(uintptr_t)code, name,
	    sizeof(name));
	assert_string_equal(name, "[unknown]");
	programs_turn(programs);
	programs_name(programs, (uint32_t)getpid(), 1, (uint64_t)(uintptr_t)code, name,
	    sizeof(name));
	assert_string_equal(name, "[anonymous+0x0]");
	programs_free(programs);
	(void)munmap(code, 4096);
}

static char out_path[] = "/tmp/coldmeter-test-XXXXXX";

/* A deep mode that writes into an empty file at out_path. */
static struct deep *open_deep(void)
{
	struct deep *deep = NULL;

	memset(out_path + sizeof(out_path) - 7, 'X', 6);
	assert_int_equal(close(mkstemp(out_path)), 0);
	assert_int_equal(deep_open(out_path, &deep), 0);
	return deep;
}

static void take(struct deep *deep, const char *name)
{
	struct record_sample sample = {.kind = RECORD_SAMPLE};

	(void)snprintf(sample.name, sizeof(sample.name), "%s", name);
	deep_take(deep, &sample);
}

/* The file is what it says. */
static void file_is(const char *expected)
{
	char text[256] = "";
	FILE *file = fopen(out_path, "re");

	assert_non_null(file);
	(void)fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	assert_string_equal(text, expected);
}

#define SECOND_NS 1000000000ULL

static void test_stacks_are_written_now_and_then(void **state)
{
	struct deep *deep = open_deep();
	uint64_t now = 1000 * SECOND_NS;
	struct stat status;

	(void)state;
	deep_turn(deep, now);
	file_is("");
	take(deep, "a");
	deep_turn(deep, now);
	file_is("a 1\n");
	take(deep, "a");
	deep_turn(deep, now + SECOND_NS);
	deep_turn(deep, now + 29 * SECOND_NS);
	file_is("a 1\n");
	deep_turn(deep, now + 30 * SECOND_NS);
	file_is("a 2\n");
	take(deep, "a longer name"); /* more than twice as much */
	deep_turn(deep, now + 31 * SECOND_NS);
	assert_int_equal(stat(out_path, &status), 0);
	assert_int_equal(status.st_size, strlen("a 2\na longer name 1\n"));
	take(deep, "a");
	assert_int_equal(deep_close(deep), 4);
	(void)unlink(out_path);
}

static void test_only_a_file_is_written_and_only_with_samples(void **state)
{
	char link[sizeof(out_path) + 8];
	struct deep *deep = open_deep();
	FILE *file;

	(void)state;
	assert_int_equal(deep_close(deep), 0);
	file = fopen(out_path, "we");
	assert_non_null(file);
	assert_true(fputs("what was there before, a line\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	(void)snprintf(link, sizeof(link), "%s.link", out_path);
	assert_int_equal(symlink(out_path, link), 0);
	assert_int_equal(deep_open(link, &deep), -ELOOP);
	(void)unlink(link);
	assert_int_equal(mkfifo(link, 0600), 0);
	assert_true(deep_open(link, &deep) < 0); /* and does not wait for a reader */
	(void)unlink(link);
	assert_int_equal(deep_open("/dev/null", &deep), -EINVAL);
	assert_int_equal(deep_open(out_path, &deep), 0);
	assert_int_equal(deep_close(deep), 0);
	file_is("what was there before, a line\n");
	assert_int_equal(deep_open(out_path, &deep), 0);
	take(deep, "a");
	assert_int_equal(deep_close(deep), 1);
	file_is("a 1\n");
	(void)unlink(out_path);
}

static void test_stacks_together_are_bounded(void **state)
{
	struct record_sample sample = {
	    .kind = RECORD_SAMPLE, .kernel_bytes = sizeof(sample.kernel)};
	struct deep *deep = open_deep();
	uint64_t taken_ns;
	struct stat status;
	char line[64] = "";
	FILE *file;

	(void)state;
	for (uint64_t i = 0; i < 18000; i++) {
		for (size_t k = 0; k < SAMPLE_KERNEL_FRAMES; k++)
			sample.kernel[k] = 0x7fffffff00000000 + i;
		deep_take(deep, &sample);
	}
	assert_true(deep_cpu_ns(deep) > 1000000);
	taken_ns = deep_cpu_ns(deep);
	deep_turn(deep, 1);
	assert_true(deep_cpu_ns(deep) > taken_ns + 1000000); /* 16 MB */
	assert_int_equal(deep_close(deep), 18000);
	assert_int_equal(stat(out_path, &status), 0);
	assert_in_range(status.st_size, 15 << 20, 17 << 20);
	file = fopen(out_path, "re");
	assert_non_null(file);
	while (strncmp(line, "[other] ", 8) != 0)
		assert_non_null(fgets(line, sizeof(line), file));
	(void)fclose(file);
	(void)unlink(out_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_addresses_find_their_names),
	    cmocka_unit_test(test_code_that_came_later_is_what_is_there),
	    cmocka_unit_test(test_a_line_that_is_not_whole_waits),
	    cmocka_unit_test(test_what_is_no_entry_is_skipped),
	    cmocka_unit_test(test_maps_together_are_bounded),
	    cmocka_unit_test(test_lines_of_maps_are_read),
	    cmocka_unit_test(test_our_own_functions_have_names),
	    cmocka_unit_test(test_a_file_that_is_no_program_has_no_symbols),
	    cmocka_unit_test(test_frames_are_folded),
	    cmocka_unit_test(test_a_long_stack_ends_where_it_was_cut),
	    cmocka_unit_test(test_only_a_file_is_written_and_only_with_samples),
	    cmocka_unit_test(test_what_a_runtime_made_is_read_once_a_turn),
	    cmocka_unit_test(test_what_is_mapped_is_read_once_a_turn),
	    cmocka_unit_test(test_stacks_are_written_now_and_then),
	    cmocka_unit_test(test_stacks_together_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
