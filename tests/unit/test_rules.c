/* Rules that name functions, and names out of what requests ask for. */
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

#include "agent/names/front_door.h"
#include "agent/names/rules.h"
#include "agent/names/targets.h"
#include "base/text.h"

static int load(const char *text, struct rules **rules)
{
	char path[] = "/tmp/test_rules.XXXXXX";
	int fd = mkstemp(path);
	int err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	err = rules_load(path, rules);
	(void)unlink(path);
	return err;
}

static const char shop[] = "functions:\n"
			   "  - match: {function: shop, method: POST, path: /orders*}\n"
			   "    name: create-order\n"
			   "  - match: {function: shop, path: /orders/*}\n"
			   "    name: read-order\n"
			   "  - match:\n"
			   "      process: guni*\n"
			   "    name: site\n";

static void test_rules_the_first_that_matches_names(void **state)
{
	struct rules *rules = NULL;
	struct rules_subject subject = {.function = "shop", .container = "1-2"};

	(void)state;
	assert_int_equal(load(shop, &rules), 0);
	assert_true(rules_want_targets(rules));
	assert_null(rules_name(rules, &subject));
	subject.method = "POST";
	subject.path = "/orders/7";
	assert_string_equal(rules_name(rules, &subject), "create-order");
	subject.method = "GET";
	assert_string_equal(rules_name(rules, &subject), "read-order");
	subject.path = "/items";
	assert_null(rules_name(rules, &subject));
	subject.process = "gunicorn";
	assert_string_equal(rules_name(rules, &subject), "site");
	subject.function = "other";
	subject.path = "/orders/7";
	assert_string_equal(rules_name(rules, &subject), "site");
	assert_null(rules_name(NULL, &subject));
	rules_free(rules);
}

static void test_rules_go_by_ports(void **state)
{
	struct rules *rules = NULL;
	struct rules_subject subject = {.function = "shop"};

	(void)state;
	assert_int_equal(load("functions:\n  - {match: {port: 80*}, name: web}\n"
			      "  - {match: {port: 65535}, name: last}\n",
			     &rules),
	    0);
	assert_true(rules_want_ports(rules));
	assert_false(rules_want_targets(rules));
	assert_null(rules_name(rules, &subject));
	subject.port = 8080;
	assert_string_equal(rules_name(rules, &subject), "web");
	subject.port = 65535;
	assert_string_equal(rules_name(rules, &subject), "last");
	subject.port = 9080;
	assert_null(rules_name(rules, &subject));
	rules_free(rules);
	rules = NULL;
	assert_int_equal(
	    load("functions:\n  - {match: {port: 80}, front_door: true}\n", &rules), 0);
	assert_false(rules_want_ports(rules));
	assert_false(rules_want_ports(NULL));
	rules_free(rules);
}

static void test_rules_without_requests_want_none(void **state)
{
	struct rules *rules = NULL;

	(void)state;
	assert_int_equal(
	    load("functions:\n  - {match: {process: x}, name: y}\n", &rules), 0);
	assert_false(rules_want_targets(rules));
	rules_free(rules);
	rules = NULL;
	assert_int_equal(load("# nothing\n", &rules), 0);
	assert_false(rules_want_targets(rules));
	rules_free(rules);
}

static void test_rules_that_are_wrong_are_refused(void **state)
{
	static const char *const wrong[] = {"function: x\n", "functions: x\n",
	    "functions:\n  - x\n", "functions:\n  - {name: x}\n",
	    "functions:\n  - {match: {path: /x}}\n",
	    "functions:\n  - {match: {route: /x}, name: y}\n",
	    "functions:\n  - {match: [x], name: y}\n",
	    "functions:\n  - {match: {path: [x]}, name: y}\n",
	    "functions:\n  - {match: {path: ''}, name: y}\n",
	    "functions:\n  - {match: {path: /x}, name: [y]}\n",
	    "functions:\n  - {match: {path: /x}, name: y, more: z}\n",
	    "functions:\n  - {match: {path: /x}, front_door: yes please}\n",
	    "functions:\n  - {match: {path: /x}, front_door: false}\n",
	    "functions:\n  - {match: {path: /x}, name: y, front_door: true}\n",
	    "functions:\n  - {front_door: true}\n", "functions: [\n", "- x\n"};
	struct rules *rules = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(load(wrong[i], &rules), -EINVAL);
	assert_null(rules);
	assert_int_equal(rules_load("/nowhere/rules.yml", &rules), -ENOENT);
}

