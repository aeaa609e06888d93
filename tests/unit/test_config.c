/* Settings out of YAML files. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/config.h"
#include "base/log.h"

struct settings {
	char data[CONFIG_TEXT_BYTES];
	bool alerts;
	int raw_days;
};

static const struct config_key keys[] = {
    {"data", config_text, offsetof(struct settings, data)},
    {"alerts", config_switch, offsetof(struct settings, alerts)},
    {"raw_days", config_days, offsetof(struct settings, raw_days)},
};

static char said[2048];

/* Loads bytes as a file; keeps what was logged in said. */
static int load_bytes(const char *bytes, size_t bytes_n, struct settings *settings)
{
	char path[] = "/tmp/test_config.XXXXXX";
	char log[] = "/tmp/test_config.XXXXXX";
	int fd = mkstemp(path);
	int log_fd = mkstemp(log);
	ssize_t n;
	int err;

	assert_true(fd >= 0 && log_fd >= 0);
	assert_int_equal(write(fd, bytes, bytes_n), (ssize_t)bytes_n);
	(void)close(fd);
	log_set_fd(log_fd);
	err = config_load(path, keys, 3, settings);
	log_set_fd(STDERR_FILENO);
	n = pread(log_fd, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	(void)close(log_fd);
	(void)unlink(path);
	(void)unlink(log);
	return err;
}

static int load(const char *text, struct settings *settings)
{
	return load_bytes(text, strlen(text), settings);
}

static void expect_error(const char *text, const char *place, const char *reason)
{
	struct settings settings = {0};
	const char *line_end;

	assert_int_equal(load(text, &settings), -EINVAL);
	if (!strstr(said, place) || !strstr(said, reason))
		fail_msg("%s or %s is not in: %s", place, reason, said);
	line_end = strchr(said, '\n');
	assert_non_null(line_end);
	assert_string_equal(line_end, "\n"); /* one line */
}

static void test_config_reads_each_kind_of_value(void **state)
{
	struct settings settings = {.raw_days = 7};

	(void)state;
	assert_int_equal(load("# ours\ndata: /var/x\nalerts: off\n", &settings), 0);
	assert_string_equal(settings.data, "/var/x");
	assert_false(settings.alerts);
	assert_int_equal(settings.raw_days, 7);
	assert_int_equal(load("raw_days: 3\nalerts: \"on\"\n", &settings), 0);
	assert_int_equal(settings.raw_days, 3);
	assert_true(settings.alerts);
}

static void test_config_takes_an_empty_file(void **state)
{
	struct settings settings = {0};

	(void)state;
	assert_int_equal(load("", &settings), 0);
	assert_int_equal(load("# nothing\n", &settings), 0);
	assert_int_equal(load("---\n", &settings), 0);
}

static void test_config_names_an_unknown_key_with_its_place(void **state)
{
	(void)state;
	expect_error("data: /x\n  \nraw_dayz: 3\n", ":3:1: raw_dayz", "no such setting");
}

static void test_config_names_a_bad_value_with_its_place(void **state)
{
	(void)state;
	expect_error(
	    "data: /x\nraw_days: many\n", ":2:11: raw_days", "whole number of days");
	expect_error("raw_days: 0\n", ":1:11: raw_days", "from 1");
	expect_error("raw_days: 99999999999999999999\n", ":1:11: raw_days", "from 1");
	expect_error("alerts: perhaps\n", ":1:9: alerts", "on or off");
	expect_error("data: [a, b]\n", ":1:1: data", "single value");
	expect_error("data: ''\n", "data", "text");
}

static void test_config_refuses_what_is_no_mapping(void **state)
{
	(void)state;
	expect_error("- a\n- b\n", ":1:1", "key: value");
	expect_error("just words\n", ":1:1", "key: value");
	expect_error("data: [unclosed\n", ":", "");
	expect_error("data: a\ndata: b\n", ":", "");
	expect_error("data: \"a\n", ":", "");
	expect_error("\xff\xfe\xff\n", ":", "");
}

/* The parser of YAML never comes back from the first of them. */
static void test_config_refuses_what_is_no_text(void **state)
{
	static const char nul[] = "alerts: on\ndata: a\0b\n";
	struct settings settings = {0};

	(void)state;
	expect_error("%\xb7", ":1:2: ", "is not UTF-8");
	expect_error("# \xc3\xa9\nalerts: \xc3\n", ":2:9: ", "is not UTF-8");
	assert_int_equal(load_bytes(nul, sizeof(nul) - 1, &settings), -EINVAL);
	assert_non_null(strstr(said, ":2:8: must be text"));
	assert_int_equal(load("data: /\xc3\xa9\n", &settings), 0);
	assert_string_equal(settings.data, "/\xc3\xa9");
}

static void test_config_names_a_file_that_is_not_there(void **state)
{
	struct settings settings = {0};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	log_set_fd(null);
	assert_int_equal(config_load("/nonexistent.yaml", keys, 3, &settings), -ENOENT);
	assert_int_equal(config_load("/tmp", keys, 3, &settings), -EISDIR);
	log_set_fd(STDERR_FILENO);
	(void)close(null);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_config_reads_each_kind_of_value),
	    cmocka_unit_test(test_config_takes_an_empty_file),
	    cmocka_unit_test(test_config_names_an_unknown_key_with_its_place),
	    cmocka_unit_test(test_config_names_a_bad_value_with_its_place),
	    cmocka_unit_test(test_config_refuses_what_is_no_mapping),
	    cmocka_unit_test(test_config_refuses_what_is_no_text),
	    cmocka_unit_test(test_config_names_a_file_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
