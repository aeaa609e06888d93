#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/clickhouse/address.h"

static void assert_address(const char *url, const struct clickhouse_address *want)
{
	struct clickhouse_address got;
	const char *why;

	if (clickhouse_address_parse(url, &got, &why) != 0)
		fail_msg("%s: %s", url, why);
	assert_string_equal(got.host, want->host);
	assert_int_equal(got.port, want->port);
	assert_string_equal(got.user, want->user);
	assert_string_equal(got.database, want->database);
	assert_string_equal(got.cluster, want->cluster);
	assert_string_equal(got.password, "");
}

static void test_address_fills_in_what_is_left_out(void **state)
{
	(void)state;
	assert_address("clickhouse://h",
	    &(struct clickhouse_address){"h", 8123, "default", "coldmeter", "", ""});
	assert_address("clickhouse://me@h.example:9/db_1",
	    &(struct clickhouse_address){"h.example", 9, "me", "db_1", "", ""});
	assert_address("clickhouse://[::1]:65535/d?cluster=two",
	    &(struct clickhouse_address){"[::1]", 65535, "default", "d", "two", ""});
	assert_address("clickhouse://10.0.0.1?cluster=c",
	    &(struct clickhouse_address){
		"10.0.0.1", 8123, "default", "coldmeter", "c", ""});
}

static void test_address_refuses_what_cannot_be_one(void **state)
{
	static const char *const urls[] = {"", "http://h", "clickhouse:/h",
	    "clickhouse://", "clickhouse://h:0", "clickhouse://h:65536",
	    "clickhouse://h:", "clickhouse://h:1x", "clickhouse://h:-1",
	    "clickhouse://@h", "clickhouse://u@", "clickhouse://u:pw@h",
	    "clickhouse://u@h/d;drop", "clickhouse://h/", "clickhouse://h/1d",
	    "clickhouse://h/d/e", "clickhouse://h?x=1",
	    "clickhouse://h?cluster=", "clickhouse://h?cluster=a b", "clickhouse://[::1",
	    "clickhouse://[]", "clickhouse://h h", "clickhouse://h\r\nX: y",
	    "clickhouse://u@v@h"};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct clickhouse_address got = {.port = 7};
		const char *why = NULL;

		if (clickhouse_address_parse(urls[i], &got, &why) != -EINVAL)
			fail_msg("%s was taken", urls[i]);
		assert_non_null(why);
		assert_null(strstr(why, "pw"));
		assert_int_equal(got.port, 7);
	}
}

static void test_password_comes_from_a_file_or_the_environment(void **state)
{
	struct clickhouse_address a = {.port = 1};
	char path[] = "/tmp/test_clickhouse_address.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(clickhouse_address_password(&a, path), -EINVAL); /* empty */
	assert_int_equal(write(fd, "of a file\r\nmore\n", 16), 16);
	assert_int_equal(clickhouse_address_password(&a, path), 0);
	assert_string_equal(a.password, "of a file");
	assert_int_equal(
	    setenv("COLDMETER_CLICKHOUSE_PASSWORD", "of the environment", 1), 0);
	assert_int_equal(clickhouse_address_password(&a, NULL), 0);
	assert_string_equal(a.password, "of the environment");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(clickhouse_address_password(&a, path), -ENOENT);
	(void)close(fd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_address_fills_in_what_is_left_out),
	    cmocka_unit_test(test_address_refuses_what_cannot_be_one),
	    cmocka_unit_test(test_password_comes_from_a_file_or_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