static void test_rules_there_is_room_for_256(void **state)
{
	static char text[64 * 300];
	struct rules *rules = NULL;
	size_t at = (size_t)snprintf(text, sizeof(text), "functions:\n");
	int n = 0;

	(void)state;
	for (; n < RULES_MAX; n++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
		    "  - {match: {path: /%d}, name: n%d}\n", n, n);
	assert_int_equal(load(text, &rules), 0);
	rules_free(rules);
	(void)snprintf(
	    text + at, sizeof(text) - at, "  - {match: {path: /x}, name: x}\n");
	assert_int_equal(load(text, &rules), -EINVAL);
}

/* What a request's target, at a front door or not, makes of a function called "host". */
static struct function named(struct targets *targets, const struct rules *rules,
    const char *target, uint32_t flags, uint16_t status)
{
	struct record_targeted record = {
	    .invocation = {
		.pid = (uint32_t)getpid(), .flags = flags, .http_status = status}};
	struct function function = {.platform = PLATFORM_GENERIC, .name = "host"};
	struct rules_subject subject = {.function = "host"};

	memset(record.target, 'x', sizeof(record.target)); /* no NUL */
	memcpy(record.target, target,
	    strlen(target) < sizeof(record.target) ? strlen(target)
						   : sizeof(record.target));
	targets_name(targets, rules, &record, subject, &function);
	return function;
}

#define AT_DOOR (INVOCATION_FRONT_DOOR | INVOCATION_RESPONDED)
#define GONE (INVOCATION_FRONT_DOOR | INVOCATION_ABORTED)
#define HELLO "hello/invocations HTTP/1.1\r\n"

static const char any_door[] =
    "functions:\n  - {match: {function: host}, front_door: true}\n";

static void is_named(const char *target, uint16_t status, const char *name,
    const char *version, enum platform platform)
{
	struct targets targets = {0};
	struct rules *rules = NULL;
	struct function function;

	assert_int_equal(load(any_door, &rules), 0);
	function = named(&targets, rules, target, AT_DOOR, status);

	assert_string_equal(function.name, name);
	assert_string_equal(function.version, version);
	assert_int_equal(function.platform, platform);
	targets_done(&targets);
	rules_free(rules);
}

static void test_targets_a_front_door_names_the_function(void **state)
{
	(void)state;
	is_named("demo-dev-hello/invocations HTTP/1.1\r\n", 200, "demo-dev-hello", "",
	    PLATFORM_AWS_LAMBDA);
	is_named(
	    "hello:7/invocations HTTP/1.1\r\n", 202, "hello", "7", PLATFORM_AWS_LAMBDA);
	is_named("arn:aws:lambda:eu-north-1:1:function:hello:$LATEST/invocations", 200,
	    "hello", "$LATEST", PLATFORM_AWS_LAMBDA);
	is_named("\x1b[2J/invocations HTTP/1.1", 200, "?[2J", "", PLATFORM_AWS_LAMBDA);
	is_named("stranger/invocations HTTP/1.1", 404, "host", "", PLATFORM_GENERIC);
	is_named("/invocations HTTP/1.1", 200, "host", "", PLATFORM_GENERIC);
	is_named("arn:aws:s3:::bucket/invocations", 200, "host", "", PLATFORM_GENERIC);
	is_named("hello/policy HTTP/1.1", 200, "host", "", PLATFORM_GENERIC);
	is_named("", 200, "host", "", PLATFORM_GENERIC);
	is_named("a-name-so-long-that-where-it-ends-is-not-in-what-the-kernel-kept-of-it",
	    200, "host", "", PLATFORM_GENERIC);
}

