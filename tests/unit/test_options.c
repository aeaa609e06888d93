/* Options of commands, and the lines of `doctor`. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tui/client.h"
#include "tui/doctor.h"
#include "tui/options.h"
#include "tui/secret.h"

struct wanted {
	const char *name;
	unsigned int limit;
	int64_t span_ns;
	struct option_list list;
	bool json;
};

static const struct option_row rows[] = {
    {"name", "NAME", "a name", OPTION_TEXT, offsetof(struct wanted, name)},
    {"limit", "N", "a number", OPTION_COUNT, offsetof(struct wanted, limit)},
    {"span", "SPAN", "a span", OPTION_SPAN, offsetof(struct wanted, span_ns)},
    {"list", "X", "again", OPTION_LIST, offsetof(struct wanted, list)},
    {"json", NULL, "a flag", OPTION_FLAG, offsetof(struct wanted, json)},
};

static const struct option_set set = {"test", rows, 5, false};

static int parse(struct wanted *wanted, char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	memset(wanted, 0, sizeof(*wanted));
	return options_parse(&set, argc, argv, wanted);
}
#define PARSE(wanted, ...) parse(wanted, (char *[]){"test", __VA_ARGS__, NULL})

static void test_options_and_operands_may_be_mixed(void **state)
{
	struct wanted wanted;
	char *argv[] = {"test", "set", "--limit=7", "x", "--json", "--span", "2m",
	    "--list", "a", "--list", "b", "--name", "n", NULL};

	(void)state;
	assert_int_equal(parse(&wanted, argv), 2);
	assert_string_equal(argv[1], "set");
	assert_string_equal(argv[2], "x");
	assert_int_equal(wanted.limit, 7);
	assert_true(wanted.span_ns == 120000000000LL);
	assert_true(wanted.json);
	assert_int_equal(wanted.list.items_n, 2);
	assert_string_equal(wanted.list.items[1], "b");
	assert_string_equal(wanted.name, "n");
}

static void test_bad_options_are_refused(void **state)
{
	struct wanted wanted;

	(void)state;
	assert_int_equal(PARSE(&wanted, "--nothing"), -EINVAL);
	assert_int_equal(PARSE(&wanted, "-x"), -EINVAL);
	assert_int_equal(PARSE(&wanted, "--limit"), -EINVAL);
	assert_int_equal(PARSE(&wanted, "--limit", "0"), -EINVAL);
	assert_int_equal(PARSE(&wanted, "--limit", "-1"), -EINVAL);
	assert_int_equal(PARSE(&wanted, "--limit", "7x"), -EINVAL);
	assert_int_equal(PARSE(&wanted, "--span", "soon"), -EINVAL);
	assert_int_equal(PARSE(&wanted, "--json=yes"), -EINVAL);
	assert_int_equal(PARSE(&wanted, "--help"), -ECANCELED);
}

static void test_addresses_of_collectors_are_checked(void **state)
{
	static const char *const bad[] = {"", "127.0.0.1:7077", "ftp://host", "http://",
	    "http:///x", "http://a b", "http://a\n", "http://user@host", "http://h?x"};
	static const struct endpoint_files none;
	struct endpoint endpoint;
	char why[CLIENT_WHY_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    endpoint_init(&endpoint, bad[i], &none, why, sizeof(why)), -EINVAL);
	assert_int_equal(
	    endpoint_init(&endpoint, "http://[::1]:7077/", &none, why, sizeof(why)), 0);
	assert_string_equal(endpoint.url, "http://[::1]:7077");
}

static void test_only_web_addresses_are_told_or_pinged(void **state)
{
	(void)state;
	assert_true(secret_is_address("https://hooks.slack.com/services/T/B/x"));
	assert_true(secret_is_address("http://127.0.0.1:8080/"));
	assert_false(secret_is_address("file:///etc/passwd"));
	assert_false(secret_is_address("http://"));
	assert_false(secret_is_address("http://a b"));
	assert_false(secret_is_address("http://a\r\nX: y"));
}

static void test_doctor_takes_only_well_formed_lines(void **state)
{
	char text[] =
	    "ok\tkernel\t6.18\nnoise\nbad\tx\ty\nfail\tring\tno\033way\nwarn\tx\n";
	static struct doctor doctor;

	(void)state;
	assert_int_equal(doctor_read_lines(&doctor, text), 3);
	assert_int_equal(doctor.checks[0].state, DOCTOR_OK);
	assert_string_equal(doctor.checks[0].what, "kernel");
	assert_string_equal(doctor.checks[1].detail, "no?way");
	assert_string_equal(doctor.checks[2].detail, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_options_and_operands_may_be_mixed),
	    cmocka_unit_test(test_bad_options_are_refused),
	    cmocka_unit_test(test_addresses_of_collectors_are_checked),
	    cmocka_unit_test(test_only_web_addresses_are_told_or_pinged),
	    cmocka_unit_test(test_doctor_takes_only_well_formed_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