static void test_targets_strangers_make_no_more_than_256_names(void **state)
{
	struct targets targets = {0};
	struct rules *rules = NULL;
	char target[64];

	(void)state;
	assert_int_equal(load(any_door, &rules), 0);
	for (int i = 0; i < TARGETS_FRONT_DOORS_MAX + 10; i++) {
		(void)snprintf(target, sizeof(target), "f%d/invocations HTTP/1.1\r\n", i);
		assert_int_equal(strcmp(named(&targets, rules, target, AT_DOOR, 200).name,
				     "host") == 0,
		    i >= TARGETS_FRONT_DOORS_MAX);
	}
	assert_string_equal(
	    named(&targets, rules, "f0/invocations HTTP/1.1\r\n", AT_DOOR, 200).name,
	    "f0");
	targets_done(&targets);
	rules_free(rules);
}

static void test_targets_only_a_front_door_lets_requests_name(void **state)
{
	struct targets targets = {0};
	struct rules *rules = NULL;

	(void)state;
	assert_string_equal(named(&targets, NULL, HELLO, AT_DOOR, 200).name, "host");
	assert_int_equal(
	    load(
		"functions:\n  - {match: {function: other}, front_door: true}\n", &rules),
	    0);
	assert_string_equal(named(&targets, rules, HELLO, AT_DOOR, 200).name, "host");
	assert_int_equal(targets.n, 0);
	targets_done(&targets);
	rules_free(rules);
}

static void test_targets_a_name_counts_once_the_door_answered_for_it(void **state)
{
	static const uint16_t answers[] = {400, 401, 405, 500, 301, 0};
	struct targets targets = {0};
	struct rules *rules = NULL;

	(void)state;
	assert_int_equal(load(any_door, &rules), 0);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		assert_string_equal(
		    named(&targets, rules, HELLO, AT_DOOR, answers[i]).name, "host");
	assert_string_equal(named(&targets, rules, HELLO, GONE, 0).name, "host");
	assert_string_equal(named(&targets, rules, HELLO, GONE, 200).name, "host");
	assert_int_equal(targets.n, 0);
	assert_string_equal(named(&targets, rules, HELLO, AT_DOOR, 200).name, "hello");
	assert_string_equal(named(&targets, rules, HELLO, AT_DOOR, 500).name, "hello");
	assert_string_equal(named(&targets, rules, HELLO, GONE, 0).name, "hello");
	assert_string_equal(named(&targets, rules, HELLO, AT_DOOR, 404).name, "host");
	targets_done(&targets);
	rules_free(rules);
}

#define SHOWN(words) front_door_shown(words, sizeof(words))

static void test_front_doors_are_known_by_their_command_line(void **state)
{
	static char text[8192];

	(void)state;
	assert_true(SHOWN("node\0/srv/node_modules/.bin/serverless\0offline"));
	assert_true(SHOWN("node\0/usr/bin/sls\0--stage\0dev\0offline\0start"));
	assert_true(SHOWN("node\0.serverless/package/dist/sf-core.js\0offline"));
	assert_true(SHOWN("/usr/bin/python3\0/usr/bin/sam\0local\0start-lambda"));
	assert_true(SHOWN("sam\0--debug\0local\0start-lambda\0-p\0003001"));
	assert_false(SHOWN("sam\0local\0start-api"));
	assert_false(SHOWN("sam\0start-lambda\0local"));
	assert_false(SHOWN("node\0serverless\0deploy"));
	assert_false(SHOWN("offline\0serverless"));
	assert_false(SHOWN("node\0my-serverless\0offline"));
	assert_false(SHOWN("node\0server.js"));
	assert_false(front_door_shown("", 0));
	assert_false(front_door_shown("sls\0offline", 8)); /* cut */
	memset(text, 'x', sizeof(text));
	assert_false(front_door_shown(text, sizeof(text)));
	assert_false(front_door_process(~0U));
}

static void test_targets_rules_come_first(void **state)
{
	struct targets targets = {0};
	struct rules *rules = NULL;

	(void)state;
	assert_int_equal(load("functions:\n"
			      "  - {match: {path: '*/functions/demo-*'}, name: demo}\n"
			      "  - {match: {method: GET, path: /a}, name: a}\n",
			     &rules),
	    0);
	assert_string_equal(
	    named(&targets, rules, "demo-dev-hello/invocations HTTP/1.1", AT_DOOR, 200)
		.name,
	    "demo");
	assert_string_equal(
	    named(&targets, rules, "GET /a?b=c HTTP/1.1\r\n", 0, 200).name, "a");
	assert_string_equal(
	    named(&targets, rules, "GET /ab HTTP/1.1\r\n", 0, 200).name, "host");
	assert_string_equal(named(&targets, rules, "GET", 0, 200).name, "host");
	rules_free(rules);
	targets_done(&targets);
}

static void became(const char *text, const char *name, enum platform platform)
{
	struct function function = {.platform = PLATFORM_GENERIC, .name = "unnamed"};
	char body[RECORD_NAME_BYTES];

	memset(body, 'x', sizeof(body)); /* no NUL */
	memcpy(body, text, strlen(text) < sizeof(body) ? strlen(text) + 1 : sizeof(body));
	assert_int_equal(targets_became(body, &function), strcmp(name, "unnamed") != 0);
	assert_string_equal(function.name, name);
	assert_int_equal(function.platform, platform);
}

static void test_targets_what_a_server_is_told_names_it(void **state)
{
	char text[400];

	(void)state;
	became("{\"value\":{\"name\":\"hello\",\"main\":\"main\"}}", "hello",
	    PLATFORM_OPENWHISK);
	became(
	    "{\"action_name\":\"/guest/x\",\"name\" : \"y\"}", "y", PLATFORM_OPENWHISK);
	became("{\"functionName\":\"f.main\",\"FunctionMetadata\":{\"name\":\"hello\"}}",
	    "hello", PLATFORM_FISSION);
	became("{\"name\":\"a\x1b[2J\"}", "a?[2J", PLATFORM_OPENWHISK);
	became("{\"name\":\"a\\u0062\"}", "unnamed", PLATFORM_GENERIC);
	became("{\"name\":7}", "unnamed", PLATFORM_GENERIC);
	became("{\"name\":\"\"}", "unnamed", PLATFORM_GENERIC);
	became("", "unnamed", PLATFORM_GENERIC);
	(void)snprintf(text, sizeof(text), "{\"name\":\"%0*d\"}", 300, 7);
	became(text, "unnamed", PLATFORM_GENERIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rules_the_first_that_matches_names),
	    cmocka_unit_test(test_rules_go_by_ports),
	    cmocka_unit_test(test_rules_without_requests_want_none),
	    cmocka_unit_test(test_rules_that_are_wrong_are_refused),
	    cmocka_unit_test(test_rules_there_is_room_for_256),
	    cmocka_unit_test(test_targets_a_front_door_names_the_function),
	    cmocka_unit_test(test_targets_strangers_make_no_more_than_256_names),
	    cmocka_unit_test(test_targets_only_a_front_door_lets_requests_name),
	    cmocka_unit_test(test_targets_a_name_counts_once_the_door_answered_for_it),
	    cmocka_unit_test(test_front_doors_are_known_by_their_command_line),
	    cmocka_unit_test(test_targets_rules_come_first),
	    cmocka_unit_test(test_targets_what_a_server_is_told_names_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
